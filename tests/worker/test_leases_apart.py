"""What one job of a process cannot write costs its neighbours nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.contract import Progress, SongRequest
from tests.worker.conftest import WoundClock
from worker.lease import LeaseKeeper, LeaseTerms
from worker.owner import this_process
from worker.store import jobs
from worker.store.database import Store
from worker.store.jobs import Job


def test_progress_that_cannot_be_written_costs_the_neighbour_no_lease(
    store: Store, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (_claimed(store, clock) for _job in range(2))
    write = jobs.progress

    def progress(*arguments: Any, words: str, **more: Any) -> bool:
        if words == "unwritable":  # as a NUL is in PostgreSQL
            raise ValueError("this cannot be stored")
        return write(*arguments, words=words, **more)

    monkeypatch.setattr(jobs, "progress", progress)
    with (
        LeaseKeeper(store, clock=clock, terms=LeaseTerms(60, 20)) as keeper,
        keeper.held(bad) as one,
        keeper.held(good) as other,
    ):
        one.report(Progress(stage="lyrics", text="unwritable"))
        clock.wind(30)
        other.report(Progress(stage="lyrics", text="la"))
        end = time.monotonic() + 20
        while (now := _found(store, good)).words != "la":
            assert time.monotonic() < end, "the neighbour's progress was not written"
            time.sleep(0.02)
    assert now.lease_expires_at is not None
    assert good.lease_expires_at is not None
    assert now.lease_expires_at > good.lease_expires_at


def _claimed(store: Store, clock: WoundClock) -> Job:
    with store.writing() as session:
        jobs.submit(session, SongRequest(theme="rain"), now=clock())
        job = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60)
    assert job is not None
    return job


def _found(store: Store, job: Job) -> Job:
    with store.reading() as session:
        return jobs.get(session, job.id)
