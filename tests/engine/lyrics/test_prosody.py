"""Promises of syllables, stress and rhyme keys of lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.prosody import count_syllables, count_word_syllables, rhyme_key, rhyme_key_of, syllables_of, words_of

WORDS = ["rain", "harbour", "over", "o'er", "'tis", "I'll", "dogs'", "moon-beam", "42nd", "1999", "café", "fire", "the",
         "beautiful", "rock'n'roll", "Glasgow", "wand’ring", "a", "xyzzy", "hmm"]  # fmt: skip
LINE = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(["", ",", ".", "!", "?", "...", '"', ")"])), max_size=8
).map(lambda pairs: " ".join(word + mark for word, mark in pairs))
PHONEMES = st.lists(st.sampled_from("AA0 AA1 AA2 ER0 OW1 B K T NG".split()), max_size=8)


@given(LINE)
def test_syllables_join_to_the_tokens_of_the_line(line: str) -> None:
    assert "".join(s.text for s in syllables_of(line)) == "".join(line.split())


@given(LINE)
def test_a_line_has_as_many_syllables_as_its_words_together(line: str) -> None:
    assert len(syllables_of(line)) == count_syllables(line) == sum(map(count_word_syllables, words_of(line)))


@given(LINE)
def test_capitals_change_neither_syllables_nor_rhyme(line: str) -> None:
    printed = line[:1].upper() + line[1:]
    assert count_syllables(printed) == count_syllables(line)
    assert rhyme_key(printed) == rhyme_key(line) == rhyme_key(line.upper())


@given(LINE)
def test_words_begin_once_and_end_once(line: str) -> None:
    places = [s.word_position for s in syllables_of(line)]
    assert places.count("begin") == places.count("end")
    assert places.count("single") + places.count("begin") == len(words_of(line))


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=6))
def test_words_are_found_again_between_marks(words: list[str]) -> None:
    assert words_of(", ".join(words) + "!") == words


@given(PHONEMES, PHONEMES)
def test_the_rhyme_key_depends_only_on_what_follows_the_last_stress(head: list[str], tail: list[str]) -> None:
    unstressed = [p for p in tail if p[-1] not in "12"]
    stressed = ["IY1", *unstressed]
    assert rhyme_key_of([*head, *stressed]) == " ".join(p.rstrip("012") for p in stressed)


@pytest.mark.parametrize(
    ("line", "key"),
    [("Good night,", "AY T"), ("the butterfly", "AY"), ("", ""), ("— !", ""), ("to the harbour.", "AA R B ER")],
)
def test_rhyme_keys_of_lines(line: str, key: str) -> None:
    assert rhyme_key(line) == key


def test_a_token_of_several_words_keeps_all_its_signs() -> None:
    pieces = [s.text for s in syllables_of("(rain,sea)")]
    assert pieces == ["(rain,", "sea)"]


def test_stress_falls_where_the_word_has_it() -> None:
    assert [(s.text, s.stress) for s in syllables_of("Above the harbour,")] == [
        ("A", 0), ("bove", 1), ("the", 0), ("har", 1), ("bour,", 0),
    ]  # fmt: skip
