"""Promises of singing Chinese: a note to a character, tunes that do not fight the tones, five tones, and files with the words."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.contract import InsertRequest, RewriteRequest, SingRequest, SongRequest, VerseRequest, WordsRequest
from engine.errors import RequestError
from engine.evaluation.tone_agreement import tone_agreement
from engine.lyrics.own_words import read_own_words
from engine.music.lead_sheet import syllables_covered
from engine.music.melody_tokens import MelodyNote
from engine.music.theory import Key
from engine.song.alignment import metric_weight
from engine.song.chinese_model import open_chinese_model
from engine.song.line_frame import MELISMA, SyllableFrame
from engine.song.making import MadeSong
from engine.song.spoken_tones import clashes, fitting, share_of_clashes
from tests.engine.song.whole_songs import make, source_of, tune
from tests.tiny_chinese import write_tiny_chinese_model

if TYPE_CHECKING:
    from engine.song.models import SongModels

POEM = "床前明月光 / 疑是地上霜 / 举头望明月 / 低头思故乡"
SONG = """[主歌]
城市的灯慢慢亮起
我的心却没有理由
[副歌]
你说我们会一直走
走到世界的尽头
[主歌]
窗外的雨没有停过
我把故事写成了歌
[副歌]"""
CHARACTERS = POEM.replace(" / ", "")


@pytest.fixture(scope="module")
def poem(opened_tiny_models: SongModels) -> MadeSong:
    return make(SingRequest(lyrics=POEM), opened_tiny_models)


def test_every_character_has_a_note_in_order(poem: MadeSong) -> None:
    assert poem.sheet is not None
    assert "".join(syllable.text for syllable in syllables_covered(poem.sheet)) == CHARACTERS
    assert all(syllable.word_position == "single" for syllable in syllables_covered(poem.sheet))
    assert [line.text for section in poem.report.sections for line in section.lines] == POEM.split(" / ")
    assert [line.rhyme_key_found for section in poem.report.sections for line in section.lines] == [
        "ang",
        "ang",
        "ie",
        "ang",
    ]


def test_the_files_hold_the_characters(poem: MadeSong) -> None:
    files = {artifact.name.rpartition(".")[2]: artifact.data for artifact in poem.artifacts}
    assert all(artifact.name.startswith("床前明月光.") for artifact in poem.artifacts)
    assert "床前明月光\n疑是地上霜" in files["txt"].decode()
    texts = [node.text or "" for node in ET.fromstring(files["musicxml"]).iter("text")]
    assert "".join(texts) == CHARACTERS
    assert poem.score is not None
    melody = next(track for track in poem.score.tracks if track.name == "Melody")
    assert "".join(event.text for event in melody.lyrics) == CHARACTERS
    assert "光".encode() in files["mid"]
    lines = [line for line in files["lrc"].decode().splitlines() if "<" in line]
    assert ["".join(c for c in line if "\u4e00" <= c <= "\u9fff") for line in lines] == POEM.split(" / ")
    assert "> 床<" in lines[0]
    assert " 前" not in lines[0]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_tune_does_not_fight_the_tones(opened_tiny_models: SongModels, seed: int) -> None:
    sheets = [make(SingRequest(lyrics=text), opened_tiny_models, seed=seed).sheet for text in (POEM, SONG)]
    assert tone_agreement([sheet for sheet in sheets if sheet is not None]) >= 0.9


def test_words_that_begin_lie_on_beats_and_lines_begin_and_end_there(poem: MadeSong) -> None:
    sheet = poem.sheet
    assert sheet is not None
    sung = [note for note in sheet.notes if note.syllable is not None]
    for number in range(4):
        line = [note for note in sung if note.syllable is not None and note.syllable.line == number]
        weights = [metric_weight(note.onset_ticks, sheet.time_signature) for note in (line[0], line[2], line[4])]
        assert min(weights) >= 1


def test_chinese_words_are_sung_in_five_tones_and_the_style_is_theirs(poem: MadeSong) -> None:
    assert poem.sheet is not None
    assert poem.report.style == "chinese"
    key = Key.parse(poem.sheet.key_name)
    five = {0, 2, 4, 7, 9} if key.mode == "major" else {0, 3, 5, 7, 10}
    assert {(note.pitch - key.tonic) % 12 for note in poem.sheet.notes} <= five


def test_a_style_that_is_typed_is_kept_and_english_stays_pop(opened_tiny_models: SongModels) -> None:
    assert make(SingRequest(lyrics=POEM, style="pop"), opened_tiny_models).report.style == "pop"
    assert make(SingRequest(lyrics="Row the boat home"), opened_tiny_models).report.style == "pop"
    assert "style" not in SingRequest(lyrics="la").model_dump()


def test_a_chorus_comes_back_with_its_notes(opened_tiny_models: SongModels) -> None:
    made = make(SingRequest(lyrics=SONG), opened_tiny_models)
    assert made.sheet is not None
    assert tune(made.sheet, "副歌", 0) == tune(made.sheet, "副歌", 1)


def test_chinese_and_english_are_sung_in_one_song(opened_tiny_models: SongModels) -> None:
    made = make(SingRequest(lyrics="我爱你 baby ❤\nSay you love me too\n等你3年"), opened_tiny_models)
    assert made.sheet is not None
    assert [s.text for s in syllables_covered(made.sheet)] == [
        *"我爱你", "ba", "by", "Say", "you", "love", "me", "too", *"等你三年",
    ]  # fmt: skip
    assert made.report.notices == ("signs without a sound are not sung: ❤",)
    assert next(line.text for s in made.report.sections for line in s.lines) == "我爱你 baby ❤"


def test_the_words_of_a_chinese_song_can_be_changed(opened_tiny_models: SongModels, poem: MadeSong) -> None:
    asked = WordsRequest(source="x", lyrics=POEM.replace("低头思故乡", "低头看小河"))
    made = make(asked, opened_tiny_models, source_of(poem))
    assert made.sheet is not None
    assert poem.sheet is not None
    assert [note.pitch for note in made.sheet.notes] == [note.pitch for note in poem.sheet.notes]
    assert "低头看小河" in made.lyrics_text


@pytest.mark.parametrize(
    "asked",
    [
        RewriteRequest(source="x", line="1"),
        InsertRequest(source="x", after=1),
        VerseRequest(source="x"),
    ],
)
def test_other_edits_of_its_lines_are_refused(
    opened_tiny_models: SongModels, poem: MadeSong, asked: RewriteRequest | InsertRequest | VerseRequest
) -> None:
    with pytest.raises(RequestError, match="change its words with /words"):
        make(asked, opened_tiny_models, source_of(poem))


def test_a_song_on_a_chinese_theme_is_written_and_sung(
    opened_tiny_models: SongModels, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chinese = open_chinese_model(write_tiny_chinese_model(tmp_path_factory.mktemp("zh") / "model"))
    models = replace(opened_tiny_models, chinese=chinese)
    made = make(SongRequest(theme="江南明月", style="chinese", key="G"), models)
    assert made.sheet is not None
    lines = [line for section in made.report.sections for line in section.lines]
    assert "".join(s.text for s in syllables_covered(made.sheet)) == "".join(line.text for line in lines)
    assert made.report.model_versions.keys() == {"chinese", "melody"}
    assert any(line.rhymes for line in lines)
    assert made.report.key == "G major"
    assert tone_agreement([made.sheet]) >= 0.9
    tuned = make(SongRequest(theme="江南明月", tune="如梦令", style="chinese"), models)
    assert [line.syllables_found for s in tuned.report.sections for line in s.lines] == [6, 6, 5, 6, 2, 2, 6]
    assert tuned.report.title.startswith("如梦令·")


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.text("我的月亮儿一不了，。！「」 ab'1%\n❤", min_size=1, max_size=60))
def test_whatever_is_typed_in_chinese_is_sung_or_refused(opened_tiny_models: SongModels, text: str) -> None:
    try:
        words = read_own_words(text)
    except RequestError:
        return
    made = make(SingRequest(lyrics=text), opened_tiny_models)
    assert made.sheet is not None
    count = sum(len(line.syllables) for section in words.sections for line in section.lines)
    assert len(syllables_covered(made.sheet)) >= count > 0


WAYS = st.sampled_from([-1, 0, 1])


def sung(way: int, glide: int = 0) -> SyllableFrame:
    return SyllableFrame(1, "single", way=way, glide=glide, spoken_tone=True)


def note(pitch: int) -> MelodyNote:
    return MelodyNote(0, 12, pitch, 1, "single", 0, None)


@given(st.lists(WAYS, min_size=2, max_size=6), st.sets(st.integers(55, 74), min_size=1), st.integers(55, 74))
def test_pitches_that_fit_are_those_with_the_fewest_clashes(ways: list[int], pitches: set[int], before: int) -> None:
    verses = [[sung(0), sung(way)] for way in ways]
    choice = sorted(pitches)
    found = fitting(verses, [note(before)], choice)
    counts = {pitch: clashes(verses, [note(before)], pitch) for pitch in choice}
    assert found == [pitch for pitch in choice if counts[pitch] == min(counts.values())]
    if before in pitches:
        assert before in found  # a level step is against no tone


def test_a_melisma_goes_the_way_of_its_own_tone_and_the_next_syllable_is_heard_against_its_first_note() -> None:
    verse = [sung(0, glide=-1), MELISMA, sung(1)]
    assert fitting([verse], [note(67)], [64, 69]) == [64]
    notes = [note(67), note(64)]
    assert fitting([verse], notes, [65, 67, 69]) == [67, 69]
    assert share_of_clashes([verse], [*notes, note(65)]) == 0.5
    assert all(clashes([verse], notes[: n + 1], b.pitch) == 0 for n, (_, b) in enumerate(pairwise(notes)))
