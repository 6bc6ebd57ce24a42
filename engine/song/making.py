"""What every verb of a song is given beside its request, and what it gives back. Does not know how a song is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.contract import Artifact, Progress, SongReport
from engine.errors import Cancelled
from engine.music.lead_sheet import LeadSheet
from engine.music.piece import Composer
from engine.music.score import Score
from engine.song.chinese_model import ChineseLyricModel
from engine.song.judge import Judge
from engine.song.models import LyricModel, MelodyModel


class Models(Protocol):
    """What a song is made with: see `engine.song.models`. Opened when first asked for."""

    @property
    def lyrics(self) -> LyricModel: ...
    @property
    def melody(self) -> MelodyModel: ...
    @property
    def chinese(self) -> ChineseLyricModel | None: ...
    @property
    def music(self) -> Composer | None: ...
    @property
    def judge(self) -> Judge | None: ...


@dataclass(frozen=True)
class SourceSong:
    """A song or an uploaded MIDI file that is to be changed. sheet and report are None for an upload."""

    title: str
    text: str
    score: Score | None
    sheet: LeadSheet | None = None
    report: SongReport | None = None


@dataclass(frozen=True)
class MadeSong:
    """A finished song. sheet and score are None where only words were asked for; sheet also for an edited upload."""

    report: SongReport
    lyrics_text: str
    artifacts: tuple[Artifact, ...]
    sheet: LeadSheet | None = None
    score: Score | None = None


@dataclass(frozen=True)
class Making:
    """How to make a song, and for whom to report. The same request, seed, source and models give the same bytes.

    other: the second song of a verb that takes two. outputs: which files to make, of `FILES`; the usual ones by default.
    soundfont: for the audio; the best found if None. engraver: the program that draws lead sheets, "auto" for any that is
    found; our own drawing if None. largest_file_bytes: of one that can be sent; stems then lose some quality rather than be
    larger. best_of: how many takes of words and tune are written where there is a judge, which keeps the ones that it likes
    best; 1-16. report: called often, cheap. cancelled: asked between decoding steps; True stops the work.
    """

    seed: int
    models: Models
    source: SourceSong | None = None
    other: SourceSong | None = None
    report: Callable[[Progress], None] = lambda progress: None
    cancelled: Callable[[], bool] = lambda: False
    outputs: Collection[str] | None = None
    soundfont: Path | None = None
    engraver: str | None = None
    largest_file_bytes: int | None = None
    best_of: int = 1
    seconds: dict[str, float] = field(default_factory=dict)  # per stage, filled in as they end
    notices: list[str] = field(default_factory=list)  # what is to be told of the words, filled in as they are written

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[None]:
        """Report a stage as it begins and ends, and keep its seconds; Cancelled if the song was taken back."""
        if self.cancelled():
            raise Cancelled("the song was taken back")
        self.report(Progress(stage=name, done=0, total=total))
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)
        self.report(Progress(stage=name, done=total, total=total))
