"""Promises of melodies as symbols: lossless on the grid, transposition there and back, windows of whole 4/4 bars."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.melody_bars import (
    BAR_TICKS,
    FIRST_NOTE,
    HIGHEST_PITCH,
    HOLD,
    LENGTHS,
    LOWEST_PITCH,
    OFF,
    STEP_TICKS,
    STEPS_PER_BAR,
    SYMBOLS,
    is_melody,
    possible_semitones,
    silent_bars,
    to_notes,
    to_symbols,
    transpose,
    windows,
)
from engine.music.piece import Bar, Piece
from engine.music.score import Note, TimeSignature


@st.composite
def melodies(draw: st.DrawFn) -> tuple[int, tuple[Note, ...]]:
    """Draw a length in bars and notes on the grid, one at a time, all within it."""
    bars = draw(st.sampled_from(LENGTHS))
    edges = sorted(draw(st.sets(st.integers(0, bars * STEPS_PER_BAR), max_size=24)))
    notes = []
    for start, stop in pairwise(edges):
        pitch = draw(st.none() | st.integers(LOWEST_PITCH, HIGHEST_PITCH))
        if pitch is not None:
            notes.append(Note(start * STEP_TICKS, pitch, (stop - start) * STEP_TICKS))
    return bars, tuple(notes)


@given(melodies(), st.integers(0, 5))
def test_melodies_on_the_grid_come_back(melody: tuple[int, tuple[Note, ...]], bars_before: int) -> None:
    bars, notes = melody
    start = bars_before * BAR_TICKS
    moved = tuple(Note(n.onset_ticks + start, n.pitch, n.duration_ticks) for n in notes)
    symbols = to_symbols(moved, bars, start)
    assert len(symbols) == bars * STEPS_PER_BAR
    assert to_notes(symbols, start) == moved


@given(st.lists(st.integers(0, SYMBOLS - 1), min_size=32, max_size=32))
def test_any_symbols_are_a_melody_that_is_written_the_same_from_then_on(symbols: list[int]) -> None:
    notes = to_notes(symbols)
    assert to_notes(to_symbols(notes, 2)) == notes


@given(melodies(), st.integers(-87, 87))
def test_up_and_down_again_is_the_identity(melody: tuple[int, tuple[Note, ...]], semitones: int) -> None:
    symbols = to_symbols(melody[1], melody[0])
    low, high = possible_semitones(symbols)
    if low <= semitones <= high:
        up = transpose(symbols, semitones)
        assert [n.pitch for n in to_notes(up)] == [n.pitch + semitones for n in melody[1]]
        assert np.array_equal(transpose(up, -semitones), symbols)
    else:
        with pytest.raises(ValueError, match="this melody can go"):
            transpose(symbols, semitones)


def test_a_line_as_the_paper_writes_it() -> None:
    """C4 for a quarter, a quarter's rest, E4 for a half."""
    notes = (Note(0, 60, 480), Note(960, 64, 960))
    symbols = to_symbols(notes, 2)
    c, e = FIRST_NOTE + 60 - LOWEST_PITCH, FIRST_NOTE + 64 - LOWEST_PITCH
    assert symbols[:16].tolist() == [c, HOLD, HOLD, HOLD, OFF, HOLD, HOLD, HOLD, e, *[HOLD] * 7]
    assert symbols[16] == OFF
    assert silent_bars(symbols) == 1
    assert not is_melody(symbols)


def test_what_is_off_the_grid_goes_to_the_nearest_sixteenth_and_what_is_cut_stays_inside() -> None:
    notes = (Note(0, 50, BAR_TICKS + 500), Note(BAR_TICKS + 500, 60, 130), Note(BAR_TICKS + 510, 62, 9_999))
    assert to_notes(to_symbols(notes, 2, BAR_TICKS), BAR_TICKS) == (
        Note(BAR_TICKS, 50, 480), Note(BAR_TICKS + 480, 62, 2 * BAR_TICKS - 480)
    )  # fmt: skip
    with pytest.raises(ValueError, match="pitch must be 21-108, got 20"):
        to_symbols((Note(0, 20, 480),), 2)


def test_windows_are_whole_bars_of_four_four_with_a_melody_in_each() -> None:
    four, three = TimeSignature(4, 4), TimeSignature(3, 4)
    bars = [Bar(0, 480, four), *(Bar(480 + n * BAR_TICKS, BAR_TICKS, four) for n in range(4))]
    end = bars[-1].end_ticks
    bars += [Bar(end, three.bar_ticks, three)]
    notes = tuple(Note(480 + n * 480, 60 + n % 5, 480) for n in range(12))  # the fourth whole bar is silent
    found = list(windows(Piece(tuple(bars), {"melody": notes}), 2))
    assert [to_notes(w)[0].pitch for w in found] == [60, 64]
    assert list(windows(Piece(tuple(bars), {"bass": notes}), 2)) == []
