# A menu whose order changes: entries are told by their words.
entries=(backup restore verify)
if ((RANDOM % 2)); then entries=(verify restore backup); fi
select entry in "${entries[@]}"; do
	echo "You chose ${entry:-nothing}"
done
