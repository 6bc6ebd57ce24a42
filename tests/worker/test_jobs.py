"""Jobs in the store, on both databases: given once, kept by lease, ended once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.contract import Artifact, LyricRequest, SongRequest
from engine.errors import RequestError
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker.owner import Owner, this_process
from worker.store import jobs, queue_times, recovery, songs
from worker.store.database import Store
from worker.store.jobs import ENDED, Job, LeaseLost

LEASE_SECONDS = 60.0
REQUEST = SongRequest(theme="rain", seed=7)


def submit(store: Store, clock: WoundClock, request: LyricRequest = REQUEST, owner: Owner | None = None) -> Job:
    with store.writing() as session:
        return jobs.submit(session, request, now=clock(), owner=owner)


def claim(store: Store, clock: WoundClock, among: tuple[str, ...] | None = None) -> Job | None:
    now = clock()
    with store.writing() as session:
        recovery.return_expired(session, now=now, max_attempts=3)
        return jobs.claim(session, owner=this_process(), now=now, lease_seconds=LEASE_SECONDS, among=among)


def claimed(store: Store, clock: WoundClock) -> tuple[Job, str]:
    submit(store, clock)
    job = claim(store, clock)
    assert job is not None
    assert job.lease_token is not None
    return job, job.lease_token


def now_is(store: Store, job: Job) -> Job:
    with store.reading() as session:
        return jobs.get(session, job.id)


def finish(store: Store, clock: WoundClock, job: Job, token: str) -> str:
    with store.writing() as session:
        return jobs.finish(session, job.id, token, echoed(REQUEST, job.seed), now=clock())


def song_count(store: Store) -> int:
    with store.reading() as session:
        return len(songs.newest(session, count=100))


def test_a_submitted_job_is_stored_as_it_was_asked(store: Store, clock: WoundClock) -> None:
    with store.writing() as session:
        job = jobs.submit(session, REQUEST, now=clock(), requested_by="ann", server="harbour")
    assert now_is(store, job) == job
    assert (job.status, job.attempts, job.seed, job.requested_by, job.server) == ("queued", 0, 7, "ann", "harbour")
    assert job.parsed_request() == REQUEST
    assert job.created_at == clock.now
    assert job.created_at.utcoffset() == timedelta(0)


def test_the_seed_is_chosen_once_at_submit(store: Store, clock: WoundClock) -> None:
    seeds = {submit(store, clock, LyricRequest(theme="rain")).seed for _ in range(5)}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_an_unknown_job_is_a_request_error(store: Store) -> None:
    with store.reading() as session, pytest.raises(RequestError, match="no job 'nothing'"):
        jobs.get(session, "nothing")


def test_jobs_are_claimed_in_the_order_of_asking(store: Store, clock: WoundClock) -> None:
    asked = [submit(store, clock).id for _ in range(4)]
    given = [claim(store, clock) for _ in range(5)]
    assert [job and job.id for job in given] == [*asked, None]


def test_a_claim_may_be_restricted_to_some_jobs(store: Store, clock: WoundClock) -> None:
    first, second = submit(store, clock), submit(store, clock)
    job = claim(store, clock, among=(second.id,))
    assert job is not None
    assert job.id == second.id
    assert claim(store, clock, among=()) is None
    assert now_is(store, first).status == "queued"


def test_claim_is_given_once(store: Store, clock: WoundClock) -> None:
    asked = {submit(store, clock).id for _ in range(20)}

    def claim_all(_worker: int) -> list[str]:
        given = []
        while (job := claim(store, clock)) is not None:
            given.append(job.id)
        return given

    with ThreadPoolExecutor(4) as pool:
        given = [job_id for share in pool.map(claim_all, range(4)) for job_id in share]
    # On PostgreSQL a claim passes over rows that others hold and may see an empty queue: another one has the row then.
    assert len(given) == len(set(given))
    assert set(given) == asked


def test_a_claim_begins_a_lease(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    assert job == now_is(store, job)
    assert (job.status, job.attempts, job.owner) == ("running", 1, this_process())
    assert job.started_at == clock.now
    assert job.lease_expires_at == clock.now + timedelta(seconds=LEASE_SECONDS)
    assert token not in repr(job)


def test_progress_is_written_and_renews_the_lease(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    clock.wind(50)
    with store.writing() as session:
        assert not jobs.progress(
            session,
            job.id,
            token,
            stage="lyrics",
            done=3,
            total=16,
            words="rain\n",
            now=clock(),
            lease_seconds=LEASE_SECONDS,
        )
    after = now_is(store, job)
    assert (after.stage, after.done, after.total, after.words) == ("lyrics", 3, 16, "rain\n")
    clock.wind(50)
    assert claim(store, clock) is None


def test_a_heartbeat_renews_the_lease(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    clock.wind(50)
    with store.writing() as session:
        assert not jobs.keep(session, job.id, token, now=clock(), lease_seconds=LEASE_SECONDS)
    beat = clock.now
    clock.wind(50)
    assert claim(store, clock) is None
    assert now_is(store, job).heartbeat_at == beat


def test_an_expired_lease_gives_the_job_to_another(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    clock.wind(LEASE_SECONDS)
    again = claim(store, clock)
    assert again is not None
    assert again.id == job.id
    assert (again.attempts, again.seed, again.words, again.created_at) == (2, job.seed, "", job.created_at)
    assert again.lease_token != token


def test_a_job_left_behind_comes_before_later_ones(store: Store, clock: WoundClock) -> None:
    job, _ = claimed(store, clock)
    submit(store, clock)
    clock.wind(LEASE_SECONDS)
    again = claim(store, clock)
    assert again is not None
    assert again.id == job.id


def test_after_the_last_attempt_a_job_fails_with_a_reason(store: Store, clock: WoundClock) -> None:
    job = submit(store, clock)
    for attempt in (1, 2, 3):
        given = claim(store, clock)
        assert given is not None
        assert given.attempts == attempt
        clock.wind(LEASE_SECONDS + 1)
    assert claim(store, clock) is None
    after = now_is(store, job)
    assert (after.status, after.error_kind) == ("failed", "lost")
    assert after.error is not None
    assert after.error.startswith("the program stopped 3 times")
    assert after.lease_token is None
    assert after.finished_at is not None


def test_a_finished_job_has_its_song_and_files(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    song_id = finish(store, clock, job, token)
    after = now_is(store, job)
    assert (after.status, after.stage, after.lease_token, after.finished_at) == ("done", "done", None, clock.now)
    with store.reading() as session:
        song = songs.find(session, job.id)
        assert song is not None
        assert (song.id, song.job_id) == (song_id, job.id)
        assert songs.artifacts(session, song_id) == echoed(REQUEST, job.seed).artifacts


def test_the_second_writer_loses(store: Store, clock: WoundClock) -> None:
    job, slow_token = claimed(store, clock)
    clock.wind(LEASE_SECONDS)
    again = claim(store, clock)
    assert again is not None
    assert again.lease_token is not None
    with pytest.raises(LeaseLost):
        finish(store, clock, job, slow_token)
    finish(store, clock, again, again.lease_token)
    for token in (slow_token, again.lease_token):
        with pytest.raises(LeaseLost):
            finish(store, clock, job, token)
    assert song_count(store) == 1


def test_two_writers_at_once_make_one_song(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)

    def try_to_finish(_writer: int) -> bool:
        try:
            finish(store, clock, job, token)
        except LeaseLost:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(try_to_finish, range(4))) == [False, False, False, True]
    assert song_count(store) == 1


def test_a_late_writer_whose_lease_nobody_took_still_wins(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    clock.wind(10 * LEASE_SECONDS)
    finish(store, clock, job, token)
    assert now_is(store, job).status == "done"


def test_finishing_is_whole_or_not_at_all(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    twice = (Artifact("song.mid", "audio/midi", b"1"), Artifact("song.mid", "audio/midi", b"2"))
    broken = dataclasses.replace(echoed(REQUEST, 7), artifacts=twice)
    with pytest.raises(IntegrityError), store.writing() as session:
        jobs.finish(session, job.id, token, broken, now=clock())
    assert now_is(store, job) == job
    assert song_count(store) == 0


def test_cancelling_a_waiting_job_ends_it(store: Store, clock: WoundClock) -> None:
    job = submit(store, clock)
    with store.writing() as session:
        jobs.request_cancel(session, job.id, now=clock())
    assert now_is(store, job).status == "cancelled"
    assert claim(store, clock) is None


def test_cancelling_a_running_job_is_told_to_its_worker(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    with store.writing() as session:
        jobs.request_cancel(session, job.id, now=clock())
        assert jobs.unwanted(session, [job.id]) == {job.id}
    assert now_is(store, job).status == "running"
    with store.writing() as session:
        assert jobs.keep(session, job.id, token, now=clock(), lease_seconds=LEASE_SECONDS)
        jobs.cancel(session, job.id, token, now=clock())
    assert now_is(store, job).status == "cancelled"


def test_a_cancelled_job_whose_worker_is_gone_is_not_begun_again(store: Store, clock: WoundClock) -> None:
    job, _ = claimed(store, clock)
    with store.writing() as session:
        jobs.request_cancel(session, job.id, now=clock())
    clock.wind(LEASE_SECONDS)
    assert claim(store, clock) is None
    assert now_is(store, job).status == "cancelled"


def test_a_released_job_waits_in_its_old_place(store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    submit(store, clock)
    with store.writing() as session:
        jobs.release(session, job.id, token)
    assert (now_is(store, job).status, now_is(store, job).attempts) == ("queued", 0)
    again = claim(store, clock)
    assert again is not None
    assert again.id == job.id


def test_the_place_in_the_queue_counts_those_before(store: Store, clock: WoundClock) -> None:
    asked = [submit(store, clock) for _ in range(3)]
    running = claim(store, clock)
    assert running is not None
    assert running.lease_token is not None

    def places() -> list[int | None]:
        with store.reading() as session:
            return [queue_times.position(session, jobs.get(session, job.id)) for job in asked]

    assert places() == [0, 1, 2]
    finish(store, clock, running, running.lease_token)
    assert places() == [None, 1, 2]


ACTS: dict[str, Callable[[Session, str, str, datetime], object]] = {
    "keep": lambda session, job_id, token, now: jobs.keep(session, job_id, token, now=now, lease_seconds=1),
    "progress": lambda session, job_id, token, now: jobs.progress(
        session, job_id, token, stage="x", done=1, total=1, words="", now=now, lease_seconds=1
    ),
    "finish": lambda session, job_id, token, now: jobs.finish(session, job_id, token, echoed(REQUEST, 7), now=now),
    "fail": lambda session, job_id, token, now: jobs.fail(session, job_id, token, error="no", kind="bug", now=now),
    "cancel": lambda session, job_id, token, now: jobs.cancel(session, job_id, token, now=now),
    "release": lambda session, job_id, token, now: jobs.release(session, job_id, token),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", ["unknown", "queued", "running under another", "done", "failed", "cancelled"])
def test_no_act_without_the_lease(act: str, state: str, store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    job_id = "nothing" if state == "unknown" else job.id
    if state == "running under another":
        token = "another"
    elif state != "unknown":
        with store.writing() as session:
            ACTS[{"queued": "release", "done": "finish", "failed": "fail", "cancelled": "cancel"}[state]](
                session, job.id, token, clock()
            )
    before = now_is(store, job)
    with pytest.raises(LeaseLost), store.writing() as session:
        ACTS[act](session, job_id, token, clock())
    assert now_is(store, job) == before


@pytest.mark.parametrize("end", ["finish", "fail", "cancel"])
def test_what_has_ended_stays_as_it_is(end: str, store: Store, clock: WoundClock) -> None:
    job, token = claimed(store, clock)
    with store.writing() as session:
        ACTS[end](session, job.id, token, clock())
    before = now_is(store, job)
    assert before.status in ENDED
    assert before.ended
    clock.wind(10 * LEASE_SECONDS)
    with store.writing() as session:
        jobs.request_cancel(session, job.id, now=clock())
        recovery.expire_lease(session, job, now=clock())
    assert claim(store, clock) is None
    assert now_is(store, job) == before


def test_a_lease_is_ended_early_only_as_it_was_seen(store: Store, clock: WoundClock) -> None:
    job, _ = claimed(store, clock)
    with store.writing() as session:
        recovery.expire_lease(session, dataclasses.replace(job, lease_token="earlier"), now=clock())
    assert claim(store, clock) is None
    with store.writing() as session:
        recovery.expire_lease(session, job, now=clock())
    again = claim(store, clock)
    assert again is not None
    assert again.attempts == 2


def test_unfinished_jobs_are_found_by_their_machine(store: Store, clock: WoundClock) -> None:
    here, elsewhere = this_process(), Owner("elsewhere", 1, "1")
    mine = submit(store, clock, owner=here)
    submit(store, clock, owner=elsewhere)
    submit(store, clock)
    with store.reading() as session:
        assert [job.id for job in recovery.owned_unfinished(session, here.machine)] == [mine.id]


def test_a_naive_time_is_refused(store: Store, clock: WoundClock) -> None:
    job = submit(store, clock)
    with pytest.raises(Exception, match="must have a time zone"), store.writing() as session:
        jobs.request_cancel(session, job.id, now=datetime(2026, 1, 1))
