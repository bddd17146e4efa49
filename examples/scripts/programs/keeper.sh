# Thinks of a number between 1 and 100.
number=$((RANDOM % 100 + 1))
while read -r -p "Your guess? " guess; do
	if ((guess < number)); then
		echo "higher"
	elif ((guess > number)); then
		echo "lower"
	else
		echo "right"
		echo "Well done."
		exit
	fi
done
