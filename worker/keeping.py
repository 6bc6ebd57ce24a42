"""Putting the files of a finished song outside the database before its row is written. Knows nothing of the row.

Done while the lease is held and no transaction is open: a slow bucket makes nobody else wait.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.contract import Progress, Request
from engine.errors import Cancelled
from worker.clock import Clock
from worker.store.artifact_files import ArtifactFiles, folder_of, said
from worker.store.identifiers import new_id
from worker.store.songs import GeneratedSong
from worker.store.store_error import StoreError

if TYPE_CHECKING:
    from worker.runner import Generate

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Keeping:
    """A generator whose songs have their files in place, where files belong outside the database.

    patience_seconds: how long to try again while the place does not answer; then StoreError, and nothing is left there.
    """

    generate: Generate
    files: ArtifactFiles
    patience_seconds: float
    clock: Clock

    def __call__(
        self,
        request: Request,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        """Return the song, or raise an EngineError with a sentence for people."""
        song = self.generate(request, seed, report, cancelled)
        if not self.files.go_outside or not song.artifacts:
            return song
        song_id = new_id(self.clock())
        try:
            return self._kept(song_id, song, cancelled)
        except BaseException:
            self.files.remove([folder_of(song_id)])
            raise

    def _kept(self, song_id: str, song: GeneratedSong, cancelled: Callable[[], bool]) -> GeneratedSong:
        until = time.monotonic() + self.patience_seconds
        level = logging.WARNING  # once for a song, however often it is tried
        while True:
            try:
                return replace(song, kept=self.files.keep(song_id, song.artifacts))
            except StoreError as error:
                if not error.passing or time.monotonic() > until:
                    raise
                log.log(level, "%s (%s); trying again", error, said(error.__cause__ or error))
                level = logging.DEBUG
            time.sleep(min(RETRY_SECONDS, self.patience_seconds))
            if cancelled():
                raise Cancelled("the request was taken back")
