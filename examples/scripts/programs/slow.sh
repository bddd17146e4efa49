# Takes three seconds.
for step in 1 2 3; do
	sleep 1
	echo "step $step of 3"
done
echo "done"
