"""Retention: what is forgotten when, what is kept, and that nothing grows but the songs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from engine.contract import SongRequest, TempoRequest
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, BOB, ask, client_of, made, run_all
from worker.client import Client
from worker.owner import this_process
from worker.store import jobs, uploads
from worker.store.database import Store
from worker.store.retention import ROWS_AT_ONCE, Retention, forget_all_old, forget_old
from worker.store.tables import Base, JobRow

DAY = 86_400.0
KEEP = Retention(keep=timedelta(days=30))
BOUND_TO_SONGS = {"songs", "listings", "artifacts", "jobs", "deliveries", "delivery_jobs"}


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


def counts(store: Store) -> dict[str, int]:
    with store.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }


def forget(store: Store, clock: WoundClock) -> dict[str, int]:
    with store.writing() as session:
        return forget_old(session, clock(), KEEP)


def fail_next(store: Store, clock: WoundClock) -> str:
    with store.writing() as session:
        job = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0)
        assert job is not None
        jobs.fail(session, job.id, job.lease_token or "", error="it did not work", kind="engine", now=clock())
        return job.id


def test_jobs_without_a_song_go_in_time_with_their_deliveries(client: Client, store: Store, clock: WoundClock) -> None:
    song = made(client, clock)
    ask(client, message_id="failed")
    fail_next(store, clock)
    client.cancel(ask(client, message_id="cancelled").job_ids[0])
    clock.wind(29 * DAY)
    waiting = ask(client)
    assert forget(store, clock)["jobs"] == 0
    clock.wind(2 * DAY)
    assert forget(store, clock)["jobs"] == 2
    assert client.deliveries.of_message("failed") is client.deliveries.of_message("cancelled") is None
    assert client.song(song.job_id) == song
    assert client.deliveries.of_job(song.job_id) is not None
    assert client.job(waiting.job_ids[0]).status == "queued"
    assert forget(store, clock)["jobs"] == 0


def test_a_song_is_found_by_its_message_for_as_long_as_it_is_there(
    client: Client, store: Store, clock: WoundClock
) -> None:
    delivery = ask(client, message_id="m")
    run_all(store, clock)
    client.deliveries.take(delivery.id, "bot")
    client.deliveries.mark_delivered(delivery.id, "bot", "original", "c", "m")
    clock.wind(4000 * DAY)
    forget_all_old(store, clock, KEEP)
    song = client.song_of_message("m")
    assert song is not None
    assert song.job_id == delivery.job_ids[0]
    assert client.artifacts(song.id)


def test_words_of_ended_jobs_are_emptied_and_the_song_keeps_its_own(
    client: Client, store: Store, clock: WoundClock
) -> None:
    song = made(client, clock)
    assert client.job(song.job_id).words
    assert forget(store, clock)["words"] == 0
    clock.wind(1.1 * DAY)
    assert forget(store, clock)["words"] == 1
    assert client.job(song.job_id).words == ""
    assert client.song(song.id).lyrics_text == song.lyrics_text != ""
    assert forget(store, clock)["words"] == 0


def test_words_of_a_running_job_stay(client: Client, store: Store, clock: WoundClock) -> None:
    job_id = ask(client).job_ids[0]
    with store.writing() as session:
        running = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0)
        assert running is not None
        session.execute(update(JobRow).values(words="la"))
    clock.wind(40 * DAY)
    assert forget(store, clock)["words"] == 0
    assert client.job(job_id).words == "la"


def test_a_result_that_nobody_brought_lies_in_the_history_at_last(
    client: Client, store: Store, clock: WoundClock
) -> None:
    soon = clock.now + timedelta(minutes=14)
    left = ask(client, note="“rain”", interaction_token="a secret", token_expires_at=soon)
    run_all(store, clock)
    waits = ask(client)
    assert forget(store, clock)["tokens"] == 0
    clock.wind(20 * 60)
    assert forget(store, clock)["tokens"] == 1
    clock.wind(31 * DAY)
    assert forget(store, clock)["deliveries"] == 1
    found = client.deliveries.find(left.id)
    assert found is not None
    assert (found.status, found.rung, found.note, found.holder) == ("undeliverable", "history", "", None)
    still = client.deliveries.find(waits.id)
    assert still is not None
    assert still.status == "open"
    assert client.library.history(ANN).total == 1


def test_uploads_and_uses_go_but_not_what_a_waiting_job_needs(client: Client, store: Store, clock: WoundClock) -> None:
    needed, idle = client.uploads.add(ANN, "a.mid", b"a"), client.uploads.add(ANN, "b.mid", b"b")
    ask(client, TempoRequest(source=f"upload:{needed}", percent=90))
    clock.wind(8 * DAY)
    forgotten = forget(store, clock)
    assert (forgotten["uploads"], forgotten["uses"]) == (1, 1)
    with store.reading() as session:
        assert uploads.find(session, needed)
    assert counts(store)["uploads"] == 1
    assert idle != needed


def test_one_call_forgets_a_bounded_number(client: Client, store: Store, clock: WoundClock) -> None:
    for _ in range(7):
        client.cancel(ask(client).job_ids[0])
    clock.wind(31 * DAY)
    with store.writing() as session:
        assert forget_old(session, clock(), KEEP, at_most=3)["jobs"] == 3
    assert forget_all_old(store, clock, KEEP)["jobs"] == 4
    assert counts(store)["jobs"] == counts(store)["deliveries"] == 0


def test_two_processes_may_forget_at_once(client: Client, store: Store, clock: WoundClock) -> None:
    for _ in range(20):
        client.cancel(ask(client, member=BOB).job_ids[0])
    songs = [made(client, clock).id for _ in range(3)]
    clock.wind(31 * DAY)
    both = threading.Barrier(2)

    def forget_too() -> int:
        both.wait(timeout=10)
        return forget_all_old(store, clock, KEEP)["jobs"]

    with ThreadPoolExecutor(2) as threads:
        first, second = (threads.submit(forget_too) for _ in range(2))
    assert max(first.result(), second.result()) <= 20 <= first.result() + second.result()
    assert counts(store)["jobs"] == 3
    assert {client.song(song).id for song in songs} == set(songs)


def a_day(client: Client, store: Store, clock: WoundClock, day: int) -> None:
    """Let three members do what they do on a day: one song, a failure, a change of mind, an upload, ratings."""
    song = made(client, clock, SongRequest(theme=f"day {day}"))
    ask(client, member=BOB)
    fail_next(store, clock)
    client.cancel(ask(client, member="83").job_ids[0])
    client.uploads.add(ANN, "tune.mid", str(day).encode())
    client.ratings.rate(song.id, rater=BOB, stars=4)
    clock.wind(DAY)
    forget_all_old(store, clock, Retention(keep=timedelta(days=5)))


def test_nothing_grows_but_the_songs(client: Client, store: Store, clock: WoundClock) -> None:
    for day in range(10):
        a_day(client, store, clock, day)
    before = counts(store)
    for day in range(5):
        a_day(client, store, clock, 10 + day)
    grown = {name: count - before[name] for name, count in counts(store).items() if count != before[name]}
    assert grown == dict.fromkeys(BOUND_TO_SONGS, 5) | {"artifacts": 10, "ratings": 5}
    assert before["uploads"] <= 8
    assert before["uses"] <= 9
    with store.reading() as session:
        assert (session.scalar(select(func.count()).where(JobRow.words != "")) or 0) <= 2
    assert ROWS_AT_ONCE > 100  # so that a day's work is done in one batch
