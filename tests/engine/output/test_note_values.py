"""Note values: pieces add up, stay within bars and are written with values that last as long."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.music.score import TimeSignature
from engine.output.note_values import NAMES, NoteValue, written_pieces

METERS = ((4, 4), (3, 4), (2, 4), (6, 8), (12, 8), (5, 8), (2, 2), (3, 16))
SIGNATURES = st.sampled_from([TimeSignature(*meter) for meter in METERS])


def ticks_of(value: NoteValue) -> Fraction:
    ticks = Fraction(1920, 2 ** NAMES.index(value.name)) * (2 - Fraction(1, 2**value.dots))
    return ticks * Fraction(2, 3) if value.is_triplet else ticks


@given(st.integers(0, 6000), st.integers(1, 6000), SIGNATURES, st.booleans())
def test_pieces_follow_each_other_within_bars(
    onset: int, duration: int, signature: TimeSignature, is_rest: bool
) -> None:
    pieces, bar = written_pieces(onset, duration, signature, is_rest=is_rest), signature.bar_ticks
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
    assert all(piece.value for piece in written_pieces(onset * grid, duration * grid, TimeSignature(4, 4)))


@pytest.mark.parametrize(
    ("meter", "onset", "duration", "expected"),
    [
        ((4, 4), 0, 1200, [960, 240]),  # five eighths: a half tied to an eighth
        ((4, 4), 240, 600, [240, 360]),  # from the second eighth: up to the quarter, then a dotted eighth
        ((4, 4), 240, 480, [480]),  # eighth, quarter, eighth
        ((4, 4), 720, 480, [240, 240]),  # over the middle of the bar: a tie shows where that is
        ((4, 4), 480, 960, [960]),  # quarter, half, quarter
        ((4, 4), 480, 1440, [480, 960]),  # three quarters from the second on: the middle is seen
        ((3, 4), 480, 960, [960]),  # three quarters have no middle
        ((4, 4), 1440, 960, [480, 480]),  # over the bar line
        ((4, 4), 320, 640, [160, 480]),  # the last third of a quarter, then a quarter
        ((4, 4), 160, 320, [320]),  # two thirds of a quarter
        ((6, 8), 0, 1200, [720, 480]),  # five eighths are a dotted quarter and a quarter
        ((6, 8), 240, 480, [480]),
        ((6, 8), 480, 480, [240, 240]),  # over the second beat
        ((6, 8), 0, 1440, [1440]),
    ],
)
def test_lengths_are_split_as_a_copyist_would(
    meter: tuple[int, int], onset: int, duration: int, expected: list[int]
) -> None:
    pieces = written_pieces(onset, duration, TimeSignature(*meter))
    assert [piece.duration_ticks for piece in pieces] == expected


def test_rests_show_every_beat() -> None:
    def rests(meter: tuple[int, int], onset: int, duration: int) -> list[int]:
        return [piece.duration_ticks for piece in written_pieces(onset, duration, TimeSignature(*meter), is_rest=True)]

    assert rests((4, 4), 480, 960) == [480, 480]
    assert rests((4, 4), 0, 960) == [960]
    assert rests((4, 4), 240, 720) == [240, 480]
    assert rests((6, 8), 480, 960) == [240, 720]
    assert rests((3, 4), 0, 960) == [480, 480]
