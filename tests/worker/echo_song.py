"""A generator that sings the theme back, the fake of the job path's tests. Knows nothing of models."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.contract import Artifact, LyricRequest, Progress, SongReport
from engine.errors import Cancelled
from worker.store.songs import GeneratedSong


def echoed(request: LyricRequest, seed: int) -> GeneratedSong:
    """Return the song that EchoSong makes of this request and seed."""
    words = f"{request.theme}\n" * 3
    report = SongReport(
        title=request.theme.title(),
        request=request.model_dump(mode="json"),
        sections=(),
        style=request.style,
        seed=seed,
        model_versions={"lyrics": "echo"},
    )
    artifacts = (
        Artifact("song.mid", "audio/midi", seed.to_bytes(4, "big")),
        Artifact("song.txt", "text/plain", words.encode()),
    )
    return GeneratedSong(title=report.title, lyrics_text=words, report=report, artifacts=artifacts)


@dataclass(frozen=True)
class EchoSong:
    """Sings the theme back, line by line. lines: 1 or more; seconds_per_line: how long each takes, 0 by default."""

    lines: int = 3
    seconds_per_line: float = 0.0

    def __call__(
        self,
        request: LyricRequest,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        """Report every line, stop when cancelled, and return the echo."""
        for line in range(self.lines):
            report(Progress(stage="lyrics", done=line + 1, total=self.lines, text=f"{request.theme}\n"))
            time.sleep(self.seconds_per_line)
            if cancelled():
                raise Cancelled("the request was taken back")
        return echoed(request, seed)
