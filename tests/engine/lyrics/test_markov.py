"""Promises of the Markov chain: probabilities, exact counts, a ladder that falls, texts that do not see each other."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lyrics.characters import END, Characters
from engine.lyrics.markov import MarkovChain

TEXT = "the rain is on the sea,\nand nobody remembers me.\nthe train is on the bridge again,\nand i am in the rain.\n"
ALPHABET = Characters.learn(["abcdefghijklmnopqrstuvwxyz .,\n"])


def learned(texts: list[str], order: int, characters: Characters = ALPHABET) -> MarkovChain:
    return MarkovChain.learn(characters.join(texts), order, characters.choices)


def by_definition(texts: list[list[int]], order: int, choices: int, history: list[int], wanted: int) -> float:
    """Witten-Bell's interpolation, read off its formula with a counter of tuples."""
    counts: Counter[tuple[tuple[int, ...], int]] = Counter()
    for text in texts:
        padded = [END] * order + text + [END]
        for k in range(order + 1):
            counts.update((tuple(padded[i - k : i]), padded[i]) for i in range(order, len(padded)))
    probability, padded = 1 / choices, [END] * order + history
    for k in range(order + 1):
        context = tuple(padded[len(padded) - k :])
        following = {i: n for (c, i), n in counts.items() if c == context}
        if following:
            total, kinds = sum(following.values()), len(following)
            probability = (following.get(wanted, 0) + kinds * probability) / (total + kinds)
    return probability


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 4),
    st.lists(st.lists(st.integers(2, 5), max_size=10), min_size=1, max_size=4),
    st.lists(st.integers(2, 6), max_size=7),
    st.integers(0, 6),
)
def test_probabilities_are_those_of_the_formula(
    order: int, texts: list[list[int]], history: list[int], wanted: int
) -> None:
    ids = np.array([END, *(i for text in texts for i in (*text, END))])
    chain = MarkovChain.learn(ids, order, 7)
    found = chain.probabilities(history)
    assert found.sum() == pytest.approx(1.0)
    assert found[wanted] == pytest.approx(by_definition(texts, order, 7, history, wanted))


@settings(max_examples=30, deadline=None)
@given(st.integers(-1, 5), st.lists(st.text("ab \n", max_size=12), min_size=1, max_size=4), st.text("ab c", max_size=8))
def test_bits_are_those_of_the_probabilities(order: int, texts: list[str], text: str) -> None:
    chain, ids = learned(texts, order), ALPHABET.join([text])
    one_by_one = [-np.log2(chain.probabilities(ids[1:place])[ids[place]]) for place in range(1, len(ids))]
    assert chain.bits(ids) == pytest.approx(one_by_one)


@given(st.permutations(range(2, 9)), st.text("abcdefg", min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_the_names_of_the_ids_do_not_matter(names: list[int], text: str) -> None:
    ids = np.array([END, *("abcdefg".index(c) + 2 for c in text), END])
    renamed = np.array([END, *names])[np.where(ids > 1, ids - 1, 0)]
    assert MarkovChain.learn(renamed, 3, 9).bits(renamed) == pytest.approx(MarkovChain.learn(ids, 3, 9).bits(ids))


def test_a_vocabulary_of_thousands_is_counted_exactly_to_the_longest_order() -> None:
    """9,000 ids and 12 of context would not fit any integer: 13 x 13.1 bits."""
    rng = np.random.default_rng(0)
    songs = [rng.integers(2, 9000, 40) for _ in range(30)]
    ids = np.concatenate([[END], *([*song, END] for song in [*songs, *songs])])
    chain = MarkovChain.learn(ids, 12, 9000)
    held_out = np.array([END, *songs[7][:20], *songs[8][20:], END])
    bits = chain.bits(held_out)
    assert bits[19] < 1.0  # seen twice after twelve known ids; Witten-Bell leaves a third to shorter contexts at most
    assert bits[20] > 8.0  # never seen after what stands before
    expected = by_definition([list(s) for s in [*songs, *songs]], 12, 9000, held_out[1:26].tolist(), int(held_out[26]))
    assert bits[25] == pytest.approx(-math.log2(expected))


@pytest.mark.parametrize("text", [TEXT * 4, "abab" * 40, "la la la li la\n" * 20])
def test_the_ladder_falls(text: str) -> None:
    ids = ALPHABET.join([text])
    chain = MarkovChain.learn(ids, 1, ALPHABET.choices)
    uniform, unigram, bigram = (chain.bits(ids, order).mean() for order in (-1, 0, 1))
    assert uniform == pytest.approx(np.log2(ALPHABET.choices))
    assert uniform > unigram > bigram


def test_a_text_does_not_see_the_one_before_it() -> None:
    chain = learned([TEXT, "abc", "xyz"], 4)
    together = chain.bits(ALPHABET.join(["the sea\n", "abc"]))
    apart = np.concatenate([chain.bits(ALPHABET.join([text])) for text in ("the sea\n", "abc")])
    assert together == pytest.approx(apart)


def test_shorter_chains_are_inside_longer_ones() -> None:
    held_out = ALPHABET.join(["and the rain\n"])
    assert learned([TEXT], 4).bits(held_out, 2) == pytest.approx(learned([TEXT], 2).bits(held_out))


def test_unseen_contexts_fall_back() -> None:
    assert learned(["aaaa"], 3).bits(ALPHABET.join(["zzzz"])).max() < 20


@pytest.mark.parametrize("order", [-1, 0, 3])
def test_a_chain_comes_back_from_its_tensors(order: int) -> None:
    chain, ids = learned([TEXT], order), ALPHABET.join(["the rain again\n"])
    opened = MarkovChain.from_tensors(chain.tensors(), ALPHABET.choices, order)
    assert np.array_equal(opened.bits(ids), chain.bits(ids))
    assert np.array_equal(opened.probabilities(ids[1:4]), chain.probabilities(ids[1:4]))


@pytest.mark.parametrize("order", [-2, 13])
def test_an_order_out_of_range_is_refused(order: int) -> None:
    with pytest.raises(ValueError, match="-1 to 12"):
        learned([TEXT], order)


def test_no_texts_at_all_leave_the_uniform_chain() -> None:
    assert learned([], 3).probabilities([2, 3]) == pytest.approx(1 / ALPHABET.choices)
