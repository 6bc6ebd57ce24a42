"""A worker in a process of its own: rung or not it finds every job, and neither a stop nor a kill loses one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.contract import LyricRequest, Progress
from engine.errors import CheckpointError
from tests.worker.echo_song import EchoSong, echoed
from worker.client import Client
from worker.clock import utc_now
from worker.settings import Settings
from worker.store import workers
from worker.store.database import Store
from worker.store.songs import GeneratedSong
from worker.store.workers import LiveWorker
from worker.tasks import Shift
from worker.watchdog import STALLED
from worker.worker_process import run_worker

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 60


@dataclass
class Works:
    """A database, a broker, and the workers started on them."""

    store: Store
    broker_url: str
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        return self.store.engine.url.render_as_string(hide_password=False)

    def client(self, *, ringing: bool) -> Client:
        broker_url = self.broker_url if ringing else None
        return Client(
            Settings(database_url=self.database_url, models_dir=Path(), broker_url=broker_url), store=self.store
        )

    def start(
        self,
        *,
        lines: int = 3,
        seconds_per_line: float = 0.0,
        sweep_seconds: float = 0.1,
        grace_seconds: float = 0.3,
        hears: bool = True,
        **settings: Any,
    ) -> subprocess.Popen[str]:
        """Start a worker and wait until it is ready."""
        settings |= {"database_url": self.database_url, "broker_url": self.broker_url if hears else None}
        pace = {"sweep_seconds": sweep_seconds, "grace_seconds": grace_seconds}
        echo = {"lines": lines, "seconds_per_line": seconds_per_line}
        worker = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.worker.echo_worker",
                json.dumps({"settings": settings, "pace": pace, "echo": echo}),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.workers.append(worker)
        assert worker.stdout is not None
        assert "is ready" in worker.stdout.readline()
        return worker


@pytest.fixture
def works(sqlite_store: Store, tmp_path: Path) -> Iterator[Works]:
    place = Works(sqlite_store, f"filesystem://{tmp_path}/broker")
    yield place
    for worker in place.workers:
        worker.kill()
        worker.wait(MOST_SECONDS)
        for pipe in (worker.stdout, worker.stderr):
            assert pipe is not None
            pipe.close()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + MOST_SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def test_a_rung_job_is_run_without_a_sweep_and_a_stop_when_idle_is_quick(works: Works) -> None:
    worker = works.start(sweep_seconds=3600)
    time.sleep(0.2)  # the only sweep is over
    client = works.client(ringing=True)
    job_id = client.submit(LyricRequest(theme="rain"))
    until(lambda: client.job(job_id).ended)
    assert client.song(job_id).title == "Rain"
    began = time.monotonic()
    worker.terminate()
    assert worker.wait(MOST_SECONDS) == 0
    assert time.monotonic() - began < 6


@pytest.mark.parametrize("hears", [True, False])
def test_a_job_that_nobody_rang_for_is_found(works: Works, hears: bool) -> None:
    works.start(hears=hears)
    client = works.client(ringing=False)
    jobs = [client.submit(LyricRequest(theme="rain")) for _ in range(3)]
    until(lambda: all(client.job(job_id).status == "done" for job_id in jobs))


def test_while_the_broker_is_away_the_jobs_are_run_all_the_same(works: Works) -> None:
    works.broker_url = "amqp://127.0.0.1:1//"
    works.start()
    client = works.client(ringing=False)
    job_id = client.submit(LyricRequest(theme="rain"))
    until(lambda: client.job(job_id).status == "done")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_in_the_middle_gives_the_job_back(works: Works, number: signal.Signals) -> None:
    worker = works.start(lines=600, seconds_per_line=0.1, hears=False)
    client = works.client(ringing=False)
    job_id = client.submit(LyricRequest(theme="rain"))
    until(lambda: client.job(job_id).words)
    worker.send_signal(number)
    assert worker.wait(MOST_SECONDS) == 0
    job = client.job(job_id)
    assert (job.status, job.attempts, job.lease_token) == ("queued", 0, None)


def test_a_stop_lets_jobs_finish_that_are_nearly_ready(works: Works) -> None:
    worker = works.start(lines=100, seconds_per_line=0.05, hears=False, grace_seconds=MOST_SECONDS)
    client = works.client(ringing=False)
    jobs = [client.submit(LyricRequest(theme="rain")) for _ in range(3)]
    until(lambda: all(client.job(job_id).words for job_id in jobs[:2]))
    worker.terminate()
    assert worker.wait(MOST_SECONDS) == 0
    assert [client.job(job_id).status for job_id in jobs] == ["done", "done", "queued"]


def test_a_second_signal_gives_the_jobs_back_at_once(works: Works) -> None:
    worker = works.start(lines=600, seconds_per_line=0.1, hears=False, grace_seconds=MOST_SECONDS * 2)
    client = works.client(ringing=False)
    job_id = client.submit(LyricRequest(theme="rain"))
    until(lambda: client.job(job_id).words)
    worker.terminate()
    time.sleep(0.3)
    assert worker.poll() is None
    worker.terminate()
    assert worker.wait(MOST_SECONDS) == 0
    assert (client.job(job_id).status, client.job(job_id).attempts) == ("queued", 0)


def test_a_worker_is_seen_while_it_is_there(works: Works) -> None:
    worker = works.start(hears=False, worker_threads=5)

    def seen() -> tuple[LiveWorker, ...]:
        with works.store.reading() as session:
            return workers.live(session, utc_now())

    until(seen)
    assert [(one.owner.pid, one.slots, one.running, one.device) for one in seen()] == [(worker.pid, 5, 0, "cpu")]
    worker.terminate()
    assert worker.wait(MOST_SECONDS) == 0
    assert seen() == ()


def test_rings_and_sweeps_together_run_as_many_jobs_as_there_are_slots(works: Works) -> None:
    works.start(lines=8, seconds_per_line=0.05, worker_threads=3)
    client = works.client(ringing=True)
    jobs = [client.submit(LyricRequest(theme="rain")) for _ in range(9)]
    most = 0

    def ended() -> bool:
        nonlocal most
        states = [client.job(job_id).status for job_id in jobs]
        most = max(most, states.count("running"))
        return states == ["done"] * 9

    until(ended)
    assert most == 3


def test_a_job_that_stands_still_ends_the_worker_and_its_neighbour_is_not_lost(works: Works) -> None:
    worker = works.start(lines=600, seconds_per_line=0.1, hears=False, stall_seconds=1.0)
    client = works.client(ringing=False)
    hanging, neighbour = (client.submit(LyricRequest(theme=theme)) for theme in ("hang", "rain"))
    _, said = worker.communicate(timeout=MOST_SECONDS)
    assert worker.returncode == STALLED
    assert f"no sign of life for 1 s of job {hanging}" in said
    assert "sing_or_hang" in said
    assert (client.job(hanging).status, client.job(hanging).attempts) == ("running", 1)
    assert (client.job(neighbour).status, client.job(neighbour).attempts) == ("queued", 0)
    works.start(hears=False)
    until(lambda: client.job(neighbour).status == "done")
    until(lambda: client.job(hanging).attempts == 2)


def test_after_a_kill_in_the_middle_another_worker_finishes_the_job_once(works: Works) -> None:
    worker = works.start(lines=600, seconds_per_line=0.1)
    client = works.client(ringing=True)
    job_id = client.submit(LyricRequest(theme="rain"))
    until(lambda: client.job(job_id).words)
    worker.kill()
    worker.wait(MOST_SECONDS)
    assert client.job(job_id).status == "running"
    works.start()
    until(lambda: client.job(job_id).ended)
    job = client.job(job_id)
    assert (job.status, job.attempts) == ("done", 2)
    assert client.song(job_id).title == "Rain"


def test_a_deaf_job_is_given_back_and_what_it_makes_later_is_dropped(sqlite_store: Store) -> None:
    settings = Settings(database_url="sqlite://", models_dir=Path())
    client = Client(settings, store=sqlite_store)
    job_id = client.submit(LyricRequest(theme="rain", seed=1))
    shifts: list[Shift] = []

    class Deaf:
        def __call__(self, request: LyricRequest, seed: int, *_: object) -> GeneratedSong:
            shifts[0].stop()
            shifts[0].give_back()
            return echoed(request, seed)

    shifts.append(Shift(sqlite_store, Deaf(), settings))  # type: ignore[arg-type]  # a generator that asks nothing
    shifts[0].run_next()
    assert client.job(job_id).status == "queued"
    assert Shift(sqlite_store, EchoSong(), settings).run_next() == job_id
    assert client.job(job_id).status == "done"


def test_a_shift_that_was_stopped_begins_nothing(sqlite_store: Store) -> None:
    settings = Settings(database_url="sqlite://", models_dir=Path())
    job_id = Client(settings, store=sqlite_store).submit(LyricRequest(theme="rain"))
    shift = Shift(sqlite_store, EchoSong(), settings)
    shift.stop()
    assert shift.run_next() is None
    assert Client(settings, store=sqlite_store).job(job_id).status == "queued"


def test_models_that_cannot_be_opened_end_the_worker_before_any_job(sqlite_store: Store) -> None:
    url = sqlite_store.engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, models_dir=Path())
    client = Client(settings, store=sqlite_store)
    job_id = client.submit(LyricRequest(theme="rain"))

    class Damaged:
        def __call__(self, *_: object) -> GeneratedSong:
            raise CheckpointError("the model is damaged; fetch it again")

    with pytest.raises(CheckpointError, match="damaged"):
        run_worker(settings, generator=lambda *_: Damaged())
    assert client.job(job_id).status == "queued"


def test_a_stop_during_the_warm_up_ends_the_worker(sqlite_store: Store) -> None:
    url = sqlite_store.engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, models_dir=Path())
    ready: list[str] = []

    class Slow(EchoSong):
        def __call__(self, *arguments: object) -> GeneratedSong:
            signal.raise_signal(signal.SIGTERM)
            arguments[2](Progress(stage="lyrics"))  # type: ignore[operator]  # report
            raise AssertionError("it went on")

    run_worker(settings, generator=lambda *_: Slow(), when_ready=ready.append)
    assert not ready
