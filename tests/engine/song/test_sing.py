"""Promises of setting a member's own words to music: every syllable is sung, and what comes again sounds again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.contract import SingRequest
from engine.errors import RequestError
from engine.lyrics.own_words import read_own_words
from engine.music.lead_sheet import syllables_covered, words_of_line
from engine.music.theory import voice_range
from tests.engine.song.whole_songs import make, tune

if TYPE_CHECKING:
    from engine.song.models import SongModels

SONG = """[Verse 1]
I left my heart in a railway station
At half past 7 on a winter night,

[Chorus]
Carry me home, carry me home
Over the hills and over the foam

[Verse 2]
I wrote a note to my old relation
She read it under the old kitchen light

[Chorus]"""
SHARED = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.mark.parametrize("style", ["pop", "waltz", "hymn", "blues", "lullaby"])
def test_every_syllable_is_sung_in_order(opened_tiny_models: SongModels, style: str) -> None:
    made = make(SingRequest(lyrics=SONG, style=style), opened_tiny_models)
    assert made.sheet is not None
    expected = [line for section in read_own_words(SONG).sections for line in section.lines]
    chorus = [line for section in read_own_words(SONG).sections if section.label == "Chorus" for line in section.lines]
    for number, line in enumerate([*expected, *chorus]):
        assert list(words_of_line(made.sheet, number)) == line.sung.split()
    count = sum(len(line.syllables) for line in [*expected, *chorus])
    assert len(syllables_covered(made.sheet)) == count <= len(made.sheet.notes)
    low, high = voice_range("alto")
    assert all(low <= note.pitch <= high for note in made.sheet.notes)


def test_a_chorus_and_verses_of_one_shape_keep_their_tune(opened_tiny_models: SongModels) -> None:
    made = make(SingRequest(lyrics=SONG), opened_tiny_models)
    assert made.sheet is not None
    assert [section.label for section in made.report.sections] == [
        "Intro", "Verse 1", "Chorus", "Verse 2", "Chorus", "Outro",
    ]  # fmt: skip
    assert tune(made.sheet, "Chorus", 0) == tune(made.sheet, "Chorus", 1)
    first, second = tune(made.sheet, "Verse 1"), tune(made.sheet, "Verse 2")
    assert [(onset, pitch) for onset, _, pitch in first] == [(onset, pitch) for onset, _, pitch in second]


def test_the_report_tells_of_each_line_as_it_was_typed(opened_tiny_models: SongModels) -> None:
    made = make(SingRequest(lyrics=SONG, key="D", tempo_qpm=90, time_signature="3/4"), opened_tiny_models)
    lines = [line for section in made.report.sections for line in section.lines]
    assert lines[1].text == "At half past 7 on a winter night,"
    assert all(line.syllables_asked == line.syllables_found and line.rhyme == "X" for line in lines)
    report = made.report
    assert (report.key, report.tempo_qpm, report.time_signature) == ("D major", 90, "3/4")
    assert "Carry me home" in made.lyrics_text
    assert report.model_versions.keys() == {"melody"}


def test_the_same_seed_sings_the_same(opened_tiny_models: SongModels) -> None:
    first, second = (make(SingRequest(lyrics=SONG), opened_tiny_models, seed=3) for _ in range(2))
    assert first.artifacts == second.artifacts


def test_two_thousand_characters_are_sung(opened_tiny_models: SongModels) -> None:
    words = "the long and winding water of the morning carries everybody away "
    made = make(SingRequest(lyrics=(words * 40)[:2000]), opened_tiny_models)
    assert made.sheet is not None
    assert len(made.sheet.notes) > 500


@SHARED
@given(st.lists(st.text("ab eéxyz'w-9,.! /\n[]❤", min_size=1, max_size=40), min_size=1, max_size=6))
def test_whatever_is_typed_is_sung_or_refused(opened_tiny_models: SongModels, lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        words = read_own_words(text)
    except RequestError:
        return
    made = make(SingRequest(lyrics=text), opened_tiny_models)
    assert made.sheet is not None
    sung = [syllable.text for syllable in syllables_covered(made.sheet)]
    assert all(any(c.isalpha() for c in text) for text in sung)
    assert len(sung) >= sum(len(line.syllables) for section in words.sections for line in section.lines)
