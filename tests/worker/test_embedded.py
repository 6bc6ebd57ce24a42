"""The embedded worker: runs its own job, finishes what a killed terminal left, leaves the living alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.contract import LyricRequest, Progress, SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import EchoSong, echoed
from worker.client import Client
from worker.embedded import EmbeddedWorker
from worker.owner import Owner, this_process
from worker.runner import Generate
from worker.settings import Settings
from worker.store import jobs, songs
from worker.store.database import Store, StoreError
from worker.store.deliveries import NewDelivery
from worker.store.songs import GeneratedSong

REQUEST = SongRequest(theme="rain over the harbour")
ROOT = Path(__file__).resolve().parents[2]
GONE = replace(this_process(), started="1")  # this pid, but of an earlier process: surely gone

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc to ask")


def terminal(store: Store, generate: Generate | None = None) -> tuple[Client, EmbeddedWorker]:
    url = store.engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, models_dir=Path())
    return Client(settings, store=store), EmbeddedWorker(store, generate or EchoSong(), settings)


def all_songs(store: Store) -> list[str]:
    with store.reading() as session:
        return [song.job_id for song in songs.newest(session, count=100)]


def test_the_own_job_is_run(store: Store) -> None:
    client, worker = terminal(store)
    job_id = client.submit(REQUEST, owner=this_process())
    assert worker.run_until(job_id) == ()
    assert client.job(job_id).status == "done"
    assert all_songs(store) == [job_id]


def test_the_own_job_can_be_followed(store: Store) -> None:
    client, worker = terminal(store, EchoSong(lines=3, seconds_per_line=0.3))
    job_id = client.submit(REQUEST, owner=this_process())
    states = list(worker.run_and_follow(client, job_id))
    assert states[-1].status == "done"
    assert {"running", "done"} <= {state.status for state in states}
    lengths = [len(state.words) for state in states]
    assert lengths == sorted(lengths)
    assert lengths[-1] == 3 * len("rain over the harbour\n")


def test_leaving_early_cancels(store: Store) -> None:
    client, worker = terminal(store, EchoSong(lines=1000, seconds_per_line=0.01))
    job_id = client.submit(REQUEST, owner=this_process())
    with closing(worker.run_and_follow(client, job_id)) as states:
        assert next(state.status for state in states if state.status != "queued") == "running"
    assert client.job(job_id).status == "cancelled"
    assert all_songs(store) == []


def test_an_interrupt_whose_exception_was_lost_cancels_too(store: Store) -> None:
    client, worker = terminal(store, EchoSong(lines=1000, seconds_per_line=0.01))
    job_id = client.submit(REQUEST, owner=this_process())
    with pytest.raises(KeyboardInterrupt), closing(worker.run_and_follow(client, job_id, lambda: True)) as states:
        list(states)
    assert client.job(job_id).status == "cancelled"
    assert all_songs(store) == []


@needs_proc
def test_a_job_that_was_killed_is_found_and_finished_once(sqlite_store: Store, sqlite_url: str) -> None:
    command = [sys.executable, "-m", "tests.worker.killed_terminal", sqlite_url, REQUEST.theme]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        killed_id = victim.stdout.readline().strip()
        victim.kill()
    client, worker = terminal(sqlite_store)
    before = client.job(killed_id)
    assert (before.status, before.attempts) == ("running", 1)
    assert before.words
    own_id = client.submit(SongRequest(theme="sun"), owner=this_process())
    assert worker.run_until(own_id) == (killed_id,)
    after = client.job(killed_id)
    assert (after.status, after.attempts, after.seed) == ("done", 2, before.seed)
    assert sorted(all_songs(sqlite_store)) == sorted([killed_id, own_id])
    assert client.song(killed_id).report.seed == before.seed


@needs_proc
@pytest.mark.parametrize("begun", ["waiting", "running"])
def test_the_same_command_again_goes_on_with_its_job(begun: str, store: Store, clock: WoundClock) -> None:
    client, worker = terminal(store)
    left_id = client.submit(REQUEST, owner=GONE)
    if begun == "running":
        claim_for(store, GONE)
    assert worker.adopt(SongRequest(theme="something else")) is None
    adopted = worker.adopt(REQUEST)
    assert adopted is not None
    assert adopted.id == left_id
    assert worker.run_until(left_id) == ()
    assert all_songs(store) == [left_id]
    assert worker.adopt(REQUEST) is None


def left_done(store: Store, client: Client) -> str:
    """Return a job that a terminal, gone since, ran to its end without writing its files."""
    job_id = client.submit(REQUEST, owner=GONE)
    job = claim_for(store, GONE)
    with store.writing() as session:
        jobs.finish(session, job_id, job.lease_token or "", echoed(REQUEST, job.seed), now=job.created_at)
    return job_id


@needs_proc
def test_a_song_that_was_done_but_never_written_is_found_again(store: Store) -> None:
    client, worker = terminal(store)
    done_id = left_done(store, client)
    assert worker.adopt(SongRequest(theme="something else")) is None
    adopted = worker.adopt(REQUEST)
    assert adopted is not None
    assert (adopted.id, adopted.status) == (done_id, "done")
    assert [job.status for job in worker.run_and_follow(client, done_id)] == ["done"]
    assert all_songs(store) == [done_id]


@needs_proc
def test_a_song_that_was_written_is_not_found_again(store: Store) -> None:
    client, worker = terminal(store)
    done_id = left_done(store, client)
    client.mark_delivered(done_id)
    first = client.job(done_id).delivered_at
    assert first is not None
    client.mark_delivered(done_id)
    assert client.job(done_id).delivered_at == first
    assert worker.adopt(REQUEST) is None


@needs_proc
@pytest.mark.parametrize("ended", ["failed", "cancelled", "live", "elsewhere"])
def test_other_ended_jobs_are_not_found_again(ended: str, store: Store) -> None:
    client, worker = terminal(store)
    owner = {"live": this_process(), "elsewhere": Owner("elsewhere", 1, "1")}.get(ended, GONE)
    job_id = client.submit(REQUEST, owner=owner)
    job = claim_for(store, owner)
    with store.writing() as session:
        if ended == "failed":
            jobs.fail(session, job_id, job.lease_token or "", error="no", kind="bug", now=job.created_at)
        elif ended == "cancelled":
            jobs.cancel(session, job_id, job.lease_token or "", now=job.created_at)
        else:
            jobs.finish(session, job_id, job.lease_token or "", echoed(REQUEST, 1), now=job.created_at)
    assert worker.adopt(REQUEST) is None


@needs_proc
@pytest.mark.parametrize("state", ["queued", "running", "done"])
def test_what_a_member_asked_for_is_left_to_the_bot(state: str, store: Store) -> None:
    client, worker = terminal(store)
    new = NewDelivery(application_id="a", layout="song", member="m")
    _delivery, (job_id,) = client.submit_for([REQUEST], new, per_day=9, waiting=9)
    if state != "queued":
        job = claim_for(store, GONE)
    if state == "done":
        with store.writing() as session:
            jobs.finish(session, job_id, job.lease_token or "", echoed(REQUEST, 1), now=job.created_at)
    assert worker.adopt(REQUEST) is None


@needs_proc
def test_a_job_that_was_left_waiting_is_run_first(store: Store) -> None:
    client, worker = terminal(store)
    left_id = client.submit(REQUEST, owner=GONE)
    own_id = client.submit(REQUEST, owner=this_process())
    assert worker.run_until(own_id) == (left_id,)
    assert sorted(all_songs(store)) == sorted([left_id, own_id])


@needs_proc
def test_a_job_that_kills_its_process_is_given_up(store: Store) -> None:
    client, worker = terminal(store)
    left_id = client.submit(REQUEST, owner=GONE)
    for _attempt in range(3):
        claim_for(store, GONE)
        own_id = client.submit(REQUEST, owner=this_process())
        with store.writing() as session:  # the terminal dies here; the next one finds the lease of a dead process
            jobs.request_cancel(session, own_id, now=client.job(own_id).created_at)
            job = jobs.get(session, left_id)
            assert job.status == "running"
        if job.attempts < 3:
            return_to_queue(store, left_id)
    own_id = client.submit(REQUEST, owner=this_process())
    assert worker.run_until(own_id) == ()
    assert (client.job(left_id).status, client.job(left_id).error_kind) == ("failed", "lost")
    assert client.job(own_id).status == "done"


def test_jobs_of_others_are_left_alone(store: Store) -> None:
    client, worker = terminal(store)
    others = [
        client.submit(REQUEST, owner=this_process()),  # a live process of this machine
        client.submit(REQUEST, owner=Owner("elsewhere", 1, "1")),
        client.submit(REQUEST),  # the queue workers'
    ]
    own_id = client.submit(REQUEST, owner=this_process())
    assert worker.run_until(own_id) == ()
    assert [client.job(job_id).status for job_id in others] == ["queued"] * 3


def test_a_job_that_another_worker_has_is_waited_for(store: Store) -> None:
    client, worker = terminal(store)
    job_id = client.submit(REQUEST, owner=this_process())
    other = claim_for(store, Owner("elsewhere", 1, "1"))
    naps = []

    def finish_meanwhile(seconds: float) -> None:
        naps.append(seconds)
        with store.writing() as session:
            jobs.fail(session, job_id, other.lease_token or "", error="no", kind="engine", now=other.created_at)

    worker._sleep = finish_meanwhile
    assert worker.run_until(job_id) == ()
    assert len(naps) == 1
    assert client.job(job_id).status == "failed"


def test_a_fault_of_the_store_reaches_the_caller(sqlite_store: Store) -> None:
    def fill_disk(
        request: LyricRequest, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        raise StoreError("the disk is full")

    client, worker = terminal(sqlite_store, fill_disk)
    worker._claim = lambda job_id: fill_disk(REQUEST, 1, print, bool)  # type: ignore[method-assign,assignment,return-value]  # a fault in the claim
    job_id = client.submit(REQUEST, owner=this_process())
    with pytest.raises(StoreError, match="the disk is full"):
        list(worker.run_and_follow(client, job_id))


def claim_for(store: Store, owner: Owner) -> jobs.Job:
    from worker.clock import utc_now

    with store.writing() as session:
        job = jobs.claim(session, owner=owner, now=utc_now(), lease_seconds=60.0)
    assert job is not None
    return job


def return_to_queue(store: Store, job_id: str) -> None:
    from worker.clock import utc_now
    from worker.store import recovery

    with store.writing() as session:
        recovery.expire_lease(session, jobs.get(session, job_id), now=utc_now())
        recovery.return_expired(session, now=utc_now(), max_attempts=3)
