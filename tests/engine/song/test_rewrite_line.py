"""Promises of rewritten lines: as many syllables, the rhyme kept, and every other line and all music as before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.contract import LyricRequest, MusicRequest, MuteRequest, RewriteRequest, SingRequest, SongRequest
from engine.errors import RequestError
from engine.lyrics.metre import find_metre, keeps
from engine.lyrics.persons import parse_person
from engine.lyrics.prosody import syllables_of, words_of
from engine.lyrics.rhyme import last_word, lines_rhyme
from engine.music.lead_sheet import SungNote
from engine.song.making import MadeSong
from engine.song.printed_lines import chosen_places
from tests.engine.song.whole_songs import make, notes_of, source_of, upload_of

if TYPE_CHECKING:
    from engine.song.models import SongModels

OWN = "[Verse]\nCold is the water tonight\nDeep is the valley below\nAll of it under the light\nWhere shall the travellers go"


@pytest.fixture(scope="module")
def song(opened_tiny_models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain", form="VCVC", rhyme="AABB", style="pop"), opened_tiny_models)


@pytest.fixture(scope="module")
def words(opened_tiny_models: SongModels) -> MadeSong:
    return make(LyricRequest(theme="rain", form="VC", rhyme="ABAB", syllables="7"), opened_tiny_models)


def lines_of(made: MadeSong) -> list[str]:
    return [line.text for section in made.report.sections for line in section.lines]


def tones(notes: tuple[SungNote, ...]) -> list[tuple[int, int, int, bool]]:
    return [(n.onset_ticks, n.duration_ticks, n.pitch, n.syllable is None) for n in notes]


@pytest.mark.parametrize("seed", range(10))
def test_only_the_line_changes_and_it_keeps_syllables_and_rhyme(
    song: MadeSong, opened_tiny_models: SongModels, seed: int
) -> None:
    made = make(RewriteRequest(source="a", line="2"), opened_tiny_models, source_of(song), seed=seed)
    before, after = lines_of(song), lines_of(made)
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True), start=1) if a != b] == [2]
    assert lines_rhyme(after[0], after[1])
    assert last_word(after[1]) not in (last_word(before[1]), last_word(before[0]))
    old, new = song.report.sections[1].lines[1], made.report.sections[1].lines[1]
    assert (new.syllables_found, new.rhyme, new.rhymes) == (old.syllables_found, old.rhyme, True)
    assert made.lyrics_text == song.lyrics_text.replace(before[1], after[1])


def test_the_music_stays_to_the_byte(song: MadeSong, opened_tiny_models: SongModels) -> None:
    made = make(RewriteRequest(source="a", line="2-3"), opened_tiny_models, source_of(song))
    assert song.score is not None
    assert made.score is not None
    assert song.sheet is not None
    assert made.sheet is not None
    assert [replace(track, lyrics=()) for track in made.score.tracks] == [
        replace(track, lyrics=()) for track in song.score.tracks
    ]
    assert replace(made.score, tracks=()) == replace(song.score, tracks=())
    assert tones(made.sheet.notes) == tones(song.sheet.notes)
    assert replace(made.sheet, notes=()) == replace(song.sheet, notes=())
    changed = {
        n.syllable.line for a, n in zip(song.sheet.notes, made.sheet.notes, strict=True) if a != n and n.syllable
    }
    assert changed == {1, 2}
    sung = [event.text for event in made.score.tracks[0].lyrics]
    assert len(sung) == len(song.score.tracks[0].lyrics)


def test_the_same_seed_rewrites_alike_and_another_differently(song: MadeSong, opened_tiny_models: SongModels) -> None:
    request = RewriteRequest(source="a", line="1")
    first, same, other = [make(request, opened_tiny_models, source_of(song), seed=seed) for seed in (3, 3, 4)]
    assert (first.lyrics_text, first.score, first.artifacts) == (same.lyrics_text, same.score, same.artifacts)
    assert lines_of(first)[0] != lines_of(other)[0]


def test_a_chorus_line_changes_wherever_it_comes_and_that_is_said(
    song: MadeSong, opened_tiny_models: SongModels
) -> None:
    for asked in ("5", "13"):  # the first chorus and its repetition
        made = make(RewriteRequest(source="a", line=asked), opened_tiny_models, source_of(song))
        before, after = lines_of(song), lines_of(made)
        assert [n for n, (a, b) in enumerate(zip(before, after, strict=True), start=1) if a != b] == [5, 13]
        assert after[4] == after[12]
        assert made.report.notices[:2] == (
            f'line 5 was "{before[4]}" before',
            "the same words come again, so these lines were changed as well: 13",
        )


def test_lines_that_rhyme_with_each_other_find_a_new_rhyme_together(
    song: MadeSong, opened_tiny_models: SongModels
) -> None:
    made = make(RewriteRequest(source="a", line="1-2"), opened_tiny_models, source_of(song), seed=8)
    after = lines_of(made)
    assert lines_rhyme(after[0], after[1])
    assert {last_word(line) for line in after[:2]}.isdisjoint(map(last_word, lines_of(song)))


def test_words_alone_are_rewritten_without_music(words: MadeSong, opened_tiny_models: SongModels) -> None:
    made = make(RewriteRequest(source="a", line="3", theme="winter"), opened_tiny_models, source_of(words))
    before, after = lines_of(words), lines_of(made)
    assert [n for n, (a, b) in enumerate(zip(before, after, strict=True), start=1) if a != b] == [3]
    assert lines_rhyme(after[0], after[2])
    assert "winter" in after[2].lower()
    assert (made.sheet, made.score, [a.name for a in made.artifacts]) == (None, None, ["rain.txt"])
    assert made.artifacts[0].data == made.lyrics_text.encode()
    assert make(RewriteRequest(source="b", line="3"), opened_tiny_models, source_of(made)).lyrics_text


def test_own_words_keep_the_rhyme_that_is_found_in_them(opened_tiny_models: SongModels) -> None:
    own = make(SingRequest(lyrics=OWN), opened_tiny_models)
    made = make(RewriteRequest(source="a", line="3"), opened_tiny_models, source_of(own))
    assert lines_rhyme("Cold is the water tonight", lines_of(made)[2])
    assert lines_of(made)[:2] == lines_of(own)[:2]


def test_avoided_words_are_not_in_a_new_line(song: MadeSong, opened_tiny_models: SongModels) -> None:
    avoid = ("the", "and", "rain")
    made = make(RewriteRequest(source="a", line="1-4", avoid=avoid), opened_tiny_models, source_of(song))
    assert not {word.strip(",.!?") for line in lines_of(made)[:4] for word in line.lower().split()} & set(avoid)


def test_a_muted_melody_stays_muted(song: MadeSong, opened_tiny_models: SongModels) -> None:
    muted = make(MuteRequest(source="a", part="melody"), opened_tiny_models, source_of(song))
    made = make(RewriteRequest(source="b", line="1"), opened_tiny_models, source_of(muted))
    assert notes_of(made.score, "Melody") == ()


@pytest.mark.parametrize(
    ("text", "places"),
    [("3", [(1, 2)]), ("3-4", [(1, 2), (1, 3)]), (" 4 – 3 ", [(1, 2), (1, 3)]), ("1, 5", [(1, 0), (2, 0)]),
     ("1 and 5", [(1, 0), (2, 0)]), ("13", [(2, 0)])],
)  # fmt: skip
def test_line_numbers_are_those_that_are_printed(song: MadeSong, text: str, places: list[tuple[int, int]]) -> None:
    assert chosen_places(text, song.report) == places
    printed = [line for line in song.lyrics_text.splitlines()[1:] if line and not line.startswith("[")]
    assert printed == lines_of(song)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("17", "the song has 16 lines; name 1-16, got 17"), ("0", "name 1-16, got 0"), ("1-99", "got 99"),
     ("1-9", "at most 8 lines can be rewritten at once, got 9"), ("three", "line must be a number such as 3"),
     ("", "line must be"), ("3-", "line must be"), ("9" * 5000, "line must be"), ("-1", "line must be")],
)  # fmt: skip
def test_lines_that_are_not_there_get_a_sentence(
    song: MadeSong, opened_tiny_models: SongModels, text: str, sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        make(RewriteRequest(source="a", line=text), opened_tiny_models, source_of(song))


def test_music_without_words_has_no_lines(song: MadeSong, opened_tiny_models: SongModels) -> None:
    music = make(MusicRequest(bars=4), opened_tiny_models)
    for source in (upload_of(song), source_of(music)):
        with pytest.raises(RequestError, match="no words that are sung"):
            make(RewriteRequest(source="a", line="1"), opened_tiny_models, source)


def test_new_lines_keep_the_metre_and_the_person_that_the_song_was_asked_for(opened_tiny_models: SongModels) -> None:
    asked = LyricRequest(theme="rain", form="V", rhyme="AABB", metre="iambic", person="I")
    song = make(asked, opened_tiny_models)
    iambic, others = find_metre("iambic"), parse_person("I").others
    for seed in range(4):
        made = make(RewriteRequest(source="a", line="1-4"), opened_tiny_models, source_of(song), seed=seed)
        lines = lines_of(made)
        assert lines != lines_of(song)
        assert all(keeps(syllables_of(line), iambic) for line in lines)
        assert not {word.lower() for line in lines for word in words_of(line)} & others
