"""The jobs of one process: several at once, never more than there are slots, each told of and each given back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import update

from engine.contract import LyricRequest, Progress
from engine.errors import RequestError
from tests.worker.echo_song import EchoSong, echoed, theme_of
from worker.clock import utc_now
from worker.settings import Settings
from worker.store import jobs
from worker.store.database import Store, StoreError
from worker.store.fair_queue import TRAINING
from worker.store.jobs import Job
from worker.store.songs import GeneratedSong
from worker.store.tables import JobRow
from worker.tasks import Shift, default_slots

Report = Callable[[Progress], None]
Cancelled = Callable[[], bool]


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


class Band:
    """Sings when it is told to go on; asks now and then whether it is to stop. A theme "deaf" is sung without asking."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.logged: list[Mapping[str, Any]] = []

    def __call__(self, request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        self.logged.append(structlog.contextvars.get_contextvars())
        report(Progress(stage="lyrics"))
        while not self.go_on.wait(0.01):
            if theme_of(request) != "deaf":
                report(Progress(stage="lyrics"))
        return echoed(request, seed)


class Notes:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.began: list[tuple[str, float]] = []
        self.ended: list[tuple[str, str, str | None, float, Mapping[str, float]]] = []

    def job_began(self, job: Job, waited_seconds: float) -> None:
        self.began.append((job.id, waited_seconds))

    def job_ended(
        self, job: Job, status: str, error_kind: str | None, seconds: float, stage_seconds: Mapping[str, float]
    ) -> None:
        self.ended.append((job.id, status, error_kind, seconds, stage_seconds))


class Hall:
    """A store, a shift on it, and what happened."""

    def __init__(self, store: Store, **settings: Any) -> None:
        self.store, self.band, self.notes = store, Band(), Notes()
        self.settings = Settings(database_url="sqlite://", models_dir=Path(), **settings)
        self.shift = Shift(store, self.band, self.settings, observer=self.notes)

    def ask(self, theme: str = "rain", priority: int = 0) -> str:
        with self.store.writing() as session:
            return jobs.submit(session, LyricRequest(theme=theme), now=utc_now(), priority=priority).id

    def job(self, job_id: str) -> Job:
        with self.store.reading() as session:
            return jobs.get(session, job_id)

    def states(self, *job_ids: str) -> list[str]:
        return [self.job(job_id).status for job_id in job_ids]

    def finish(self) -> None:
        self.band.go_on.set()
        assert self.shift.is_over(20)


@pytest.fixture
def hall(store: Store) -> Iterator[Hall]:
    with opened(store, worker_threads=2) as hall:
        yield hall


@contextmanager
def opened(store: Store, **settings: Any) -> Iterator[Hall]:
    hall = Hall(store, **settings)
    yield hall
    hall.band.go_on.set()
    hall.shift.stop()
    assert hall.shift.is_over(20)
    hall.shift.close()


def test_jobs_run_at_the_same_time_and_no_more_than_there_are_slots(hall: Hall) -> None:
    first, second, third = hall.ask(), hall.ask(), hall.ask()
    assert hall.shift.fill() == 2
    assert hall.states(first, second, third) == ["running", "running", "queued"]
    assert (hall.shift.running(), set(hall.shift.running_ids())) == (2, {first, second})
    assert hall.shift.fill() == 0
    assert hall.shift.run_next() is None  # a ring: no slot is free
    hall.finish()
    assert hall.shift.running() == 0
    assert hall.shift.run_next() == third
    assert hall.states(first, second, third) == ["done"] * 3


def test_rings_and_fills_from_many_threads_stay_within_the_slots(hall: Hall) -> None:
    asked = [hall.ask() for _ in range(6)]
    rings = [threading.Thread(target=hall.shift.run_next) for _ in range(5)]
    for ring in rings:
        ring.start()
    hall.shift.fill()
    until(lambda: hall.shift.running() == 2)
    assert hall.states(*asked).count("running") == 2
    hall.finish()
    for ring in rings:
        ring.join(20)


def test_a_job_that_ends_wakes_whoever_waits_for_a_slot(hall: Hall) -> None:
    hall.ask()
    hall.shift.fill()
    hall.shift.wait_for_slot(0)
    woken = threading.Thread(target=hall.shift.wait_for_slot, args=(3600,))
    woken.start()
    hall.finish()
    woken.join(20)
    assert not woken.is_alive()


def test_where_nothing_waits_there_is_a_rest(hall: Hall) -> None:
    hall.shift.fill()
    began = time.monotonic()
    hall.shift.wait_for_slot(0.2)
    assert time.monotonic() - began >= 0.2


def test_a_host_may_say_how_many_and_else_it_is_by_the_machine(sqlite_store: Store) -> None:
    assert Hall(sqlite_store, worker_threads=7).shift.slots == 7
    assert Hall(sqlite_store).shift.slots == default_slots() >= 1


def test_training_never_has_the_last_slot(hall: Hall) -> None:
    training = [hall.ask(priority=TRAINING) for _ in range(2)]
    assert hall.shift.fill() == 1
    song = hall.ask()
    assert hall.shift.fill() == 1
    assert hall.states(*training, song) == ["running", "queued", "running"]


def test_a_job_at_its_last_attempt_runs_alone(hall: Hall) -> None:
    """Or whatever ends its worker each time would take the attempts of its neighbours with it."""
    suspect = hall.ask("suspect")
    with hall.store.writing() as session:
        session.execute(update(JobRow).where(JobRow.id == suspect).values(attempts=hall.settings.max_attempts - 2))
    hall.shift.fill()
    until(lambda: hall.shift.running() == 1)  # its last but one: still beside others
    hall.ask("beside")
    assert hall.shift.fill() == 1
    hall.band.go_on.set()
    until(lambda: hall.shift.running() == 0)
    hall.band.go_on.clear()

    hall.ask("neighbour")
    hall.shift.fill()
    last = hall.ask("last", priority=-1)
    with hall.store.writing() as session:
        session.execute(update(JobRow).where(JobRow.id == last).values(attempts=hall.settings.max_attempts - 1))
    hall.ask("behind")
    assert hall.shift.fill() == 0, "it waits for the neighbour, and nobody goes before it"
    hall.band.go_on.set()
    until(lambda: hall.shift.running() == 0)
    hall.band.go_on.clear()
    assert hall.shift.fill() == 1
    assert hall.shift.running_ids() == (last,)
    hall.band.go_on.set()
    until(lambda: hall.shift.running() == 0)
    assert hall.shift.fill() == 1


def test_where_there_is_one_slot_training_has_it(sqlite_store: Store) -> None:
    with opened(sqlite_store, worker_threads=1) as hall:
        training = hall.ask(priority=TRAINING)
        assert hall.shift.fill() == 1
        assert hall.states(training) == ["running"]


def test_what_is_logged_during_a_job_names_it(hall: Hall) -> None:
    first, second = hall.ask(), hall.ask()
    hall.shift.fill()
    until(lambda: len(hall.band.logged) == 2)
    assert {logged["job_id"] for logged in hall.band.logged} == {first, second}
    hall.finish()
    assert "job_id" not in structlog.contextvars.get_contextvars()


def test_a_closing_shift_lets_its_jobs_finish_and_begins_no_other(hall: Hall) -> None:
    first, second = hall.ask(), hall.ask()
    hall.shift.fill()
    third = hall.ask()
    hall.shift.begin_no_more()
    assert hall.shift.is_stopping()
    assert not hall.shift.is_over(0.05)
    hall.finish()
    assert hall.shift.fill() == 0
    assert hall.states(first, second, third) == ["done", "done", "queued"]


def test_a_stop_gives_all_jobs_back_at_their_next_sign_of_life(hall: Hall) -> None:
    asked = [hall.ask(), hall.ask()]
    hall.shift.fill()
    until(lambda: len(hall.band.logged) == 2)
    hall.shift.stop()
    assert hall.shift.is_over(20)
    assert hall.states(*asked) == ["queued"] * 2
    assert [hall.job(job_id).attempts for job_id in asked] == [0, 0]
    assert [ended[1] for ended in hall.notes.ended] == ["returned", "returned"]


def test_a_deaf_job_is_given_back_without_its_thread(hall: Hall) -> None:
    job_id = hall.ask("deaf")
    hall.shift.fill()
    until(lambda: hall.band.logged)
    hall.shift.stop()
    assert not hall.shift.is_over(0.05)
    hall.shift.give_back()
    assert hall.states(job_id) == ["queued"]
    hall.finish()
    assert hall.states(job_id) == ["queued"]
    assert [ended[1] for ended in hall.notes.ended] == ["lost"]


def test_the_observer_is_told_of_every_job_how_long_it_waited_and_how_it_ended(sqlite_store: Store) -> None:
    def sing(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        if theme_of(request) == "refused":
            raise RequestError("too loud")
        report(Progress(stage="lyrics"))
        time.sleep(0.05)
        report(Progress(stage="melody"))
        time.sleep(0.02)
        return echoed(request, seed)

    hall = Hall(sqlite_store)
    shift = Shift(sqlite_store, sing, hall.settings, observer=hall.notes)
    done, refused = hall.ask(), hall.ask("refused")
    time.sleep(0.05)
    assert [shift.run_next(), shift.run_next()] == [done, refused]
    shift.close()
    assert [job_id for job_id, _ in hall.notes.began] == [done, refused]
    assert all(0.05 <= waited < 20 for _, waited in hall.notes.began)
    (_, status, kind, seconds, stages), (_, *failed) = hall.notes.ended
    assert (status, kind) == ("done", None)
    assert failed[:2] == ["failed", "request"]
    assert set(stages) == {"lyrics", "melody"}
    assert stages["lyrics"] >= 0.05
    assert stages["melody"] >= 0.02
    assert sum(stages.values()) <= seconds


@pytest.mark.parametrize("theme", ["rain", "asks"])
def test_a_job_that_takes_too_long_fails_with_a_way_out(store: Store, theme: str) -> None:
    with opened(store, job_seconds=0.1) as hall:

        def sing(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
            if theme_of(request) == "asks":
                until(cancelled)
            return hall.band(request, seed, report, cancelled)

        shift = Shift(store, sing, hall.settings, observer=hall.notes)
        job_id = hall.ask(theme)
        assert shift.run_next() == job_id
        shift.close()
        job = hall.job(job_id)
        assert (job.status, job.error_kind) == ("failed", "deadline")
        assert job.error == (
            "this was not ready after 0.1 seconds, the longest that it may take here; ask for something shorter"
        )
        assert [ended[1:3] for ended in hall.notes.ended] == [("failed", "deadline")]


def test_training_has_no_deadline(sqlite_store: Store) -> None:
    settings = Settings(database_url="sqlite://", models_dir=Path(), job_seconds=0.01)
    shift = Shift(sqlite_store, EchoSong(lines=3, seconds_per_line=0.02), settings)
    job_id = Hall(sqlite_store).ask(priority=TRAINING)
    assert shift.run_next() == job_id
    shift.close()
    assert Hall(sqlite_store).states(job_id) == ["done"]


def test_an_end_that_cannot_be_written_frees_the_slot_and_leaves_the_job_to_its_lease(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full; make room")

    monkeypatch.setattr(jobs, "finish", full)
    monkeypatch.setattr(jobs, "fail", full)
    job_id = hall.ask()
    hall.band.go_on.set()
    assert hall.shift.run_next() == job_id
    assert hall.states(job_id) == ["running"]
    assert "the disk is full" in caplog.text
    assert [ended[1] for ended in hall.notes.ended] == ["lost"]
    assert hall.shift.running() == 0
