"""A worker process as `songwright worker` is one, with JSON logs, health and metrics, that sings the themes back.

Arguments: seconds per line. Settings come from the environment. A theme of "a bug" is one.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from typing import Any

from bot.terminal.process_log import set_up_process_log
from bot.terminal.redaction import secrets_of
from tests.worker.echo_song import EchoSong, theme_of
from worker.operation import run_watched_worker
from worker.settings import Settings
from worker.store.songs import GeneratedSong
from worker.worker_process import Pace

log = logging.getLogger(__name__)


class Talkative(EchoSong):
    """Logs in the middle of a song, as a library may."""

    def __call__(self, *arguments: Any) -> GeneratedSong:
        """Return the echo, or fail by a bug."""
        log.info("in the middle")
        warnings.warn("a library grumbles", stacklevel=1)
        if theme_of(arguments[0]) == "a bug":
            raise KeyError("what no one thought of")
        return super().__call__(*arguments)


def main(seconds_per_line: str) -> None:
    """Work until told to stop."""
    set_up_process_log("INFO", "json", secrets_of(os.environ))
    run_watched_worker(
        Settings.from_environment(os.environ),
        generator=lambda *_: Talkative(seconds_per_line=float(seconds_per_line)),
        warm_up=None,
        pace=Pace(polling_seconds=0.05),
        when_ready=log.info,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
