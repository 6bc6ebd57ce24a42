"""Songs that take as long as their theme says, written down in a file when they are made. Knows nothing of models.

The file tells work that was done twice from songs that were stored twice: a job whose worker was killed between the
song and its storing is made again, and that is no fault.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.contract import LyricRequest, Progress, Request
from engine.errors import Cancelled
from tests.worker.echo_song import echoed, theme_of
from worker.store.songs import GeneratedSong

STEP_SECONDS = 0.05
_DEADLY = "kills its worker"


def timed_request(name: str, seconds: float) -> LyricRequest:
    """Return a request whose song takes so many seconds. name: one word."""
    return LyricRequest(theme=f"{name} takes {seconds:.2f}")


def deadly_request(name: str) -> LyricRequest:
    """Return a request whose worker dies of it, every time."""
    return LyricRequest(theme=f"{name} {_DEADLY}")


def is_deadly(request: Mapping[str, Any]) -> bool:
    """Return whether a stored request is of that kind."""
    return _DEADLY in request["theme"]


@dataclass(frozen=True)
class TimedSong:
    """Makes an echo of the theme in the time that it names. made: the file, one theme a line."""

    made: Path

    def __call__(
        self,
        request: Request,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        """Report and ask every STEP_SECONDS."""
        theme = theme_of(request)
        report(Progress(stage="lyrics", text=f"{theme}\n"))
        if _DEADLY in theme:
            os.kill(os.getpid(), signal.SIGKILL)
        until = time.monotonic() + float(theme.rpartition(" ")[2])
        while time.monotonic() < until:
            time.sleep(STEP_SECONDS)
            if cancelled():
                raise Cancelled("the request was taken back")
            report(Progress(stage="lyrics"))
        with self.made.open("ab", buffering=0) as file:
            file.write(f"{theme}\n".encode())  # one write at the end of the file: whole, whoever else writes
        return echoed(request, seed)
