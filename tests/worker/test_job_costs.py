"""What a request is expected to take where a judge chooses between several takes; the rest is in `test_queue_times`."""

from __future__ import annotations

import pytest

from engine.contract import LyricRequest, Request, SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import client_of
from tests.worker.queue_scene import Scene
from worker.store import job_costs, model_versions
from worker.store.database import Store
from worker.store.job_costs import USUAL


def test_takes_between_which_a_judge_chooses_are_time_from_the_moment_it_is_promoted(
    store: Store, clock: WoundClock
) -> None:
    def expected(best_of: int, request: Request = SongRequest(theme="rain")) -> float:  # noqa: B008  # a frozen value
        with store.reading() as session:
            return job_costs.expected_seconds(session, request, best_of)

    def sing(seconds: float, versions: dict[str, str]) -> None:
        client_of(store, clock).submit(SongRequest(theme="rain"))
        scene.claim()
        clock.wind(seconds)
        scene.finish(versions=versions)

    scene, words = Scene(store, clock), LyricRequest(theme="rain")
    sing(10.0, {"lyrics": "l"})
    assert expected(4) == expected(1) == pytest.approx(10.0, rel=0.01)  # nobody chooses
    with store.writing() as session:
        judge = model_versions.add(session, role="judge", digest="j", family="judge", path="/j", card={}, now=clock())
        model_versions.promote(session, judge.id, now=clock())
    assert expected(1) == pytest.approx(10.0, rel=0.01)
    assert expected(4) == pytest.approx(25.0, rel=0.01)
    assert expected(4, words) == pytest.approx(USUAL["lyrics"].seconds * 3.7)
    assert expected(4, LyricRequest(theme="雨", language="zh")) == USUAL["lyrics"].seconds
    for _ in range(3):
        sing(30.0, {"lyrics": "l", "judge": "j"})
    assert expected(4) == pytest.approx(30.0, rel=0.01)  # as it was, whatever the share was taken to be
    with store.writing() as session:
        model_versions.retire(session, judge.id)
    assert expected(4) == pytest.approx(12.0, rel=0.01)
