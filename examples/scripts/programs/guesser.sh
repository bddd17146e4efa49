# Guesses a number between 1 and 100.
low=1 high=100
while true; do
	guess=$(((low + high) / 2))
	echo "I say $guess"
	read -r -p "Well? " answer
	case $answer in
	higher) low=$((guess + 1)) ;;
	lower) high=$((guess - 1)) ;;
	right) echo "I knew it." && exit ;;
	esac
done
