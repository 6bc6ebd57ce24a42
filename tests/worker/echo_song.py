"""A generator that sings the theme back, the fake of the job path's tests. Knows nothing of models."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.contract import Artifact, Progress, Request, SongReport
from engine.errors import Cancelled
from worker.store.songs import GeneratedSong


def echoed(request: Request, seed: int) -> GeneratedSong:
    """Return the song that EchoSong makes of this request and seed."""
    theme = theme_of(request)
    words = "" if request.kind == "music" else f"{theme}\n" * 3
    is_sung = request.kind != "lyrics"
    report = SongReport(
        title=_title_of(theme),
        request=request.model_dump(mode="json"),
        sections=(),
        style=getattr(request, "style", None) or "pop",
        seed=seed,
        key=getattr(request, "key", None) or ("C major" if is_sung else None),
        tempo_qpm=getattr(request, "tempo_qpm", None) or (96.0 if is_sung else None),
        time_signature="4/4" if is_sung else None,
        length_seconds=62.0 if is_sung else None,
        model_versions={"lyrics": "echo"} | ({"melody": "echo"} if is_sung else {}),
    )
    artifacts = (
        Artifact("song.mid", "audio/midi", seed.to_bytes(4, "big")),
        Artifact("song.txt", "text/plain", words.encode()),
    )
    return GeneratedSong(
        title=report.title, lyrics_text=words, report=report, artifacts=artifacts, score={"ticks": 480}
    )


def theme_of(request: Request) -> str:
    """Return what is sung: the theme, or the words, or the kind of a request that has neither."""
    return getattr(request, "theme", None) or getattr(request, "lyrics", None) or request.kind


def _title_of(theme: str) -> str:
    return theme.partition("\n")[0].title()


@dataclass(frozen=True)
class EchoSong:
    """Sings the theme back, line by line. lines: 1 or more; seconds_per_line: how long each takes, 0 by default."""

    lines: int = 3
    seconds_per_line: float = 0.0

    def __call__(
        self,
        request: Request,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        """Report every line, stop when cancelled, and return the echo."""
        for line in range(self.lines):
            report(Progress(stage="lyrics", done=line + 1, total=self.lines, text=f"{theme_of(request)}\n"))
            time.sleep(self.seconds_per_line)
            if cancelled():
                raise Cancelled("the request was taken back")
        return echoed(request, seed)
