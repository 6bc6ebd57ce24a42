"""Laws of cleaning a theme. Knows nothing of what is written about it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import MAX_THEME_CHARACTERS
from engine.errors import RequestError
from engine.lyrics.theme import clean_theme


@given(st.text(max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_is_cleaned_once_and_for_all_or_refused(text: str) -> None:
    try:
        cleaned = clean_theme(text)
    except RequestError:
        return
    assert 1 <= len(cleaned) <= MAX_THEME_CHARACTERS
    assert clean_theme(cleaned) == cleaned
    assert not set(cleaned) & set("<>[]{}*_`#@|~\n\t\x00\u200b")


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("rain over the harbour", "rain over the harbour"),
        ("  Rain,\n over\tthe harbour!  ", "Rain, over the harbour!"),
        ("**[Chorus]** <<Artist - Song>> rain", "Chorus Artist Song rain"),
        ("# a *dog* and ~~cat~~ ||ghost||", "a dog and cat ghost"),
        ("hello <@123> <@!5> <#9> <:smile:123> @everyone friend", "hello friend"),
        ("```py\nprint(1)\n``` autumn", "autumn"),
        ("`autumn` leaves", "autumn leaves"),
        ("[the sea](https://a.example/b) and https://c.example", "the sea and"),
        ("rain 🌧️🎉 and sun", "rain and sun"),
        ("h\u0337\u0322\u0327\u031be\u0334\u0321llo\u200b", "hello"),
        ("café, naïve, it’s rock & roll", "café, naïve, it's rock and roll"),
        ("well-known song", "well-known song"),
        ("ab\x00cd\x1b[31m", "ab cd 31m"),
    ],
)
def test_what_is_not_words_is_taken_out(typed: str, plain: str) -> None:  # fmt: skip
    assert clean_theme(typed) == plain


@pytest.mark.parametrize("theme", ["", "   \n", "🎉🎉🎉", "[]", "<@123>", "!!!", "\u200b", "1234"])
def test_a_theme_without_words_is_refused_with_an_example(theme: str) -> None:
    with pytest.raises(RequestError, match="holds no words; type what the song is about"):
        clean_theme(theme)


@pytest.mark.parametrize("characters", [MAX_THEME_CHARACTERS + 1, 5_000, 1_000_000])
def test_a_long_theme_is_refused_with_its_length(characters: int) -> None:
    with pytest.raises(RequestError, match=f"1-300 characters, got {characters}"):
        clean_theme("x" * characters)


def test_the_longest_theme_is_taken() -> None:
    assert clean_theme("x" * MAX_THEME_CHARACTERS) == "x" * MAX_THEME_CHARACTERS


@pytest.mark.parametrize(
    ("theme", "script"),
    [
        ("港口的雨", "Chinese"),
        ("love 爱", "Chinese"),
        ("дождь", "Cyrillic"),
        ("雨のみなと", "Chinese"),
        ("مطر", "Arabic"),
        ("비", "Hangul"),
    ],
)
def test_other_scripts_are_named_and_refused(theme: str, script: str) -> None:  # fmt: skip
    with pytest.raises(RequestError, match=f"{script} script.*English"):
        clean_theme(theme)
