"""Piece: music as the models of music read it, parts by role over bars with chords; and what can be asked of them.

Does not know files, programs, velocities or words: whoever edits a score takes a piece out of it and puts the answer back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from engine.contract import Sampling
from engine.music.lead_sheet import ChordSpan
from engine.music.score import Note, TimeSignature
from engine.music.theory import Key

Voice = Literal["melody", "soprano", "alto", "tenor", "bass", "accompaniment"]
VOICES: tuple[Voice, ...] = get_args(Voice)
CHOIR: tuple[Voice, ...] = ("soprano", "alto", "tenor", "bass")


@dataclass(frozen=True)
class Bar:
    """onset_ticks, duration_ticks: where it lies; a pickup is shorter than its time signature says."""

    onset_ticks: int
    duration_ticks: int
    time_signature: TimeSignature

    @property
    def end_ticks(self) -> int:
        return self.onset_ticks + self.duration_ticks


@dataclass(frozen=True)
class Piece:
    """Notes by voice, in order of onset, then pitch; chords in order; bars that follow one another without a gap.

    All but the accompaniment sound one note at a time. chords may be empty, key None where nobody knows it.
    """

    bars: tuple[Bar, ...]
    parts: Mapping[Voice, tuple[Note, ...]]
    chords: tuple[ChordSpan, ...] = ()
    key: Key | None = None


@dataclass(frozen=True)
class Asked:
    """How a composer is to work.

    seed: the same gives the same. amount: how far to go, above 0 to 1: the share of notes that may change; the others stay
    as they are. low, high: the range of pitches, both included. cancelled: asked between steps; True raises Cancelled.
    """

    seed: int
    amount: float = 1.0
    low: int = 0
    high: int = 127
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.9, top_p=0.95))
    cancelled: Callable[[], bool] = lambda: False
    report: Callable[[int, int], None] = lambda done, total: None


class Composer(Protocol):
    """Writes music on what is given. Everything comes back at its own place in the piece, in its ticks.

    version: of the model, for reports. bars: first and last index into `piece.bars`, both included.
    """

    version: str

    def continue_piece(self, piece: Piece, bars: int, asked: Asked) -> Piece:
        """Return so many bars more, alone, for the voices and chords that the piece has; they begin where it ends."""

    def infill(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> Piece:
        """Return the voices and chords of these bars written anew, alone, knowing what is before and after them."""

    def chords_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> tuple[ChordSpan, ...]:
        """Return chords for the melody (or soprano) that fill these bars."""

    def voices_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> Mapping[Voice, tuple[Note, ...]]:
        """Return alto, tenor and bass under the melody (or soprano) of these bars."""

    def melody_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        """Return a new melody over the chords of these bars."""

    def other_pitches(self, piece: Piece, voice: Voice, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        """Return the notes of a voice in these bars with every onset, duration and velocity kept."""

    def other_rhythm(self, piece: Piece, voice: Voice, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        """Return the notes of a voice in these bars with the pitches in the same order, and within the same bars."""
