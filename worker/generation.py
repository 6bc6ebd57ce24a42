"""From the engine's song to the store's: the generator that real jobs are run with.

Knows nothing of jobs or leases, and of the engine only `make_song`, which is imported at the first song.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from engine.contract import LyricRequest, Progress
from worker.loaded_models import LoadedModels
from worker.store.songs import GeneratedSong


class SongGenerator:
    """Makes songs with the engine; a `worker.runner.Generate`. outputs, soundfont: as `make_song` wants them."""

    def __init__(
        self, models: LoadedModels, outputs: Collection[str] | None = None, soundfont: Path | None = None
    ) -> None:
        self._models, self._outputs, self._soundfont = models, outputs, soundfont

    def __call__(
        self,
        request: LyricRequest,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        """Return the song, or raise an EngineError with a sentence for people."""
        report(Progress(stage="models"))
        from engine.song.make_song import make_song

        made = make_song(
            request,
            seed=seed,
            models=self._models.in_use(),
            report=report,
            cancelled=cancelled,
            outputs=self._outputs,
            soundfont=self._soundfont,
        )
        return GeneratedSong(
            title=made.report.title,
            lyrics_text=made.lyrics_text,
            report=made.report,
            artifacts=made.artifacts,
        )
