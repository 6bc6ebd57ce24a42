"""A worker process that sings the themes back, to be stopped or killed. Knows nothing of its fate.

Arguments: database URL, broker URL ("" for none), lines of a song, seconds per line, seconds between sweeps.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from tests.worker.echo_song import EchoSong
from worker.settings import Settings
from worker.worker_process import Pace, run_worker


def main(database_url: str, broker_url: str, lines: str, seconds_per_line: str, sweep_seconds: str) -> None:
    """Print the ready line, and work until told to stop."""
    logging.basicConfig(level=logging.INFO)
    settings = Settings(database_url=database_url, models_dir=Path(), broker_url=broker_url or None)
    echo = EchoSong(lines=int(lines), seconds_per_line=float(seconds_per_line))

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    pace = Pace(sweep_seconds=float(sweep_seconds), polling_seconds=0.05)
    run_worker(settings, generator=lambda *_: echo, warm_up=None, pace=pace, when_ready=say)


if __name__ == "__main__":
    main(*sys.argv[1:])
