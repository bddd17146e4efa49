# Says what it does, and is killed while it does it.
read -r _
echo "writing block 17"
kill -SEGV $$
