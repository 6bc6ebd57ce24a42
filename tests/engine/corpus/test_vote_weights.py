"""Weights of raters: who acts in step counts as one, tastes that differ count in full."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus.vote_weights import UNMOVED_WEIGHT, weights_of_raters

SONGS = [f"song {n}" for n in range(40)]
Votes = list[tuple[str, str, float]]


def honest(rng: random.Random, name: str, liked: set[str], songs: int = 12) -> Votes:
    """Return the votes of a member who likes some songs, with some noise."""
    return [
        (name, song, min(5, max(1, (4 if song in liked else 2) + rng.choice((-1, 0, 0, 1)))))
        for song in rng.sample(SONGS, songs)
    ]


def brigade(rng: random.Random, members: int, loved: set[str]) -> Votes:
    """Return the votes of members who were all told what to give."""
    songs = rng.sample(SONGS, 20)
    return [(f"brigade {n}", song, 5 if song in loved else 1) for n in range(members) for song in songs]


def test_five_in_step_count_as_one_and_forty_honest_ones_in_full() -> None:
    rng = random.Random(1)
    liked = set(SONGS[:20])
    votes = [vote for n in range(40) for vote in honest(rng, f"honest {n}", liked)]
    weights = weights_of_raters(votes + brigade(rng, 5, set(SONGS[20:])))
    assert sum(weights[f"brigade {n}"] for n in range(5)) <= 1.0 + 1e-9
    assert sum(weights[f"honest {n}"] > 0.9 for n in range(40)) >= 38


def test_members_of_one_taste_are_not_in_step() -> None:
    rng = random.Random(2)
    votes = [vote for n in range(10) for vote in honest(rng, f"m{n}", set(SONGS[:20]), songs=30)]
    assert sum(weight == 1.0 for weight in weights_of_raters(votes).values()) >= 9


def test_songs_that_everybody_loves_put_nobody_in_step() -> None:
    votes = [(f"m{n}", song, 5.0 if i % 4 else 4.0) for n in range(8) for i, song in enumerate(SONGS[:12])]
    assert set(weights_of_raters(votes).values()) == {1.0}


def test_who_never_moves_counts_little_and_who_rates_without_end_counts_no_more_than_a_few() -> None:
    rng = random.Random(3)
    votes = [vote for n in range(9) for vote in honest(rng, f"m{n}", set(SONGS[:20]), songs=5)]
    votes += [("always five", song, 5.0) for song in SONGS[:6]]
    votes += [("tireless", song, float(1 + n % 5)) for n, song in enumerate(SONGS)]
    weights = weights_of_raters(votes)
    assert weights["always five"] == UNMOVED_WEIGHT
    assert weights["tireless"] * len(SONGS) <= 3 * 5 + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(SONGS[:10]), st.integers(1, 5).map(float))))
def test_weights_are_between_0_and_1_whatever_the_order(votes: Votes) -> None:
    unique = list({(rater, song): (rater, song, stars) for rater, song, stars in votes}.values())
    weights = weights_of_raters(unique)
    assert weights.keys() == {rater for rater, _, _ in votes}
    assert all(0 < weight <= 1 for weight in weights.values())
    assert weights_of_raters(reversed(unique)) == weights
