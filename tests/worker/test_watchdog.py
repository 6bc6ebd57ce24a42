"""A worker whose jobs stand still ends itself; one whose jobs give signs of life does not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.contract import LyricRequest, Progress
from engine.errors import DeviceLostError
from tests.worker.echo_song import echoed, theme_of
from worker.client import Client
from worker.settings import Settings
from worker.store.database import Store
from worker.store.songs import GeneratedSong
from worker.tasks import Shift
from worker.watchdog import STALLED, Watchdog

SETTINGS = Settings(database_url="sqlite://", models_dir=Path(), worker_threads=3)


@pytest.fixture(autouse=True)
def _no_logging_shutdown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "shutdown", lambda: None)  # it would close pytest's handlers; the process goes on here


class Kennel:
    """A shift under a watchdog that notes how the process would have ended. A theme "hang" is sung without a sign."""

    def __init__(self, store: Store, *, stall_seconds: float = 0.3, grace_seconds: float = 0.2) -> None:
        self.client = Client(SETTINGS, store=store)
        self.ends: list[int] = []
        self.go_on = threading.Event()
        self.shift = Shift(store, self._sing, SETTINGS)
        self.dog = Watchdog(self.shift, stall_seconds=stall_seconds, grace_seconds=grace_seconds, end=self.ends.append)
        self.dog.start()

    def _sing(
        self, request: LyricRequest, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        if theme_of(request) == "hang":
            self.go_on.wait(20)
        if theme_of(request) == "lost":
            raise DeviceLostError("the device has failed")
        while not self.go_on.wait(0.01):
            report(Progress(stage="lyrics"))
        return echoed(request, seed)

    def begin(self, *themes: str) -> list[str]:
        ids = [self.client.submit(LyricRequest(theme=theme)) for theme in themes]
        assert self.shift.fill() == len(themes)
        return ids

    def until_ended(self) -> None:
        end = time.monotonic() + 20
        while not self.ends:
            assert time.monotonic() < end, "the watchdog did not bark"
            time.sleep(0.01)


@pytest.fixture
def kennel(sqlite_store: Store) -> Iterator[Kennel]:
    kennel = Kennel(sqlite_store)
    yield kennel
    kennel.dog.close()
    kennel.go_on.set()
    assert kennel.shift.is_over(20)
    kennel.shift.close()


def test_a_job_without_a_sign_of_life_ends_the_process_with_all_stacks_in_the_log(
    kennel: Kennel, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    (job_id,) = kennel.begin("hang")
    kennel.until_ended()
    assert time.monotonic() - began >= 0.3
    assert kennel.ends == [STALLED]
    assert job_id in caplog.text
    assert "in _sing" in caplog.text
    assert kennel.client.job(job_id).attempts == 1  # the attempt counts: the job may be what hangs


def test_jobs_that_give_signs_of_life_and_an_idle_worker_are_left_alone(kennel: Kennel) -> None:
    time.sleep(0.5)
    kennel.begin("rain", "snow")
    time.sleep(0.8)  # longer than the stall
    assert kennel.ends == []


def test_neighbours_have_time_to_finish(sqlite_store: Store) -> None:
    kennel = Kennel(sqlite_store, grace_seconds=20)
    (_, neighbour) = kennel.begin("hang", "rain")
    while not kennel.shift.is_stopping():
        time.sleep(0.01)
    assert kennel.ends == []
    kennel.go_on.set()
    kennel.until_ended()
    assert kennel.client.job(neighbour).status == "done"
    kennel.dog.close()
    kennel.shift.close()


def test_a_failed_device_ends_the_process_and_takes_no_other_job_with_it(kennel: Kennel) -> None:
    (lost,) = kennel.begin("lost")
    waiting = [kennel.client.submit(LyricRequest(theme="rain")) for _ in range(9)]
    kennel.until_ended()
    assert kennel.ends == [STALLED]
    assert kennel.shift.fill() == 0
    assert kennel.client.job(lost).status == "running"  # until the process is seen to be gone
    assert {kennel.client.job(job_id).status for job_id in waiting} == {"queued"}


def test_neighbours_that_do_not_finish_are_given_back(kennel: Kennel) -> None:
    (_, neighbour) = kennel.begin("hang", "rain")
    kennel.until_ended()
    job = kennel.client.job(neighbour)
    assert (job.status, job.attempts) == ("queued", 0)
