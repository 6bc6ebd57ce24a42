"""What is compared: only what a member may see, without copies and without what was made from the song."""

from __future__ import annotations

import pytest

from bot.alike import AlikeSongs
from engine.contract import LyricRequest, MusicRequest, TempoRequest
from engine.errors import RequestError
from engine.file_requests import ExplainRequest
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, BOB, HARBOUR, client_of, made
from worker.client import Client
from worker.store.database import Store

WORDS = "rain river harbour sailor winter morning"


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


def test_the_songs_of_others_are_seen_where_they_are_not_private(client: Client, clock: WoundClock) -> None:
    own = made(client, clock, server=None).id
    public = made(client, clock, member=BOB).id
    private = made(client, clock, member=BOB, private=True).id
    elsewhere = made(client, clock, member=BOB, server="another").id
    library = client.library
    assert library.visible(HARBOUR, ANN, 500) == [public, own]
    assert library.visible(None, ANN, 500) == [own]
    assert library.visible(HARBOUR, BOB, 500) == [elsewhere, private, public]
    assert library.visible(None, None, 500) == [elsewhere, public, own]  # a host at the terminal
    assert library.visible(HARBOUR, BOB, 2) == [elsewhere, private]
    assert [row.id for row in library.listed([own, "gone", public])] == [own, public]


def test_copies_and_what_was_made_from_a_song_are_left_out(client: Client, clock: WoundClock) -> None:
    song = made(client, clock).id
    faster = made(client, clock, TempoRequest(source=song, percent=110)).id
    faster_still = made(client, clock, TempoRequest(source=song, percent=120)).id
    other = made(client, clock, MusicRequest()).id
    made(client, clock, ExplainRequest(source=other))
    assert client.library.kin(faster) == {song, faster, faster_still}
    assert client.library.kin(other) >= {other}
    assert set(client.library.visible(HARBOUR, ANN, 500)) == {song, faster, faster_still, other}


def test_songs_are_compared_by_what_their_reports_say(client: Client, clock: WoundClock) -> None:
    song = made(client, clock)
    (found,) = client.library.comparable([song.id, "gone"])
    assert (found.id, found.key_name, found.tempo_qpm, found.time_signature) == (song.id, "C major", 96.0, "4/4")
    assert found.lyrics_text == song.lyrics_text


def test_the_nearest_songs_are_found_and_those_that_are_private_are_not(client: Client, clock: WoundClock) -> None:
    asked = made(client, clock, LyricRequest(theme=WORDS)).id
    near = made(client, clock, LyricRequest(theme=f"{WORDS} evening"), member=BOB).id
    far = made(client, clock, LyricRequest(theme="king crown sword battle castle throne"), member=BOB).id
    made(client, clock, LyricRequest(theme=WORDS), member=BOB, private=True)
    alike = AlikeSongs(client)
    found = alike.nearest(asked, server=HARBOUR, member=ANN, count=5)
    assert [song.listed.id for song in found] == [near, far]
    assert found[0].reasons[0].kind == "shared_words"
    assert found == alike.nearest(asked, server=HARBOUR, member=ANN, count=5)
    assert alike.nearest(asked, server=None, member=ANN, count=5) == ()
    with pytest.raises(RequestError, match="there is no song"):
        alike.nearest("gone", server=HARBOUR, member=ANN, count=5)
