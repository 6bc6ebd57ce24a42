"""A parent of the supervisor's tests, to be stopped or killed: runs two fake children. Knows nothing of its fate.

Arguments: folder, then the behaviour of the first and of the second child. Ends with code 2 and prints the sentence
where a child has a bad configuration.
"""

from __future__ import annotations

import os
import sys

from bot.terminal.supervisor import Patience, Supervisor

CHILD = "tests.bot.terminal.fake_child"


def main(folder: str, *behaviours: str) -> int:
    """Run the children until told to stop."""
    names = ("one", "two")
    commands = {
        name: (sys.executable, "-m", CHILD, folder, name, behaviour)
        for name, behaviour in zip(names, behaviours, strict=True)
    }
    patience = Patience(first=0.05, most=0.2, stop=0.5)
    sentence = Supervisor(commands, environ=os.environ, patience=patience).run()
    sys.stdout.write(f"sentence: {sentence}\n")
    return 2 if sentence else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
