"""Suggestions begin with what was typed, are at most 25, and every one of them is taken by the engine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.suggestions import KNOWN, MOST, MOST_CHARACTERS, suggest, suggest_for
from bot.terminal.options import parse_length
from engine.lyrics.chinese.tunes import open_patterns
from engine.lyrics.persons import parse_person
from engine.music.programs import program_named
from engine.music.theory import Key, voice_range
from engine.song.chinese_model import TUNES_FILE
from engine.song.chinese_plan import find_tune
from engine.song.form import parse_form, parse_rhyme, parse_syllables
from engine.song.harmony import parse_chords
from engine.song.styles import find_style
from worker.loaded_models import starter_paths

TUNES = open_patterns(starter_paths()["chinese"] / TUNES_FILE)
READ = {
    "tunes": lambda name: find_tune(name, TUNES),
    "styles": find_style,
    "keys": Key.parse,
    "forms": parse_form,
    "rhymes": parse_rhyme,
    "syllables": parse_syllables,
    "persons": parse_person,
    "lengths": parse_length,
    "chords": parse_chords,
    "programs": program_named,
    "voices": voice_range,
}


@pytest.mark.parametrize("kind", sorted(KNOWN))
def test_everything_that_is_suggested_is_taken(kind: str) -> None:
    for value in KNOWN[kind]:
        READ[kind](value)


@given(st.text(max_size=20), st.lists(st.text(max_size=120), max_size=60))
def test_suggestions_fit_into_discords_list(typed: str, known: list[str]) -> None:
    found = suggest(typed, known)
    assert len(found) <= MOST
    assert all(value in known and len(value) <= MOST_CHARACTERS for value in found)


def test_what_begins_as_typed_comes_before_what_holds_it() -> None:
    assert suggest("B", ("ab", "ba", "xB")) == ["ba", "ab", "xB"]
    assert suggest(" a  b ", ("a b c",)) == ["a b c"]
    assert suggest_for("authors", "bur", authors=("Robert Burns", "Burr")) == ["Burr", "Robert Burns"]
    assert suggest_for("unheard of", "x") == []
