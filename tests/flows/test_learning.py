"""What the learning of a deployment rests on, in processes of its own: beat rings, a worker queues, a worker tunes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.contract import LyricRequest, SongRequest
from tests.flows.crew import READY_SECONDS, ROOT, until
from tests.tiny_models import TinyModels
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, BOB, client_of, made, settings_of
from worker import snapshots
from worker.client import Client
from worker.settings import Settings
from worker.store import model_versions, tunings
from worker.store.database import Store
from worker.store.tunings import TUNED_ROLES, Tuning

FAKE = (sys.executable, str(ROOT / "tests" / "worker" / "fake_tuner.py"))
ENOUGH = 3

Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Return what starts a process of ours and waits for its first line."""
    with ExitStack() as processes:
        yield lambda *arguments, says, **environ: processes.enter_context(_begun(arguments, says, environ, tmp_path))


@contextmanager
def _begun(
    arguments: tuple[str, ...], says: str, environ: dict[str, str], folder: Path
) -> Iterator[subprocess.Popen[str]]:
    with (folder / "processes.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=log,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | environ,
        )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            assert says in process.stdout.readline()
            yield process
        finally:
            process.kill()


def worker(begin: Begin, store: Store, folder: Path, **settings: Any) -> subprocess.Popen[str]:
    """Start a worker that sings the themes back, and tunes with the fake tuner if it is to tune."""
    told = {"database_url": settings_of(store).database_url, "models_dir": str(folder)} | settings
    pace = {"sweep_seconds": 0.1, "grace_seconds": 0.3, "tunings_seconds": 0.2}
    argument = {"settings": told, "pace": pace, "echo": {"lines": 2, "seconds_per_line": 0.01}, "tuner": FAKE}
    return begin("tests.worker.echo_worker", json.dumps(argument), says="is ready")


def under_way(store: Store) -> tuple[Tuning, ...]:
    with store.reading() as session:
        return tunings.under_way(session)


def songs(client: Client, clock: WoundClock, count: int = ENOUGH) -> list[str]:
    """Make songs, while no worker is there to make them; return their ids."""
    return [made(client, clock, SongRequest(theme="rain")).id for _ in range(count)]


def say(client: Client, song_ids: Sequence[str]) -> None:
    for song_id in song_ids:
        client.ratings.rate(song_id, rater=BOB, stars=4)


@pytest.fixture
def client(sqlite_store: Store, clock: WoundClock) -> Client:
    client = client_of(sqlite_store, clock)
    for member in (ANN, BOB):
        client.members.set_training(member, True)
    return client


@pytest.fixture
def clock() -> WoundClock:
    return WoundClock()


def test_beat_lets_a_worker_queue_runs_when_enough_was_said(
    broker_url: str, sqlite_store: Store, client: Client, clock: WoundClock, tmp_path: Path, begin: Begin
) -> None:
    first, *others = songs(client, clock)
    say(client, others)
    worker(begin, sqlite_store, tmp_path, broker_url=broker_url, tune_after=ENOUGH)
    beat = begin("bot", "beat", "--every", "1", says="rings every 1 s", SONGWRIGHT_BROKER_URL=broker_url)
    log = tmp_path / "processes.log"
    until(lambda: "look_at_ratings" in log.read_text(), what="a ring that was heard")
    assert under_way(sqlite_store) == ()
    say(client, [first])
    until(lambda: under_way(sqlite_store), what="a run")
    until(lambda: len(under_way(sqlite_store)) == len(TUNED_ROLES), what="a run of each role")
    assert {run.status for run in under_way(sqlite_store)} == {"queued"}  # this worker only queues
    beat.send_signal(signal.SIGTERM)
    assert beat.wait(READY_SECONDS) == 0


def test_beat_rings_at_once_however_seldom_it_rings(
    filesystem_folder_queue: str, sqlite_store: Store, client: Client, clock: WoundClock, tmp_path: Path, begin: Begin
) -> None:
    say(client, songs(client, clock))
    worker(begin, sqlite_store, tmp_path, broker_url=filesystem_folder_queue, tune_after=ENOUGH)
    begin("bot", "beat", says="rings every 300 s", SONGWRIGHT_BROKER_URL=filesystem_folder_queue)
    until(lambda: under_way(sqlite_store), what="a run")


def test_a_tuning_worker_carries_a_run_out_beside_songs_and_gives_it_back_when_it_ends(
    sqlite_store: Store, client: Client, clock: WoundClock, tmp_path: Path, tiny_models: TinyModels, begin: Begin
) -> None:
    say(client, songs(client, clock))
    settings = settings_of(sqlite_store).model_copy(update={"models_dir": tmp_path})
    run = Client(settings, store=sqlite_store).tunings.ask("lyrics")
    plan(settings, tiny_models, steps=100_000, pause=0.05)
    first = worker(begin, sqlite_store, tmp_path, tuning=True)
    until(lambda: at(sqlite_store, run).status == "running" and steps(run), what="steps of the run")
    job_id = client.submit(LyricRequest(theme="rain"))
    until(lambda: client.job(job_id).ended, what="a song beside the run")
    assert (client.job(job_id).status, at(sqlite_store, run).status) == ("done", "running")
    first.terminate()
    first.wait(READY_SECONDS)
    assert (at(sqlite_store, run).status, at(sqlite_store, run).attempts) == ("queued", 0)
    plan(settings, tiny_models, steps=steps(run), pause=0.0)
    worker(begin, sqlite_store, tmp_path, tuning=True)
    until(lambda: at(sqlite_store, run).finished_at is not None, what="the end of the run")
    ended = at(sqlite_store, run)
    assert (ended.status, ended.error) == ("done", None)
    with sqlite_store.reading() as session:
        assert [one.id for one in snapshots.all_of(session)] == [
            ended.snapshot_id
        ]  # made by the first worker, and kept
        (version,) = model_versions.all_of(session, "lyrics")
    assert (version.id, version.state) == (ended.version_id, "trial")


def plan(settings: Settings, models: TinyModels, *, steps: int, pause: float) -> None:
    settings.tunings_dir.mkdir(exist_ok=True)
    told = {"steps": steps, "pause": pause, "passed": True, "checkpoint": str(models.lyrics)}
    (settings.tunings_dir / "plan.json").write_text(json.dumps(told))


def at(store: Store, run: Tuning) -> Tuning:
    with store.reading() as session:
        return tunings.get(session, run.id)


def steps(run: Tuning) -> int:
    log = Path(run.folder) / "log.jsonl"
    return len(log.read_text().splitlines()) if log.is_file() else 0
