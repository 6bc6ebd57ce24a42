"""Members and servers: settings with ranges, training only for who agreed, and forgetting those who left."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, APPLICATION, BOB, HARBOUR, ask, client_of, made
from worker.client import Client
from worker.store import members
from worker.store.database import Store
from worker.store.server_settings import ServerSettings

MONTH = timedelta(days=30)


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


def test_a_server_has_the_defaults_until_it_changes_them(client: Client) -> None:
    assert client.servers.settings(HARBOUR) == client.servers.settings(None) == ServerSettings()
    changed = ServerSettings(songs_per_day=5, role_multipliers={"9": 2.5}, filter_words=("mud",), language="de")
    client.servers.change(HARBOUR, changed)
    assert client.servers.settings(HARBOUR) == changed
    client.servers.change(HARBOUR, ServerSettings(allowed_roles={"song": ("7",)}))
    assert client.servers.settings(HARBOUR) == ServerSettings(allowed_roles={"song": ("7",)})
    assert client.servers.settings("another") == ServerSettings()


@pytest.mark.parametrize(
    "wrong",
    [
        {"songs_per_day": 0},
        {"songs_per_day": 1001},
        {"waiting_per_member": 21},
        {"role_multipliers": {"9": -1}},
        {"role_multipliers": {"9": 101}},
        {"filter_words": ("w",) * 201},
        {"filter_words": ("",)},
        {"colour": "blue"},
    ],
)
def test_settings_outside_their_ranges_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ServerSettings(**wrong)  # type: ignore[arg-type]  # that is the point


def test_the_best_role_counts_but_one_may_forbid() -> None:
    settings = ServerSettings(songs_per_day=10, role_multipliers={"fan": 2.0, "less": 0.01, "none": 0.0})
    given = {(): 10, ("fan", "less"): 20, ("less",): 1, ("fan", "none"): 0, ("other",): 10}
    assert {roles: settings.songs_per_day_of(roles) for roles in given} == given


def test_channels_and_roles_are_open_until_some_are_named() -> None:
    assert ServerSettings().allows_channel("1")
    assert ServerSettings().allows("song", ())
    settings = ServerSettings(allowed_channels=("1",), allowed_roles={"song": ("7",)})
    assert settings.allows_channel("thread", "1")
    assert not settings.allows_channel("2", None)
    assert settings.allows("song", ("6", "7"))
    assert not settings.allows("song", ("6",))
    assert settings.allows("music", ())


def test_nobody_is_trained_on_who_did_not_agree(client: Client, store: Store, clock: WoundClock) -> None:
    mine, theirs = made(client, clock).id, made(client, clock, member=BOB).id
    for song_id in (mine, theirs):
        client.ratings.rate(song_id, rater=ANN, stars=5)
        client.ratings.rate(song_id, rater="guest", stars=1)
    assert client.members.training(ANN) == (False, None)
    assert client.members.training("nobody") == (False, None)
    with store.reading() as session:
        assert (members.training_songs(session), members.training_ratings(session)) == ((), ())
    client.members.set_training(ANN, True)
    assert client.members.training(ANN) == (True, clock.now)
    client.members.see(ANN, HARBOUR)  # changes no decision
    with store.reading() as session:
        assert members.training_songs(session) == (mine,)
        assert members.training_ratings(session) == ((mine, 5),)
    client.members.set_training(ANN, False)
    assert client.members.training(ANN) == (False, clock.now)
    with store.reading() as session:
        assert members.training_songs(session) == ()


def test_memberships_are_checked_in_turn(client: Client, clock: WoundClock) -> None:
    client.members.see(ANN, HARBOUR)
    clock.wind(60)
    client.members.see(BOB, HARBOUR)
    assert client.members.stale_memberships(timedelta(hours=1), 9) == ()
    clock.wind(3600)
    stale = client.members.stale_memberships(timedelta(hours=1), 9)
    assert [(one.member, one.server) for one in stale] == [(ANN, HARBOUR), (BOB, HARBOUR)]
    assert client.members.stale_memberships(timedelta(hours=1), 1) == stale[:1]
    client.members.mark_checked(ANN, HARBOUR, there=True)
    client.members.mark_checked(BOB, HARBOUR, there=False)
    assert [one.member for one in client.members.stale_memberships(timedelta(seconds=-1), 9)] == [ANN, BOB]


def test_who_left_everywhere_is_forgotten_after_a_while(client: Client, clock: WoundClock) -> None:
    for member, servers in {ANN: (HARBOUR,), BOB: (HARBOUR, "another"), "direct": (HARBOUR, None)}.items():
        for server in servers:
            made(client, clock, member=member, server=server)
        client.members.mark_checked(member, HARBOUR, there=False)
    assert client.members.forget_absent(MONTH) == 0
    clock.wind(MONTH.total_seconds() - 60)
    client.members.mark_checked(ANN, HARBOUR, there=False)  # the first time that they were gone counts
    clock.wind(60)
    assert client.members.forget_absent(MONTH) == 1
    assert not any(client.privacy.stored_about(ANN).values())
    assert client.privacy.stored_about(BOB)["songs"] == 2
    assert client.privacy.stored_about("direct")["songs"] == 2


def test_who_came_back_is_not_forgotten(client: Client, clock: WoundClock) -> None:
    client.members.see(ANN, HARBOUR)
    client.members.mark_checked(ANN, HARBOUR, there=False)
    clock.wind(MONTH.total_seconds())
    client.members.see(ANN, HARBOUR)
    assert client.members.forget_absent(MONTH) == 0
    assert client.members.training(ANN) == (False, None)
    assert client.privacy.stored_about(ANN)["members"] == 1


def test_who_came_back_and_asks_for_nothing_is_not_forgotten(client: Client, clock: WoundClock) -> None:
    made(client, clock)
    client.members.mark_checked(ANN, HARBOUR, there=False)
    clock.wind(MONTH.total_seconds() - 60)
    (gone,) = client.members.stale_memberships(timedelta(days=1), 9)
    client.members.mark_checked(gone.member, gone.server, there=True)
    clock.wind(60)
    assert client.members.forget_absent(MONTH) == 0
    assert client.privacy.stored_about(ANN)["songs"] == 1


def test_a_server_that_sent_the_bot_away_is_forgotten_after_a_while(client: Client, clock: WoundClock) -> None:
    made(client, clock)
    kept = made(client, clock, member=BOB, server="another")
    gone = made(client, clock, member=BOB)
    client.members.set_training("never seen in it", True)
    client.servers.change(HARBOUR, ServerSettings(filter_words=("mud",)))
    client.servers.removed(HARBOUR)
    clock.wind(MONTH.total_seconds() / 2)
    client.servers.removed(HARBOUR)  # said again at a later start: the first time counts
    client.servers.removed("unknown")
    assert client.servers.forget_removed(MONTH) == 0
    clock.wind(MONTH.total_seconds() / 2)
    assert client.servers.forget_removed(MONTH) == 1
    assert not any(client.privacy.stored_about(ANN).values())
    assert client.library.history(BOB).items[0].id == kept.id
    assert client.deliveries.of_job(gone.job_id) is None
    assert client.servers.settings(HARBOUR) == ServerSettings()
    assert not any(client.servers.statistics(HARBOUR).values())
    assert client.members.training("never seen in it")[0]


def test_a_server_that_took_the_bot_back_is_kept(client: Client, clock: WoundClock) -> None:
    song = made(client, clock)
    client.servers.removed(HARBOUR)
    client.servers.returned(HARBOUR)
    clock.wind(MONTH.total_seconds())
    assert client.servers.forget_removed(MONTH) == 0
    assert client.song(song.id) == song


def test_a_server_has_its_figures(client: Client, clock: WoundClock) -> None:
    song = made(client, clock)
    made(client, clock, server="another")
    client.ratings.rate(song.id, rater=BOB, stars=5)
    ask(client, member=BOB)
    assert client.servers.statistics(HARBOUR) == {
        "songs": 1,
        "members": 2,
        "ratings": 1,
        "waiting": 1,
        "running": 0,
        "today": 2,
    }
    assert len(client.deliveries.pending(APPLICATION)) == 3
