#!/usr/bin/env python3
"""A small tool with a prompt, for docs/protocols.md: it keeps what is in a larder."""

import sys

print("larder 1.0, type help")
stock = {}
while True:
    try:
        words = input("larder> ").split()
        match words:
            case []:
                pass
            case ["help"]:
                print("add NAME COUNT, list, note, clear, count N, quit")
            case ["add", name, count]:
                stock[name] = stock.get(name, 0) + int(count)
            case ["list"]:
                for name, count in sorted(stock.items()):
                    print(f"{count:4} {name}")
            case ["note"]:
                lines = []
                while (line := input("   ...> ")) != ".":
                    lines.append(line)
                print(f"noted {len(lines)} lines")
            case ["clear"]:
                if input("Throw everything away? [y/n] ") == "y":
                    stock.clear()
                    print("the larder is empty")
            case ["count", last]:
                for number in range(1, int(last) + 1):
                    print(number, end=" ")
            case ["quit"]:
                break
            case _:
                print(f"error: what is {words[0]!r}?")
    except ValueError:
        print("error: a number is wanted")
    except KeyboardInterrupt:
        print("interrupted")
    except EOFError:
        sys.exit()
