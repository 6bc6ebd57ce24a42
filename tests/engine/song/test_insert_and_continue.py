"""Promises of lines and sections that come in: what was there stays, word for word and note for note."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from engine.contract import ContinueRequest, InsertRequest, LyricRequest, RewriteRequest, SongRequest, VerseRequest
from engine.errors import RequestError
from engine.lyrics.prosody import count_syllables
from engine.lyrics.rhyme import find_scheme, lines_rhyme
from engine.music.lead_sheet import SungNote, words_of_line
from engine.song.making import MadeSong
from tests.engine.song.test_rewrite_line import lines_of
from tests.engine.song.whole_songs import make, notes_of, source_of

if TYPE_CHECKING:
    from engine.song.models import SongModels

STANZA = (
    "I walked along the river side\nto see the water flow\nI could not find a place to hide\nand had no place to go"
)


@pytest.fixture(scope="module")
def song(opened_tiny_models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain", form="VCVC", rhyme="ABAB", style="folk"), opened_tiny_models)


@pytest.fixture(scope="module")
def words(opened_tiny_models: SongModels) -> MadeSong:
    return make(LyricRequest(theme="rain", form="VC", rhyme="AABB", syllables="7"), opened_tiny_models)


def tune_of_line(made: MadeSong, line: int) -> list[tuple[int, int, int]]:
    """Return onset from the first note on, duration and pitch of what is sung in a line, counted from 0."""
    assert made.sheet is not None
    sung: list[SungNote] = [n for n in made.sheet.notes if n.syllable is not None and n.syllable.line == line]
    return [(n.onset_ticks - sung[0].onset_ticks, n.duration_ticks, n.pitch) for n in sung]


@pytest.mark.parametrize("after", [0, 1, 3, 4, 10])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_line_is_sung_to_the_notes_of_one_that_is_there_and_the_rest_stays(
    song: MadeSong, opened_tiny_models: SongModels, after: int, seed: int
) -> None:
    made = make(InsertRequest(source="a", after=after), opened_tiny_models, source_of(song), seed=seed)
    model, before, after_ = max(after, 1) - 1, lines_of(song), lines_of(made)
    assert after_ == [*before[:after], after_[after], *before[after:]]
    assert lines_rhyme(before[model], after_[after])
    assert count_syllables(after_[after]) == len(tune_of_line(made, after))
    section = [n for n in range(len(before)) if n // 4 == model // 4]
    assert tune_of_line(made, after) in [tune_of_line(song, n) for n in section]
    for line in range(len(before)):
        moved = line + (line >= after)
        assert tune_of_line(made, moved) == tune_of_line(song, line)
        assert made.sheet is not None
        assert song.sheet is not None
        assert words_of_line(made.sheet, moved) == words_of_line(song.sheet, line)
    assert made.report.notices == (f"the new line is line {after + 1}",)


@pytest.mark.parametrize("name", ["Melody", "Chords", "Bass", "Drums"])
def test_what_is_played_before_and_after_an_inserted_line_is_the_same(
    song: MadeSong, opened_tiny_models: SongModels, name: str
) -> None:
    made = make(InsertRequest(source="a", after=2), opened_tiny_models, source_of(song))
    assert song.sheet is not None
    assert made.sheet is not None
    added = made.sheet.length_ticks - song.sheet.length_ticks
    assert added > 0
    before, after = list(notes_of(song.score, name)), list(notes_of(made.score, name))
    at = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    rest = [replace(note, onset_ticks=note.onset_ticks + added) for note in before[at:]]
    assert after[len(after) - len(rest) :] == rest


def test_a_line_in_a_chorus_is_there_each_time(song: MadeSong, opened_tiny_models: SongModels) -> None:
    for after in (6, 14):
        made = make(InsertRequest(source="a", after=after), opened_tiny_models, source_of(song))
        lines = lines_of(made)
        assert (len(lines), lines[6], lines[4:9]) == (18, lines[15], lines[13:18])
        assert tune_of_line(made, 6) == tune_of_line(made, 15) == tune_of_line(song, 5)
        assert made.report.notices == (
            "these words come more than once, so the new line is there each time: lines 7, 16",
        )


def test_a_song_with_an_inserted_line_can_be_edited_again(song: MadeSong, opened_tiny_models: SongModels) -> None:
    made = make(InsertRequest(source="a", after=4), opened_tiny_models, source_of(song))
    for request in (
        InsertRequest(source="b", after=5),
        VerseRequest(source="b"),
        RewriteRequest(source="b", line="5"),
    ):
        assert make(request, opened_tiny_models, source_of(made)).lyrics_text


def test_words_alone_take_a_line_anywhere(words: MadeSong, opened_tiny_models: SongModels) -> None:
    for after in range(9):
        made = make(InsertRequest(source="a", after=after), opened_tiny_models, source_of(words))
        lines = lines_of(made)
        assert [*lines[:after], *lines[after + 1 :]] == lines_of(words)
        assert lines_rhyme(lines[after], lines_of(words)[max(after, 1) - 1])
        assert made.score is None
    with pytest.raises(RequestError, match="the song has 8 lines; name 0-8, got 9"):
        make(InsertRequest(source="a", after=9), opened_tiny_models, source_of(words))


def continued(models: SongModels, start: str, seed: int = 5, **more: Any) -> MadeSong:
    return make(ContinueRequest(start=start, **more), models, seed=seed)


@pytest.mark.parametrize("seed", range(10))
def test_own_first_lines_stay_and_their_scheme_and_syllables_go_on(opened_tiny_models: SongModels, seed: int) -> None:
    made = continued(opened_tiny_models, STANZA, seed)
    assert made.lyrics_text.partition("\n\n")[2].startswith(STANZA + "\n")
    lines = lines_of(made)
    assert lines[:4] == STANZA.split("\n")
    assert [count_syllables(line) for line in lines[4:]] == [count_syllables(line) for line in lines[:4]]
    assert find_scheme(lines[4:]) == find_scheme(lines[:4]) == "ABAB"


@pytest.mark.parametrize(
    ("start", "pairs"),
    [("we walked along the sea / and never saw the day", [(0, 2), (1, 3)]),
     ("we walked along the river at night", [(0, 1)]),
     ("oh the night / and the sea / over land", [(0, 3), (1, 4), (2, 5)])],
)  # fmt: skip
def test_first_lines_that_do_not_rhyme_are_answered(
    opened_tiny_models: SongModels, start: str, pairs: list[tuple[int, int]]
) -> None:
    lines = lines_of(continued(opened_tiny_models, start))
    assert len(lines) == 2 * len(pairs)
    assert all(
        lines_rhyme(lines[a], lines[b]) and count_syllables(lines[a]) == count_syllables(lines[b]) for a, b in pairs
    )


def test_a_line_without_rhymes_is_answered_without_one_and_that_is_told(opened_tiny_models: SongModels) -> None:
    made = continued(opened_tiny_models, "my month of silver")
    assert made.report.sections[0].lines[1].rhymes is False


def test_what_was_typed_stays_as_it_was_typed(opened_tiny_models: SongModels) -> None:
    start = "O! the *café* -- it's 7 o'clock,\nand we'll DANCE"
    assert lines_of(continued(opened_tiny_models, start))[:2] == start.split("\n")


def test_words_alone_go_on_by_sections_and_lines(words: MadeSong, opened_tiny_models: SongModels) -> None:
    def more(**options: Any) -> MadeSong:
        made = make(ContinueRequest(source="a", **options), opened_tiny_models, source_of(words))
        assert made.lyrics_text.startswith(words.lyrics_text.rstrip("\n"))
        return made

    verse = more()
    assert [s.label for s in verse.report.sections] == ["Verse 1", "Chorus", "Verse 2"]
    assert find_scheme(lines_of(verse)[8:]) == "AABB"
    named = more(form="BC")
    assert [s.label for s in named.report.sections] == ["Verse 1", "Chorus", "Bridge", "Chorus"]
    assert named.report.sections[3].lines == named.report.sections[1].lines
    assert [len(lines_of(more(more=count))) for count in (1, 2, 6, 16)] == [9, 10, 14, 24]
    one = lines_of(more(more=1))
    assert lines_rhyme(one[7], one[8])
    assert find_scheme(lines_of(more(more=6))[12:]) == "AA"
    assert "winter" in " ".join(lines_of(more(theme="winter"))[8:]).lower()


def test_a_song_with_music_goes_on_by_a_verse(song: MadeSong, opened_tiny_models: SongModels) -> None:
    made = make(ContinueRequest(source="a", theme="winter"), opened_tiny_models, source_of(song))
    verse = make(VerseRequest(source="a", theme="winter"), opened_tiny_models, source_of(song))
    assert (made.lyrics_text, made.score) == (verse.lyrics_text, verse.score)
    assert made.report.request["kind"] == "continue"
    for options in ({"more": 2}, {"form": "C"}):
        with pytest.raises(RequestError, match="goes on by one verse at a time"):
            make(ContinueRequest(source="a", **options), opened_tiny_models, source_of(song))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({}, "name a song to go on with"), ({"start": "a", "source": "b"}, "name a song to go on with"),
     ({"start": "🎵"}, "no words to sing"), ({"start": "row", "form": "V", "more": 2}, "one of the two"),
     ({"start": "row", "more": 17}, "lines must be 1-16, got 17"), ({"start": "row", "form": "I V"}, "have no intro"),
     ({"start": "row", "form": "VVVVVVV"}, "at most 6 parts"), ({"start": "\n".join(["row"] * 79), "more": 4}, "at most 80")],
)  # fmt: skip
def test_what_cannot_go_on_gets_a_sentence(
    opened_tiny_models: SongModels, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        make(ContinueRequest(**options), opened_tiny_models)
