"""Variants of a melody say the same music in another notation, or say less about it."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.melody_variants import NOTATIONS, in_notation, variant, without_stress
from engine.music.melody_tokens import UNKNOWN_STRESS, ChordDegree, Melody, MelodyNote, bar_steps, decode, encode

TUNE = Melody(
    "major",
    "4/4",
    "song",
    (
        MelodyNote(36, 12, 67, 0, "single", chord=ChordDegree(0, "major")),
        MelodyNote(48, 24, 72, 1, "begin", chord=ChordDegree(5, "major")),
        MelodyNote(72, 12, 71, 0, "melisma", chord=ChordDegree(5, "major")),
        MelodyNote(84, 12, 69, 0, "end", 2, ChordDegree(7, "dominant")),
    ),
)


@pytest.mark.parametrize(("signature", "other", "factor"), [(s, *o) for s, others in NOTATIONS.items() for o in others])
def test_a_notation_keeps_bar_lines_and_has_a_way_back(signature: str, other: str, factor: Fraction) -> None:
    assert bar_steps(signature) * factor == bar_steps(other)
    there = in_notation(replace(TUNE, time_signature=signature), other, factor)
    assert there is not None
    assert in_notation(there, signature, 1 / factor) == replace(TUNE, time_signature=signature)


def test_what_the_grid_cannot_hold_has_no_variant() -> None:
    short = replace(TUNE, notes=(replace(TUNE.notes[0], duration=3),))
    long = replace(TUNE, notes=(replace(TUNE.notes[0], duration=60),))
    assert in_notation(short, "2/4", Fraction(1, 2)) is None
    assert in_notation(long, "2/2", Fraction(2)) is None


def test_unknown_stress_leaves_melismas_alone() -> None:
    assert [note.stress for note in without_stress(TUNE).notes] == [UNKNOWN_STRESS, UNKNOWN_STRESS, 0, UNKNOWN_STRESS]


@given(st.integers(0, 2**32))
def test_a_variant_sings_the_same_tune_and_can_be_written_down(seed: int) -> None:
    found = variant(TUNE, random.Random(seed))
    assert [note.pitch for note in found.notes] == [note.pitch for note in TUNE.notes]
    assert [note.word_position for note in found.notes] == [note.word_position for note in TUNE.notes]
    assert encode(decode(encode(found)[0]))[0] == encode(found)[0]
    assert variant(TUNE, random.Random(seed)) == found


def test_every_kind_of_variant_comes_and_so_does_the_tune_itself() -> None:
    found = [variant(TUNE, random.Random(n)) for n in range(200)]
    assert {melody.time_signature for melody in found} == {"4/4", "2/2", "2/4"}
    assert any(melody.notes[0].chord is None for melody in found)
    assert any(melody.notes[0].stress == UNKNOWN_STRESS for melody in found)
    assert TUNE in found
