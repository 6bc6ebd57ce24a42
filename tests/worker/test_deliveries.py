"""Deliveries: a result is brought once, by whoever holds it, and what is open can be shown in one query."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from engine.contract import LyricRequest, SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, APPLICATION, HARBOUR, ask, client_of, made, place, run_all
from worker import queue
from worker.client import Client
from worker.owner import this_process
from worker.settings import Settings
from worker.store import deliveries, jobs
from worker.store.database import Store

SONG = SongRequest(theme="rain")


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


def test_a_delivery_comes_back_as_it_was_promised(client: Client, clock: WoundClock) -> None:
    until = clock.now + timedelta(minutes=14)
    delivery = ask(
        client, channel_id="c", interaction_token="secret", token_expires_at=until, private=True, locale="zh-CN"
    )
    assert client.deliveries.find(delivery.id) == delivery == client.deliveries.of_job(delivery.job_ids[0])
    assert (delivery.status, delivery.member, delivery.server, delivery.token_expires_at) == (
        "open",
        ANN,
        HARBOUR,
        until,
    )
    assert "secret" not in repr(delivery)
    assert "secret" not in repr(place(interaction_token="secret", token_expires_at=until))
    assert (delivery.private, delivery.reachable, delivery.locale, delivery.attempts) == (True, True, "zh-CN", 0)


def test_a_delivery_is_found_by_its_message(client: Client, clock: WoundClock) -> None:
    song = made(client, clock)
    delivery = client.deliveries.of_job(song.job_id)
    assert delivery is not None
    assert client.deliveries.of_message("m1") is None
    assert client.song_of_message("m1") is None
    client.deliveries.set_message(delivery.id, "m1")
    found = client.deliveries.of_message("m1")
    assert found is not None
    assert found.id == delivery.id
    assert client.song_of_message("m1") == song


def test_two_bots_take_one_delivery_once(client: Client) -> None:
    delivery = ask(client)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda bot: client.deliveries.take(delivery.id, f"bot {bot}"), range(8)))
    assert taken.count(True) == 1
    now = client.deliveries.find(delivery.id)
    assert now is not None
    assert (now.holder, now.attempts) == (f"bot {taken.index(True)}", 1)


def test_a_hold_can_be_renewed_and_expires(client: Client, clock: WoundClock) -> None:
    delivery = ask(client)
    assert client.deliveries.take(delivery.id, "a", 60)
    assert client.deliveries.take(delivery.id, "a", 60)
    clock.wind(59)
    assert not client.deliveries.take(delivery.id, "b")
    clock.wind(1)
    assert client.deliveries.take(delivery.id, "b")


def test_the_second_writer_loses(client: Client, clock: WoundClock) -> None:
    song = made(client, clock)
    delivery = client.deliveries.of_job(song.job_id)
    assert delivery is not None
    client.deliveries.take(delivery.id, "a", 60)
    clock.wind(61)
    client.deliveries.take(delivery.id, "b", 60)
    assert not client.deliveries.mark_delivered(delivery.id, "a", "original", "c", "m")
    assert not client.deliveries.give_up(delivery.id, "a", "no")
    assert not client.deliveries.release(delivery.id, "a")
    assert client.job(song.job_id).delivered_at is None
    assert client.deliveries.mark_delivered(delivery.id, "b", "channel", "c2", "m2")
    assert not client.deliveries.mark_delivered(delivery.id, "b", "channel", "c3", "m3")
    assert not client.deliveries.take(delivery.id, "b")
    ended = client.deliveries.find(delivery.id)
    assert ended is not None
    assert (ended.status, ended.rung, ended.channel_id, ended.message_id) == ("delivered", "channel", "c2", "m2")
    assert ended.holder is ended.held_until is None
    assert client.job(song.job_id).delivered_at == ended.delivered_at


def test_an_expired_hold_that_nobody_took_still_counts(client: Client, clock: WoundClock) -> None:
    delivery = ask(client)
    client.deliveries.take(delivery.id, "a", 60)
    clock.wind(600)
    assert client.deliveries.mark_delivered(delivery.id, "a", "original")


def test_what_is_released_may_be_taken_by_another(client: Client) -> None:
    delivery = ask(client)
    client.deliveries.take(delivery.id, "a")
    assert client.deliveries.release(delivery.id, "a", "Discord is slow")
    assert client.deliveries.take(delivery.id, "b")
    again = client.deliveries.find(delivery.id)
    assert again is not None
    assert (again.failure, again.attempts) == ("Discord is slow", 2)


def test_what_cannot_be_brought_is_left_to_the_history(client: Client, clock: WoundClock) -> None:
    song = made(client, clock, interaction_token="t", token_expires_at=clock.now + timedelta(minutes=14))
    delivery = client.deliveries.of_job(song.job_id)
    assert delivery is not None
    client.deliveries.take(delivery.id, "a")
    assert client.deliveries.give_up(delivery.id, "a", "direct messages are closed")
    ended = client.deliveries.find(delivery.id)
    assert ended is not None
    assert (ended.status, ended.rung, ended.failure) == ("undeliverable", "history", "direct messages are closed")
    assert ended.interaction_token is None
    assert client.job(song.job_id).delivered_at is None
    assert client.deliveries.pending(APPLICATION) == ()


@pytest.mark.parametrize("end", ["brought", "given up"])
def test_what_was_understood_of_a_message_is_not_kept(end: str, client: Client) -> None:
    delivery = ask(client, note="Faster, as you wrote: please")
    client.deliveries.take(delivery.id, "a")
    assert client.deliveries.pending(APPLICATION)[0].delivery.note
    if end == "brought":
        client.deliveries.mark_delivered(delivery.id, "a", "edit")
    else:
        client.deliveries.give_up(delivery.id, "a", "no")
    ended = client.deliveries.of_job(delivery.job_ids[0])
    assert ended is not None
    assert ended.note == ""


def test_two_processes_that_got_one_message_make_one_promise(client: Client) -> None:
    together = Barrier(2)

    def answer(_process: int) -> tuple[object, tuple[str, ...]]:
        together.wait(10)
        return client.submit_for([SONG], place(message_id="m"), per_day=1, waiting=1)

    with ThreadPoolExecutor(2) as pool:
        (first, first_ids), (second, second_ids) = pool.map(answer, range(2))
    assert first == second
    assert first_ids == second_ids
    assert client.privacy.stored_about(ANN)["jobs"] == 1
    assert len(client.deliveries.pending(APPLICATION)) == 1


def test_other_messages_applications_and_interactions_are_promises_of_their_own(
    client: Client, clock: WoundClock
) -> None:
    until = clock.now + timedelta(minutes=14)
    first = ask(client, message_id="m")
    others = [
        ask(client, message_id="m2"),
        ask(client, message_id="m", application_id="another"),
        ask(client, message_id="m", interaction_token="t", token_expires_at=until),
        ask(client),
        ask(client),
    ]
    assert len({first.id, *(other.id for other in others)}) == 6


def test_tokens_are_erased_when_they_expire(client: Client, clock: WoundClock) -> None:
    soon, late = (
        ask(client, interaction_token="t", token_expires_at=clock.now + timedelta(minutes=m)) for m in (1, 20)
    )
    clock.wind(300)
    assert client.deliveries.erase_expired_tokens() == 1
    assert client.deliveries.erase_expired_tokens() == 0
    erased, kept = client.deliveries.find(soon.id), client.deliveries.find(late.id)
    assert erased is not None
    assert kept is not None
    assert (erased.interaction_token, erased.token_expires_at) == (None, None)
    assert kept.interaction_token == "t"


def test_a_job_has_one_delivery(client: Client, clock: WoundClock) -> None:
    delivery = ask(client)
    with pytest.raises(IntegrityError), client.store.writing() as session:
        deliveries.add(session, place(), delivery.job_ids, clock())


def test_pending_is_what_is_open_with_its_jobs(client: Client, store: Store, clock: WoundClock) -> None:
    pair = ask(client, SONG, LyricRequest(theme="sun"), layout="comparison")
    single, elsewhere = ask(client), ask(client, application_id="another")
    with store.writing() as session:
        running = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0, among=[pair.job_ids[0]])
        assert running is not None
        token = running.lease_token or ""
        jobs.progress(
            session, running.id, token, stage="lyrics", done=1, total=4, words="la", now=clock(), lease_seconds=60.0
        )
    first, second = client.deliveries.pending(APPLICATION)
    assert (first.delivery, second.delivery) == (pair, single)
    assert [job.id for job in first.jobs] == list(pair.job_ids)
    state = first.jobs[0]
    assert (state.status, state.stage, state.done, state.total, state.words) == ("running", "lyrics", 1, 4, "la")
    assert state.started_at is not None
    places = [job.position for item in (first, second) for job in item.jobs]
    assert places == [client.position(job_id) for job_id in (*pair.job_ids, *single.job_ids)] == [0, 1, 2]
    assert client.deliveries.pending("another")[0].jobs[0].position == 3
    assert client.deliveries.pending("another")[0].delivery == elsewhere
    run_all(store, clock)
    assert client.deliveries.pending("another")[0].jobs[0].position is None
    assert client.deliveries.pending("another")[0].jobs[0].ended


@pytest.mark.parametrize("count", [1, 30])
def test_pending_is_as_many_queries_however_many_are_open(client: Client, store: Store, count: int) -> None:
    """One of the deliveries, and three of what runs, what waits and who works: the whole queue decides the times."""
    for _ in range(count):
        ask(client)
    said: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    assert len(client.deliveries.pending(APPLICATION)) == count
    assert len([text for text in said if text.startswith("SELECT")]) == 4


def test_pending_is_one_query_where_all_has_ended(client: Client, store: Store, clock: WoundClock) -> None:
    ask(client)
    run_all(store, clock)
    said: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    (open_,) = client.deliveries.pending(APPLICATION)
    assert (open_.jobs[0].position, open_.jobs[0].ready_at) == (None, None)
    assert len([text for text in said if text.startswith("SELECT")]) == 1


def test_the_bell_is_rung_once_per_job_after_all_is_there(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqlite_store.engine.url.render_as_string()
    client = Client(Settings(database_url=url, models_dir="/", broker_url="memory://"), store=sqlite_store)
    heard = []

    def hear(_broker: str, job_id: str) -> None:
        heard.append((job_id, client.deliveries.of_job(job_id) is not None))

    monkeypatch.setattr(queue, "ring", hear)
    _delivery, ids = client.submit_for([SONG, SONG], place(layout="comparison"), per_day=9, waiting=9)
    client.close()  # a thread of its own rings, and has rung by now
    assert sorted(heard) == sorted((job_id, True) for job_id in ids)


def test_commands_are_known_by_their_hash(client: Client) -> None:
    assert client.commands.stored_hash("app") is None
    client.commands.store_hash("app", "", "aa")
    client.commands.store_hash("app", HARBOUR, "bb")
    client.commands.store_hash("app", "", "cc")
    assert client.commands.stored_hash("app") == "cc"
    assert client.commands.stored_hash("app", HARBOUR) == "bb"
