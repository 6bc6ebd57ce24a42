"""Promises of how the variety of rhymes is measured."""

from __future__ import annotations

import math

import pytest

from engine.evaluation.rhyme_metrics import LINES_COMPARED, repeated_end_stems, rhyme_families, rhymes_of

RAIN, PAIN = ("in the rain", "in the lane"), ("all the pain", "all the chain")
SEA = ("by the sea", "in a tree")


def test_a_rhyme_is_counted_once_a_section() -> None:
    assert rhymes_of([(*RAIN, *PAIN)]) == ["EY N"]
    assert rhymes_of([RAIN, PAIN, SEA]) == ["EY N", "EY N", "IY"]


@pytest.mark.parametrize(("sections", "share"), [([RAIN, SEA], 1.0), ([RAIN, PAIN], 0.5), ([RAIN, SEA, PAIN], 2 / 3)])
def test_families_that_come_again_lower_the_share(sections: list[tuple[str, ...]], share: float) -> None:
    assert rhyme_families(sections) == pytest.approx(share)


def test_forms_of_an_end_word_are_counted_again_and_lines_said_again_are_not() -> None:
    assert repeated_end_stems([("the rain", "it rained", "the sea", "it rains")]) == 0.5
    assert repeated_end_stems([("the rain", "the sea"), ("The rain!",)]) == 0.0


def test_only_the_beginning_of_a_long_song_is_compared() -> None:
    lines = [f"line {chr(97 + i // 26)}{chr(97 + i % 26)}x" for i in range(LINES_COMPARED)]
    assert repeated_end_stems([lines, [f"again {line.split()[1]}" for line in lines]]) == 0.0


def test_of_nothing_there_is_no_figure() -> None:
    assert math.isnan(rhyme_families([("the rain", "the sea")]))
    assert math.isnan(rhyme_families([]))
    assert math.isnan(repeated_end_stems([]))
