"""The numbers of the queue are those of its rows, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.contract import LyricRequest, Request, SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker.owner import this_process
from worker.store import deliveries, jobs, queue_state, ratings, workers
from worker.store.database import Store
from worker.store.deliveries import NewDelivery
from worker.store.jobs import Job
from worker.store.ratings import Tally

SONG, WORDS = SongRequest(theme="rain"), LyricRequest(theme="rain")


def submitted(store: Store, clock: WoundClock, request: Request = SONG) -> str:
    with store.writing() as session:
        return jobs.submit(session, request, now=clock()).id


def claimed(store: Store, clock: WoundClock, job_id: str) -> Job:
    with store.writing() as session:
        job = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60, among=[job_id])
    assert job is not None
    return job


def made(store: Store, clock: WoundClock) -> str:
    """Return the id of a new song."""
    job = claimed(store, clock, submitted(store, clock))
    with store.writing() as session:
        return jobs.finish(session, job.id, job.lease_token or "", echoed(SONG, 1), now=clock())


def failed(store: Store, clock: WoundClock, kind: str) -> None:
    job = claimed(store, clock, submitted(store, clock))
    with store.writing() as session:
        jobs.fail(session, job.id, job.lease_token or "", error="no", kind=kind, now=clock())


def test_an_empty_store_has_nothing(store: Store, clock: WoundClock) -> None:
    with store.reading() as session:
        state = queue_state.read(session, clock())
    assert (state.queued, state.running, state.failed_lately) == ({}, {}, {})
    assert (state.oldest_queued_seconds, state.done_lately, state.cancelled_lately) == (0, 0, 0)
    assert (state.open_deliveries, state.workers, state.slots, state.slots_used, state.songs) == (0, 0, 0, 0, 0)
    assert state.ratings == Tally(0, None)


def test_waiting_and_running_are_counted_by_priority_and_kind_and_the_oldest_is_the_one_that_waits(
    store: Store, clock: WoundClock
) -> None:
    first = submitted(store, clock)
    clock.wind(10)
    submitted(store, clock)
    submitted(store, clock, WORDS)
    claimed(store, clock, first)
    clock.wind(30)
    with store.reading() as session:
        state = queue_state.read(session, clock())
    assert {kind: count for (_, kind), count in state.queued.items()} == {"song": 1, "lyrics": 1}
    assert {kind: count for (_, kind), count in state.running.items()} == {"song": 1}
    assert state.oldest_queued_seconds == pytest.approx(30, abs=0.01)


def test_what_ended_is_counted_for_an_hour_by_how(store: Store, clock: WoundClock) -> None:
    failed(store, clock, "bug")
    made(store, clock)
    clock.wind(3000)
    for kind in ("bug", "bug", "request"):
        failed(store, clock, kind)
    made(store, clock)
    given_up = submitted(store, clock)
    with store.writing() as session:
        jobs.request_cancel(session, given_up, now=clock())
        early = queue_state.read(session, clock())
        late = queue_state.read(session, clock() + timedelta(seconds=1200))
        short = queue_state.read(session, clock(), lately=timedelta(seconds=60))
    assert (early.failed_lately, early.done_lately, early.cancelled_lately) == ({"bug": 3, "request": 1}, 2, 1)
    assert (late.failed_lately, late.done_lately, late.cancelled_lately) == ({"bug": 2, "request": 1}, 1, 1)
    assert short.done_lately == 1
    assert (late.songs, late.queued) == (2, {})


def test_ratings_workers_and_open_deliveries_are_those_of_now(store: Store, clock: WoundClock) -> None:
    song = made(store, clock)
    new = NewDelivery(
        application_id="1", layout="song", member="2", server=None, channel_id="3", message_id="4", interaction_token=None,
        token_expires_at=None, private=False, reachable=True, locale="en",
    )  # fmt: skip
    waiting = submitted(store, clock)
    with store.writing() as session:
        for rater, stars in (("a", 5), ("b", 2)):
            ratings.rate(session, song, rater=rater, stars=stars, now=clock())
        deliveries.add(session, new, [waiting], clock())
        for number, running in (("1", 0), ("2", 3)):
            workers.announce(
                session, number, this_process(), device="cpu", slots=4, running=running, model_versions={}, now=clock()
            )
    with store.reading() as session:
        state = queue_state.read(session, clock())
        later = queue_state.read(session, clock() + timedelta(seconds=31))
    assert state.ratings == Tally(2, 3.5)
    assert state.open_deliveries == 1
    assert (state.workers, state.slots, state.slots_used) == (2, 8, 3)
    assert (later.workers, later.slots, later.slots_used) == (0, 0, 0)
