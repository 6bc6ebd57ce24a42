"""`python -m bot` is the console command, where that is not on the path."""

from bot.cli import main

if __name__ == "__main__":
    main()
