"""Promises of tuning runs in the store: one at a time, claimed once, given back when silent, and ended for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import RequestError
from engine.roles import Role
from tests.worker.conftest import WoundClock
from worker.store import tunings
from worker.store.database import Store
from worker.store.jobs import LeaseLost
from worker.store.tables import SnapshotRow
from worker.store.tunings import Tuning

LEASE = 60.0


@pytest.fixture
def snapshot_id(store: Store, clock: WoundClock) -> str:
    with store.writing() as session:
        session.add(SnapshotRow(id="snapshot", digest="d", path="/s", statistics={}, created_at=clock()))
    return "snapshot"


def queued(store: Store, clock: WoundClock, snapshot_id: str, role: Role = "lyrics") -> Tuning:
    with store.writing() as session:
        return tunings.queue(
            session, role=role, snapshot_id=snapshot_id, parent_digest="p", runs_dir=Path("/runs"), request={}, now=clock()
        )  # fmt: skip


def claimed(store: Store, clock: WoundClock) -> Tuning | None:
    with store.writing() as session:
        return tunings.claim(session, now=clock(), lease_seconds=LEASE)


def now(store: Store, run_id: str) -> Tuning:
    with store.reading() as session:
        return tunings.get(session, run_id)


def test_a_run_is_claimed_once_and_no_other_runs_beside_it(store: Store, clock: WoundClock, snapshot_id: str) -> None:
    first, second = queued(store, clock, snapshot_id), queued(store, clock, snapshot_id, "melody")
    taken = claimed(store, clock)
    assert taken is not None
    assert (taken.id, taken.status, taken.attempts) == (first.id, "running", 1)
    assert claimed(store, clock) is None
    with store.writing() as session:
        tunings.fail(session, taken, "it broke", now=clock())
    following = claimed(store, clock)
    assert following is not None
    assert following.id == second.id


def test_a_role_has_one_run_under_way(store: Store, clock: WoundClock, snapshot_id: str) -> None:
    one = queued(store, clock, snapshot_id)
    with pytest.raises(RequestError, match=f"songwright tunings cancel {one.id}"):
        queued(store, clock, snapshot_id)
    with store.writing() as session:
        tunings.cancel(session, one.id, now=clock())
    assert queued(store, clock, snapshot_id).id != one.id
    with pytest.raises(RequestError, match="lyrics, melody"):
        queued(store, clock, snapshot_id, "chinese")


def test_a_silent_run_waits_again_and_its_former_worker_can_write_nothing(
    store: Store, clock: WoundClock, snapshot_id: str
) -> None:
    queued(store, clock, snapshot_id)
    former = claimed(store, clock)
    assert former is not None
    clock.wind(LEASE / 2)
    with store.writing() as session:
        assert tunings.give_back_expired(session, now=clock(), most_attempts=3) == []
        tunings.keep(session, former, now=clock(), lease_seconds=LEASE, done=5, total=10)
    clock.wind(LEASE + 1)
    with store.writing() as session:
        (back,) = tunings.give_back_expired(session, now=clock(), most_attempts=3)
    assert (back.status, back.done, back.total, back.folder) == ("queued", 5, 10, former.folder)
    later = claimed(store, clock)
    assert later is not None
    assert later.attempts == 2
    for act in (
        lambda session: tunings.keep(session, former, now=clock(), lease_seconds=LEASE, done=9, total=10),
        lambda session: tunings.fail(session, former, "no", now=clock()),
        lambda session: tunings.release(session, former),
    ):
        with pytest.raises(LeaseLost), store.writing() as session:
            act(session)
    assert now(store, later.id) == later


def test_after_the_last_attempt_a_silent_run_has_failed(store: Store, clock: WoundClock, snapshot_id: str) -> None:
    one = queued(store, clock, snapshot_id)
    for _ in range(2):
        assert claimed(store, clock) is not None
        clock.wind(LEASE + 1)
        with store.writing() as session:
            tunings.give_back_expired(session, now=clock(), most_attempts=2)
    failed = now(store, one.id)
    assert (failed.status, failed.finished_at is not None) == ("failed", True)
    assert "2 times" in str(failed.error)
    assert claimed(store, clock) is None


def test_what_was_released_has_its_attempt_back(store: Store, clock: WoundClock, snapshot_id: str) -> None:
    one = queued(store, clock, snapshot_id)
    taken = claimed(store, clock)
    assert taken is not None
    with store.writing() as session:
        tunings.release(session, taken)
    assert (now(store, one.id).status, now(store, one.id).attempts) == ("queued", 0)


def test_a_cancelled_run_is_over_for_whoever_carries_it_out(store: Store, clock: WoundClock, snapshot_id: str) -> None:
    queued(store, clock, snapshot_id)
    taken = claimed(store, clock)
    assert taken is not None
    with store.writing() as session:
        assert tunings.cancel(session, taken.id, now=clock()).status == "cancelled"
    with pytest.raises(LeaseLost), store.writing() as session:
        tunings.keep(session, taken, now=clock(), lease_seconds=LEASE, done=1, total=2)
    with pytest.raises(RequestError, match="cancelled already"), store.writing() as session:
        tunings.cancel(session, taken.id, now=clock())
    with store.reading() as session:
        assert tunings.under_way(session) == ()
        assert [run.id for run in tunings.all_of(session)] == [taken.id]
