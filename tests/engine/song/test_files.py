"""The files of a song: the usual ones by themselves, the others when they are asked for, all from the same song."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

import pytest

from engine.contract import MusicRequest, SongRequest
from engine.errors import RequestError
from engine.file_requests import FILES, USUAL_FILES, ExportRequest
from engine.music.midi_file import midi_to_score
from engine.song.file_names import named_files
from engine.song.files import make_files
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.models import SongModels
from engine.verbs import carry_out
from tests.engine.song.whole_songs import make, source_of, upload_of


@pytest.fixture(scope="module")
def song(opened_tiny_models: SongModels) -> MadeSong:
    return make(SongRequest(theme="rain", form="VC", seed=2), opened_tiny_models)


def exported(models: SongModels, source: SourceSong, formats: str) -> MadeSong:
    return carry_out(ExportRequest(source="song", formats=formats), Making(seed=1, models=models, source=source))


def test_every_silent_file_is_made_of_a_song_with_words(opened_tiny_models: SongModels, song: MadeSong) -> None:
    wanted = [name for name in FILES if name not in ("ogg", "mp3", "stems", "guide", "png")]
    made = exported(opened_tiny_models, source_of(song), ",".join(wanted))
    endings = [artifact.name.partition(".")[2] for artifact in made.artifacts]
    assert [ending for ending in endings if not ending.startswith("sheet-")] == [
        "mid", "txt", "musicxml", "lrc", "sheet.png", "pdf", "kar", "abc", "cho", "lines.lrc", "syllables.lrc"
    ]  # fmt: skip
    assert all(artifact.data for artifact in made.artifacts)
    assert made.report.notices == ()


def test_an_export_changes_nothing_and_is_the_same_each_time(opened_tiny_models: SongModels, song: MadeSong) -> None:
    first, second = (exported(opened_tiny_models, source_of(song), "kar mid") for _ in range(2))
    assert (first.score, first.sheet, first.lyrics_text) == (song.score, song.sheet, song.lyrics_text)
    assert first.artifacts == second.artifacts
    assert first.artifacts[0] == next(artifact for artifact in song.artifacts if artifact.name.endswith(".mid"))


def test_sound_and_stems_are_those_of_the_song(opened_tiny_models: SongModels, song: MadeSong) -> None:
    assert song.score is not None
    short = dataclasses.replace(song.score, length_ticks=1920)
    made = exported(opened_tiny_models, dataclasses.replace(source_of(song), score=short), "mp3,stems")
    assert [artifact.media_type for artifact in made.artifacts] == ["audio/mpeg", "application/zip"]
    sounding = [track for track in short.tracks if track.notes]
    assert len(zipfile.ZipFile(io.BytesIO(made.artifacts[1].data)).namelist()) == len(sounding)


def test_what_an_upload_cannot_become_is_said(opened_tiny_models: SongModels, song: MadeSong) -> None:
    made = exported(opened_tiny_models, upload_of(song), "mid,txt,kar,abc")
    assert [artifact.name for artifact in made.artifacts] == ["an-upload.mid"]
    assert midi_to_score(made.artifacts[0].data).tracks
    assert made.report.notices == (
        "no .txt: there are no words",
        "no .kar: nothing is sung in it",
        "no .abc: this is a MIDI file, of which no lead sheet is known",
    )
    with pytest.raises(RequestError, match=r"none of these files can be made .* nothing is sung in it"):
        exported(opened_tiny_models, upload_of(song), "kar")


def test_a_tune_without_words_is_written_as_notes(opened_tiny_models: SongModels) -> None:
    tune = make(MusicRequest(bars=4, seed=1), opened_tiny_models)
    made = exported(opened_tiny_models, source_of(tune), "abc,lrc-lines")
    assert [artifact.name.partition(".")[2] for artifact in made.artifacts] == ["abc"]
    assert b"\nw:" not in made.artifacts[0].data
    assert made.report.notices == ("no .lines.lrc: nothing is sung in it",)


def test_only_the_usual_files_are_made_where_none_are_named(
    opened_tiny_models: SongModels, song: MadeSong, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert song.score is not None
    monkeypatch.setattr("engine.song.files._begun_audio", lambda song, name, begun: lambda: b"sound")
    monkeypatch.setattr("engine.output.picture.piano_roll_png", lambda *arguments: b"picture")
    made, notices = make_files("T", song.lyrics_text, song.sheet, song.score, Making(seed=1, models=opened_tiny_models))
    assert tuple(artifact.name for artifact in made) == tuple(f"t.{name}" for name in USUAL_FILES)
    assert notices == ()


@pytest.mark.parametrize(
    ("text", "names"), [("kar", ("kar",)), (" MID, .kar  mid", ("mid", "kar")), ("lrc-lines;", None), ("", None)]
)
def test_names_of_files_are_read_or_refused(text: str, names: tuple[str, ...] | None) -> None:
    if names is not None:
        assert named_files(text) == names
        return
    with pytest.raises(RequestError, match=r"files can be mid, txt, .* got"):
        named_files(text)


def test_a_name_that_is_nearly_right_is_named() -> None:
    with pytest.raises(RequestError, match=r"got 'karr'; did you mean kar\?"):
        named_files("karr")


def test_an_engraver_draws_the_pages_where_it_is_set_and_works(
    opened_tiny_models: SongModels, song: MadeSong, tmp_path: Path
) -> None:
    def drawn_by(body: str, formats: str) -> tuple[list[bytes], tuple[str, ...]]:
        program = tmp_path / "mscore"
        program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        program.chmod(0o755)
        making = Making(seed=1, models=opened_tiny_models, source=source_of(song), engraver=str(program))
        made = carry_out(ExportRequest(source="a", formats=formats), making)
        return [artifact.data for artifact in made.artifacts], made.report.notices

    assert drawn_by("printf '\\211PNG mine' > sheet.png", "sheet") == ([b"\x89PNG mine"], ())
    assert drawn_by("printf '%%PDF mine' > sheet.pdf", "pdf") == ([b"%PDF mine"], ())
    usual = exported(opened_tiny_models, source_of(song), "sheet")
    pages, notices = drawn_by("exit 1", "sheet")
    assert pages == [artifact.data for artifact in usual.artifacts]
    assert notices == ("the pages are drawn by Songwright: mscore could not draw the lead sheet",)
