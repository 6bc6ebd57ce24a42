"""Promises of near-duplicates: found as counting every pair finds them, and one of each stays."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.near_duplicates import (
    ALIKE,
    MOST_IN_A_BAND,
    jaccard,
    keep_one_of_each,
    near_duplicates,
    shingles,
    signature,
    words_in,
)

VOCABULARY = [f"w{n}" for n in range(400)]


def text(seed: int, length: int = 120) -> list[str]:
    return random.Random(seed).choices(VOCABULARY, k=length)


def changed(words: list[str], count: int, seed: int) -> list[str]:
    rng, words = random.Random(seed), list(words)
    for place in rng.sample(range(len(words)), count):
        words[place] = f"x{rng.random()}"
    return words


def test_a_shingle_is_five_words_wherever_it_stands() -> None:
    words = "the rain came over the harbour wall".split()
    assert len(shingles(words)) == 3
    assert set(shingles(words[1:])) < set(shingles(words))
    assert jaccard(shingles(words), shingles(["and", *words])) == pytest.approx(3 / 4)
    assert len(shingles(words[:3])) == len(shingles(["rain"])) == 1
    assert len(shingles([])) == 0
    assert jaccard(shingles([]), shingles([])) == 0.0


def test_words_are_without_case_and_signs_and_chinese_characters_are_words() -> None:
    assert words_in("The RAIN, o'er Ann's (café)!") == ["the", "rain", "o'er", "ann's", "café"]
    assert words_in("云破月来，rain云") == ["云", "破", "月", "来", "rain", "云"]


@given(st.integers(0, 60), st.integers(0, 1000))
def test_signatures_estimate_the_share_of_common_runs(edits: int, seed: int) -> None:
    one = text(seed)
    first, second = shingles(one), shingles(changed(one, edits, seed + 1))
    estimate = float((signature(first) == signature(second)).mean())
    assert estimate == pytest.approx(jaccard(first, second), abs=0.22)  # five standard deviations


def test_pairs_are_those_that_counting_finds() -> None:
    texts = [text(n) for n in range(60)]
    texts += [changed(texts[n % 60], n % 15, n) for n in range(120)]
    sets = [shingles(words) for words in texts]
    every = {(i, j): jaccard(sets[i], sets[j]) for i, j in combinations(range(len(sets)), 2)}
    found = near_duplicates(sets)
    assert found == sorted(set(found))
    assert all(every[pair] >= ALIKE for pair in found)
    assert {pair for pair, share in every.items() if share >= 0.6} <= set(found)
    assert len(found) > 90


def test_more_texts_alike_than_are_compared_leave_one() -> None:
    sets = [shingles(changed(text(1), 2, n)) for n in range(3 * MOST_IN_A_BAND)]
    gone = keep_one_of_each([100] * len(sets), near_duplicates(sets))
    assert len(sets) - len(gone) == 1
    assert near_duplicates([]) == []
    assert near_duplicates([np.array([], np.uint32)]) == []


TEXTS = st.integers(0, 11)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=30), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_no_two_that_stay_are_alike_and_what_goes_has_one_that_stays(
    pairs: list[tuple[int, int]], sizes: list[int]
) -> None:
    pairs = [(i, j) for i, j in pairs if i < j]
    gone = keep_one_of_each(sizes, pairs)
    assert all(i in gone or j in gone for i, j in pairs)
    for other, kept in gone.items():
        assert kept not in gone
        assert (min(other, kept), max(other, kept)) in pairs
        assert (sizes[kept], -kept) >= (sizes[other], -other)
