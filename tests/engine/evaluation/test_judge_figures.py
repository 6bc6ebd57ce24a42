"""Promises of the judge's figures: who agrees always is right, who says nothing is at chance, and chance stays there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.snapshots import Judgement
from engine.errors import RequestError
from engine.evaluation.judge_figures import accuracy_of, compared, together, usual_stars, wilson
from tests.rated_takes import DAY, by_chance, letters_in_line, short_lines, stars, takes

TAKES = takes()
RATED = stars(4, short_lines, TAKES)
USUAL = usual_stars(RATED)


def scores(sign: float = 1.0) -> dict[str, float]:
    return {take.id: -sign * letters_in_line(take) for take in TAKES}


def test_the_more_a_judge_agrees_the_higher_it_stands() -> None:
    agreeing, opposed = (accuracy_of(compared(RATED, scores(sign), USUAL)) for sign in (1.0, -1.0))
    assert agreeing.knows
    assert agreeing.low < agreeing.accuracy < agreeing.high
    assert agreeing.accuracy + opposed.accuracy == pytest.approx(1.0)
    assert not opposed.knows


def test_a_judge_without_an_opinion_is_at_chance() -> None:
    found = accuracy_of(compared(RATED, dict.fromkeys(scores(), 0.0), USUAL))
    assert found.accuracy == pytest.approx(0.5)
    assert not found.knows


def test_every_rating_is_one_trial_and_every_pair() -> None:
    pair = Judgement(rater="rater 1", kind="preference", take=TAKES[0].id, rejected=TAKES[1].id, day=DAY)
    assert accuracy_of(compared(RATED, scores(), USUAL)).n == len(RATED)
    assert accuracy_of(compared([*RATED, pair], scores(), USUAL)).n == len(RATED) + 1
    assert accuracy_of(compared([pair], scores(), {})).accuracy in (0.0, 1.0)


def test_ratings_without_weight_are_no_trials_and_change_nothing() -> None:
    silent = [one.model_copy(update={"rater": "silent", "value": 6 - one.value, "weight": 0.0}) for one in RATED]
    both = [*RATED, *silent]
    assert accuracy_of(compared(both, scores(), usual_stars(both))) == pytest.approx(
        accuracy_of(compared(RATED, scores(), USUAL))
    )


def test_chance_ratings_seldom_seem_to_be_known() -> None:
    known = 0
    for number in range(60):
        said = stars(3, lambda rater, take, number=number: by_chance(f"{number} {rater}", take), TAKES)  # type: ignore[misc]
        known += accuracy_of(compared(said, scores(), usual_stars(said))).knows
    assert known <= 4  # 2.5 % of 60 are 1.5


def test_nothing_told_apart_is_refused() -> None:
    alike = stars(2, lambda rater, take: 3.0, TAKES)
    with pytest.raises(RequestError, match="gather more ratings"):
        accuracy_of(compared(alike, scores(), usual_stars(alike)))
    with pytest.raises(RequestError):
        accuracy_of(compared([], {}, {}))


def test_parts_together_are_the_mean_of_their_comparisons() -> None:
    found = compared(RATED, scores(), USUAL)
    twice = together([found, found])
    assert accuracy_of(twice).accuracy == pytest.approx(accuracy_of(found).accuracy)
    assert twice.trials == 2 * found.trials


@given(share=st.floats(0, 1), trials=st.integers(1, 10_000))
def test_an_interval_holds_its_share_and_narrows_with_trials(share: float, trials: int) -> None:
    low, high = wilson(share, trials)
    assert 0.0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1.0
    wider = wilson(share, trials / 2)
    assert high - low <= wider[1] - wider[0] + 1e-9


def test_a_known_interval() -> None:
    assert np.round(wilson(0.5, 100), 3).tolist() == [0.404, 0.596]
    assert wilson(0.5, 0) == (0.0, 1.0)
