"""Pieces on the grid of the composing model, in C major or A minor, and back in ticks. Does not know ids of streams.

The grid is 12 steps a quarter (40 ticks). Whoever edits finds in each note of the grid the one that it was made from.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.errors import RequestError
from engine.music.lead_sheet import ChordSpan
from engine.music.part_vocabulary import (
    HIGHEST_PITCH,
    LONGEST_BAR_STEPS,
    LOWEST_PITCH,
    SIGNATURES,
    STEP_TICKS,
    STEPS_PER_QUARTER,
    chord_id,
    chord_symbol,
)
from engine.music.piece import VOICES, Bar, Piece, Voice
from engine.music.score import Note
from engine.music.theory import Key


@dataclass(frozen=True)
class GridBar:
    """A bar on the grid. steps: its length, 1-144. offset: where its first step lies in a whole bar; over 0 for a pickup."""

    onset_ticks: int
    steps: int
    signature: str
    offset: int = 0


@dataclass(frozen=True)
class GridNote:
    """step: from the start of its bar. duration: in steps, 1-144. source: the note that it was made from, if any."""

    step: int
    pitch: int
    duration: int
    source: Note | None = None

    @property
    def velocity(self) -> int:
        return 80 if self.source is None else self.source.velocity


@dataclass
class GridPiece:
    """A piece by bar on the grid, moved to C major or A minor. chords: (step, id of the chord) by bar.

    semitones: how far it was moved; `to_notes` and `to_chords` move it back.
    """

    bars: tuple[GridBar, ...]
    notes: dict[Voice, list[list[GridNote]]]
    chords: list[list[tuple[int, int]]]
    minor: bool
    semitones: int
    key: Key | None = None
    style: str = "any"
    voices: tuple[Voice, ...] = ()


def to_grid(piece: Piece, style: str = "any") -> GridPiece:
    """Return a piece on the grid, in C major or A minor by its key; without a key it stays where it is.

    RequestError for a bar that is longer than 12 quarters. Notes outside 21-108 sound in the nearest octave inside.
    """
    bars = tuple(map(_grid_bar, _with_pickup(piece.bars)))
    minor = piece.key is not None and piece.key.mode == "minor"
    semitones = 0 if piece.key is None else ((9 if minor else 0) - piece.key.tonic + 6) % 12 - 6
    starts = [bar.onset_ticks for bar in piece.bars]
    notes: dict[Voice, list[list[GridNote]]] = {}
    for voice, part in piece.parts.items():
        notes[voice] = [[] for _ in bars]
        for note in part:
            where = _place(note.onset_ticks, starts, bars)
            if where is not None:
                bar, step = where
                length = max(1, min(LONGEST_BAR_STEPS, round(note.duration_ticks / STEP_TICKS)))
                notes[voice][bar].append(GridNote(step, _inside(note.pitch + semitones), length, note))
        for of_bar in notes[voice]:
            of_bar.sort(key=lambda n: (n.step, -n.pitch))
    chords: list[list[tuple[int, int]]] = [[] for _ in bars]
    sounding = -1
    for span in piece.chords:
        where = _place(span.onset_ticks, starts, bars)
        if where is not None and (chord := chord_id(span.symbol, semitones)) != sounding:
            bar, step = where
            chords[bar] = [*(named for named in chords[bar] if named[0] != step), (step, chord)]
            sounding = chord
    present = tuple(voice for voice in VOICES if any(notes.get(voice, ())))
    return GridPiece(bars, notes, chords, minor, semitones, piece.key, style, present)


def _with_pickup(bars: Sequence[Bar]) -> Sequence[Bar]:
    """Return bars with a short first one in the time signature of the second: files write a pickup as a bar of 1/4."""
    if len(bars) < 2 or bars[0].duration_ticks >= bars[1].duration_ticks:
        return bars
    return (replace(bars[0], time_signature=bars[1].time_signature), *bars[1:])


def _grid_bar(bar: Bar) -> GridBar:
    steps = max(1, round(bar.duration_ticks / STEP_TICKS))
    if steps > LONGEST_BAR_STEPS:
        raise RequestError(
            f"a bar of {bar.time_signature} is too long to write for; bars of up to {LONGEST_BAR_STEPS // STEPS_PER_QUARTER} "
            "quarters will do"
        )
    whole = min(LONGEST_BAR_STEPS, round(bar.time_signature.bar_ticks / STEP_TICKS))
    return GridBar(bar.onset_ticks, steps, _signature(bar), max(0, whole - steps))


def _signature(bar: Bar) -> str:
    """Return the time signature as the model knows it; of unknown ones the nearest in length, then in beat."""
    name = str(bar.time_signature)
    if name in SIGNATURES:
        return name

    def distance(known: str) -> tuple[float, int]:
        beats, unit = map(int, known.split("/"))
        return abs(beats / unit - bar.time_signature.numerator / bar.time_signature.denominator), unit

    return min(SIGNATURES, key=distance)


def _place(onset_ticks: int, starts: Sequence[int], bars: Sequence[GridBar]) -> tuple[int, int] | None:
    """Return bar and step of an onset, rounded to the grid; None outside the piece."""
    bar = bisect_right(starts, onset_ticks) - 1
    if bar < 0 or onset_ticks >= starts[bar] + bars[bar].steps * STEP_TICKS + STEP_TICKS // 2:
        return None
    step = round((onset_ticks - starts[bar]) / STEP_TICKS)
    if step >= bars[bar].steps:
        return (bar + 1, 0) if bar + 1 < len(bars) else (bar, bars[bar].steps - 1)
    return bar, step


def _inside(pitch: int) -> int:
    while pitch < LOWEST_PITCH:
        pitch += 12
    while pitch > HIGHEST_PITCH:
        pitch -= 12
    return pitch


def to_notes(
    part: Sequence[Sequence[GridNote]], bars: Sequence[GridBar], semitones: int, *, single: bool
) -> tuple[Note, ...]:
    """Return the notes of a part in ticks, moved back by `semitones`. single: each ends where the next begins."""
    found = [
        (bar.onset_ticks + note.step * STEP_TICKS, note)
        for bar, of_bar in zip(bars, part, strict=True)
        for note in of_bar
    ]
    if not found:
        return ()
    end_of_all = bars[-1].onset_ticks + bars[-1].steps * STEP_TICKS
    onsets = sorted({onset for onset, _ in found})
    following = dict(zip(onsets, [*onsets[1:], end_of_all], strict=True))
    notes = []
    for onset, note in found:
        room = (following[onset] if single else end_of_all) - onset
        pitch = min(127, max(0, note.pitch - semitones))
        notes.append(Note(onset, pitch, max(1, min(note.duration * STEP_TICKS, room)), note.velocity))
    return tuple(sorted(notes))


def to_chords(
    chords: Sequence[Sequence[tuple[int, int]]], bars: Sequence[GridBar], semitones: int, key: Key | None
) -> tuple[ChordSpan, ...]:
    """Return chord spans from the first chord to the end of the bars; equal neighbours are one."""
    named = [
        (bar.onset_ticks + step * STEP_TICKS, chord_symbol(chord, semitones, key))
        for bar, of_bar in zip(bars, chords, strict=True)
        for step, chord in of_bar
    ]
    distinct = [now for before, now in zip([None, *named], named) if before is None or before[1] != now[1]]  # noqa: B905
    if not distinct:
        return ()
    end_of_all = bars[-1].onset_ticks + bars[-1].steps * STEP_TICKS
    ends = [*(onset for onset, _ in distinct[1:]), end_of_all]
    return tuple(ChordSpan(onset, end - onset, symbol) for (onset, symbol), end in zip(distinct, ends, strict=True))
