"""Promises of the sequential test: it may be looked at all the time, finds what is worse soon, and is rarely fooled."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.sequential_test import ERROR_RATE, compare, differences

RUNS = 400


def stars(rng: random.Random, mean: float, count: int) -> list[float]:
    """Return ratings of 1-5 with some spread around a mean."""
    return [float(min(5, max(1, round(rng.gauss(mean, 1.1))))) for _ in range(count)]


def first_verdict(rng: random.Random, new_mean: float, old_mean: float, most: int) -> tuple[str, int]:
    """Return what is said first when it is looked at after every tenth rating, and after how many."""
    new, old = stars(rng, new_mean, most), stars(rng, old_mean, most)
    for count in range(10, most + 1, 10):
        verdict = compare(new[:count], old[:count]).verdict
        if verdict != "go on":
            return verdict, count
    return "go on", most


def test_equal_versions_are_told_apart_in_at_most_the_error_rate_though_always_looked_at() -> None:
    rng = random.Random(4)
    fooled = [first_verdict(rng, 3.4, 3.4, 300)[0] != "go on" for _ in range(RUNS)]
    # Two bets, each wrong with at most ERROR_RATE.
    assert sum(fooled) / RUNS <= 2 * ERROR_RATE


def test_a_version_that_is_a_star_worse_is_found_within_150() -> None:
    rng = random.Random(5)
    found = [first_verdict(rng, 2.4, 3.4, 150) for _ in range(60)]
    assert [verdict for verdict, _ in found] == ["worse"] * 60
    assert sorted(count for _, count in found)[30] <= 60


def test_a_better_version_is_found() -> None:
    rng = random.Random(6)
    found = [first_verdict(rng, 3.9, 3.4, 400)[0] for _ in range(40)]
    assert found.count("better") >= 34
    assert "worse" not in found


def test_without_ratings_it_goes_on() -> None:
    assert compare([], [3.0]).verdict == compare([3.0], []).verdict == "go on"
    assert compare([], []).evidence == 1.0


@given(st.lists(st.integers(1, 5), max_size=40), st.lists(st.integers(1, 5), max_size=40))
def test_what_is_better_one_way_is_worse_the_other(new: list[int], old: list[int]) -> None:
    pairs = min(len(new), len(old))
    one, other = compare(new[:pairs], old[:pairs]), compare(old[:pairs], new[:pairs])
    assert one.better == pytest.approx(other.worse)
    assert one.mean == pytest.approx(-other.mean)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.lists(st.integers(1, 5), min_size=1, max_size=60))
def test_no_rating_is_set_against_two(new: list[int], old: list[int]) -> None:
    found = differences(new, old)
    assert len(found) == min(len(new), len(old))
    assert all(-1 <= difference <= 1 for difference in found)


def test_a_verdict_stands() -> None:
    rng = random.Random(7)
    new, old = stars(rng, 2.0, 80), stars(rng, 4.0, 80)
    assert compare(new, old).verdict == "worse"
    assert compare(new + [5.0] * 300, old + [1.0] * 300).verdict == "worse"
