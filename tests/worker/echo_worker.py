"""A worker process that sings the themes back, to be stopped or killed. Knows nothing of its fate.

Its one argument is JSON: {"settings": fields of Settings, "pace": fields of Pace, "echo": fields of EchoSong, "tuner":
what carries out tuning runs, if not the console command}. A theme "hang" is sung by standing still for ever.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from engine.contract import Progress, Request
from tests.worker.echo_song import EchoSong, theme_of
from worker.settings import Settings
from worker.store.songs import GeneratedSong
from worker.tuning import PROGRAM
from worker.worker_process import Pace, run_worker


def main(
    settings: dict[str, Any], pace: dict[str, float], echo: dict[str, Any], tuner: Sequence[str] = PROGRAM
) -> None:
    """Print the ready line, and work until told to stop."""
    logging.basicConfig(level=logging.INFO)
    sing = EchoSong(**echo)

    def sing_or_hang(
        request: Request, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        if theme_of(request) == "hang":
            report(Progress(stage="lyrics"))
            threading.Event().wait()
        return sing(request, seed, report, cancelled)

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    run_worker(
        Settings(**{"models_dir": ".", **settings}),
        generator=lambda *_: sing_or_hang,
        warm_up=None,
        pace=Pace(polling_seconds=0.05, **pace),
        when_ready=say,
        tuning_program=tuner,
    )


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
