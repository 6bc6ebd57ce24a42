"""Promises of changed words and added verses: what is not changed sounds as before, note for note."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.contract import MusicRequest, MuteRequest, SingRequest, SongRequest, VerseRequest, WordsRequest
from engine.errors import RequestError
from engine.lyrics.prosody import words_of
from engine.lyrics.rhyme import lines_rhyme
from engine.music.lead_sheet import words_of_line
from engine.song.change_words import ANEW
from engine.song.making import MadeSong
from tests.engine.song.whole_songs import make, notes_of, source_of, tune, upload_of

if TYPE_CHECKING:
    from engine.song.models import SongModels

OWN = """[Verse 1]
Cold is the water tonight
Deep is the valley below
[Chorus]
Carry me over the sea
Carry me home again
[Verse 2]
Warm is the morning to come
Green is the garden at last
[Chorus]"""
BAND = ("Chords", "Bass", "Pad", "Drums")


@pytest.fixture(scope="module")
def own(opened_tiny_models: SongModels) -> MadeSong:
    return make(SingRequest(lyrics=OWN, style="pop"), opened_tiny_models)


@pytest.fixture(scope="module")
def song(opened_tiny_models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain", form="VCVCBC", rhyme="AABB", style="pop"), opened_tiny_models)


def test_words_with_the_same_syllables_keep_every_note(own: MadeSong, opened_tiny_models: SongModels) -> None:
    text = OWN.replace("Cold", "Old").replace("Warm", "Far").replace("valley", "river")
    made = make(WordsRequest(source="a", lyrics=text), opened_tiny_models, source_of(own))
    assert own.sheet is not None
    assert made.sheet is not None
    assert [(n.onset_ticks, n.pitch, n.duration_ticks) for n in made.sheet.notes] == [
        (n.onset_ticks, n.pitch, n.duration_ticks) for n in own.sheet.notes
    ]
    assert words_of_line(made.sheet, 0) == ("Old", "is", "the", "water", "tonight")
    assert made.score is not None
    assert own.score is not None
    assert notes_of(made.score, "Melody") == notes_of(own.score, "Melody")
    assert made.score.tracks[1:] == own.score.tracks[1:]
    assert made.report.notices == ()


def test_a_line_of_another_length_gets_new_notes_and_no_other_does(
    own: MadeSong, opened_tiny_models: SongModels
) -> None:
    text = OWN.replace("Deep is the valley below", "Deep is the dark and the silent valley")
    made = make(WordsRequest(source="a", lyrics=text), opened_tiny_models, source_of(own))
    assert own.sheet is not None
    assert made.sheet is not None
    assert len(made.sheet.notes) == len(own.sheet.notes) + 3
    for line in (0, *range(2, 8)):
        assert [(n.onset_ticks, n.pitch) for n in made.sheet.notes if n.syllable and n.syllable.line == line] == [
            (n.onset_ticks, n.pitch) for n in own.sheet.notes if n.syllable and n.syllable.line == line
        ]
    for name in BAND:
        assert notes_of(made.score, name) == notes_of(own.score, name)
    assert made.report.notices == ()


def test_a_chorus_that_comes_again_follows_the_first(own: MadeSong, opened_tiny_models: SongModels) -> None:
    whole = own.lyrics_text.replace("Carry me home again", "Carry me all the way home again", 1)
    for text in (whole, OWN.replace("Carry me home again", "Carry me all the way home again")):
        made = make(WordsRequest(source="a", lyrics=text), opened_tiny_models, source_of(own))
        assert made.lyrics_text.count("all the way home again") == 2
        assert made.sheet is not None
        assert tune(made.sheet, "Chorus", 0) == tune(made.sheet, "Chorus", 1)
        assert made.report.title == own.report.title


def test_other_sections_are_set_to_music_anew(own: MadeSong, opened_tiny_models: SongModels) -> None:
    made = make(WordsRequest(source="a", lyrics="a line / and one more"), opened_tiny_models, source_of(own))
    assert made.report.notices[0] == ANEW
    assert (made.report.key, made.report.tempo_qpm) == (own.report.key, own.report.tempo_qpm)
    assert made.report.request["kind"] == "words"


def test_a_line_without_room_is_set_to_music_anew(own: MadeSong, opened_tiny_models: SongModels) -> None:
    assert own.score is not None
    assert own.sheet is not None
    fast = replace(own, sheet=replace(own.sheet, tempo_qpm=400))
    text = OWN.replace("Deep is the valley below", "Deep and deeper and deeper is all of the valley")
    made = make(WordsRequest(source="a", lyrics=text), opened_tiny_models, source_of(fast))
    assert made.report.notices[0] == ANEW


def test_a_written_song_takes_its_own_words_back_unchanged(song: MadeSong, opened_tiny_models: SongModels) -> None:
    made = make(WordsRequest(source="a", lyrics=song.lyrics_text), opened_tiny_models, source_of(song))
    assert made.lyrics_text == song.lyrics_text
    assert made.score == song.score
    assert made.sheet == song.sheet


def test_a_verse_is_added_to_the_tune_of_the_first(song: MadeSong, opened_tiny_models: SongModels) -> None:
    made = make(VerseRequest(source="a", theme="silver river"), opened_tiny_models, source_of(song))
    assert made.sheet is not None
    labels = [section.label for section in made.report.sections]
    assert labels == ["Intro", "Verse 1", "Chorus", "Verse 2", "Chorus", "Verse 3", "Bridge", "Chorus", "Outro"]
    first, added = tune(made.sheet, "Verse 1"), tune(made.sheet, "Verse 3")
    assert [(onset, pitch) for onset, _, pitch in first] == [(onset, pitch) for onset, _, pitch in added]
    lines = made.report.sections[5].lines
    asked = [line.syllables_found for line in song.report.sections[1].lines]
    assert [line.syllables_found for line in lines] == asked
    assert lines_rhyme(lines[0].text, lines[1].text)
    assert lines_rhyme(lines[2].text, lines[3].text)


@pytest.mark.parametrize("form", ["VCVCBC", "VCVC", "VVVV", "VPCVPC", "VVBV", "V", "IVN", "IVV", "VC", "CVCV", "BVBVN"])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_around_a_new_verse_stays(opened_tiny_models: SongModels, form: str, seed: int) -> None:
    song = make(SongRequest(theme="rain", form=form, style="folk"), opened_tiny_models, seed=seed)
    made = make(VerseRequest(source="a"), opened_tiny_models, source_of(song), seed=seed)
    assert song.sheet is not None
    assert made.sheet is not None
    added = made.sheet.length_ticks - song.sheet.length_ticks
    assert added > 0
    new = [s for s in made.lyrics_text.split("\n\n") if s not in song.lyrics_text]
    assert any("[Verse" in section for section in new)
    for name in ("Melody", *BAND):
        before, after = list(notes_of(song.score, name)), list(notes_of(made.score, name))
        at = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
        rest = [replace(note, onset_ticks=note.onset_ticks + added) for note in before[at:]]
        assert after[len(after) - len(rest) :] == rest
    again = make(VerseRequest(source="b"), opened_tiny_models, source_of(made), seed=seed)
    assert len(again.report.sections) > len(made.report.sections)


def test_avoided_words_are_not_in_a_new_verse(song: MadeSong, opened_tiny_models: SongModels) -> None:
    avoid = ("the", "rain", "day")
    made = make(VerseRequest(source="a", theme="rain", avoid=avoid), opened_tiny_models, source_of(song))
    lines = made.report.sections[5].lines
    assert not {word.lower() for line in lines for word in words_of(line.text)} & set(avoid)


def test_words_and_verses_need_words(own: MadeSong, opened_tiny_models: SongModels) -> None:
    music = make(MusicRequest(bars=4), opened_tiny_models)
    for source in (upload_of(own), source_of(music)):
        for request in (WordsRequest(source="a", lyrics="la la"), VerseRequest(source="a")):
            with pytest.raises(RequestError, match="no words that are sung"):
                make(request, opened_tiny_models, source)


def test_a_muted_melody_stays_muted(own: MadeSong, opened_tiny_models: SongModels) -> None:
    muted = make(MuteRequest(source="a", part="melody"), opened_tiny_models, source_of(own))
    made = make(VerseRequest(source="b"), opened_tiny_models, source_of(muted))
    assert notes_of(made.score, "Melody") == ()
