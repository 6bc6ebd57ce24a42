"""The takes that a candidate and its parent are compared by: the same held-out prompts and seeds, made by turns.

Does not know what is read off them. Prompts come from the test split of the snapshot, which nothing was tuned on; where
there are too few, from a fixed list, less those that members asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from engine.contract import LyricRequest, Progress, SongRequest
from engine.corpus.snapshots import NOT_PROMPT, Snapshot, Take, prompt_of
from engine.errors import RequestError
from engine.evaluation.song_figures import MeasuredSong, measured
from engine.evaluation.word_songs import WrittenSong, varied_requests
from engine.lyrics.word_filter import list_of
from engine.music.as_json import lead_sheet_to_json
from engine.roles import Role
from engine.song.chinese_lyrics import is_chinese
from engine.song.make_song import make_lyrics, make_song
from engine.song.making import MadeSong, Making, Models

ASKED_KINDS = frozenset({"song", "lyrics"})  # prompts that both words and a tune can be made of
STAGES: Mapping[str, frozenset[str]] = {"lyrics": frozenset({"words", "lyrics"}), "melody": frozenset({"melody"})}
WORDS = LyricRequest.model_fields.keys() - {"kind", "avoid", "sampling"}
SUNG_SONGS = 20  # of a lyric model that are sung, too: to see that its words still can be
STRICT_SONGS = 10  # made as on a server that leaves out the strict list
Report = Callable[[int, int], None]


@dataclass
class Side:
    """What one model made. seconds: of each take, processor time of the stages that it works in. sung: whole songs."""

    takes: list[Take] = field(default_factory=list)
    words: list[WrittenSong] = field(default_factory=list)
    sung: list[MeasuredSong] = field(default_factory=list)
    strict: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def held_out_requests(snapshot: Snapshot, role: Role, count: int) -> list[SongRequest]:
    """Return `count` requests, or fewer where there are no more; the seed is the place. Of lyrics they name no music."""
    wanted = WORDS if role == "lyrics" else SongRequest.model_fields.keys() - NOT_PROMPT - {"kind"}
    found: dict[str, SongRequest] = {}
    for take in sorted(snapshot.takes.values(), key=lambda take: (take.prompt, take.id)):
        if take.split == "test" and take.prompt not in found and (request := _asked(take.request, wanted)) is not None:
            found[take.prompt] = request
    known = {take.prompt for take in snapshot.takes.values()}
    for fixed in varied_requests():
        request = SongRequest(**fixed.model_dump(exclude={"kind", "seed"}))
        if not known & {prompt_of(one.model_dump(mode="json")) for one in (fixed, request)}:
            found.setdefault(prompt_of(request.model_dump(mode="json")), request)
    chosen = list(found.values())[:count]
    return [request.model_copy(update={"seed": place}) for place, request in enumerate(chosen)]


def _asked(request: Mapping[str, Any], wanted: Collection[str]) -> SongRequest | None:
    """Return a request as one of a song; None where it is of another kind, Chinese, or of an older form."""
    if request.get("kind") not in ASKED_KINDS:
        return None
    try:
        found = SongRequest(**{name: value for name, value in request.items() if name in wanted})
        return None if is_chinese(found) else found
    except (ValidationError, RequestError):
        return None


def make_sides(
    role: Role,
    requests: Sequence[SongRequest],
    parent: Models,
    candidate: Models,
    report: Report = lambda done, total: None,
) -> tuple[Side, Side]:
    """Make every request with both, the one first and the other first by turns; a request that either refuses is left out."""
    sides = Side(), Side()
    for number, request in enumerate(requests):
        order = (0, 1) if number % 2 == 0 else (1, 0)
        try:
            made = {place: _make(role, request, (parent, candidate)[place], len(sides[0].takes)) for place in order}
        except RequestError:  # an artist that nobody has read
            continue
        for place, (song, seconds) in made.items():
            _keep(sides[place], request, song, seconds)
        report(number + 1, len(requests))
    if role == "lyrics":
        for side, models in zip(sides, (parent, candidate), strict=True):
            side.strict.extend(_strict_texts(requests, models))
    return sides


def _make(role: Role, request: SongRequest, models: Models, done: int) -> tuple[MadeSong, float]:
    clock = _StageClock(STAGES[role])
    making = Making(seed=request.seed or 0, models=models, outputs=(), report=clock.hear)
    whole = role == "melody" or done < SUNG_SONGS
    made = make_song(request, making) if whole else make_lyrics(request, making)
    return made, clock.seconds


def _keep(side: Side, request: SongRequest, made: MadeSong, seconds: float) -> None:
    asked = request.model_dump(mode="json")
    side.takes.append(
        Take(
            id=str(len(side.takes)),
            request=asked,
            seed=request.seed or 0,
            versions=made.report.model_versions,
            title=made.report.title,
            text=made.lyrics_text,
            sections=made.report.sections,
            sheet=None if made.sheet is None else lead_sheet_to_json(made.sheet),
        )
    )
    side.words.append(WrittenSong("varied", {name: asked[name] for name in WORDS if name in asked}, made.lyrics_text))
    if made.sheet is not None:
        side.sung.append(measured(request, made))
    side.seconds.append(seconds)


def _strict_texts(requests: Sequence[SongRequest], models: Models) -> Iterator[str]:
    """Yield the words of some requests as a server gets them that leaves out the strict list."""
    written = 0
    for request in requests:
        if written == STRICT_SONGS:
            return
        strict = request.model_copy(update={"avoid": list_of("strict")})
        try:
            yield make_lyrics(strict, Making(seed=request.seed or 0, models=models, outputs=())).lyrics_text
        except RequestError:  # the theme itself has such a word, or the artist is not known
            continue
        written += 1


class _StageClock:
    """Sums up the processor time of this process in some stages, from what is reported of them."""

    def __init__(self, stages: frozenset[str]) -> None:
        self._stages, self._stage, self._since = stages, "", time.process_time()
        self.seconds = 0.0

    def hear(self, progress: Progress) -> None:
        """Count the time since the last report to the stage that it was of."""
        now = time.process_time()
        if self._stage in self._stages:
            self.seconds += now - self._since
        self._stage, self._since = progress.stage, now
