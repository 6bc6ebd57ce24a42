"""The library: Wilson's bound, lists in order, searches that see what they may, favourites, comparisons, uploads."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from engine.contract import LyricRequest, SongRequest, TempoRequest
from engine.errors import RequestError
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, BOB, HARBOUR, ask, client_of, made, run_all
from worker.client import Client
from worker.store import uploads
from worker.store.comparisons import PairTally
from worker.store.database import Store
from worker.store.library import Page
from worker.store.listings import wilson
from worker.store.ratings import Tally
from worker.store.tables import ListingRow


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


def ids(page: Page) -> list[str]:
    return [item.id for item in page.items]


# By hand, z² = 3.8416. One vote of 5: p = 1, n = 1: (1 + 1.9208 - 1.96 √0.9604) / 4.8416 = 1 / 4.8416. Ten of 5: 10 /
# 13.8416. Four votes of 3: p = 0.5: (0.5 + 0.4802 - 1.96 √(0.0625 + 0.060025)) / 1.9604.
@pytest.mark.parametrize(
    ("stars", "votes", "score"),
    [(None, 0, 0.0), (5.0, 1, 0.206543), (5.0, 10, 0.722460), (3.0, 4, 0.150036), (1.0, 50, 0.0)],
)
def test_wilson_is_what_one_computes_by_hand(stars: float | None, votes: int, score: float) -> None:
    assert wilson(stars, votes) == pytest.approx(score, abs=1e-6)


@given(st.floats(1, 5), st.integers(1, 10_000))
def test_wilson_stays_below_the_mean_and_grows_with_votes_and_stars(stars: float, votes: int) -> None:
    score = wilson(stars, votes)
    assert 0.0 <= score <= (stars - 1) / 4 + 1e-9
    assert wilson(stars, votes + 1) >= score - 1e-9
    assert wilson(min(5.0, stars + 0.5), votes) >= score - 1e-9


def test_the_best_are_those_of_whom_one_can_be_surest(client: Client, clock: WoundClock) -> None:
    votes = [[5, 5, 5], [5, 5], [4] * 30, [3, 3, 3], [3, 3, 3]]
    songs = [made(client, clock).id for _ in votes]
    for song_id, stars in zip(songs, votes, strict=True):
        for rater, value in enumerate(stars):
            client.ratings.rate(song_id, rater=str(rater), stars=value)
    elsewhere = made(client, clock, server="another").id
    for rater in range(9):
        client.ratings.rate(elsewhere, rater=str(rater), stars=5)
    best = client.library.top(HARBOUR)
    assert ids(best) == [songs[2], songs[0], songs[4], songs[3]]  # equal ones: the newer first; two votes: not yet
    assert best.items[0].mean_stars == 4.0
    assert best.items[0].votes == 30
    assert best.items[0].score == pytest.approx(wilson(4.0, 30))
    assert ids(client.library.top(HARBOUR, minimum_votes=1))[-1] in (songs[3], songs[1])
    second = client.library.top(HARBOUR, 2, 3)
    assert (ids(second), second.page, second.pages, second.total) == ([songs[3]], 2, 2, 4)


def test_a_history_is_ones_own_from_the_newest_in_pages(client: Client, clock: WoundClock) -> None:
    songs = [made(client, clock, server=server).id for server in (HARBOUR, None, HARBOUR)][::-1]
    made(client, clock, member=BOB)
    first = client.library.history(ANN, 1, 2)
    assert (ids(first), first.pages, first.total) == (songs[:2], 2, 3)
    assert ids(client.library.history(ANN, 2, 2)) == songs[2:]
    assert client.library.history(ANN, 99, 2) == client.library.history(ANN, 2, 2)
    assert client.library.history(ANN, -1, 2) == first
    nobody = client.library.history("nobody")
    assert (nobody.items, nobody.page, nobody.pages, nobody.total) == ((), 1, 1, 0)
    item = first.items[0]
    assert (item.title, item.style, item.kind, item.requester, item.server) == ("Rain", "pop", "song", ANN, HARBOUR)
    assert (item.seconds, item.mean_stars, item.votes, item.score) == (62.0, None, 0, 0.0)
    assert made(client, clock, LyricRequest(theme="sun")).id == client.library.history(ANN).items[0].id
    assert client.library.history(ANN).items[0].seconds is None


def test_a_search_finds_words_in_any_case_and_takes_signs_as_they_are(client: Client, clock: WoundClock) -> None:
    over = made(client, clock, SongRequest(theme="Rain Over The Harbour")).id
    german = made(client, clock, LyricRequest(theme="Über 100% Glück_auf")).id
    chinese = made(client, clock, LyricRequest(theme="春天的雨")).id
    search = client.library.search
    assert ids(search(HARBOUR, BOB, words="HARBOUR rain")) == [over]
    assert ids(search(HARBOUR, BOB, words="über")) == [german] == ids(search(HARBOUR, BOB, words="GLÜCK_AUF"))
    assert ids(search(HARBOUR, BOB, words="天的")) == [chinese]
    assert ids(search(HARBOUR, BOB, words="0%")) == [german]
    assert ids(search(HARBOUR, BOB, words="R_in")) == ids(search(HARBOUR, BOB, words="/")) == []
    assert ids(search(HARBOUR, BOB, theme="over harbour")) == [over]
    assert ids(search(HARBOUR, BOB, words="rain", theme="glück")) == []
    assert ids(search(HARBOUR, BOB)) == [chinese, german, over]
    assert search(HARBOUR, BOB, words="x" * 100_000).total == 0


def test_a_search_shows_only_what_one_may_see(client: Client, clock: WoundClock) -> None:
    here = made(client, clock).id
    own_elsewhere = made(client, clock, server="another").id
    made(client, clock, member=BOB, server="another")
    direct = made(client, clock, server=None).id
    private = made(client, clock, member=BOB, private=True).id
    assert set(ids(client.library.search(HARBOUR, ANN))) == {here, own_elsewhere, direct}
    assert set(ids(client.library.search(None, ANN))) == {here, own_elsewhere, direct}
    assert set(ids(client.library.search(HARBOUR, "guest"))) == {here}
    for rater in range(5):
        client.ratings.rate(private, rater=str(rater), stars=5)
    assert ids(client.library.top(HARBOUR)) == []
    assert private in ids(client.library.search(HARBOUR, BOB))


def test_titles_are_offered_as_one_types(client: Client, clock: WoundClock) -> None:
    by_bob = made(client, clock, SongRequest(theme="rain again"), member=BOB)
    mine = [made(client, clock, SongRequest(theme=theme)) for theme in ("rain", "sun", "more rain")]
    offered = client.library.own_titles(ANN, HARBOUR, "RAIN")
    assert offered == tuple((song.id, song.title) for song in (mine[2], mine[0], by_bob))
    assert len(client.library.own_titles(ANN, HARBOUR, "", limit=2)) == 2
    assert by_bob.id not in dict(client.library.own_titles(ANN, None, ""))


def test_favourites_go_in_and_out(client: Client, clock: WoundClock) -> None:
    first, second = (made(client, clock, member=BOB).id for _ in range(2))
    assert client.library.toggle_favourite(ANN, second)
    assert client.library.toggle_favourite(ANN, first)
    assert ids(client.library.favourites(ANN)) == [first, second]
    assert client.library.is_favourite(ANN, first)
    assert not client.library.toggle_favourite(ANN, first)
    assert not client.library.is_favourite(ANN, first)
    with pytest.raises(RequestError, match="no song"):
        client.library.toggle_favourite(ANN, "nothing")


def test_a_pair_is_one_whichever_way_it_is_shown(client: Client, clock: WoundClock) -> None:
    first, second = (made(client, clock).id for _ in range(2))
    assert client.comparisons.prefer(ANN, first, second, "a") == PairTally(1, 0, 0)
    assert client.comparisons.prefer(BOB, second, first, "a") == PairTally(1, 1, 0)
    assert client.comparisons.tally(first, second) == PairTally(1, 1, 0)
    assert client.comparisons.prefer(ANN, second, first, "a") == PairTally(2, 0, 0)  # changed their mind
    assert client.comparisons.tally(first, second) == PairTally(0, 2, 0)
    assert client.comparisons.prefer(ANN, first, second, "same") == PairTally(0, 1, 1)


def test_a_judgement_needs_two_songs_and_an_answer(client: Client, clock: WoundClock) -> None:
    song = made(client, clock).id
    for pair, preferred in (((song, song), "a"), ((song, "nothing"), "a"), ((song, "nothing"), "both")):
        with pytest.raises(RequestError):
            client.comparisons.prefer(ANN, *pair, preferred)  # type: ignore[arg-type]  # one of them is wrong


def test_a_rating_can_be_seen(client: Client, clock: WoundClock) -> None:
    song = made(client, clock).id
    assert client.ratings.of(BOB, song) is None
    assert client.ratings.rate(song, rater=BOB, stars=4) == Tally(1, 4.0) == client.ratings.tally(song)
    assert client.ratings.of(BOB, song) == 4


def found(store: Store, upload: str) -> tuple[str, bytes]:
    with store.reading() as session:
        return uploads.find(session, upload)


def test_an_upload_is_kept_while_it_is_needed(client: Client, store: Store, clock: WoundClock) -> None:
    needed, idle = client.uploads.add(ANN, "tune.mid", b"MThd"), client.uploads.add(ANN, "old.mid", b"MThd2")
    assert found(store, needed) == found(store, f"upload:{needed}") == ("tune.mid", b"MThd")
    assert client.uploads.add(ANN, "tune.mid", b"MThd") == needed
    assert client.uploads.add(BOB, "tune.mid", b"MThd") not in (needed, idle)
    ask(client, TempoRequest(source=f"upload:{needed}", percent=120))
    clock.wind(3600)
    assert client.uploads.forget_old(timedelta(hours=2)) == 0
    assert client.uploads.forget_old(timedelta(minutes=30)) == 2
    with pytest.raises(RequestError, match="upload it again"):
        found(store, idle)
    run_all(store, clock)
    assert client.uploads.forget_old(timedelta(minutes=30)) == 1


def test_a_song_knows_its_job_and_its_parent(client: Client, clock: WoundClock) -> None:
    parent = made(client, clock)
    child = made(client, clock, TempoRequest(source=parent.id, percent=120), member=BOB)
    assert (parent.kind, parent.theme, parent.requested_by, parent.server) == ("song", "rain", ANN, HARBOUR)
    assert parent.request["theme"] == "rain"
    assert (child.kind, child.theme, child.requested_by, child.parent_song_id) == ("tempo", None, BOB, parent.id)
    assert made(client, clock, TempoRequest(source="nothing", percent=120)).parent_song_id is None
    assert client.delete_song(parent.id)
    assert client.song(child.id) == dataclasses.replace(child, parent_song_id=None)


def test_a_deleted_song_takes_along_what_only_it_needed(client: Client, store: Store, clock: WoundClock) -> None:
    upload, shared = client.uploads.add(ANN, "a.mid", b"a"), client.uploads.add(ANN, "b.mid", b"b")
    alone = made(client, clock, TempoRequest(source=f"upload:{upload}", percent=120))
    one, other = (made(client, clock, TempoRequest(source=f"upload:{shared}", percent=p)) for p in (90, 110))
    client.library.toggle_favourite(BOB, alone.id)
    client.ratings.rate(alone.id, rater=BOB, stars=5)
    for song in (alone, one):
        assert client.delete_song(song.id)
        assert not client.delete_song(song.id)
        assert client.artifacts(song.id) == ()
        assert client.deliveries.of_job(song.job_id) is None
        with pytest.raises(RequestError, match="no job"):
            client.job(song.job_id)
    assert client.song(other.id) == other
    assert found(store, shared)
    with pytest.raises(RequestError):
        found(store, upload)
    assert client.privacy.stored_about(BOB)["ratings"] == 0


def test_a_comparison_that_lost_a_song_brings_the_other(client: Client, store: Store, clock: WoundClock) -> None:
    pair = ask(client, SongRequest(theme="rain"), SongRequest(theme="rain"), layout="comparison")
    run_all(store, clock)
    client.deliveries.set_message(pair.id, "m")
    assert client.delete_song(client.song(pair.job_ids[0]).id)
    left = client.deliveries.find(pair.id)
    assert left is not None
    assert left.job_ids == pair.job_ids[1:]
    assert client.song_of_message("m") == client.song(pair.job_ids[1])


def test_a_tally_counts_what_several_rate_at_once_and_forgets_who_is_forgotten(
    client: Client, store: Store, clock: WoundClock
) -> None:
    song, other = made(client, clock).id, made(client, clock).id
    with ThreadPoolExecutor(8) as threads:
        for star in range(1, 6):  # each changes their mind, all at once
            for given in [threads.submit(client.rate, song, rater=str(who), stars=star) for who in range(12)]:
                given.result()
    client.rate(song, rater=BOB, stars=1)
    client.rate(other, rater=BOB, stars=1)
    assert tallies(store) == {song: (13, 61, wilson(61 / 13, 13)), other: (1, 1, 0.0)}
    client.privacy.forget(BOB)
    assert tallies(store) == {song: (12, 60, wilson(5.0, 12)), other: (0, 0, 0.0)}
    assert ids(client.library.top(HARBOUR)) == [song]
    client.delete_song(song)
    assert set(tallies(store)) == {other}


def test_two_who_rated_each_other_may_be_forgotten_at_once(client: Client, store: Store, clock: WoundClock) -> None:
    for _ in range(10):
        hers, his = made(client, clock).id, made(client, clock, member=BOB).id
        client.rate(hers, rater=BOB, stars=4)
        client.rate(his, rater=ANN, stars=4)
    both = Barrier(2)

    def forget(member: str) -> int:
        both.wait(timeout=10)
        return client.privacy.forget(member)

    with ThreadPoolExecutor(2) as threads:
        gone = [threads.submit(forget, member) for member in (ANN, BOB)]
    assert all(one.result() for one in gone)
    assert tallies(store) == {}


def tallies(store: Store) -> dict[str, tuple[int, int, float]]:
    """Return votes, stars and score of every song, as lists have them."""
    with store.reading() as session:
        return {row.song_id: (row.votes, row.stars, row.score) for row in session.scalars(select(ListingRow))}
