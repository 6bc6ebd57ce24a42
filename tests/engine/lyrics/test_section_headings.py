"""Headings of sections are read however people write them, and words are never taken for one."""

from __future__ import annotations

import pytest

from engine.lyrics.own_words import read_own_words
from engine.lyrics.section_headings import MOST_TIMES, read_heading, with_bracketed_headings


@pytest.mark.parametrize(
    ("line", "name", "times"),
    [
        ("[Chorus]", "Chorus", 1),
        ("[Verse 1: Anna]", "Verse 1", 1),
        ("[verse 2 - Ben & Anna]", "Verse 2", 1),
        ("(Refrain)", "Refrain", 1),
        ("(Chorus x2)", "Chorus", 2),
        ("Chorus x2", "Chorus", 2),
        ("CHORUS (2x)", "CHORUS", 2),
        ("Chorus ×3:", "Chorus", 3),
        ("Chorus, twice", "Chorus", 2),
        ("Chorus x9", "Chorus", MOST_TIMES),
        ("Repeat the chorus", "Chorus", 1),
        ("Hook", "Hook", 1),
        ("Pre-Chorus 2", "Pre-Chorus 2", 1),
        ("Pre chorus:", "Pre chorus", 1),
        ("Verse 1:", "Verse 1", 1),
        ("Verse two", "Verse two", 1),
        ("**Bridge**", "Bridge", 1),
        ("## Verse 3", "Verse 3", 1),
        ("Solo:", "Solo", 1),
        ("[Break]", "Break", 1),
        ("Verse 1 (ABAB)", "Verse 1", 1),
    ],
)
def test_a_heading_is_read_however_it_is_written(line: str, name: str, times: int) -> None:
    heading = read_heading(line)
    assert heading is not None
    assert (heading.name, heading.times, heading.words) == (name, times, "")


@pytest.mark.parametrize(
    "line",
    [
        "", "Break", "Solo", "Bridge over troubled water", "Verse by verse we go", "(hook me up)", "Chorus of the birds at dawn",
        "Ending it all tonight", "(oh, the chorus sings)", "The chorus: it is loud", "Drop", "Versed in love",
    ],
)  # fmt: skip
def test_words_are_not_taken_for_a_heading(line: str) -> None:
    assert read_heading(line) is None


def test_a_bare_name_below_other_words_is_one_of_them() -> None:
    assert read_heading("Bridge", starts=False) is None
    assert read_heading("Bridge:", starts=False) is not None


def test_words_behind_a_colon_are_sung() -> None:
    heading = read_heading("Chorus: carry me home")
    assert heading is not None
    assert (heading.name, heading.words) == ("Chorus", "carry me home")


def test_a_section_that_says_so_is_sung_twice() -> None:
    words = read_own_words("Verse 1:\nRow the boat home\n\nChorus x2\nCarry me, carry me\n\nVerse 2:\nOver the foam")
    assert [section.label for section in words.sections] == ["Verse 1", "Chorus", "Chorus", "Verse 2"]
    assert [len(section.lines) for section in words.sections] == [1, 1, 0, 1]


def test_numbers_that_count_lines_are_not_sung_and_those_that_count_verses_head_them() -> None:
    assert with_bracketed_headings("1. Row the boat\n2. over the foam") == "Row the boat\nover the foam"
    verses = "1 Row the boat\nover the foam\n\n2 Carry me\ninto the night"
    assert (
        with_bracketed_headings(verses)
        == "[Verse 1]\nRow the boat\nover the foam\n\n[Verse 2]\nCarry me\ninto the night"
    )


@pytest.mark.parametrize(
    "text", ["1 for the money\n2 for the show", "7 days we wait\n8 nights we sail", "99 red balloons"]
)
def test_numbers_that_are_words_are_kept(text: str) -> None:
    assert with_bracketed_headings(text) == text


@pytest.mark.parametrize("note", ["ABAB", "(AABB)", "Rhyme scheme: ABAB", "AABBA"])
def test_a_rhyme_scheme_above_the_words_is_not_sung(note: str) -> None:
    assert with_bracketed_headings(f"{note}\nRow the boat home") == "Row the boat home"


@pytest.mark.parametrize("text", ["Ah", "AAAH", "A", "BAD", "Row the boat home\n\nover the foam"])
def test_words_without_headings_stay_as_they_are(text: str) -> None:
    assert with_bracketed_headings(text) == text
