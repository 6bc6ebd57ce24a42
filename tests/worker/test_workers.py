"""Which workers are at work: as they show themselves, and as the janitor leaves them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.contract import LyricRequest
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import EchoSong
from worker.janitor import Janitor
from worker.owner import Owner, this_process
from worker.presence import Presence
from worker.settings import Settings
from worker.store import jobs, recovery, workers
from worker.store.database import Store
from worker.store.identifiers import new_id
from worker.store.jobs import Job
from worker.store.tables import WorkerRow
from worker.store.workers import LiveWorker
from worker.tasks import Shift

SETTINGS = Settings(database_url="sqlite://", models_dir=Path(), worker_threads=3)


def show(store: Store, clock: WoundClock, worker_id: str, owner: Owner | None = None, running: int = 0) -> None:
    with store.writing() as session:
        workers.announce(
            session,
            worker_id,
            owner or this_process(),
            device="cuda:0",
            slots=8,
            running=running,
            model_versions={"lyrics": "v1"},
            now=clock(),
        )


def live(store: Store, clock: WoundClock) -> tuple[LiveWorker, ...]:
    with store.reading() as session:
        return workers.live(session, clock())


def test_a_worker_is_live_from_its_first_announcement_and_shows_its_last(store: Store, clock: WoundClock) -> None:
    worker_id = new_id(clock())
    began = clock.now
    show(store, clock, worker_id)
    clock.wind(20)
    show(store, clock, worker_id, running=5)
    clock.wind(29)
    (worker,) = live(store, clock)
    assert (worker.id, worker.owner, worker.device) == (worker_id, this_process(), "cuda:0")
    assert (worker.slots, worker.running, worker.model_versions) == (8, 5, {"lyrics": "v1"})
    assert 0 <= (worker.started_at - began).total_seconds() < 1
    assert 19 < (worker.seen_at - worker.started_at).total_seconds() < 21


def test_a_worker_that_left_or_is_silent_or_was_killed_is_not_live(store: Store, clock: WoundClock) -> None:
    left, silent, killed = (new_id(clock()) for _ in range(3))
    show(store, clock, silent)
    clock.wind(31)
    show(store, clock, left)
    show(store, clock, killed, owner=replace(this_process(), started="1"))
    assert [worker.id for worker in live(store, clock)] == [left]
    with store.writing() as session:
        workers.leave(session, left)
    assert live(store, clock) == ()


def test_a_worker_shows_what_it_runs_and_leaves(store: Store, clock: WoundClock) -> None:
    class Device(EchoSong):
        device = "cuda:0 H200"

        def model_versions(self) -> dict[str, str]:
            return {"melody": "v2"}

    shift = Shift(store, Device(), SETTINGS)
    presence = Presence(store, shift, Device(), clock=clock)
    presence.show()
    (worker,) = live(store, clock)
    assert (worker.slots, worker.running, worker.device) == (3, 0, "cuda:0 H200")
    assert worker.model_versions == {"melody": "v2"}
    clock.wind(1)
    presence.show()  # not yet time
    assert live(store, clock)[0].seen_at == worker.seen_at
    presence.leave()
    assert live(store, clock) == ()
    shift.close()


def claimed(store: Store, clock: WoundClock, owner: Owner) -> Job:
    with store.writing() as session:
        jobs.submit(session, LyricRequest(theme="rain"), now=clock())
        job = jobs.claim(session, owner=owner, now=clock(), lease_seconds=60)
    assert job is not None
    return job


def status(store: Store, job: Job) -> str:
    with store.reading() as session:
        return jobs.get(session, job.id).status


def test_the_janitor_puts_back_what_nobody_runs_and_leaves_what_somebody_does(store: Store, clock: WoundClock) -> None:
    running = claimed(store, clock, this_process())
    killed = claimed(store, clock, replace(this_process(), started="1"))
    elsewhere = claimed(store, clock, Owner("another machine", 1, "1"))
    Janitor(store, SETTINGS, clock=clock).recover_jobs()
    assert [status(store, job) for job in (running, killed, elsewhere)] == ["running", "queued", "running"]
    clock.wind(61)
    Janitor(store, SETTINGS, clock=clock).recover_jobs()
    assert [status(store, job) for job in (running, killed, elsewhere)] == ["queued"] * 3


def test_the_janitor_writes_nothing_while_all_is_in_order_and_looks_but_now_and_then(
    sqlite_store: Store, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed(sqlite_store, clock, this_process())
    looks: list[str] = []
    owned = recovery.owned_unfinished
    monkeypatch.setattr(recovery, "return_expired", lambda *_, **__: pytest.fail("wrote"))
    monkeypatch.setattr(recovery, "owned_unfinished", lambda *given: looks.append("look") or owned(*given))
    janitor = Janitor(sqlite_store, SETTINGS, clock=clock)
    for _ in range(5):
        janitor.recover_jobs()
    assert looks == ["look"]


def test_the_janitor_forgets_workers_of_long_ago(store: Store, clock: WoundClock) -> None:
    show(store, clock, new_id(clock()))
    clock.wind(3500)
    Janitor(store, SETTINGS, clock=clock).forget()
    assert rows(store) == 1
    clock.wind(200)
    Janitor(store, SETTINGS, clock=clock).forget()
    assert rows(store) == 0


def rows(store: Store) -> int:
    with store.reading() as session:
        return session.scalar(select(func.count()).select_from(WorkerRow)) or 0
