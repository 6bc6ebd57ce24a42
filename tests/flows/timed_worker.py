"""A worker process that makes timed songs, to be stopped or killed. Knows nothing of its fate.

Arguments: the file of songs made, seconds between sweeps, seconds after a fault, seconds of grace at a stop, a
machine's name ("" for this one's).
The rest is settings from the environment, as with `songwright worker`.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from pathlib import Path

from tests.flows.timed_song import TimedSong
from worker.settings import Settings
from worker.worker_process import Pace, run_worker


def main(made: str, sweep_seconds: str, retry_seconds: str, grace_seconds: str, machine: str) -> None:
    """Print the ready line, and work until told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if machine:
        # Another host name: the other workers cannot see whether this process is there, and must wait for its lease.
        socket.gethostname = lambda: machine  # type: ignore[assignment]

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    pace = Pace(
        sweep_seconds=float(sweep_seconds),
        polling_seconds=0.05,
        grace_seconds=float(grace_seconds),
        retry_seconds=float(retry_seconds),
    )
    settings = Settings.from_environment(os.environ)
    run_worker(settings, generator=lambda *_: TimedSong(Path(made)), warm_up=None, pace=pace, when_ready=say)


if __name__ == "__main__":
    main(*sys.argv[1:])
