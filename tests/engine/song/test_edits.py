"""Promises of exact edits: what is not named stays, for songs and for uploads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.contract import MusicRequest, MuteRequest, SongRequest, TempoRequest, TransposeRequest
from engine.errors import RequestError
from engine.music.changed_bars import changed_bars
from engine.music.score import Note, Score, TempoChange, Track
from engine.music_edit_requests import HumanizeRequest
from engine.output.score_picture import score_png
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.parts import part_of
from engine.verbs import carry_out
from tests.engine.song.whole_songs import make, source_of, upload_of

if TYPE_CHECKING:
    from engine.song.models import SongModels


@pytest.fixture(scope="module")
def song(opened_tiny_models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain over the harbour", form="VC", key="Eb", style="pop"), opened_tiny_models)


@pytest.mark.parametrize("semitones", [-12, -7, -1, 0, 1, 5, 6, 11, 24])
def test_up_and_down_again_is_the_identity(song: MadeSong, opened_tiny_models: SongModels, semitones: int) -> None:
    up = make(TransposeRequest(source="a", semitones=semitones), opened_tiny_models, source_of(song))
    down = make(TransposeRequest(source="b", semitones=-semitones), opened_tiny_models, source_of(up))
    assert (down.score, down.sheet, down.lyrics_text) == (song.score, song.sheet, song.lyrics_text)
    assert down.report.key == song.report.key


def test_transposing_moves_pitches_and_nothing_else(song: MadeSong, opened_tiny_models: SongModels) -> None:
    up = make(TransposeRequest(source="a", semitones=3), opened_tiny_models, source_of(song))
    assert song.score is not None
    assert up.score is not None
    for before, after in zip(song.score.tracks, up.score.tracks, strict=True):
        shift = 0 if before.is_drum else 3
        moved = tuple(replace(note, pitch=note.pitch + shift) for note in before.notes)
        assert after == replace(before, notes=moved)
    assert replace(up.score, tracks=(), key_name=None) == replace(song.score, tracks=(), key_name=None)
    assert up.report.key == up.score.key_name == "Gb major"
    assert up.sheet is not None
    assert up.sheet.chords != (song.sheet and song.sheet.chords)


@pytest.mark.parametrize(("key", "semitones"), [("F", 2), ("Db", -2), ("A", -6), ("Ab", 5), ("Eb", 0)])
def test_a_key_is_reached_the_nearest_way(
    song: MadeSong, opened_tiny_models: SongModels, key: str, semitones: int
) -> None:
    named = make(TransposeRequest(source="a", key=key), opened_tiny_models, source_of(song))
    counted = make(TransposeRequest(source="a", semitones=semitones), opened_tiny_models, source_of(song))
    assert named.score == counted.score


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"semitones": 25}, "-24 to 24"),
        ({}, "exactly one"),
        ({"semitones": 1, "key": "C"}, "exactly one"),
        ({"key": "Cm"}, "change of mode"),
        ({"key": "H flat"}, "not a key"),
    ],
)
def test_what_cannot_be_transposed_is_refused(
    song: MadeSong, opened_tiny_models: SongModels, values: dict[str, object], sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        make(TransposeRequest.model_validate({"source": "a", **values}), opened_tiny_models, source_of(song))


def test_a_pitch_that_would_leave_midi_is_refused_with_the_range(opened_tiny_models: SongModels) -> None:
    score = Score((Track("", 0, (Note(0, 120, 480),)), Track("", 0, (Note(0, 0, 480),), is_drum=True)), 480)
    with pytest.raises(RequestError, match="can go -120 to 7"):
        make(TransposeRequest(source="upload:1", semitones=8), opened_tiny_models, SourceSong("x", "", score))


def test_a_file_without_a_key_goes_to_a_key_from_the_one_that_is_heard(opened_tiny_models: SongModels) -> None:
    notes = tuple(Note(n * 480, pitch, 480) for n, pitch in enumerate((65, 67, 69, 70, 72, 74, 76, 77, 72, 69, 65)))
    source = SourceSong("x", "", Score((Track("", 0, notes),), 11 * 480))
    made = make(TransposeRequest(source="upload:1", key="G"), opened_tiny_models, source)
    assert made.score is not None
    assert [note.pitch for note in made.score.tracks[0].notes] == [note.pitch + 2 for note in notes]
    assert made.report.key == made.score.key_name == "G major"
    assert "this file names no key; it is heard in F major" in made.report.notices
    with pytest.raises(RequestError, match=r"in F major.* be D major, or name the semitones"):
        make(TransposeRequest(source="upload:1", key="Dm"), opened_tiny_models, source)
    counted = make(TransposeRequest(source="upload:1", semitones=2), opened_tiny_models, source)
    assert (counted.report.key, counted.report.notices) == (None, ())


def test_drums_alone_are_not_transposed(opened_tiny_models: SongModels) -> None:
    beat = Score((Track("Kit", 0, (Note(0, 36, 480),), is_drum=True),), 480, key_name="C major")
    for request in (TransposeRequest(source="upload:1", semitones=2), TransposeRequest(source="upload:1", key="D")):
        with pytest.raises(RequestError, match="drums alone, which have no pitch"):
            make(request, opened_tiny_models, SourceSong("x", "", beat))


def test_a_tempo_changes_seconds_and_no_tick(song: MadeSong, opened_tiny_models: SongModels) -> None:
    fast = make(TempoRequest(source="a", percent=200), opened_tiny_models, source_of(song))
    assert song.score is not None
    assert fast.score is not None
    assert replace(fast.score, tempos=()) == replace(song.score, tempos=())
    assert fast.score.tempos[0].tempo_qpm == 2 * song.score.tempos[0].tempo_qpm
    assert fast.report.length_seconds == pytest.approx((song.report.length_seconds or 0) / 2, abs=0.01)
    exact = make(TempoRequest(source="a", tempo_qpm=97), opened_tiny_models, source_of(song))
    assert exact.report.tempo_qpm == 97
    assert exact.sheet is not None
    assert exact.sheet.tempo_qpm == 97


def test_all_tempos_of_a_file_change_in_proportion(opened_tiny_models: SongModels) -> None:
    tempos = (TempoChange(0, 120.0), TempoChange(480, 60.0), TempoChange(1000, 90.0))
    score = Score((Track("", 0, (Note(0, 60, 9600),)),), 9600, tempos)
    made = make(TempoRequest(source="upload:1", tempo_qpm=180), opened_tiny_models, SourceSong("x", "", score))
    assert made.score is not None
    assert [change.tempo_qpm for change in made.score.tempos] == [240.0, 120.0, 180.0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "exactly one"),
        ({"percent": 24}, "25-400"),
        ({"tempo_qpm": 241}, "40-240"),
        ({"percent": 400, "tempo_qpm": 90}, "exactly one"),
        ({"percent": 400}, "20-400"),
    ],
)
def test_a_tempo_that_cannot_be_played_is_refused(
    song: MadeSong, opened_tiny_models: SongModels, values: dict[str, object], sentence: str
) -> None:
    source = source_of(song)
    assert source.score is not None
    source = replace(source, score=replace(source.score, tempos=(TempoChange(0, 110.0),)))
    with pytest.raises(RequestError, match=sentence):
        make(TempoRequest.model_validate({"source": "a", **values}), opened_tiny_models, source)


@pytest.mark.parametrize("part", ["melody", "chords", "bass", "pad", "drums"])
def test_muting_leaves_out_one_part(song: MadeSong, opened_tiny_models: SongModels, part: str) -> None:
    made = make(MuteRequest(source="a", part=part), opened_tiny_models, source_of(song))
    assert song.score is not None
    assert made.score is not None
    assert made.score.tracks == tuple(track for track in song.score.tracks if track.name.lower() != part)
    with pytest.raises(RequestError, match="it has: "):
        make(MuteRequest(source="a", part=part), opened_tiny_models, source_of(made))


def test_the_last_part_is_not_muted(opened_tiny_models: SongModels) -> None:
    score = Score((Track("Slap Bass", 36, (Note(0, 40, 480),)),), 480)
    with pytest.raises(RequestError, match="nothing would be left"):
        make(MuteRequest(source="upload:1", part="bass"), opened_tiny_models, SourceSong("x", "", score))


BAND = Score(
    (
        Track("Fiddle", 40, (Note(0, 70, 480),)),
        Track("Second fiddle", 40, (Note(0, 67, 480),)),
        Track("Kit", 0, (Note(0, 36, 480),), is_drum=True),
    ),
    480,
)


@pytest.mark.parametrize(("named", "place"), [("second", 1), ("2", 1), ("fiddle", 0), ("3", 2), ("KIT", 2)])
def test_muting_leaves_out_one_track_by_number_or_name(opened_tiny_models: SongModels, named: str, place: int) -> None:
    made = make(MuteRequest(source="upload:1", track=named), opened_tiny_models, SourceSong("x", "", BAND))
    assert made.score == replace(BAND, tracks=BAND.tracks[:place] + BAND.tracks[place + 1 :])


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "exactly one of them"),
        ({"part": "drums", "track": "1"}, "exactly one of them"),
        ({"track": "4"}, "there is no track '4'.*: 1 Fiddle, 2 Second fiddle, 3 Kit"),
        ({"part": "bass"}, "it has: melody, drums"),
    ],
)
def test_what_cannot_be_muted_is_said(opened_tiny_models: SongModels, values: dict[str, str], sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        make(MuteRequest(source="upload:1", **values), opened_tiny_models, SourceSong("x", "", BAND))


def test_parts_of_uploads_are_told_by_name_and_program() -> None:
    tracks = {
        "drums": Track("beat", 0, (), is_drum=True),
        "bass": Track("Fretless", 35, ()),
        "pad": Track("Warm Pad", 0, ()),
        "melody": Track("Lead guitar", 29, ()),
        "chords": Track("Rhythm", 25, ()),
    }
    assert {part: part_of(track) for part, track in tracks.items()} == {part: part for part in tracks}


def test_uploads_are_edited_without_a_lead_sheet(song: MadeSong, opened_tiny_models: SongModels) -> None:
    for request in (
        TransposeRequest(source="upload:1", semitones=2),
        TempoRequest(source="upload:1", percent=50),
        MuteRequest(source="upload:1", part="drums"),
    ):
        made = make(request, opened_tiny_models, upload_of(song))
        assert [artifact.name for artifact in made.artifacts] == ["an-upload.mid"]
        assert (made.sheet, made.lyrics_text, made.report.style, made.report.sections) == (None, "", "", ())


def test_a_file_without_notes_and_a_song_of_words_alone_are_refused(opened_tiny_models: SongModels) -> None:
    with pytest.raises(RequestError, match="no notes"):
        make(TempoRequest(source="upload:1", percent=50), opened_tiny_models, SourceSong("x", "", Score((), 0)))
    with pytest.raises(RequestError, match="words alone"):
        make(TempoRequest(source="a", percent=50), opened_tiny_models, SourceSong("x", "words", None))


def test_an_upload_has_a_picture_and_sound_unless_it_is_very_long(opened_tiny_models: SongModels) -> None:
    short = Score((Track("Flute", 73, (Note(0, 72, 480),)),), 480)
    request = TransposeRequest(source="upload:1", semitones=1)
    made = carry_out(request, Making(seed=1, models=opened_tiny_models, source=SourceSong("x", "", short)))
    assert [artifact.name for artifact in made.artifacts] == ["x.mid", "x.png", "x.ogg"]
    long = replace(short, length_ticks=480 * 2 * 601)
    crowded = Score((Track("Flute", 73, tuple(Note(n // 50, n % 50, 1) for n in range(50_001))),), 2000)
    dense = Score((Track("Organ", 19, tuple(Note(n, n % 128, 480 * 400) for n in range(100))),), 480 * 500)
    for score in (long, crowded, dense):
        made = carry_out(request, Making(seed=1, models=opened_tiny_models, source=SourceSong("x", "", score)))
        assert [artifact.name for artifact in made.artifacts] == ["x.mid"]
        assert made.report.notices[0].startswith("no .png and no .ogg: the music ")


def test_the_picture_of_an_edit_shows_which_bars_are_new(opened_tiny_models: SongModels) -> None:
    tune = Score((Track("Tune", 0, tuple(Note(480 * n, 60 + n % 12, 480) for n in range(32))),), 32 * 480)
    source = SourceSong("an upload", "", tune)
    request = HumanizeRequest(source="u", bars="3-4", seed=1)
    made = carry_out(request, Making(1, opened_tiny_models, source, outputs=("png",)))
    assert made.score is not None
    changed = changed_bars(tune, made.score)
    assert changed is not None
    assert (changed.first, changed.last) == (3, 4)
    assert (
        made.artifacts[0].data
        == score_png(made.score, changed, "an upload")
        != score_png(made.score, None, "an upload")
    )


def test_music_without_words_is_edited_too(opened_tiny_models: SongModels) -> None:
    music = make(MusicRequest(bars=4), opened_tiny_models)
    up = make(TransposeRequest(source="a", semitones=2), opened_tiny_models, source_of(music))
    down = make(TransposeRequest(source="a", semitones=-2), opened_tiny_models, source_of(up))
    assert (down.score, down.sheet) == (music.score, music.sheet)
