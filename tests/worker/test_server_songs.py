"""Promises of a server's own model, with real models: its songs are made with it, others' are not, and it is small."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.contract import LyricRequest, Request, SongRequest
from engine.errors import CheckpointError, RequestError
from tests.tiny_adapters import write_tiny_adapter
from tests.tiny_models import TinyModels
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ask, client_of, settings_of
from worker import promotion
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels, model_choice, starter_paths
from worker.store import model_versions, songs
from worker.store.database import Store
from worker.store.songs import Song
from worker.tasks import run_next_job
from worker.whole_models import digests_of_starters

HARBOUR, FOREST, DESERT = "71000000000000001", "71000000000000002", "71000000000000003"
WORDS = LyricRequest(theme="rain", form="V", syllables="4", seed=3)
SONG = SongRequest(theme="rain", form="V", syllables="4", seed=3)


class Worker:
    """One worker's models, kept from song to song."""

    def __init__(self, store: Store, clock: WoundClock) -> None:
        self.store, self.clock, self.client = store, clock, client_of(store, clock)
        self.loaded = LoadedModels(lambda: model_choice(store))
        self._generate = SongGenerator(self.loaded, ("mid", "txt"), store=store)

    def song(self, server: str | None, request: Request = WORDS) -> Song:
        """Return the song that a member asks for in a server."""
        delivery = ask(self.client, request, server=server)
        run_next_job(self.store, self._generate, settings_of(self.store), clock=self.clock)
        job = self.client.job(delivery.job_ids[0])
        assert (job.status, job.error) == ("done", None)
        return self.client.song(job.id)

    def lyrics(self, server: str | None) -> str:
        """Return the digest of the lyric model of a song from a server."""
        return self.song(server).report.model_versions["lyrics"]

    def adapter(self, path: Path, server: str) -> str:
        """Add an adapter for a server and promote it; return its digest."""
        version = promotion.add(self.store, path, now=self.clock(), server=server)
        return promotion.promote(self.store, version.id, now=self.clock()).digest

    def held(self, role: str = "lyrics") -> set[str]:
        return {model.version for model in self.loaded.held() if model.role == role}


@pytest.fixture
def worker(sqlite_store: Store, clock: WoundClock) -> Worker:
    return Worker(sqlite_store, clock)


@contextmanager
def whole_models_opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Give the paths of the whole models that are opened meanwhile."""
    from engine.song import models

    opened: list[Path] = []
    usual = models.open_role

    def noted(role, path, **more):  # type: ignore[no-untyped-def]  # as `open_role` has them
        opened.append(path)
        return usual(role, path, **more)

    with monkeypatch.context() as patched:
        patched.setattr(models, "open_role", noted)
        yield opened


def test_one_worker_makes_songs_with_the_starter_and_with_adapters_on_it(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter, base = digests_of_starters()["lyrics"], starter_paths()["lyrics"]
    paths = [write_tiny_adapter(tmp_path / str(number), base, number, strength=0.001) for number in range(2)]
    harbours, forests = (worker.adapter(path, server) for path, server in zip(paths, (HARBOUR, FOREST), strict=True))
    with whole_models_opened(monkeypatch) as opened:
        made = {server: worker.lyrics(server) for server in (HARBOUR, FOREST, DESERT, None)}
    assert made == {HARBOUR: harbours, FOREST: forests, DESERT: starter, None: starter}
    assert opened == [base]
    assert worker.held() == {starter, harbours, forests}
    assert promotion.roll_back(worker.store, "lyrics", now=worker.clock(), server=HARBOUR) is None
    assert [worker.lyrics(server) for server in (HARBOUR, FOREST)] == [starter, forests]
    assert worker.held() == {starter, forests}
    assert sum(file.stat().st_size for file in paths[0].iterdir()) < 0.1 * (base / "model.safetensors").stat().st_size


def test_an_adapter_changes_the_songs_of_its_server_and_nobody_elses(
    worker: Worker, tiny_models: TinyModels, tmp_path: Path
) -> None:
    for path in (tiny_models.lyrics, tiny_models.melody):
        version = promotion.add(worker.store, path, now=worker.clock())
        promotion.promote(worker.store, version.id, now=worker.clock())
    before = {server: worker.song(server, SONG) for server in (HARBOUR, FOREST)}
    assert before[HARBOUR].lyrics_text == before[FOREST].lyrics_text
    words = worker.adapter(write_tiny_adapter(tmp_path / "words", tiny_models.lyrics), HARBOUR)
    tunes = worker.adapter(write_tiny_adapter(tmp_path / "tunes", tiny_models.melody), FOREST)
    harbour, forest = worker.song(HARBOUR, SONG), worker.song(FOREST, SONG)
    assert harbour.report.model_versions["lyrics"] == words
    assert forest.report.model_versions["melody"] == tunes
    assert harbour.lyrics_text != before[HARBOUR].lyrics_text
    assert (forest.lyrics_text, forest.lead_sheet) != (before[FOREST].lyrics_text, before[FOREST].lead_sheet)
    assert forest.lyrics_text == before[FOREST].lyrics_text
    again = worker.song(DESERT, SONG)
    assert (again.lyrics_text, again.lead_sheet) == (before[FOREST].lyrics_text, before[FOREST].lead_sheet)


def test_an_adapter_goes_on_with_its_own_base_when_another_is_promoted(
    worker: Worker, tiny_models: TinyModels, tmp_path: Path
) -> None:
    added = promotion.add(worker.store, tiny_models.lyrics, now=worker.clock())
    path = write_tiny_adapter(tmp_path / "words", tiny_models.lyrics)
    digest = worker.adapter(path, HARBOUR)  # its base is a candidate that nobody uses
    with worker.store.reading() as session:
        assert model_versions.get(session, digest).parent_id == added.id
    assert [worker.lyrics(server) for server in (HARBOUR, FOREST)] == [digest, digests_of_starters()["lyrics"]]
    assert worker.held() == {digest, added.digest, digests_of_starters()["lyrics"]}


def test_songs_are_made_where_an_adapter_is_gone(
    worker: Worker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_tiny_adapter(tmp_path / "words", starter_paths()["lyrics"], strength=0.001)
    worker.adapter(path, HARBOUR)
    shutil.rmtree(path)
    assert [worker.lyrics(HARBOUR) for _ in range(2)] == [digests_of_starters()["lyrics"]] * 2
    told = [record for record in caplog.records if record.name == "worker.loaded_models"]
    assert [record.levelname for record in told] == ["WARNING"]
    with worker.store.reading() as session:
        kept = model_versions.promoted(session, "lyrics", HARBOUR)
    assert kept is not None
    with pytest.raises(CheckpointError, match="there is no model directory"):
        promotion.promote(worker.store, kept.id, now=worker.clock())


def test_what_an_adapter_lies_upon_must_be_known(worker: Worker, tiny_models: TinyModels, tmp_path: Path) -> None:
    path = write_tiny_adapter(tmp_path / "words", tiny_models.lyrics)
    with pytest.raises(CheckpointError, match="which is not here; add that one first"):
        promotion.add(worker.store, path, now=worker.clock(), server=HARBOUR)
    promotion.add(worker.store, tiny_models.lyrics, now=worker.clock())
    with pytest.raises(RequestError, match="--server ID"):
        promotion.add(worker.store, path, now=worker.clock())
    with pytest.raises(RequestError, match="only adapters"):
        promotion.add(worker.store, tiny_models.melody, now=worker.clock(), server=HARBOUR)
    assert promotion.add(worker.store, path, now=worker.clock(), server=HARBOUR).role == "lyrics"


def test_songs_of_a_member_who_is_deleted_go_whatever_model_made_them(
    worker: Worker, tiny_models: TinyModels, tmp_path: Path
) -> None:
    promotion.add(worker.store, tiny_models.lyrics, now=worker.clock())
    worker.adapter(write_tiny_adapter(tmp_path / "words", tiny_models.lyrics), HARBOUR)
    song = worker.song(HARBOUR)
    assert song.requested_by is not None
    assert worker.client.privacy.forget(song.requested_by)
    with worker.store.reading() as session:
        assert songs.find(session, song.id) is None
        assert model_versions.promoted(session, "lyrics", HARBOUR) is not None
