"""Promises of the gate's lines: what is better passes, what is worse does not, chance is not taken for skill, in any amount."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation import gate_lines as lines
from engine.evaluation.gate_lines import Interval

SHARES = st.floats(0, 1)


def test_a_coin_is_refused_in_nineteen_of_twenty_runs() -> None:
    passed = 0
    for seed in range(400):
        rng = random.Random(seed)
        found = lines.wins([rng.random() for _ in range(100)], [rng.random() for _ in range(100)])
        passed += lines.wins_line(found).passed
    assert passed <= 20


def test_a_clear_win_passes_and_ties_count_half() -> None:
    assert lines.wins_line(lines.wins([0.0] * 100, [1.0] * 65 + [-1.0] * 35)).passed
    assert lines.wins([0.0] * 10, [0.0] * 10).value == 0.5
    assert not lines.wins_line(lines.wins([0.0] * 10, [0.0] * 10)).passed


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=60))
def test_the_win_rates_of_two_against_each_other_add_up_to_one(scores: list[tuple[float, float]]) -> None:
    old, new = ([pair[side] for pair in scores] for side in (0, 1))
    there, back = lines.wins(old, new), lines.wins(new, old)
    assert there.value + back.value == pytest.approx(1.0)
    assert there.low <= there.value + 1e-9
    assert there.value <= there.high + 1e-9
    assert there.low == pytest.approx(1 - back.high)


def test_without_prompts_or_ratings_nothing_is_passed() -> None:
    nothing = lines.wins([], [])
    assert not lines.wins_line(nothing).passed
    assert not lines.learnable_line(nothing).passed
    assert "no held-out rating" in lines.learnable_line(nothing).sentence


@pytest.mark.parametrize(("low", "passed"), [(0.49, False), (0.5, False), (0.51, True)])
def test_ratings_can_be_learned_where_the_lower_bound_is_above_a_coin(low: float, passed: bool) -> None:
    assert lines.learnable_line(Interval(0.6, low, 0.7, 100)).passed is passed


@given(SHARES, SHARES)
def test_shares_are_held_within_half_a_point_whichever_way_is_good(parent: float, candidate: float) -> None:
    high = lines.not_lower_line("coverage", parent, candidate)
    low = lines.not_higher_line("split words", parent, candidate)
    assert high.safety
    assert low.safety
    assert high.passed or low.passed
    assert (high.passed and low.passed) == (abs(parent - candidate) <= lines.POINTS + 1e-9)


@pytest.mark.parametrize(("candidate", "passed"), [(1.6, True), (1.63, True), (1.64, False), (1.2, True)])
def test_bits_per_byte_may_rise_by_two_percent(candidate: float, passed: bool) -> None:
    assert lines.likelihood_line("bits per byte", 1.6, candidate).passed is passed


def test_what_was_not_measured_is_said_to_be_so() -> None:
    for line in (
        lines.likelihood_line("bits per byte", math.nan, math.nan),
        lines.distance_line(math.nan),
        lines.not_lower_line("range", math.nan, 1.0),
        lines.run_line("longest run", math.nan, math.nan, 7),
    ):
        assert (line.parent, line.candidate, line.passed) == (None, None, True)
        assert line.sentence.startswith("not measured")


def test_longer_runs_than_the_parents_and_filtered_words_are_not_passed_and_are_about_safety() -> None:
    assert lines.run_line("longest run", 5, 7, 7).passed
    assert lines.run_line("longest run", 9, 9, 7).passed
    worse = lines.run_line("longest run", 6, 8, 7), lines.filter_line("insults", 3, 1, 100)
    assert not any(line.passed for line in worse)
    assert all(line.safety for line in worse)
    assert lines.filter_line("insults", 3, 0, 100).passed


def test_one_slow_prompt_does_not_make_a_model_slow() -> None:
    assert lines.speed_line([1.0] * 9, [1.0] * 8 + [50.0]).passed
    assert not lines.speed_line([1.0] * 9, [1.2] * 9).passed
    assert not lines.speed_line([], []).passed


def test_much_shorter_or_longer_songs_are_not_passed() -> None:
    assert [lines.length_line("words", 100, mean).passed for mean in (80, 90, 110, 120)] == [False, True, True, False]
    assert [lines.distance_line(kl).passed for kl in (0.1, 0.6)] == [True, False]


def test_the_verdict_names_what_was_not_passed_and_what_of_it_is_about_safety() -> None:
    good, bad = lines.length_line("words", 100, 100), lines.filter_line("insults", 0, 1, 9)
    assert lines.verdict_sentence([good]) == "Passed: all 1 lines."
    unknown = lines.likelihood_line("bits per byte", math.nan, math.nan)
    assert lines.verdict_sentence([good, unknown]) == (
        "Passed: all 1 lines that were measured; not measured: bits per byte."
    )
    assert lines.verdict_sentence([good, bad]) == "Not passed: insults. About safety: insults."
