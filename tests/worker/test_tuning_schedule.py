"""Promises of the schedule: off unless a host says so, one run per role when enough is new, none while one is under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.contract import LyricRequest, SongRequest
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, BOB, client_of, made, settings_of
from worker import tuning_schedule
from worker.client import Client
from worker.loaded_models import digests_of_starters
from worker.settings import Settings
from worker.store import tunings
from worker.store.database import Store
from worker.store.new_judgements import new_judgements

CAT = "81000000000000003"


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    client = client_of(store, clock)
    for member in (ANN, BOB):
        client.members.set_training(member, True)
    return client


def settings(store: Store, folder: Path, tune_after: int = 3) -> Settings:
    return settings_of(store).model_copy(update={"models_dir": folder, "tune_after": tune_after})


def say(client: Client, clock: WoundClock, rater: str = BOB, times: int = 1) -> None:
    for _ in range(times):
        client.ratings.rate(made(client, clock, SongRequest(theme="rain")).id, rater=rater, stars=4)


def test_runs_are_queued_when_enough_is_new_and_not_again(
    store: Store, client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    told = settings(store, tmp_path)
    say(client, clock, times=2)
    assert tuning_schedule.look(store, told, now=clock()) == ()
    assert tuning_schedule.look(store, settings(store, tmp_path, 0), now=clock()) == ()
    say(client, clock)
    runs = tuning_schedule.look(store, told, now=clock())
    assert [(run.role, run.status, run.parent_digest) for run in runs] == [
        (role, "queued", digests_of_starters()[role]) for role in ("lyrics", "melody")
    ]
    assert len({run.snapshot_id for run in runs}) == 1
    say(client, clock, times=3)
    assert tuning_schedule.look(store, told, now=clock()) == ()  # those of before wait still
    with store.writing() as session:
        for run in runs:
            tunings.cancel(session, run.id, now=clock())
    assert len(tuning_schedule.look(store, told, now=clock())) == 2


def test_what_was_said_without_consent_does_not_count(
    store: Store, client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    say(client, clock, CAT, times=5)
    with store.reading() as session:
        assert new_judgements(session) == 0
    assert tuning_schedule.look(store, settings(store, tmp_path), now=clock()) == ()


def test_beat_rings_for_a_task_that_workers_have(store: Store, tmp_path: Path) -> None:
    pytest.importorskip("celery")
    from worker.queue import LOOK_TASK_NAME, beat_app
    from worker.tasks import register

    class NoShift:
        def run_next(self) -> None: ...
        def look_at_ratings(self) -> None: ...

    broker = f"filesystem://{tmp_path}/broker"
    app = register(settings(store, tmp_path).model_copy(update={"broker_url": broker}), NoShift())  # type: ignore[arg-type]  # all that is asked of it
    (entry,) = beat_app(broker).conf.beat_schedule.values()
    assert entry["task"] == LOOK_TASK_NAME
    assert LOOK_TASK_NAME in app.tasks


def test_a_model_that_nothing_was_said_of_is_not_tuned(
    store: Store, client: Client, clock: WoundClock, tmp_path: Path
) -> None:
    for _ in range(3):
        client.ratings.rate(made(client, clock, LyricRequest(theme="rain")).id, rater=BOB, stars=4)
    runs = tuning_schedule.look(store, settings(store, tmp_path), now=clock())
    assert [run.role for run in runs] == ["lyrics"]
