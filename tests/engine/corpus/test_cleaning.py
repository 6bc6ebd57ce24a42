"""Promises of cleaning: what is no words goes, words stay, and cleaning twice is cleaning once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.cleaning import Dropped, clean_lines, clean_words, frequent_lines, is_chord_line, not_words
from engine.lyrics.plain_songs import HEADING, LABEL


def cleaned(text: str, boilerplate: frozenset[str] = frozenset()) -> str:
    return clean_lines(text, boilerplate, Dropped())


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("<p>The rain<br/>the sea</p>", "\nThe rain\nthe sea\n"),
        ("Tom &amp; Ann&#39;s caf&eacute;", "Tom & Ann's café"),
        ("&lt;i&gt;the sea&lt;/i&gt;", "the sea"),
        ("&amp;quot;Rain&amp;quot;", '"Rain"'),
        ("<a href='x'>the</a> <span class=\"l\">sea</span>", "the sea"),
        ("I <3 you, 2 < 3", "I <3 you, 2 < 3"),
        ("the\u200b ra\u00adin\ufeff\u202e", "the rain"),
        ("“Rain” ’tis…", '"Rain" \'tis...'),
        ("[Am]Hello [G7/B]sea", "Hello sea"),
        ("and the sea.12Embed", "and the sea."),
        ("and the sea4Embed", "and the sea"),
        ("You might also likeAnd the sea", "And the sea"),
        ("the\train \r\n  the sea", "the rain\nthe sea"),
        ("cafe\u0301", "café"),
    ],
)
def test_markup_goes_and_words_stay(printed: str, kept: str) -> None:
    assert cleaned(printed) == kept


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Am  G  C  F", "chords"), ("| Am | G7 | D/F# |", "chords"), ("C#m7", "chords"), ("(Em) (D)", "chords"),
        ("e|---0---2--3|", "tablature"), ("B |--1-----1-|", "tablature"), ("see https://a.example/x", "address"),
        ("mail ann@songs.example", "address"), ("www.songs.example", "address"), ("songs.com", "address"),
        ("© 1999 Somebody", "text of the page"),
        ("Lyrics provided by Somebody", "text of the page"), ("Submit corrections", "text of the page"),
        ("All rights reserved.", "text of the page"),
        ("All rights reserved, the words we know", ""),
        ("A", ""), ("Am I here", ""), ("Add a D", ""), ("I", ""), ("Dad", ""), ("A cab", ""), ("Em", ""), ("Rain - rain", ""),
        ("dot.com love", ""), ("I wrote these lyrics for you", ""), ("Thank you for the night", ""),
        ("the day they printed money", ""), ("Copy me", ""),
    ],
)  # fmt: skip
def test_lines_that_are_no_words_are_told_from_words(line: str, why: str) -> None:
    assert not_words(line) == why


def test_what_was_dropped_is_counted_with_examples() -> None:
    dropped = Dropped()
    clean_lines("Am G\n" * 9 + "the sea\nwww.a.example\n", frozenset(), dropped)
    assert dropped.counts == {"chords": 9, "address": 1}
    assert dropped.examples["chords"] == ["Am G"] * 5


def test_a_line_of_many_songs_is_the_pages() -> None:
    songs = [f"the rain {n}\nRead more of this\nla la la\nsea {n}" for n in range(30)] + [
        f"night {n}" for n in range(300)
    ]
    assert frequent_lines(songs) == {"read more of this", "la la la"}
    assert frequent_lines(songs[:19]) == frozenset()
    assert frequent_lines(songs + ["more"] * 400) == frozenset()
    assert cleaned("the sea\n  READ more of this\nend", frozenset(["read more of this"])) == "the sea\nend"


@given(
    st.lists(st.sampled_from("rain sea <b> &amp; [x] (y) {z} _it_ *so* << >> | [Chorus] Ann's 2".split()), max_size=9)
)
def test_kept_words_open_no_label_and_no_heading(pieces: list[str]) -> None:
    line = clean_words(" ".join(pieces))
    assert not LABEL.match(line)
    assert not HEADING.match(line)
    assert not set(line) & set("<>[]{}|*")
    assert clean_words(line) == line
    assert all(word in line for word in ("rain", "sea", "Ann's") if word in pieces)


PLAIN = st.sampled_from(["rain", "Ann's", "sea,", "o'er", "I", "the", "Bed", "night!"])


@given(st.lists(PLAIN, min_size=2, max_size=8).map(" ".join))
def test_plain_lines_of_words_stay_as_they_are(line: str) -> None:
    assert cleaned(line) == line == clean_words(line)
    assert not is_chord_line(line)


def test_lines_without_any_word_are_nothing() -> None:
    assert [clean_words(line) for line in ("***", "---", "[]", " ", "<>")] == [""] * 5
    assert [clean_words(line) for line in ("1999", "(ooh)")] == ["1999", "(ooh)"]
