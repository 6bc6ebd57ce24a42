"""Running a claimed job: every way it can end is written down, once."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from engine.contract import Artifact, LyricRequest, Progress, SongRequest
from engine.errors import CheckpointError, DeviceLostError, EngineError, RequestError
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import EchoSong, echoed
from worker.lease import LOOK_EVERY_SECONDS, LeaseTerms
from worker.owner import this_process
from worker.runner import BUG_SENTENCE, UNKEPT_SENTENCE, UNREAD_SENTENCE, Generate, run_job
from worker.store import jobs, recovery, songs
from worker.store.database import Store, StoreError
from worker.store.jobs import Job
from worker.store.songs import GeneratedSong

TERMS = LeaseTerms(60.0, 15.0)
REQUEST = SongRequest(theme="rain", seed=7)
Report = Callable[[Progress], None]
Cancelled = Callable[[], bool]


def claimed(store: Store, clock: WoundClock, request: LyricRequest = REQUEST) -> Job:
    with store.writing() as session:
        jobs.submit(session, request, now=clock())
        job = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0)
    assert job is not None
    return job


def run(store: Store, clock: WoundClock, job: Job, generate: Generate, terms: LeaseTerms = TERMS) -> Job:
    run_job(store, job, generate, clock=clock, terms=terms)
    return now_is(store, job)


def now_is(store: Store, job: Job) -> Job:
    with store.reading() as session:
        return jobs.get(session, job.id)


def wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def test_a_job_runs_to_its_song(store: Store, clock: WoundClock) -> None:
    after = run(store, clock, claimed(store, clock), EchoSong())
    assert (after.status, after.words, after.done, after.total) == ("done", "rain\nrain\nrain\n", 3, 3)
    with store.reading() as session:
        song = songs.find(session, after.id)
    assert song is not None
    assert (song.title, song.report.seed) == ("Rain", 7)


def test_a_second_attempt_has_the_seed_of_the_first(store: Store, clock: WoundClock) -> None:
    seeds = []

    def note_seed(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        seeds.append(seed)
        if len(seeds) == 1:
            raise KeyboardInterrupt
        return echoed(request, seed)

    job = claimed(store, clock, LyricRequest(theme="rain"))
    with pytest.raises(KeyboardInterrupt):
        run(store, clock, job, note_seed)
    assert (now_is(store, job).status, now_is(store, job).attempts) == ("queued", 0)
    with store.writing() as session:
        again = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0)
    assert again is not None
    assert run(store, clock, again, note_seed).status == "done"
    assert seeds == [job.seed, job.seed]


@pytest.mark.parametrize(
    ("error", "kind"),
    [(RequestError("too loud"), "request"), (CheckpointError("gone"), "checkpoint"), (EngineError("odd"), "engine")],
)
def test_a_fault_is_told_in_its_own_words(error: EngineError, kind: str, store: Store, clock: WoundClock) -> None:
    def refuse(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        raise error

    after = run(store, clock, claimed(store, clock), refuse)
    assert (after.status, after.error, after.error_kind) == ("failed", str(error), kind)


def test_a_bug_is_logged_whole_and_told_politely(
    store: Store, clock: WoundClock, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        raise ZeroDivisionError("a secret of the code")

    with caplog.at_level(logging.ERROR):
        after = run(store, clock, claimed(store, clock), stumble)
    assert (after.status, after.error, after.error_kind) == ("failed", BUG_SENTENCE, "bug")
    assert after.id in caplog.text
    assert "ZeroDivisionError: a secret of the code" in caplog.text
    assert caplog.records[0].__dict__["job_id"] == after.id


def test_a_result_that_cannot_be_stored_is_a_bug(
    store: Store, clock: WoundClock, caplog: pytest.LogCaptureFixture
) -> None:
    def give_twice(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        same = (Artifact("song.mid", "audio/midi", b""),) * 2
        return dataclasses.replace(echoed(request, seed), artifacts=same)

    after = run(store, clock, claimed(store, clock), give_twice)
    assert (after.status, after.error_kind) == ("failed", "bug")
    assert "IntegrityError" in caplog.text


def test_a_song_that_there_is_no_room_for_fails_with_a_sentence(
    store: Store, clock: WoundClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk that holds /songs is full; make room and start again, nothing is lost")

    monkeypatch.setattr(jobs, "finish", full)
    after = run(store, clock, claimed(store, clock), EchoSong())
    assert (after.status, after.error, after.error_kind) == ("failed", UNKEPT_SENTENCE, "store")
    assert "/songs is full" in caplog.text


def test_where_the_database_is_stays_with_the_host(
    store: Store, clock: WoundClock, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> GeneratedSong:
        raise StoreError("the database host/name does not answer", passing=True, names_place=True)

    caplog.set_level(logging.WARNING, "worker.runner")  # whatever level a test before has left behind
    after = run(store, clock, claimed(store, clock), away)
    assert (after.status, after.error, after.error_kind) == ("failed", UNREAD_SENTENCE, "store")
    assert "host/name does not answer" in caplog.text


def test_a_job_whose_device_has_failed_is_left_to_its_lease(store: Store, clock: WoundClock) -> None:
    def lost(*_: object) -> GeneratedSong:
        raise DeviceLostError("the device has failed")

    job = claimed(store, clock)
    with pytest.raises(DeviceLostError):
        run(store, clock, job, lost)
    with store.reading() as session:
        after = jobs.get(session, job.id)
    assert (after.status, after.attempts) == ("running", 1)


def test_a_request_in_a_form_of_another_time_is_refused_kindly(store: Store, clock: WoundClock) -> None:
    job = dataclasses.replace(claimed(store, clock), request={"kind": "song", "theme": "rain", "colour": "blue"})
    after = run(store, clock, job, EchoSong())
    assert (after.status, after.error_kind) == ("failed", "request")
    assert after.error is not None
    assert "another version" in after.error


def test_progress_can_be_read_while_the_job_runs(store: Store, clock: WoundClock) -> None:
    job, go_on = claimed(store, clock), threading.Event()

    def pause_after_two(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        report(Progress(stage="lyrics", done=1, total=9, text="first\n"))
        report(Progress(stage="lyrics", done=2, total=9, text="second\n"))
        go_on.wait(10)
        return echoed(request, seed)

    runner = threading.Thread(target=run, args=(store, clock, job, pause_after_two))
    runner.start()
    wait_until(lambda: now_is(store, job).words == "first\nsecond\n")
    seen = now_is(store, job)
    go_on.set()
    runner.join()
    assert (seen.status, seen.stage, seen.done, seen.total) == ("running", "lyrics", 2, 9)


def test_many_reports_are_few_writes(sqlite_store: Store, clock: WoundClock, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    write = jobs.progress

    def counted(*given: object, **named: object) -> bool:
        writes.append(1)
        return write(*given, **named)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(jobs, "progress", counted)
    began = time.monotonic()
    after = run(sqlite_store, clock, claimed(sqlite_store, clock), EchoSong(lines=500, seconds_per_line=0.001))
    assert after.done == 500
    assert 1 <= len(writes) <= (time.monotonic() - began) / LOOK_EVERY_SECONDS + 1


@pytest.mark.parametrize("asks", ["in report", "between steps"])
def test_a_cancelled_job_stops(asks: str, store: Store, clock: WoundClock) -> None:
    job, begun = claimed(store, clock), threading.Event()

    def work_on(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        begun.set()
        if asks == "in report":
            while True:
                report(Progress(stage="lyrics"))
                time.sleep(0.01)
        wait_until(cancelled)
        return EchoSong()(request, seed, report, cancelled)

    runner = threading.Thread(target=run, args=(store, clock, job, work_on))
    runner.start()
    begun.wait(10)
    with store.writing() as session:
        jobs.request_cancel(session, job.id, now=clock())
    runner.join(10)
    assert now_is(store, job).status == "cancelled"
    with store.reading() as session:
        assert songs.find(session, job.id) is None


def test_a_worker_that_lost_its_lease_changes_nothing(store: Store, clock: WoundClock) -> None:
    job = claimed(store, clock)

    def sleep_too_long(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        with store.writing() as session:
            recovery.expire_lease(session, job, now=clock())
            recovery.return_expired(session, now=clock(), max_attempts=3)
            jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0)
        report(Progress(stage="lyrics"))
        wait_until(cancelled)
        return EchoSong()(request, seed, report, cancelled)

    after = run(store, clock, job, sleep_too_long)
    assert (after.status, after.attempts, after.error) == ("running", 2, None)
    assert after.lease_token != job.lease_token
    with store.reading() as session:
        assert songs.find(session, job.id) is None


def test_a_silent_worker_keeps_its_lease_by_heartbeats(store: Store, clock: WoundClock) -> None:
    job = claimed(store, clock)

    def say_nothing(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        clock.wind(59)
        until = clock.now
        wait_until(lambda: (now_is(store, job).heartbeat_at or job.created_at) > until)
        return echoed(request, seed)

    assert run(store, clock, job, say_nothing, LeaseTerms(60.0, 0.05)).status == "done"


def test_the_work_goes_on_while_progress_cannot_be_written(
    sqlite_store: Store, clock: WoundClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="worker.lease")
    job = claimed(sqlite_store, clock)

    def sing_through(request: LyricRequest, seed: int, report: Report, cancelled: Cancelled) -> GeneratedSong:
        with sqlite_store.writing() as session:
            session.execute(text("ALTER TABLE jobs RENAME TO away"))
        report(Progress(stage="lyrics", text="rain"))
        wait_until(lambda: "progress not written" in caplog.text)
        with sqlite_store.writing() as session:
            session.execute(text("ALTER TABLE away RENAME TO jobs"))
        return echoed(request, seed)

    after = run(sqlite_store, clock, job, sing_through)
    assert (after.status, after.words) == ("done", "rain")
