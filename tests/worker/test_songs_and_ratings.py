"""Songs, ratings and model versions in the store, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from engine.contract import LyricRequest
from engine.errors import OutputError, RequestError
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker.store import jobs, model_versions, ratings, songs
from worker.store.database import Store
from worker.store.model_versions import ModelVersion

REQUEST = LyricRequest(theme="日本の雨 ☔", seed=1)


def add_song(store: Store, clock: WoundClock) -> str:
    with store.writing() as session:
        job = jobs.submit(session, REQUEST, now=clock())
        return songs.add(session, job.id, echoed(REQUEST, 1), clock())


def add_version(store: Store, clock: WoundClock, digest: str, role: model_versions.Role = "lyrics") -> ModelVersion:
    with store.writing() as session:
        return model_versions.add(
            session, role=role, digest=digest, family="llama", path=f"/m/{digest}", card={"a": 1}, now=clock()
        )


def test_a_song_comes_back_as_it_was_stored(store: Store, clock: WoundClock) -> None:
    song_id, made = add_song(store, clock), echoed(REQUEST, 1)
    with store.reading() as session:
        song = songs.find(session, song_id)
        assert songs.artifacts(session, song_id) == made.artifacts
    assert song is not None
    assert (song.title, song.lyrics_text, song.report) == (made.title, made.lyrics_text, made.report)
    assert song.model_versions == {"lyrics": "echo"}
    assert song.lead_sheet is None
    assert song.score == {"ticks": 480}
    assert song.parent_song_id is None


def test_a_song_is_found_by_its_job_too(store: Store, clock: WoundClock) -> None:
    song_id = add_song(store, clock)
    with store.reading() as session:
        song = songs.find(session, song_id)
        assert song is not None
        assert songs.find(session, song.job_id) == song
        assert songs.find(session, "nothing") is None
        assert songs.artifacts(session, "nothing") == ()


def test_a_job_has_one_song_whatever_the_code_does(store: Store, clock: WoundClock) -> None:
    add_song(store, clock)
    with store.reading() as session:
        job_id = songs.newest(session, count=1)[0].job_id
    with pytest.raises(IntegrityError), store.writing() as session:
        songs.add(session, job_id, echoed(REQUEST, 2), clock())


def test_songs_are_paged_from_the_newest(store: Store, clock: WoundClock) -> None:
    made = [add_song(store, clock) for _ in range(5)][::-1]
    with store.reading() as session:
        page = songs.newest(session, count=3)
        rest = songs.newest(session, count=3, before=page[-1])
    assert [song.id for song in (*page, *rest)] == made


def test_a_damaged_file_is_not_handed_out(store: Store, clock: WoundClock) -> None:
    song_id = add_song(store, clock)
    with store.writing() as session:
        session.execute(text("UPDATE artifacts SET data = :bad WHERE name = 'song.mid'"), {"bad": b"damaged"})
    with store.reading() as session, pytest.raises(OutputError, match=r"song\.mid is damaged"):
        songs.artifacts(session, song_id)


def test_a_person_has_one_rating_of_a_song(store: Store, clock: WoundClock) -> None:
    song_id = add_song(store, clock)
    with store.writing() as session:
        assert ratings.tally(session, song_id) == ratings.Tally(0, None)
        for rater, stars in (("ann", 1), ("bob", 2), ("ann", 5)):
            ratings.rate(session, song_id, rater=rater, stars=stars, now=clock())
        assert ratings.tally(session, song_id) == ratings.Tally(2, 3.5)


@pytest.mark.parametrize("stars", [-1, 0, 6, 100])
def test_stars_outside_one_to_five_are_refused(stars: int, store: Store, clock: WoundClock) -> None:
    song_id = add_song(store, clock)
    with store.writing() as session, pytest.raises(RequestError, match="1-5"):
        ratings.rate(session, song_id, rater="ann", stars=stars, now=clock())


def test_a_song_that_is_not_there_cannot_be_rated(store: Store, clock: WoundClock) -> None:
    with store.writing() as session, pytest.raises(RequestError, match="no song"):
        ratings.rate(session, "nothing", rater="ann", stars=5, now=clock())


def test_one_version_of_a_role_is_promoted(store: Store, clock: WoundClock) -> None:
    first, second = (add_version(store, clock, digest) for digest in ("aa", "bb"))
    tune = add_version(store, clock, "cc", "melody")
    with store.writing() as session:
        assert model_versions.promoted(session, "lyrics") is None
        for version in (first, tune, second, first):  # the last is a roll-back
            model_versions.promote(session, version.id, now=clock())
            session.expire_all()
            in_use = model_versions.promoted(session, version.role)
            assert in_use is not None
            assert in_use.digest == version.digest
        assert [version.state for version in model_versions.all_of(session, "lyrics")] == ["promoted", "retired"]
        model_versions.retire(session, first.id)
        assert model_versions.promoted(session, "lyrics") is None
        assert model_versions.promoted(session, "melody") is not None


def test_two_promoted_versions_are_refused_by_the_database(store: Store, clock: WoundClock) -> None:
    for digest in ("aa", "bb"):
        add_version(store, clock, digest)
    with pytest.raises(IntegrityError), store.writing() as session:
        session.execute(text("UPDATE model_versions SET state = 'promoted'"))


def test_a_checkpoint_is_one_version_however_often_it_is_added(store: Store, clock: WoundClock) -> None:
    assert add_version(store, clock, "aa") == add_version(store, clock, "aa")


def test_an_unknown_version_is_a_request_error(store: Store, clock: WoundClock) -> None:
    with store.writing() as session, pytest.raises(RequestError, match="no model version"):
        model_versions.promote(session, "nothing", now=clock())
