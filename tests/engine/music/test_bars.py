"""Bars: they cover the music without a gap, honour every change of time signature, and are counted as people count."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.music.bars import SHORTEST_BAR_TICKS, bar_range, bar_spans, bars_of, first_bar, pickup_ticks
from engine.music.score import Note, Score, TimeSignature, TimeSignatureChange, Track

FOUR, THREE = TimeSignature(4, 4), TimeSignature(3, 4)
signatures = st.builds(TimeSignature, st.integers(1, 12), st.sampled_from([2, 4, 8, 16]))
thirty_seconds = st.integers(1, 1000).map(lambda n: n * SHORTEST_BAR_TICKS)


def score_of(length: int, *changes: tuple[int, TimeSignature], first_note: int = 0) -> Score:
    track = Track("A", 0, (Note(first_note, 60, max(1, length - first_note)),))
    return Score((track,), length, time_signatures=tuple(TimeSignatureChange(*c) for c in changes or ((0, FOUR),)))


@given(st.integers(0, 60_000), signatures, st.dictionaries(thirty_seconds, signatures, max_size=5))
def test_bars_follow_one_another_from_the_beginning_to_the_end(
    length: int, first: TimeSignature, later: dict[int, TimeSignature]
) -> None:
    score = score_of(length, (0, first), *sorted(later.items()))
    bars = bars_of(score)
    assert bars[0].onset_ticks == 0
    assert all(a.end_ticks == b.onset_ticks for a, b in pairwise(bars))
    assert bars[-1].onset_ticks <= length <= bars[-1].end_ticks
    assert {tick for tick in later if tick < length} <= {bar.onset_ticks for bar in bars}
    assert all(bar.duration_ticks <= bar.time_signature.bar_ticks for bar in bars)


@given(st.integers(1, 30), st.integers(1, 30), st.sampled_from(["{}-{}", "bars {} - {}", "{}–{}", " {}-{} "]))
def test_a_range_means_the_same_bars_however_it_is_written(a: int, b: int, form: str) -> None:
    assume(a <= b)
    score = score_of(30 * 1920)
    assert bar_range(form.format(a, b), score) == (a - 1, b - 1)
    assert bar_spans(score)[a - 1] == ((a - 1) * 1920, a * 1920)


def test_single_open_and_empty_ranges() -> None:
    score = score_of(8 * 1920)
    assert bar_range("3", score) == (2, 2)
    assert bar_range("5-", score) == (4, 7)
    assert bar_range("-2", score) == (0, 1)
    assert bar_range("", score) == (0, 7)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (score_of(480 + 4 * 1920, (0, TimeSignature(1, 4)), (480, FOUR)), 480),  # notation programs
        (score_of(480 + 4 * 1440, (0, THREE), (480, THREE)), 480),  # cut short by the same time signature
        (score_of(5 * 1920, first_note=1440), 1920),  # a first bar filled with rests
        (score_of(5 * 1920, first_note=240), 0),
        (score_of(5 * 1920, first_note=2400), 0),
        (score_of(5 * 1920), 0),
        (score_of(100, first_note=80), 0),
        (Score((), 0), 0),
    ],
)
def test_a_pickup_is_the_bar_before_bar_one(score: Score, expected: int) -> None:
    assert pickup_ticks(score) == expected
    assert first_bar(score) == (0 if expected else 1)
    if expected:
        spans = bar_spans(score)
        assert spans[bar_range("1", score)[0]][0] == expected
        assert bar_range("0-1", score) == (0, 1)
        assert bar_range("-1", score) == (0, 1)
    else:
        with pytest.raises(RequestError, match="has bars 1 to"):
            bar_range("0", score)


def test_time_signatures_change_the_length_of_bars() -> None:
    score = score_of(2 * 1920 + 3 * 1440, (0, FOUR), (2 * 1920, THREE))
    assert [end - start for start, end in bar_spans(score)] == [1920, 1920, 1440, 1440, 1440]


def test_a_change_that_rounding_moved_by_a_tick_makes_no_bar_of_a_tick() -> None:
    assert len(bars_of(score_of(4 * 1920, (0, FOUR), (1921, FOUR)))) == 4


@pytest.mark.parametrize("text", ["-", "five", "5-8-9", "1.5", "5,8", "5 8", "bars", "bars -", "٣-٤x", "9999999"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(RequestError, match="bars are written as"):
        bar_range(text, score_of(8 * 1920))


@pytest.mark.parametrize("text", ["9", "8-9", "5-3", "0", "999999"])
def test_bars_that_are_not_there_are_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(RequestError, match="bars 1 to 8"):
        bar_range(text, score_of(8 * 1920))
