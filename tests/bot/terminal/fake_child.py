"""A child of the supervisor's tests: writes its pid into a folder and behaves as told. Knows nothing of songs.

Arguments: folder, name, behaviour: "stay", "die" (at once, with code 1), "stubborn" (deaf to SIGTERM), "unready"
(a sentence and code 2).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from bot.terminal.supervisor import end_with_parent


def main(folder: str, name: str, behaviour: str) -> None:
    """Behave as told."""
    end_with_parent()
    if behaviour == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with (Path(folder) / name).open("a") as file:
        file.write(f"{os.getpid()}\n")
    sys.stdout.write(f"{name} is here\n")
    if behaviour == "unready":
        sys.stderr.write("songwright: the token is not one\n")
        sys.exit(2)
    if behaviour == "die":
        sys.exit(1)
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
