"""Promises of rhyme schemes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.rhyme import find_scheme, lines_rhyme, rhyme_pairs

LINES = st.lists(
    st.sampled_from(["the night", "so bright", "my day", "a way", "the sea", "and orange", "the Night!", ""])
)


@given(LINES)
def test_lines_of_one_letter_have_one_key_and_a_letter_is_never_alone(lines: list[str]) -> None:
    scheme = find_scheme(lines)
    assert len(scheme) == len(lines)
    for letter in set(scheme) - {"X"}:
        same = [line for line, own in zip(lines, scheme, strict=True) if own == letter]
        assert any(lines_rhyme(same[0], other) for other in same)
        others = [line for line, own in zip(lines, scheme, strict=True) if own != letter]
        assert not any(lines_rhyme(same[0], other) for other in others)


@given(LINES, LINES)
def test_rhyming_is_mutual_and_no_line_rhymes_with_itself(first: list[str], second: list[str]) -> None:
    for a in first:
        assert not lines_rhyme(a, a)
        assert all(lines_rhyme(a, b) == lines_rhyme(b, a) for b in second)


@given(st.text("ABX", max_size=10))
def test_every_line_but_the_first_of_its_letter_has_one_partner(scheme: str) -> None:
    pairs = rhyme_pairs(scheme)
    assert len(pairs) == sum(max(0, scheme.count(letter) - 1) for letter in "AB")
    for earlier, later in pairs:
        assert earlier < later
        assert scheme[earlier] == scheme[later] != "X"
        assert scheme[later] not in scheme[earlier + 1 : later]


def test_past_six_rhymes_lines_are_free() -> None:
    ends = "day way night light sea free rain train door more sky high song long".split()
    assert find_scheme(ends) == "AABBCCDDEEFFXX"


def test_the_same_word_twice_is_no_rhyme() -> None:
    assert find_scheme(["the night", "a Night,"]) == "XX"
    assert find_scheme(["the night", "a Night,", "the light"]) == "AAA"
