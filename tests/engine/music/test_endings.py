"""Promises of how endings are told: on the tonic, held, in every voice, and with as many notes as there were."""

from __future__ import annotations

import math

import pytest

from engine.music.endings import HELD_STEPS, HOME, home_of, landing, unlike
from engine.music.part_vocabulary import VOCABULARY
from engine.music.piece_grid import GridNote

LONG, SHORT = HELD_STEPS, HELD_STEPS // 4


def ending_on(pitch: int, duration: int) -> float:
    bars = [[GridNote(0, 60, 12)], [GridNote(0, 67, 12), GridNote(24, pitch, duration)]]
    return landing({"melody": bars}, home_of(minor=False))


def test_the_tonic_is_worth_more_than_its_chord_and_a_held_note_more_than_a_short_one() -> None:
    assert ending_on(72, LONG) == 2 * HOME
    assert ending_on(72, LONG) > ending_on(72, SHORT) > ending_on(74, SHORT) > 0
    assert ending_on(72, LONG) > ending_on(67, LONG) > ending_on(65, LONG)
    assert ending_on(72, LONG) == ending_on(48, 4 * LONG)


def test_every_voice_has_its_share_and_silence_has_none() -> None:
    home = [[GridNote(0, 60, LONG)]]
    assert landing({"melody": home, "bass": home}, home_of(minor=False)) == 2 * HOME
    assert landing({"melody": home, "bass": [[]]}, home_of(minor=False)) == HOME
    assert landing({}, home_of(minor=False)) == landing({"melody": []}, home_of(minor=True)) == 0
    assert landing({"melody": [[GridNote(0, 69, LONG)]]}, home_of(minor=True)) == 2 * HOME


@pytest.mark.parametrize("expected", [0.0, 1.0, 3.0])
def test_as_many_notes_as_expected_cost_nothing(expected: float) -> None:
    durations = [n for n in range(len(VOCABULARY)) if VOCABULARY.kind(n) == "duration"][:3]
    assert unlike(durations, expected) == pytest.approx(abs(math.log(4 / (expected + 1))) if expected else 0.0)
