"""A tune agrees with the tones of its words where it does not go against them."""

from __future__ import annotations

import math
import random

import pytest

from engine.evaluation.tone_agreement import tone_agreement
from engine.music.lead_sheet import ChordSpan, LeadSheet, SungNote, SungSyllable
from engine.music.score import TimeSignature


def sheet_of(words: str, pitches: list[int]) -> LeadSheet:
    """Return a line of one note a character; a mark belongs to the character before it."""
    texts: list[str] = []
    for sign in words:
        if sign in "，。":
            texts[-1] += sign
        else:
            texts.append(sign)
    last = len(texts) - 1
    notes = tuple(
        SungNote(480 * n, 480, pitch, SungSyllable(text, 1, "single", 0, n == last, n == last))
        for n, (text, pitch) in enumerate(zip(texts, pitches, strict=True))
    )
    length = 1920 * (len(texts) // 4 + 1)
    return LeadSheet("t", "C major", TimeSignature(4, 4), 100, length, notes, (ChordSpan(0, length, "C"),), ())


@pytest.mark.parametrize(
    ("words", "pitches", "share"),
    [
        ("妈马", [60, 64], 0.0),  # from high and level to low, sung up
        ("妈马", [64, 60], 1.0),
        ("妈马", [60, 60], 1.0),  # a level step opposes nothing
        ("麻骂", [60, 67], math.nan),  # rising, then falling: either way will do
        ("妈妈妈", [60, 67, 60], math.nan),
        ("妈马妈", [60, 64, 60], 0.0),
        ("妈马妈", [64, 60, 60], 1.0),
        ("妈，马", [60, 64], math.nan),  # a breath lies between
        ("你好", [64, 60], 1.0),  # as said: a second tone and a third
    ],
)
def test_only_the_opposite_way_is_against_the_tones(words: str, pitches: list[int], share: float) -> None:
    assert tone_agreement([sheet_of(words, pitches)]) == pytest.approx(share, nan_ok=True)


def test_upside_down_a_moving_tune_has_the_other_share() -> None:
    rng = random.Random(3)
    words = "床前明月光疑是地上霜举头望明月低头思故乡"
    pitches = [rng.choice([60, 62, 64]) for _ in words]
    moving = [pitches[0] + 7 * n % 24 for n in range(len(words))]
    first = tone_agreement([sheet_of(words, moving)])
    second = tone_agreement([sheet_of(words, [120 - pitch for pitch in moving])])
    assert first + second == pytest.approx(1.0)


def test_tunes_at_random_agree_by_chance_alone() -> None:
    words = "床前明月光疑是地上霜举头望明月低头思故乡"
    rng = random.Random(1)
    tunes = [sheet_of(words, [rng.choice([60, 62, 64, 67, 69]) for _ in words]) for _ in range(300)]
    assert tone_agreement(tunes) == pytest.approx(0.6, abs=0.04)


def test_words_of_other_languages_have_no_tones() -> None:
    assert math.isnan(tone_agreement([sheet_of("abc", [60, 62, 64])]))
    assert math.isnan(tone_agreement([]))
