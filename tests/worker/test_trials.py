"""Promises of trials: the ratings promote, stop and roll back, on record; no one member decides; the gate is not passed over."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from engine.contract import SongRequest
from engine.errors import RequestError
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker import promotion, trials
from worker.loaded_models import digests_of_starters
from worker.store import jobs, model_versions, ratings, songs
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.store.trial_ratings import MOST_OF_ONE, stars_by_version

MEMBERS = [f"member {number}" for number in range(40)]
NUMBERS = count()


@pytest.fixture(autouse=True)
def _checkpoints_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the checkpoints, whose directories no test here makes, for whole."""
    monkeypatch.setattr(promotion, "verify", lambda version, store: None)


def added(store: Store, clock: WoundClock, digest: str) -> str:
    with store.writing() as session:
        return model_versions.add(
            session, role="lyrics", digest=digest, family="llama", path=f"/{digest}", card={}, now=clock()
        ).id


def rate(store: Store, clock: WoundClock, digest: str, stars: int, rater: str) -> None:
    """Let a member rate a new song that was made with a model."""
    request = SongRequest(theme="rain")
    with store.writing() as session:
        job = jobs.submit(session, request, now=clock(), requested_by=rater)
        song = echoed(request, next(NUMBERS))
        report = song.report.model_copy(update={"model_versions": {"lyrics": digest}})
        made = replace(song, report=report)
        song_id = songs.add(session, job.id, made, clock())
        ratings.rate(session, song_id, rater=rater, stars=stars, now=clock())
    clock.now += timedelta(seconds=5)


def rate_many(store: Store, clock: WoundClock, means: dict[str, float], each: int, seed: int = 1) -> int:
    """Let members rate songs of models by turns until the ratings decide something; return how many that took."""
    rng = random.Random(seed)
    for number in range(each):
        for digest, mean in means.items():
            stars = min(5, max(1, round(rng.gauss(mean, 1.0))))
            rate(store, clock, digest, stars, MEMBERS[number % len(MEMBERS)])
        if trials.decide(store, now=clock()):
            return number + 1
    return each


def version(store: Store, version_id: str) -> ModelVersion:
    with store.reading() as session:
        return model_versions.get(session, version_id)


def test_a_better_version_is_promoted_and_a_worse_one_stopped(store: Store, clock: WoundClock) -> None:
    starter = digests_of_starters()["lyrics"]
    better, worse = added(store, clock, "better"), added(store, clock, "worse")
    promotion.begin_trial(store, better, 0.1, now=clock())
    rate_many(store, clock, {"better": 4.4, starter: 3.0}, 150)
    assert version(store, better).state == "promoted"
    promotion.begin_trial(store, worse, 0.1, now=clock())
    rate_many(store, clock, {"worse": 2.4, "better": 4.4}, 150)
    assert version(store, worse).state == "candidate"
    told = version(store, worse).decisions
    assert [(one["what"], one["by"]) for one in told] == [("trial", "host"), ("stopped", "ratings")]
    assert "stars on average" in told[-1]["why"]


def test_what_was_promoted_by_hand_and_is_liked_less_is_rolled_back_within_150_ratings(
    store: Store, clock: WoundClock
) -> None:
    starter = digests_of_starters()["lyrics"]
    for number in range(100):
        rate(store, clock, starter, (3, 4, 4, 5)[number % 4], MEMBERS[number % len(MEMBERS)])
    bad = added(store, clock, "bad")
    promotion.promote(store, bad, now=clock())
    taken = rate_many(store, clock, {"bad": 2.8}, 150)
    assert taken < 150
    assert version(store, bad).state == "retired"
    assert version(store, bad).decisions[-1]["what"] == "rolled back"
    assert trials.decide(store, now=clock()) == ()


def test_equal_versions_go_on(store: Store, clock: WoundClock) -> None:
    candidate = added(store, clock, "same")
    promotion.begin_trial(store, candidate, 0.1, now=clock())
    rate_many(store, clock, {"same": 3.4, digests_of_starters()["lyrics"]: 3.4}, 60)
    assert version(store, candidate).state == "trial"


def test_no_one_member_decides(store: Store, clock: WoundClock) -> None:
    candidate = added(store, clock, "loved by one")
    promotion.begin_trial(store, candidate, 0.1, now=clock())
    for _ in range(40):
        rate(store, clock, "loved by one", 5, "a friend")
        rate(store, clock, digests_of_starters()["lyrics"], 1, "a friend")
    with store.reading() as session:
        counted = stars_by_version(session, "lyrics")
    assert {len(stars) for stars in counted.values()} == {MOST_OF_ONE}
    assert trials.decide(store, now=clock()) == ()


def test_ratings_before_the_trial_do_not_count(store: Store, clock: WoundClock) -> None:
    candidate = added(store, clock, "old news")
    for number in range(60):
        rate(store, clock, "old news", 5, MEMBERS[number % len(MEMBERS)])
        rate(store, clock, digests_of_starters()["lyrics"], 1, MEMBERS[number % len(MEMBERS)])
    promotion.begin_trial(store, candidate, 0.1, now=clock())
    assert trials.decide(store, now=clock()) == ()


def test_what_did_not_pass_the_gate_is_promoted_with_a_reason_only(store: Store, clock: WoundClock) -> None:
    failed = added(store, clock, "failed")
    gate = {"passed": False, "lines": [{"name": "memorisation", "sentence": "it sings by heart", "passed": False}]}
    with store.writing() as session:
        model_versions.record_gate(session, failed, gate)
    with pytest.raises(RequestError, match="it sings by heart"):
        promotion.promote(store, failed, now=clock())
    with pytest.raises(RequestError, match="say why"):
        promotion.promote(store, failed, now=clock(), despite=" ")
    assert version(store, failed).state == "candidate"
    made = promotion.promote(store, failed, now=clock(), by="Ann", despite="a test of the alarm", unsafe=True)
    assert made.state == "promoted"
    told = {name: made.decisions[-1][name] for name in ("what", "why", "by")}
    assert told["why"].startswith("a test of the alarm | safety lines not measured: ")
    assert (told["what"], told["by"]) == ("promoted", "Ann")


def test_a_trial_of_what_did_not_pass_never_promotes(store: Store, clock: WoundClock) -> None:
    candidate = added(store, clock, "liked")
    with store.writing() as session:
        model_versions.record_gate(session, candidate, {"passed": False, "lines": []})
    promotion.begin_trial(store, candidate, 0.1, now=clock())
    rate_many(store, clock, {"liked": 4.8, digests_of_starters()["lyrics"]: 2.0}, 50)
    assert version(store, candidate).state == "trial"
