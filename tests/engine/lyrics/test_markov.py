"""Promises of the Markov chain: probabilities, a ladder that falls, texts that do not see each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FileFormatError
from engine.lyrics.characters import CHARACTERS, END, VOCAB_SIZE, decode_characters, encode_characters, join_texts
from engine.lyrics.markov import MarkovChain

TEXT = "the rain is on the sea,\nand nobody remembers me.\nthe train is on the bridge again,\nand i am in the rain.\n"


@given(st.text(alphabet=CHARACTERS))
def test_characters_come_back(text: str) -> None:
    assert decode_characters(encode_characters(text)) == text


def test_a_strange_character_is_named() -> None:
    with pytest.raises(FileFormatError, match="é"):
        encode_characters("café")


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 5),
    st.lists(st.text(alphabet="ab \n", max_size=12), min_size=1, max_size=4),
    st.text("ab c", max_size=8),
)
def test_probabilities_sum_to_one(order: int, texts: list[str], history: str) -> None:
    found = MarkovChain.learn(join_texts(texts), order).probabilities([END, *encode_characters(history)])
    assert found.sum() == pytest.approx(1.0)
    assert (found > 0).all()


def test_bits_are_those_of_the_probabilities() -> None:
    chain = MarkovChain.learn(join_texts([TEXT]), 3)
    ids = join_texts(["the sea\n"])
    one_by_one = [-np.log2(chain.probabilities(ids[:place])[ids[place]]) for place in range(1, len(ids))]
    assert chain.bits(ids) == pytest.approx(one_by_one)


@pytest.mark.parametrize("text", [TEXT * 4, "abab" * 40, "la la la li la\n" * 20])
def test_the_ladder_falls(text: str) -> None:
    ids = join_texts([text])
    chain = MarkovChain.learn(ids, 1)
    uniform, unigram, bigram = (chain.bits(ids, order).mean() for order in (-1, 0, 1))
    assert uniform == pytest.approx(np.log2(VOCAB_SIZE))
    assert uniform > unigram > bigram


def test_a_text_does_not_see_the_one_before_it() -> None:
    chain = MarkovChain.learn(join_texts([TEXT, "abc", "xyz"]), 4)
    together = chain.bits(join_texts(["the sea\n", "abc"]))
    apart = np.concatenate([chain.bits(join_texts([text])) for text in ("the sea\n", "abc")])
    assert together == pytest.approx(apart)


def test_shorter_chains_are_inside_longer_ones() -> None:
    ids, held_out = join_texts([TEXT]), join_texts(["and the rain\n"])
    assert MarkovChain.learn(ids, 4).bits(held_out, 2) == pytest.approx(MarkovChain.learn(ids, 2).bits(held_out))


def test_unseen_contexts_fall_back() -> None:
    chain = MarkovChain.learn(join_texts(["aaaa"]), 3)
    assert chain.bits(join_texts(["zzzz"])).max() < 20


def test_a_saved_chain_gives_the_same_bits(tmp_path: Path) -> None:
    chain = MarkovChain.learn(join_texts([TEXT]), 3)
    chain.save(tmp_path / "chain.npz")
    ids = join_texts(["the rain again\n"])
    assert np.array_equal(MarkovChain.open(tmp_path / "chain.npz").bits(ids), chain.bits(ids))


@pytest.mark.parametrize("order", [-1, 10])
def test_an_order_out_of_range_is_refused(order: int) -> None:
    with pytest.raises(ValueError, match="0-9"):
        MarkovChain.learn(join_texts([TEXT]), order)
