"""The 128 General MIDI names, found as people type them."""

from __future__ import annotations

import pretty_midi
import pytest

from engine.errors import RequestError
from engine.music.programs import PROGRAM_NAMES, program_named


def test_every_name_finds_its_program() -> None:
    assert len(set(PROGRAM_NAMES)) == 128
    for number, name in enumerate(PROGRAM_NAMES):
        assert program_named(name) == program_named(f" {name.title()} ") == number


def test_names_are_those_of_general_midi() -> None:
    strange = []
    for number in range(128):
        words = set(pretty_midi.program_to_instrument_name(number).lower().replace("(", "").replace(")", "").split())
        if not words & set(PROGRAM_NAMES[number].replace("(", "").replace(")", "").split()):
            strange.append((number, PROGRAM_NAMES[number]))
    assert strange == []


@pytest.mark.parametrize(("typed", "program"), [("piano", 0), ("Sax", 65), ("strings", 48), ("double bass", 32)])
def test_what_people_say_is_understood(typed: str, program: int) -> None:
    assert program_named(typed) == program


@pytest.mark.parametrize(("typed", "sentence"), [("floot", "flute"), ("qqq", "such as flute"), ("", "such as flute")])
def test_another_name_is_refused_with_the_nearest(typed: str, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        program_named(typed)
