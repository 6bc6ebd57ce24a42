"""The lock of a folder that one process at a time works in, also across the death of whoever started it.

The lock is kept by the process that does the work. Knows nothing of what that is.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

LOOK_SECONDS = 0.2
END_SECONDS = 2.0  # that a process has to end in when it is asked to


class StoppedWaiting(Exception):  # noqa: N818  # an event, not a mistake
    """This process is to end, and the lock is not ours yet."""


@contextmanager
def alone(path: Path, stopping: Callable[[], bool]) -> Iterator[IO[bytes]]:
    """Hold the lock of a folder, which a process of a killed worker may still have: that one is ended first.

    stopping: asked while it waits; StoppedWaiting when it says True.
    """
    with path.open("a+b") as lock:
        until = time.monotonic() + END_SECONDS
        while not _locked(lock):
            if stopping():
                raise StoppedWaiting
            _end_owner(path, signal.SIGTERM if time.monotonic() < until else signal.SIGKILL)
            time.sleep(LOOK_SECONDS)
        yield lock


def _locked(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_owner(lock: IO[bytes], pid: int) -> None:
    """Write into a held lock which process of this machine works in the folder."""
    lock.seek(0)
    lock.truncate()
    lock.write(f"{os.uname().nodename} {pid}".encode())
    lock.flush()


def _end_owner(path: Path, how: signal.Signals) -> None:
    """End the process that holds the lock, with its group, if it is on this machine."""
    machine, _, pid = path.read_text(encoding="utf-8", errors="replace").partition(" ")
    if machine == os.uname().nodename and pid.isdigit():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(int(pid), how)
