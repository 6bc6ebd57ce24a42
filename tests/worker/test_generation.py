"""Promises of the real generator: every verb through the store, with tiny models; sources that are gone are told of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.contract import (
    LARGEST_UPLOAD_BYTES,
    LyricRequest,
    MusicRequest,
    Progress,
    Request,
    RewriteRequest,
    SingRequest,
    SongRequest,
    TempoRequest,
    TransposeRequest,
    VerseRequest,
    WordsRequest,
)
from engine.errors import Cancelled, FileFormatError, RequestError
from engine.music.as_json import score_from_json
from engine.music.music_vae import save_music_vae
from engine.music_edit_requests import BlendRequest
from engine.song import blend
from tests.tiny_music_vae import TINY
from tests.worker.conftest import WoundClock
from worker import generation
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels
from worker.model_choice import ModelChoice
from worker.store import jobs, songs, uploads
from worker.store.database import Store, StoreError
from worker.store.songs import GeneratedSong

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels

OUTPUTS = ("mid", "txt")


@pytest.fixture(scope="module")
def models(tiny_models: TinyModels) -> LoadedModels:
    return LoadedModels(lambda: {"lyrics": tiny_models.lyrics, "melody": tiny_models.melody})


@pytest.fixture
def generator(models: LoadedModels, sqlite_store: Store) -> SongGenerator:
    return SongGenerator(models, OUTPUTS, store=sqlite_store)


def test_a_store_that_is_away_for_a_moment_is_asked_again(
    tiny_models: TinyModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "RETRY_SECONDS", 0.001)
    faults = [StoreError("the database is away", passing=True) for _ in range(3)]

    def choice() -> ModelChoice:
        if faults:
            raise faults.pop()
        return ModelChoice({"lyrics": tiny_models.lyrics, "melody": tiny_models.melody})

    request = LyricRequest(theme="rain", form="V", syllables="4")
    assert made_of(SongGenerator(LoadedModels(choice), OUTPUTS), request).lyrics_text
    faults.append(StoreError("the disk is broken"))
    with pytest.raises(StoreError, match="the disk is broken"):
        made_of(SongGenerator(LoadedModels(choice), OUTPUTS), request)


def made_of(generator: SongGenerator, request: Request, seed: int = 3) -> GeneratedSong:
    return generator(request, seed, lambda progress: None, lambda: False)


def stored(store: Store, clock: WoundClock, request: Request, song: GeneratedSong) -> str:
    with store.writing() as session:
        return songs.add(session, jobs.submit(session, request, now=clock()).id, song, clock())


def uploaded(store: Store, clock: WoundClock, name: str, data: bytes) -> str:
    with store.writing() as session:
        return uploads.source_of(uploads.add(session, "somebody", name, data, clock()))


def test_a_song_is_changed_again_and_again(generator: SongGenerator, sqlite_store: Store, clock: WoundClock) -> None:
    request: Request = SongRequest(theme="rain", form="VC")
    song = made_of(generator, request)
    assert song.parent_song_id is None
    first = song_id = stored(sqlite_store, clock, request, song)
    for request in (
        TransposeRequest(source=song_id, semitones=2),
        TempoRequest(source="", percent=112),
        VerseRequest(source=""),
        TransposeRequest(source="", semitones=-2),
    ):
        request = request.model_copy(update={"source": song_id})
        changed = made_of(generator, request)
        assert changed.parent_song_id == song_id
        song_id = stored(sqlite_store, clock, request, changed)
    assert changed.report.key == song.report.key
    assert song.lyrics_text.splitlines()[2:6] == changed.lyrics_text.splitlines()[2:6]
    with sqlite_store.reading() as session:
        assert songs.find(session, song_id) is not None
    same = made_of(generator, WordsRequest(source=first, lyrics=song.lyrics_text))
    assert (same.score, same.lead_sheet) == (song.score, song.lead_sheet)


def test_the_other_verbs_are_carried_out(generator: SongGenerator) -> None:
    assert made_of(generator, LyricRequest(theme="rain")).score is None
    music = made_of(generator, MusicRequest(bars=4))
    assert (music.lyrics_text, [artifact.name[-4:] for artifact in music.artifacts]) == ("", [".mid"])
    sung = made_of(generator, SingRequest(lyrics="Row the boat home / over the foam"))
    assert "over the foam" in sung.lyrics_text
    assert sung.score is not None
    assert sung.lead_sheet is not None


def test_a_verb_of_two_songs_is_given_both(
    generator: SongGenerator, sqlite_store: Store, clock: WoundClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = TINY[2]
    weights = {name: np.full(size, 0.1) for name, size in shape.tensors().items()}
    save_music_vae(shape, weights, tmp_path / "blend", {})
    monkeypatch.setattr(blend, "STARTER", tmp_path / "blend")
    blend.starter_model.cache_clear()
    song = made_of(generator, MusicRequest(bars=4))
    stored_song = stored(sqlite_store, clock, MusicRequest(bars=4), song)
    upload = uploaded(sqlite_store, clock, "my tune.mid", song.artifacts[0].data)
    way = made_of(generator, BlendRequest(source=stored_song, other=upload, steps=3, bars=2))
    blend.starter_model.cache_clear()
    assert way.parent_song_id == stored_song
    assert way.title == f"{song.title} → {song.title}"
    assert len(way.artifacts) == 4
    with pytest.raises(RequestError, match="it was deleted"):
        made_of(generator, BlendRequest(source=stored_song, other="gone"))


def test_an_upload_is_changed(generator: SongGenerator, sqlite_store: Store, clock: WoundClock) -> None:
    song = made_of(generator, MusicRequest(bars=4))
    source = uploaded(sqlite_store, clock, "my tune.mid", song.artifacts[0].data)
    up = made_of(generator, TransposeRequest(source=source, semitones=1))
    assert song.score is not None
    assert up.score is not None
    assert up.parent_song_id is None
    before, after = score_from_json(song.score), score_from_json(up.score)
    assert [note.pitch + 1 for note in before.tracks[0].notes] == [note.pitch for note in after.tracks[0].notes]
    assert up.title == song.title


def test_sources_that_are_gone_or_broken_get_a_sentence(
    generator: SongGenerator, models: LoadedModels, sqlite_store: Store, clock: WoundClock
) -> None:
    with pytest.raises(RequestError, match="deleted"):
        made_of(generator, TransposeRequest(source="nothing", semitones=1))
    with pytest.raises(RequestError, match="deleted"):
        made_of(generator, RewriteRequest(source="", line="1"))
    with pytest.raises(RequestError, match="upload it again"):
        made_of(generator, TransposeRequest(source="upload:nothing", semitones=1))
    renamed = uploaded(sqlite_store, clock, "notes.mid", b"just text, renamed")
    with pytest.raises(FileFormatError, match="not a MIDI file"):
        made_of(generator, TempoRequest(source=renamed, percent=50))
    large = uploaded(sqlite_store, clock, "large.mid", bytes(LARGEST_UPLOAD_BYTES + 1))
    with pytest.raises(RequestError, match="at most 1 MB"):
        made_of(generator, TempoRequest(source=large, percent=50))
    with pytest.raises(RequestError, match="cannot be changed here"):
        made_of(SongGenerator(models, OUTPUTS), TempoRequest(source="a", percent=50))


def test_a_song_of_an_earlier_version_gets_a_sentence(
    generator: SongGenerator, sqlite_store: Store, clock: WoundClock
) -> None:
    request = SingRequest(lyrics="Row the boat home")
    song = made_of(generator, request)
    for score in (None, {"ticks": 480}):
        old = stored(sqlite_store, clock, request, replace(song, score=score))
        with pytest.raises(RequestError, match="earlier version"):
            made_of(generator, TempoRequest(source=old, percent=50))
    words = LyricRequest(theme="rain")
    alone = stored(sqlite_store, clock, words, made_of(generator, words))
    with pytest.raises(RequestError, match="words alone"):
        made_of(generator, TempoRequest(source=alone, percent=50))


def test_a_request_taken_back_stops_the_work(generator: SongGenerator) -> None:
    told: list[Progress] = []
    with pytest.raises(Cancelled):
        generator(SongRequest(theme="rain"), 1, told.append, lambda: len(told) > 5)
    assert [progress.stage for progress in told[:2]] == ["models", "plan"]
