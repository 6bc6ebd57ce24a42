"""Promises of words to a melody: a syllable for every note, no note changed, and the words rhyme in pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.contract import MusicRequest, RewriteRequest, SongRequest, TransposeRequest, WordsForRequest
from engine.errors import RequestError
from engine.lyrics.rhyme import lines_rhyme
from engine.music.lead_sheet import words_of_line
from engine.music.midi_file import midi_to_score, score_to_midi
from engine.music.score import LyricEvent, Note, Score, TempoChange, Track
from engine.song.making import MadeSong, SourceSong
from engine.song.words_to_melody import _scheme
from tests.engine.song.test_rewrite_line import lines_of
from tests.engine.song.whole_songs import make, source_of

if TYPE_CHECKING:
    from engine.song.models import SongModels

THEME = "winter on the mountain"


@pytest.fixture(scope="module")
def music(opened_tiny_models: SongModels) -> MadeSong:
    return make(MusicRequest(style="folk", bars=16, key="D"), opened_tiny_models)


@pytest.fixture(scope="module")
def song(opened_tiny_models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain", form="VCVC", rhyme="ABAB"), opened_tiny_models)


def upload_of(score: Score) -> SourceSong:
    """Return a score as a file that was written and read again."""
    return SourceSong("a tune", "", midi_to_score(score_to_midi(score)))


def worded(models: SongModels, source: SourceSong, seed: int = 5, **more: str) -> MadeSong:
    return make(WordsForRequest(source="a", theme=THEME, **more), models, source, seed=seed)


def check_words(made: MadeSong, source: SourceSong) -> None:
    """Assert that every note carries a syllable or goes on with one, and that no note was changed."""
    assert made.score is not None
    assert source.score is not None
    assert made.sheet is not None
    assert [track.notes for track in made.score.tracks] == [track.notes for track in source.score.tracks]
    (sung,) = [track for track in made.score.tracks if track.name == "Melody"]
    carried = [note for note in made.sheet.notes if note.syllable is not None]
    assert [event.onset_ticks for event in sung.lyrics] == [note.onset_ticks for note in carried]
    assert {note.onset_ticks for note in made.sheet.notes} == {note.onset_ticks for note in sung.notes}
    found = [line for section in made.report.sections for line in section.lines]
    assert [line.syllables_found for line in found] == [line.syllables_asked for line in found]
    assert sum(line.syllables_found for line in found) == len(carried)
    for number, line in enumerate(found):
        assert " ".join(words_of_line(made.sheet, number)).lower() == line.text.lower()


@pytest.mark.parametrize("seed", range(10))
def test_a_tune_without_words_gets_a_syllable_for_every_note(
    music: MadeSong, opened_tiny_models: SongModels, seed: int
) -> None:
    source = source_of(music)
    made = worded(opened_tiny_models, source, seed)
    check_words(made, source)
    assert len(made.sheet.notes if made.sheet else ()) == sum(
        line.syllables_found for section in made.report.sections for line in section.lines
    )
    lines = lines_of(made)
    assert all(lines_rhyme(a, b) for a, b in zip(lines[::2], lines[1::2], strict=False))
    assert (made.report.title, made.report.key) == ("Winter on the Mountain", "D major")


def test_an_uploaded_file_gets_words_a_key_and_chords(music: MadeSong, opened_tiny_models: SongModels) -> None:
    assert music.score is not None
    assert music.sheet is not None
    source = upload_of(replace(music.score, key_name=None))
    made = worded(opened_tiny_models, source, rhyme="ABAB")
    check_words(made, source)
    assert made.sheet is not None
    assert made.report.key is None
    assert made.sheet.key_name == "D major"
    assert next(span.label for span in made.sheet.sections if span.label != "Intro") == "Verse 1"
    assert sum(chord.duration_ticks for chord in made.sheet.chords) == made.sheet.length_ticks
    assert lines_rhyme(lines_of(made)[0], lines_of(made)[2])
    again = make(RewriteRequest(source="b", line="1"), opened_tiny_models, source_of(made))
    check_words(again, source)


def test_a_song_gets_other_words_in_its_own_lines_and_rhymes(song: MadeSong, opened_tiny_models: SongModels) -> None:
    source = source_of(song)
    made = worded(opened_tiny_models, source)
    check_words(made, source)
    assert [len(section.lines) for section in made.report.sections] == [len(s.lines) for s in song.report.sections]
    lines = lines_of(made)
    assert lines_rhyme(lines[0], lines[2])
    assert lines[4:8] == lines[12:16]
    assert not set(lines) & set(lines_of(song))


@pytest.mark.parametrize(
    ("typed", "lines", "planned", "letters"),
    [
        ("ABAB internal", 8, "", "ABABABAB"),
        ("internal", 4, "ABAB", "ABAB"),
        ("free", 2, "", "XX"),
        (None, 3, "", "AAX"),
    ],
)
def test_a_scheme_is_read_as_in_any_song(typed: str | None, lines: int, planned: str, letters: str) -> None:
    assert _scheme(typed, lines, planned) == letters


def test_the_same_seed_gives_the_same_words(music: MadeSong, opened_tiny_models: SongModels) -> None:
    texts = [worded(opened_tiny_models, source_of(music), seed).lyrics_text for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def line_of(*steps: tuple[int, int], name: str = "Tune", low: int = 60) -> Track:
    """Return a track of notes given as (ticks to the next, duration)."""
    notes, onset = [], 0
    for n, (step, duration) in enumerate(steps):
        notes.append(Note(onset, low + n % 5, duration))
        onset += step
    return Track(name, 0, tuple(notes))


def score_of(*tracks: Track) -> Score:
    end = max((note.end_ticks for track in tracks for note in track.notes), default=1920)
    return Score(tracks, -(-end // 1920) * 1920)


TUNE = line_of(*([(480, 480)] * 6 + [(960, 480)]) * 4)
CHORDS = Track("Piano", 0, tuple(Note(n * 1920, pitch, 1920) for n in range(8) for pitch in (36, 40, 43)))


def test_the_melody_is_the_track_that_sounds_one_note_at_a_time(opened_tiny_models: SongModels) -> None:
    source = upload_of(score_of(CHORDS, TUNE))
    made = worded(opened_tiny_models, source)
    check_words(made, source)
    assert [line.syllables_found for line in made.report.sections[0].lines] == [7, 7, 7, 7]
    assert made.score is not None
    assert [track.name for track in made.score.tracks] == ["Piano", "Melody"]


def test_a_track_can_be_named_and_is_sung_by_its_highest_notes(opened_tiny_models: SongModels) -> None:
    words = replace(CHORDS, name="Melody", lyrics=(LyricEvent(0, "old"),))
    source = upload_of(score_of(words, TUNE))
    for track in ("2", "tune"):
        made = worded(opened_tiny_models, source, track=track)
        assert made.score is not None
        assert [(t.name, bool(t.lyrics)) for t in made.score.tracks] == [("Melody 2", False), ("Melody", True)]
    made = worded(opened_tiny_models, source, track="1")
    assert made.sheet is not None
    assert {note.pitch for note in made.sheet.notes} == {43}


def test_very_short_notes_are_held_where_a_line_would_be_too_long(opened_tiny_models: SongModels) -> None:
    steps = [(480, 480)] * 12 + [(120, 120)] * 4
    source = upload_of(score_of(line_of(*steps)))
    made = worded(opened_tiny_models, source)
    check_words(made, source)
    assert made.sheet is not None
    assert sum(note.syllable is None for note in made.sheet.notes) == 2
    assert [line.syllables_found for line in made.report.sections[0].lines] == [14]


@pytest.mark.parametrize(
    ("score", "more", "sentence"),
    [(score_of(CHORDS), {}, "no track of this music is a melody, one note at a time; name the one .* 1 Piano"),
     (score_of(CHORDS), {"track": "flute"}, "there is no track 'flute'"),
     (score_of(TUNE), {"track": "9"}, "there is no track '9'"), (score_of(TUNE), {"rhyme": "A1"}, "rhyme"),
     (score_of(Track("T", 0, ())), {}, "no notes"), (score_of(line_of(*[(240, 240)] * 1200)), {}, "at most 1120"),
     (replace(score_of(TUNE), tempos=(TempoChange(0, 100.0), TempoChange(960, 90.0))), {}, "changes on the way")],
)  # fmt: skip
def test_music_without_a_melody_gets_a_sentence(
    opened_tiny_models: SongModels, score: Score, more: dict[str, str], sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        worded(opened_tiny_models, SourceSong("x", "", score), **more)


def test_music_with_words_can_be_changed_like_any_song(music: MadeSong, opened_tiny_models: SongModels) -> None:
    made = worded(opened_tiny_models, source_of(music))
    up = make(TransposeRequest(source="b", semitones=2), opened_tiny_models, source_of(made))
    assert up.lyrics_text == made.lyrics_text
