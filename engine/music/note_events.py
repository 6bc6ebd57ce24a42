"""Note events: pitches and durations of an onset from high to low, then how far to move on, on a grid of sixteenths.

Knows no programs, velocities, tempos, bars or drums: a Score of several tracks becomes one track of pitches and times.

`xxbos xxpad n60 d4 n52 d8 n45 d8 xxsep d4 n62 d4 xxeos`: `nPITCH dDURATION` for each note, `xxsep dK` to move on by K
steps of 120 ticks. What is longer than the longest duration, d128 (eight bars of 4/4), goes on in the durations that
follow it, so that no note and no rest is cut: 130 steps are `d128 d2`. A piece that is longer than its last note ends
with one more `xxsep`. Of notes of one onset and pitch the longest stays; drums have no pitch and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from engine.music.grid import GridNotes, merged_on_grid, nearest_step, notes_of
from engine.music.note_columns import Column, ColumnScore, columns_of
from engine.music.note_grammar import (
    END,
    FIRST_PITCH,
    LAST_PITCH,
    LONGEST_DURATION,
    MARKS,
    MASK,
    PAD,
    SEPARATOR,
    SIZE,
    START,
    NoteGrammar,
)
from engine.music.score import TICKS_PER_QUARTER, Note, Score, Track

STEPS_PER_QUARTER = 4
STEP_TICKS = TICKS_PER_QUARTER // STEPS_PER_QUARTER
PREFIX = (START, PAD)
VELOCITY = 80

_Piece = tuple[Column, Column]  # keys and ids: where ids belong in a sequence, and they themselves


class NoteEvents:
    """The vocabulary `note-events`."""

    name = "note-events"
    size = SIZE
    pad_id, start_id, end_id, mask_id = PAD, START, END, MASK
    steps_per_quarter = STEPS_PER_QUARTER

    def __init__(self) -> None:
        pitches = [f"n{pitch}" for pitch in range(128)]
        durations = [f"d{steps}" for steps in range(1, LONGEST_DURATION + 1)]
        self._tokens = (*MARKS, *pitches, *durations)
        self._ids = {token: token_id for token_id, token in enumerate(self._tokens)}

    def id_of(self, token: str) -> int:
        return self._ids[token]

    def token_of(self, token_id: int) -> str:
        return self._tokens[token_id]

    def text(self, ids: Sequence[int]) -> str:
        """Return ids as a line of tokens."""
        return " ".join(self._tokens[token_id] for token_id in ids)

    def ids(self, text: str) -> list[int]:
        """Return the ids of a line of tokens; KeyError for one that is not there."""
        return [self._ids[token] for token in text.split()]

    def quantise(self, score: Score) -> Score:
        """Return the score as one track on the grid: no drums, every velocity 80, tempo 120 and 4/4, no words or key."""
        notes, length = _on_grid(columns_of(score))
        return _score(notes_of(notes, 1, STEP_TICKS)[0], length)

    def encode(self, score: Score) -> list[int]:
        return self.encode_columns(columns_of(score))

    def encode_columns(self, score: ColumnScore) -> list[int]:
        """Return the ids of a score whose notes are columns, as `midi_reading.midi_to_columns` reads them."""
        return encode_notes(*_on_grid(score))

    def decode(self, ids: Sequence[int]) -> Score:
        notes, step = [], 0
        for token_id, first, stop in _events(ids):
            duration = sum(ids[first:stop]) - LAST_PITCH * (stop - first)
            if token_id == SEPARATOR:
                step += duration
            else:
                notes.append(
                    Note(step * STEP_TICKS, token_id - FIRST_PITCH, duration * STEP_TICKS, VELOCITY),
                )
        length = max([step * STEP_TICKS, *(note.end_ticks for note in notes)])
        return _score(tuple(sorted(notes)), length // STEP_TICKS)

    def transpose(self, ids: Sequence[int], semitones: int) -> list[int]:
        array = np.array(ids, np.int64)
        is_pitch = (array >= FIRST_PITCH) & (array <= LAST_PITCH)
        moved = array[is_pitch] + semitones
        if moved.size and not FIRST_PITCH <= moved.min() <= moved.max() <= LAST_PITCH:
            raise ValueError(f"{semitones} semitones move a pitch out of 0-127")
        array[is_pitch] = moved
        result: list[int] = array.tolist()
        return result

    def onsets(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return the step of each id; a separator and its durations stand where it moves on from."""
        array = np.array(ids, np.int64)
        is_duration = array > LAST_PITCH
        places = np.arange(len(array))
        head = np.maximum.accumulate(np.where(is_duration, 0, places))
        moves = np.where(is_duration & (array[head] == SEPARATOR), array - LAST_PITCH, 0)
        moved: NDArray[np.int64] = np.cumsum(moves)[head]
        return moved

    def grammar(
        self, *, lowest_pitch: int = 0, highest_pitch: int = 127, length_steps: int | None = None
    ) -> NoteGrammar:
        """Return a grammar of pitches within a range; length_steps: the piece then ends exactly there."""
        return NoteGrammar(lowest_pitch, highest_pitch, length_steps)


def encode_notes(notes: GridNotes, length_steps: int) -> list[int]:
    """Return the ids of notes of one track, in a piece of a length of at least the last note's end."""
    places = 4 * np.arange(len(notes) + 1)  # each note has room for separator, its durations, pitch, its durations
    last_onset = notes.onset[-1] if len(notes) else 0
    silence = length_steps - last_onset if length_steps > notes.last_end else 0
    gaps = np.append(np.diff(notes.onset, prepend=0), silence)
    moves, notes_at = places[gaps > 0], places[:-1]
    pieces = [
        (moves, np.full(len(moves), SEPARATOR)),
        _durations(moves + 1, gaps[gaps > 0]),
        (notes_at + 2, notes.pitch + FIRST_PITCH),
        _durations(notes_at + 3, notes.duration),
    ]
    return [*PREFIX, *_in_order(pieces), END]


def _in_order(pieces: Sequence[_Piece]) -> list[int]:
    """Return the ids of all pieces by their keys; of equal keys the order stays."""
    keys = np.concatenate([keys for keys, _ in pieces])
    ids = np.concatenate([ids for _, ids in pieces])
    ordered: list[int] = ids[np.argsort(keys, kind="stable")].tolist()
    return ordered


def _durations(keys: Column, steps: Column) -> _Piece:
    """Return the ids of durations, of 1 step or more: the longest as often as it takes, then what is left."""
    longest = np.repeat(keys, (steps - 1) // LONGEST_DURATION)
    ids = np.full(len(longest), LAST_PITCH + LONGEST_DURATION)
    return np.concatenate([longest, keys]), np.concatenate([ids, LAST_PITCH + 1 + (steps - 1) % LONGEST_DURATION])


def _on_grid(score: ColumnScore) -> tuple[GridNotes, int]:
    notes = merged_on_grid(score.melodic_notes(), STEP_TICKS)
    notes = replace(notes, velocity=np.full(len(notes), VELOCITY))
    return notes, max(nearest_step(score.length_ticks, STEP_TICKS), notes.last_end)


def _score(notes: tuple[Note, ...], length_steps: int) -> Score:
    return Score((Track("", 0, notes),) if notes else (), length_steps * STEP_TICKS)


def _events(ids: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (pitch or separator, first, stop) with the places of the durations; ValueError where the grammar is left."""
    grammar = NoteGrammar()
    for token_id in ids:
        grammar.advance(token_id)
    heads = [place for place, token_id in enumerate(ids) if token_id <= LAST_PITCH]
    found = zip(heads, [*heads, len(ids)][1:], strict=True)
    return [(ids[head], head + 1, stop) for head, stop in found if stop > head + 1]  # without one, ids stopped early
