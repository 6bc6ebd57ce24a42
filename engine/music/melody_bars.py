"""Melodies of whole 4/4 bars as one symbol per sixteenth: hold, note off, or one of 88 notes. Does not know models or files.

The symbols of MusicVAE (Roberts et al. 2018). A note sounds from its symbol through the holds after it; the next note or a
note off ends it. What lies on the grid comes back as it was, but for velocities, which the symbols do not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.music.piece import Bar, Piece
from engine.music.score import TICKS_PER_QUARTER, Note, TimeSignature

HOLD, OFF, FIRST_NOTE = 0, 1, 2
LOWEST_PITCH, HIGHEST_PITCH = 21, 108  # of a piano
SYMBOLS = FIRST_NOTE + HIGHEST_PITCH - LOWEST_PITCH + 1
STEP_TICKS = TICKS_PER_QUARTER // 4
STEPS_PER_BAR = 16
BAR_TICKS = STEPS_PER_BAR * STEP_TICKS
FOUR_FOUR = TimeSignature(4, 4)
LENGTHS = (2, 16)  # bars

Symbols = NDArray[np.int64]


def to_symbols(notes: Iterable[Note], bars: int, start_ticks: int = 0) -> Symbols:
    """Return the symbols (16 x bars,) of the notes that sound from start_ticks on for so many bars.

    Onsets and ends go to the nearest sixteenth. Of notes that begin in the same one the highest stays; a note that began
    before start_ticks begins there, one that goes on after the last bar ends with it. ValueError for pitches beyond 21-108.
    """
    length = bars * STEPS_PER_BAR
    symbols = np.full(length, HOLD, np.int64)
    free_from = 0  # the step after the last note
    for onset, end, pitch in _steps_of(notes, start_ticks, length):
        if not LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
            raise ValueError(f"pitch must be {LOWEST_PITCH}-{HIGHEST_PITCH}, got {pitch}")
        if free_from and free_from < onset:
            symbols[free_from] = OFF
        symbols[onset] = FIRST_NOTE + pitch - LOWEST_PITCH
        free_from = end
    if 0 < free_from < length:
        symbols[free_from] = OFF
    return symbols


def _steps_of(notes: Iterable[Note], start_ticks: int, length: int) -> list[tuple[int, int, int]]:
    """Return onset, end (steps from the start) and pitch of a single line of the notes within the length."""
    at: dict[int, tuple[int, int]] = {}
    for note in notes:
        if note.end_ticks <= start_ticks or note.onset_ticks >= start_ticks + length * STEP_TICKS:
            continue
        onset = max(0, _nearest_step(note.onset_ticks - start_ticks))
        end = max(onset + 1, _nearest_step(note.end_ticks - start_ticks))
        if onset < length and (onset not in at or note.pitch > at[onset][1]):
            at[onset] = end, note.pitch
    onsets = sorted(at)
    following = [*onsets[1:], length]
    return [(onset, min(at[onset][0], stop), at[onset][1]) for onset, stop in zip(onsets, following, strict=False)]


def _nearest_step(ticks: int) -> int:
    return (ticks + STEP_TICKS // 2) // STEP_TICKS


def to_notes(symbols: Sequence[int] | Symbols, start_ticks: int = 0, velocity: int = 80) -> tuple[Note, ...]:
    """Return the notes of symbols (S,), the first sixteenth at start_ticks; holds and offs in silence are rests."""
    notes: list[Note] = []
    begun: tuple[int, int] | None = None  # step and pitch of the note that sounds

    def end(step: int) -> None:
        if begun is not None:
            onset, pitch = begun
            notes.append(Note(start_ticks + onset * STEP_TICKS, pitch, (step - onset) * STEP_TICKS, velocity))

    for step, symbol in enumerate(symbols):
        if symbol != HOLD:
            end(step)
            begun = None if symbol == OFF else (step, int(symbol) - FIRST_NOTE + LOWEST_PITCH)
    end(len(symbols))
    return tuple(notes)


def possible_semitones(symbols: Symbols) -> tuple[int, int]:
    """Return how far down (0 or less) and up (0 or more) a melody can go; (-87, 87) for silence."""
    notes = symbols[symbols >= FIRST_NOTE] - FIRST_NOTE
    widest = HIGHEST_PITCH - LOWEST_PITCH
    return (-int(notes.min()), widest - int(notes.max())) if len(notes) else (-widest, widest)


def transpose(symbols: Symbols, semitones: int) -> Symbols:
    """Return a melody so many semitones higher; ValueError where a note would leave the range."""
    low, high = possible_semitones(symbols)
    if not low <= semitones <= high:
        raise ValueError(f"this melody can go {low} to {high} semitones, not {semitones}")
    return np.where(symbols >= FIRST_NOTE, symbols + semitones, symbols)


def windows(piece: Piece, bars: int) -> Iterator[Symbols]:
    """Yield every stretch of so many whole 4/4 bars of a piece's melody, or soprano, that can be learned from.

    Left out are those with a bar in which nothing sounds, with fewer notes than bars, and with pitches beyond 21-108.
    """
    line = piece.parts.get("melody") or piece.parts.get("soprano") or ()
    for first in range(len(piece.bars) - bars + 1):
        stretch = piece.bars[first : first + bars]
        if all(map(is_whole, stretch)):
            try:
                symbols = to_symbols(line, bars, stretch[0].onset_ticks)
            except ValueError:
                continue
            if is_melody(symbols):
                yield symbols


def is_melody(symbols: Symbols) -> bool:
    """Say whether something sounds in every bar, with a note per bar on average."""
    return not silent_bars(symbols) and int((symbols >= FIRST_NOTE).sum()) >= len(symbols) // STEPS_PER_BAR


def silent_bars(symbols: Symbols) -> int:
    """Return in how many bars nothing sounds."""
    sounding = np.zeros(len(symbols), bool)
    for note in to_notes(symbols):
        sounding[note.onset_ticks // STEP_TICKS : note.end_ticks // STEP_TICKS] = True
    return int((~sounding.reshape(-1, STEPS_PER_BAR).any(1)).sum())


def is_whole(bar: Bar) -> bool:
    """Say whether a bar is one of 4/4 and none of it is missing."""
    return bar.time_signature == FOUR_FOUR and bar.duration_ticks == BAR_TICKS
