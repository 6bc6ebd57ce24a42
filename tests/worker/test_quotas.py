"""Quotas: exactly as many songs as are allowed, however they are asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from engine.contract import SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, APPLICATION, BOB, PLENTY, client_of, place, run_all
from worker.client import Client
from worker.store.database import Store
from worker.store.quotas import QuotaReached

SONG = SongRequest(theme="rain")


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


def test_a_day_has_its_number_of_songs_and_then_a_new_day(client: Client, store: Store, clock: WoundClock) -> None:
    clock.wind(23 * 3600)
    for _ in range(2):
        client.submit_for([SONG], place(), per_day=2, waiting=PLENTY)
    with pytest.raises(QuotaReached, match="asked for 2 songs today and may have 2") as caught:
        client.submit_for([SONG], place(), per_day=2, waiting=PLENTY)
    assert (caught.value.kind, caught.value.limit) == ("day", 2)
    assert caught.value.free_at == datetime(2026, 1, 2, tzinfo=UTC)
    client.submit_for([SONG], place(BOB), per_day=2, waiting=PLENTY)  # others are not concerned
    client.submit_for([SONG], place(ANN, "another server"), per_day=2, waiting=PLENTY)
    client.submit_for([SONG], place(ANN, None), per_day=2, waiting=PLENTY)
    clock.wind(3600)
    client.submit_for([SONG], place(), per_day=2, waiting=PLENTY)


def test_a_member_waits_for_so_many_at_once(client: Client, store: Store, clock: WoundClock) -> None:
    client.submit_for([SONG], place(), per_day=PLENTY, waiting=1)
    with pytest.raises(QuotaReached, match="1 songs waiting and may have 1") as caught:
        client.submit_for([SONG], place(ANN, None), per_day=PLENTY, waiting=1)
    assert (caught.value.kind, caught.value.limit, caught.value.free_at) == ("waiting", 1, None)
    run_all(store, clock)
    client.submit_for([SONG], place(), per_day=PLENTY, waiting=1)


def test_a_comparison_is_two_songs_and_possible_where_nothing_waits(client: Client) -> None:
    client.submit_for([SONG, SONG], place(), per_day=3, waiting=1)
    with pytest.raises(QuotaReached, match="2 songs today and may have 3"):
        client.submit_for([SONG, SONG], place(), per_day=3, waiting=PLENTY)


def test_none_is_none(client: Client) -> None:
    with pytest.raises(QuotaReached, match="may not") as caught:
        client.submit_for([SONG], place(), per_day=0, waiting=3)
    assert caught.value.kind == "none"


def test_old_days_are_forgotten_and_today_counts_on(client: Client, clock: WoundClock) -> None:
    clock.wind(23 * 3600)
    for _day in range(4):
        client.submit_for([SONG], place(), per_day=1, waiting=PLENTY)
        clock.wind(24 * 3600)
    clock.wind(-24 * 3600)
    assert client.members.forget_old_uses() == 1  # today and the two days before are kept
    assert client.members.forget_old_uses() == 0
    assert client.privacy.stored_about(ANN)["uses"] == 3
    with pytest.raises(QuotaReached):
        client.submit_for([SONG], place(), per_day=1, waiting=PLENTY)


def test_what_is_refused_leaves_nothing(client: Client) -> None:
    client.submit_for([SONG], place(), per_day=1, waiting=PLENTY)
    for _ in range(2):
        with pytest.raises(QuotaReached, match="asked for 1 songs"):
            client.submit_for([SONG], place(), per_day=1, waiting=PLENTY)
    assert len(client.deliveries.pending(APPLICATION)) == 1
    assert client.privacy.stored_about(ANN)["jobs"] == 1


@pytest.mark.parametrize(("per_day", "waiting"), [(5, PLENTY), (PLENTY, 5)])
def test_asking_at_once_does_not_overrun_the_limit(client: Client, per_day: int, waiting: int) -> None:
    def ask(number: int) -> bool:
        try:
            client.submit_for(
                [SONG], place(server=str(number % 2) if waiting == 5 else "1"), per_day=per_day, waiting=waiting
            )
        except QuotaReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(ask, range(24)))
    assert given.count(True) == 5
    assert client.privacy.stored_about(ANN)["jobs"] == 5
