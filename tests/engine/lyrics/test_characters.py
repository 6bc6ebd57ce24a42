"""Promises of an alphabet: text comes back, what it cannot hold gets the nearest spelling, songs open with their artist."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CheckpointError
from engine.lyrics.characters import END, UNKNOWN, Characters
from engine.lyrics.plain_songs import heading

ANYTHING = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)


@given(ANYTHING)
def test_text_of_its_own_alphabet_comes_back(text: str) -> None:
    characters = Characters.learn([text, "abc\n"], artists=("Ann", "Bob"))
    assert characters.decode(characters.encode(text)) == text
    assert characters.decode(characters.encode_exactly(text)) == text
    assert UNKNOWN not in characters.encode_exactly(text)


@given(ANYTHING, ANYTHING)
def test_any_text_has_ids_in_range_and_ids_have_text(learned: str, text: str) -> None:
    characters = Characters.learn([learned])
    ids = characters.encode(text)
    assert all(END < i < characters.choices for i in ids)
    assert set(characters.decode(ids)) <= set(learned)
    assert len(characters.encode_exactly(text)) == len(text)


@given(ANYTHING)
def test_a_saved_alphabet_is_the_same(text: str) -> None:
    characters = Characters.learn([text], artists=("Ann – Bob", "Ж"))
    opened = Characters.from_json(characters.to_json())
    assert (opened.alphabet, opened.artists) == (characters.alphabet, characters.artists)


@pytest.mark.parametrize("content", [b"{}", b"[", b"[]", b'{"kind": "characters", "characters": "aa", "artists": []}'])
def test_what_is_no_alphabet_is_said(content: bytes) -> None:
    with pytest.raises(CheckpointError, match="alphabet"):
        Characters.from_json(content)


def test_the_most_frequent_characters_are_kept() -> None:
    characters = Characters.learn(["aaa", "bbb", "cc", "d"], most=3)
    assert characters.alphabet == "abc"
    assert characters.choices == 5
    assert characters.encode_exactly("abcd").tolist() == [2, 3, 4, UNKNOWN]


@pytest.mark.parametrize(
    ("text", "held"),
    [("café", "cafe"), ("cafe\u0301", "cafe"), ("“It’s”", '"It\'s"'), ("wait…", "wait..."), ("a—b", "a-b"),
     ("Æon", "Aeon"), ("a\u00a0b\r\n", "a b\n"), ("ﬁre", "fire"), ("STRASSE straße", "STRASSE strasse"), ("月", "")],
)  # fmt: skip
def test_what_the_alphabet_cannot_hold_is_spelled_with_what_it_can(text: str, held: str) -> None:
    characters = Characters.learn(["\n abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ .,'\"-"])
    assert characters.decode(characters.encode(text)) == held


def test_an_accent_is_kept_where_the_alphabet_has_it() -> None:
    composed, apart = Characters.learn(["café"]), Characters.learn([unicodedata.normalize("NFD", "café")])
    assert composed.decode(composed.encode("cafe\u0301!")) == "café"
    assert apart.decode(apart.encode("café!")) == "cafe\u0301"


def test_a_song_opens_with_its_artist_whatever_the_case() -> None:
    characters = Characters.learn(["<<Ann - Sea>> Bob"], artists=("Ann", "Bob"))
    ann, bob = characters.choices, characters.choices + 1
    assert characters.encode("<<Ann - Sea>>\nAnn")[0] == ann
    assert characters.encode("<<bOB - Sea>>")[0] == bob
    assert characters.opening("<<Nobody I Know - Sea>>\n") == characters.opening("Ann") == END
    assert characters.decode([ann, *characters.encode_exactly("Sea"), END, bob]) == "Sea"
    assert characters.vocab_size == characters.choices + 2


@given(st.text("AB -<>[]\n&", max_size=12), st.text("xy -<>", max_size=8))
def test_every_artist_that_a_heading_can_hold_is_found_again(artist: str, title: str) -> None:
    from engine.lyrics.characters import artist_of

    first = heading(artist, title)
    name = artist_of(first)
    assert name is not None
    assert Characters("AB", artists=(name,)).opening(first) == 4


def test_texts_are_joined_between_ends() -> None:
    characters = Characters("ab")
    assert characters.join(["ab", "", "b"]).tolist() == [0, 2, 3, 0, 0, 3, 0]
    assert characters.join([]).tolist() == [END]
    assert characters.join(["a"]).dtype == np.int32
