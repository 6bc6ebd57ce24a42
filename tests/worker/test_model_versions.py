"""Model versions: one promoted per role, one on trial beside it, back to the one before, and how each is rated."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from engine.contract import SongRequest
from engine.errors import RequestError
from engine.roles import Role
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker.store import jobs, model_versions, ratings, songs, version_figures
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.store.version_figures import VersionFigures

PATIENCE_SECONDS = 20


def added(store: Store, clock: WoundClock, digest: str, role: Role = "lyrics", parent: str | None = None) -> str:
    with store.writing() as session:
        return model_versions.add(
            session, role=role, digest=digest, family="llama", path=f"/{digest}", card={}, now=clock(), parent_id=parent
        ).id


def promoted(store: Store, clock: WoundClock, version_id: str) -> ModelVersion:
    with store.writing() as session:
        return model_versions.promote(session, version_id, now=clock())


def states(store: Store, role: Role = "lyrics") -> dict[str, str]:
    with store.reading() as session:
        return {version.digest: version.state for version in model_versions.all_of(session, role)}


def test_a_trial_begins_changes_its_share_and_ends(store: Store, clock: WoundClock) -> None:
    one, other = added(store, clock, "aa"), added(store, clock, "bb")
    with store.writing() as session:
        assert model_versions.begin_trial(session, one, 0.5, now=clock()).trial_share == 0.5
        assert model_versions.begin_trial(session, one, 0.1, now=clock()).trial_share == 0.1
        with pytest.raises(RequestError, match=f"{one} is on trial for lyrics; end that first"):
            model_versions.begin_trial(session, other, 0.1, now=clock())
        on_trial = model_versions.on_trial(session, "lyrics")
        assert on_trial is not None
        assert on_trial.id == one
        assert [version.id for version in model_versions.in_use(session)] == [one]
        assert model_versions.end_trial(session, one).state == "candidate"
        assert model_versions.on_trial(session, "lyrics") is None
        with pytest.raises(RequestError, match="not on trial, it is candidate"):
            model_versions.end_trial(session, one)
        assert model_versions.begin_trial(session, other, 0.1, now=clock()).state == "trial"


@pytest.mark.parametrize("share", [0.0, -0.1, 0.51, float("nan")])
def test_a_share_out_of_range_is_refused(store: Store, clock: WoundClock, share: float) -> None:
    version = added(store, clock, "aa")
    with store.writing() as session, pytest.raises(RequestError, match="above 0 and at most"):
        model_versions.begin_trial(session, version, share, now=clock())


def test_what_was_on_trial_is_promoted_and_the_former_one_retired(store: Store, clock: WoundClock) -> None:
    one, other = added(store, clock, "aa"), added(store, clock, "bb")
    promoted(store, clock, one)
    with store.writing() as session:
        model_versions.begin_trial(session, other, 0.2, now=clock())
        assert {version.id for version in model_versions.in_use(session)} == {one, other}
        with pytest.raises(RequestError, match="is promoted"):
            model_versions.begin_trial(session, one, 0.2, now=clock())
    now_in_use = promoted(store, clock, other)
    assert (now_in_use.state, now_in_use.trial_share) == ("promoted", None)
    assert states(store) == {"aa": "retired", "bb": "promoted"}


def test_a_trial_is_retired_too(store: Store, clock: WoundClock) -> None:
    version = added(store, clock, "aa")
    with store.writing() as session:
        model_versions.begin_trial(session, version, 0.2, now=clock())
        assert model_versions.retire(session, version).trial_share is None
        assert model_versions.in_use(session) == ()


def test_going_back_goes_one_further_each_time_and_ends_with_the_starter(store: Store, clock: WoundClock) -> None:
    first, second, third = (added(store, clock, digest) for digest in ("aa", "bb", "cc"))
    never = added(store, clock, "dd")
    with store.writing() as session:
        model_versions.retire(session, never)
    for version in (second, first, third):  # in another order than they were added in
        promoted(store, clock, version)
    gone_back_to = []
    with store.writing() as session:
        for _ in range(3):
            expected = model_versions.promoted_before(session, "lyrics")
            version = model_versions.roll_back(session, "lyrics")
            assert (expected and expected.id) == (version and version.id)
            gone_back_to.append(version and version.digest)
        with pytest.raises(RequestError, match="nothing to go back from"):
            model_versions.roll_back(session, "lyrics")
    assert gone_back_to == ["aa", "bb", None]
    assert set(states(store).values()) == {"retired"}


def test_a_version_is_found_by_its_digest_too(store: Store, clock: WoundClock) -> None:
    version = added(store, clock, "aa")
    child = added(store, clock, "bb", parent="aa")
    with store.writing() as session:
        assert model_versions.get(session, "aa").id == version
        assert model_versions.get(session, child).parent_id == version
        assert model_versions.promote(session, "aa", now=clock()).id == version


def test_what_does_not_belong_together_is_refused(store: Store, clock: WoundClock) -> None:
    added(store, clock, "aa")
    with pytest.raises(RequestError, match="is a lyrics model and this one is for melody"):
        added(store, clock, "bb", "melody", parent="aa")
    with store.writing() as session, pytest.raises(RequestError, match="checkpoints never change"):
        model_versions.add(session, role="lyrics", digest="cc", family="f", path="/aa", card={}, now=clock())


def test_of_many_trials_begun_at_once_one_is(store: Store, clock: WoundClock) -> None:
    versions = [added(store, clock, f"a{number}") for number in range(6)]
    gate = threading.Barrier(len(versions))

    def begin(version: str) -> None:
        gate.wait(PATIENCE_SECONDS)
        with suppress(RequestError), store.writing() as session:
            model_versions.begin_trial(session, version, 0.1, now=clock())

    threads = [threading.Thread(target=begin, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert sorted(states(store).values()) == ["candidate"] * 5 + ["trial"]


def test_of_many_promotions_at_once_one_is_in_use_in_the_end(store: Store, clock: WoundClock) -> None:
    versions = [added(store, clock, f"a{number}") for number in range(4)]
    gate, failed = threading.Barrier(len(versions)), []

    def promote(version: str) -> None:
        gate.wait(PATIENCE_SECONDS)
        try:
            for _ in range(3):
                promoted(store, clock, version)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=promote, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert failed == []
    assert sorted(states(store).values()) == ["promoted"] + ["retired"] * 3


def test_ratings_are_counted_for_the_versions_that_made_the_song(store: Store, clock: WoundClock) -> None:
    def song(lyrics: str, *stars: int) -> None:
        with store.writing() as session:
            request = SongRequest(theme="rain")
            job = jobs.submit(session, request, now=clock())
            made = echoed(request, 1)
            report = made.report.model_copy(update={"model_versions": {"lyrics": lyrics, "melody": "mm"}})
            song_id = songs.add(session, job.id, replace(made, report=report), clock())
            for rater, value in enumerate(stars):
                ratings.rate(session, song_id, rater=str(rater), stars=value, now=clock())

    song("aa", 1)
    song("aa", 5, 4)
    song("bb")
    with store.reading() as session:
        assert version_figures.recent(session) == {
            "aa": VersionFigures(2, 3, pytest.approx(10 / 3)),  # type: ignore[arg-type]
            "bb": VersionFigures(1, 0, None),
            "mm": VersionFigures(3, 3, pytest.approx(10 / 3)),  # type: ignore[arg-type]
        }
        assert version_figures.recent(session, songs=2)["aa"] == VersionFigures(1, 2, 4.5)
