"""Promises of what a theme says to the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.prompt import PIECE
from engine.lyrics.prosody import words_of
from engine.lyrics.theme_words import FALLBACK_TITLE, FUNCTION_WORDS, MOST_WORDS, NAMES_TOO, theme_words_of, title_of


@given(st.text(max_size=80))
def test_theme_words_can_be_written_by_the_model(theme: str) -> None:
    words = theme_words_of(theme)
    assert len(words) == len(set(words)) <= MOST_WORDS
    for word in words:
        assert PIECE.fullmatch(f" {word}")
        assert words_of(word) == [word] == [word.lower()]
        assert word not in FUNCTION_WORDS - NAMES_TOO


@given(st.text(max_size=80))
def test_a_title_is_one_line_of_few_words(theme: str) -> None:
    title = title_of(theme)
    assert title == " ".join(title.split()) != ""
    assert len(title.split()) <= 6


@pytest.mark.parametrize(
    ("theme", "words", "title"),
    [
        ("a song about rain over the harbour", ["rain", "harbour"], "Rain over the Harbour"),
        ("write me a happy song about Glasgow", ["glasgow"], "Glasgow"),
        ("I'm tired, and I don't sleep", ["tired", "sleep"], "I'm Tired, and I Don't Sleep"),
        ("the 'old' café", ["old", "cafe"], "The 'old' Café"),
        ("a walk in May", ["walk", "may"], "A Walk in May"),
        ("you may walk", ["walk"], "You May Walk"),
        ("it is what it is", [], "It Is What It Is"),
        ("1999", [], "1999"),
        ("", [], FALLBACK_TITLE),
        ("the keeper of the light of the northern shore", ["keeper", "light", "northern", "shore"], "The Keeper of the Light"),
    ],
)  # fmt: skip
def test_themes_as_people_type_them(theme: str, words: list[str], title: str) -> None:
    assert theme_words_of(theme) == words
    assert title_of(theme) == title
