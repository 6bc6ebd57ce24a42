"""Note values: pieces add up, stay within bars and are written with values that last as long."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.output.note_values import NAMES, NoteValue, written_pieces


def ticks_of(value: NoteValue) -> Fraction:
    ticks = Fraction(1920, 2 ** NAMES.index(value.name)) * (2 - Fraction(1, 2**value.dots))
    return ticks * Fraction(2, 3) if value.is_triplet else ticks


@given(st.integers(0, 6000), st.integers(1, 6000), st.sampled_from((1920, 1440, 960)))
def test_pieces_follow_each_other_within_bars(onset: int, duration: int, bar: int) -> None:
    pieces = written_pieces(onset, duration, bar)
    cursor = onset
    for piece in pieces:
        assert piece.onset_ticks == cursor
        assert piece.duration_ticks > 0
        cursor += piece.duration_ticks
        assert piece.onset_ticks // bar == (cursor - 1) // bar
        assert piece.value is None or ticks_of(piece.value) == piece.duration_ticks
    assert cursor == onset + duration


@given(st.integers(0, 100), st.integers(1, 100), st.sampled_from((60, 160, 80)))
def test_lengths_on_the_grid_have_a_value(onset: int, duration: int, grid: int) -> None:
    assert all(piece.value for piece in written_pieces(onset * grid, duration * grid, 1920))


@pytest.mark.parametrize(
    ("onset", "duration", "expected"),
    [
        (0, 1200, [960, 240]),  # five eighths: a half tied to an eighth
        (240, 600, [240, 360]),  # from the second eighth: up to the quarter, then a dotted eighth
        (480, 1440, [1440]),  # a dotted half
        (1440, 960, [480, 480]),  # over the bar line
        (320, 640, [160, 480]),  # the last third of a quarter, then a quarter
        (160, 320, [320]),  # two thirds of a quarter
    ],
)
def test_lengths_are_split_as_a_copyist_would(onset: int, duration: int, expected: list[int]) -> None:
    assert [piece.duration_ticks for piece in written_pieces(onset, duration, 1920)] == expected
