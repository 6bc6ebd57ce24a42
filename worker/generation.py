"""From the engine's songs to the store's and back: the generator that real jobs are run with.

Knows nothing of jobs or leases, and of the engine only its verbs, which are imported at the first song.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from copy import copy
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from engine.contract import LARGEST_UPLOAD_BYTES, EditRequest, Progress, Request
from engine.errors import Cancelled, FileFormatError, RequestError
from engine.roles import ALL_ROLES, Role
from worker.held_models import DecodingStatistics
from worker.loaded_models import LoadedModels
from worker.store import songs, uploads
from worker.store.database import Store
from worker.store.deletion import UPLOAD_PREFIX
from worker.store.songs import GeneratedSong
from worker.store.store_error import StoreError

if TYPE_CHECKING:
    from engine.song.making import SourceSong

T = TypeVar("T")

LONGEST_TITLE = 80
PATIENCE_SECONDS, RETRY_SECONDS = 60.0, 0.5
DELETED = "the song to change is not there any more; it was deleted"
TOO_OLD = "this song was made by an earlier version and cannot be changed; ask for another take of it first"


class SongGenerator:
    """Carries out requests with the engine; a `worker.runner.Generate`.

    outputs, soundfont, engraver, largest_file_bytes: as `engine.song.making.Making` wants them. store: where songs and
    uploads that are to be changed are read; without one, no song can be changed. best_of: of how many takes a promoted judge
    keeps the best.
    """

    def __init__(
        self,
        models: LoadedModels,
        outputs: Collection[str] | None = None,
        soundfont: Path | None = None,
        store: Store | None = None,
        *,
        engraver: str | None = None,
        largest_file_bytes: int | None = None,
        best_of: int = 1,
    ) -> None:
        self._models, self._outputs, self._soundfont, self._store = models, outputs, soundfont, store
        self._engraver, self._largest_file_bytes, self._best_of = engraver, largest_file_bytes, best_of
        self._member: str | None = None
        self._server: str | None = None

    def asked_by(self, member: str | None, server: str | None = None) -> SongGenerator:
        """Return the same generator for one member, who in a trial gets all songs from one side of it, in one server."""
        generator = copy(self)
        generator._member, generator._server = member, server
        return generator

    def __call__(
        self,
        request: Request,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        """Return the song, or raise an EngineError with a sentence for people."""
        report(Progress(stage="models"))
        from engine.music.as_json import lead_sheet_to_json, score_to_json
        from engine.song.making import Making
        from engine.verbs import carry_out

        source, parent = _patiently(lambda: self._source(request), cancelled)
        other = _patiently(lambda: self._other(request), cancelled)
        who = self._member, self._server
        with ExitStack() as used:  # settled before the first word: no song has two versions of a role
            models = _patiently(lambda: used.enter_context(self._models.in_use(seed, *who)), cancelled)
            making = Making(
                seed=seed,
                models=models,
                source=source,
                other=other,
                report=report,
                cancelled=cancelled,
                outputs=self._outputs,
                soundfont=self._soundfont,
                engraver=self._engraver,
                largest_file_bytes=self._largest_file_bytes,
                best_of=self._best_of,
            )
            made = carry_out(request, making)
        return GeneratedSong(
            title=made.report.title,
            lyrics_text=made.lyrics_text,
            report=made.report,
            artifacts=made.artifacts,
            lead_sheet=lead_sheet_to_json(made.sheet) if made.sheet else None,
            score=score_to_json(made.score) if made.score else None,
            parent_song_id=parent,
        )

    def model_versions(self) -> dict[str, str]:
        """Return the digests of the models in memory by role; two, with a comma, during a trial or a swap.

        A role of which none is in memory is left out.
        """
        held = self._models.held()
        found = {role: ", ".join(model.version for model in held if model.role == role) for role in ALL_ROLES}
        return {role: versions for role, versions in found.items() if versions}

    def statistics(self) -> Mapping[Role, DecodingStatistics]:
        """Return what the models have decoded since the process began, by role."""
        return self._models.statistics()

    def _source(self, request: Request) -> tuple[SourceSong | None, str | None]:
        """Return what is to be changed and, if that is a song, its id; RequestError where it is gone."""
        if not isinstance(request, EditRequest):
            return None, None
        if not request.source and not type(request).model_fields["source"].is_required():
            return None, None
        return self._named(request.source)

    def _other(self, request: Request) -> SourceSong | None:
        """Return the second song of a request that names two."""
        named: str | None = getattr(request, "other", None)
        return self._named(named)[0] if named else None

    def _named(self, source: str) -> tuple[SourceSong, str | None]:
        if self._store is None:
            raise RequestError("songs that are there already cannot be changed here")
        if source.startswith(UPLOAD_PREFIX):
            return _uploaded(self._store, source), None
        return _stored(self._store, source)


def _patiently(read: Callable[[], T], cancelled: Callable[[], bool]) -> T:
    """Return what a look into the store returns; where it is away for a moment, look again for PATIENCE_SECONDS."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return read()
        except StoreError as error:
            if not error.passing or time.monotonic() > until:
                raise
        if cancelled():
            raise Cancelled("the request was taken back")
        time.sleep(RETRY_SECONDS)


def _stored(store: Store, song_id: str) -> tuple[SourceSong, str]:
    from engine.music.as_json import lead_sheet_from_json, score_from_json
    from engine.song.making import SourceSong

    with store.reading() as session:
        song = songs.find(session, song_id)
    if song is None:
        raise RequestError(DELETED)
    if song.score is None and song.report.key is not None:
        raise RequestError(TOO_OLD)
    try:
        score = score_from_json(song.score) if song.score is not None else None
        sheet = lead_sheet_from_json(song.lead_sheet) if song.lead_sheet is not None else None
    except FileFormatError as error:
        raise RequestError(TOO_OLD) from error
    return SourceSong(song.title, song.lyrics_text, score, sheet, song.report), song.id


def _uploaded(store: Store, source: str) -> SourceSong:
    from engine.music.midi_file import midi_to_score
    from engine.song.making import SourceSong

    with store.reading() as session:
        name, data = uploads.find(session, source)
    if len(data) > LARGEST_UPLOAD_BYTES:
        megabytes = LARGEST_UPLOAD_BYTES / 2**20
        raise RequestError(f"the file has {len(data) / 2**20:.1f} MB, and at most {megabytes:g} MB can be changed")
    score = midi_to_score(data)
    title = " ".join((score.title if any(c.isalnum() for c in score.title) else PurePath(name).stem).split())
    return SourceSong("".join(c for c in title if c.isprintable())[:LONGEST_TITLE] or "Untitled", "", score)
