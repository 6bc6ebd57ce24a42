"""The same flow on every pair of broker and database, with real servers and real worker processes."""

from __future__ import annotations

import time

from sqlalchemy import update

from tests.flows.crew import Crew, expected_bytes, until
from tests.flows.timed_song import timed_request
from worker.store.tables import JobRow

ONE_AT_A_TIME = {"SONGWRIGHT_WORKER_THREADS": "1"}


def test_jobs_are_done_once_in_their_order_and_a_ring_is_answered_at_once(pair: Crew) -> None:
    waiting = [pair.client.submit(timed_request(f"song{number}", 0), requested_by="ada") for number in range(5)]
    with pair.client.store.writing() as session:  # one that can wait, as training can
        session.execute(update(JobRow).where(JobRow.id == waiting[0]).values(priority=2))
    pair.start(**ONE_AT_A_TIME)
    until(lambda: all(job.ended for job in pair.jobs()))
    began = time.monotonic()
    for number in range(3):  # each is asked for when nothing waits any more, so that it takes a ring, or a poll
        rung = pair.client.submit(timed_request(f"rung{number}", 0))
        until(lambda rung=rung: pair.client.job(rung).ended)
    assert time.monotonic() - began < 10
    done = {job.id: job for job in pair.jobs()}
    assert {(job.status, job.attempts) for job in done.values()} == {("done", 1)}
    in_order = sorted(waiting, key=lambda job_id: done[job_id].started_at or 0)
    assert in_order == [*waiting[1:], waiting[0]]
    assert pair.songs() == {job.id: [expected_bytes(job)] for job in done.values()}
    assert set(pair.made().values()) == {1}


def test_a_waiting_and_a_running_job_are_cancelled_and_free_their_place(pair: Crew) -> None:
    pair.start(**ONE_AT_A_TIME)
    running = pair.client.submit(timed_request("running", 60))
    until(lambda: pair.client.job(running).words)
    waiting = pair.client.submit(timed_request("waiting", 60))
    assert pair.client.cancel(waiting).status == "cancelled"
    pair.client.cancel(running)
    until(lambda: pair.client.job(running).status == "cancelled", seconds=5)
    after = pair.client.submit(timed_request("after", 0))
    until(lambda: pair.client.job(after).status == "done")
    assert set(pair.songs()) == {after}


def test_neither_a_stop_nor_a_kill_loses_a_job(pair: Crew) -> None:
    first = pair.start()
    job_id = pair.client.submit(timed_request("song", 60))
    until(lambda: pair.client.job(job_id).words)
    assert pair.stop(first) == 0
    job = pair.client.job(job_id)
    assert (job.status, job.attempts, job.lease_token) == ("queued", 0, None)

    second = pair.start()  # finds it without a ring
    until(lambda: pair.client.job(job_id).status == "running")
    until(lambda: pair.client.job(job_id).words)
    pair.kill(second)
    assert pair.client.job(job_id).status == "running"
    with pair.client.store.writing() as session:  # nobody wants to wait for a minute
        short = timed_request("song", 0).model_dump(mode="json")
        session.execute(update(JobRow).where(JobRow.id == job_id).values(request=short))

    pair.start()
    until(lambda: pair.client.job(job_id).ended)
    job = pair.client.job(job_id)
    assert (job.status, job.attempts) == ("done", 2)
    assert pair.songs() == {job_id: [expected_bytes(job)]}
    assert pair.made() == {"song takes 0.00": 1}
