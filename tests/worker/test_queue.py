"""The doorbell: it carries an id and no more, and a Celery worker that hears it runs the next job."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest

from engine.contract import LyricRequest
from engine.errors import RequestError
from tests.worker.echo_song import EchoSong
from worker.client import Client
from worker.queue import (
    BROKERS,
    CELERY_SETTINGS,
    TASK_NAME,
    TRANSPORT_OPTIONS,
    BrokerAwayError,
    celery_app,
    check_broker,
    ring,
)
from worker.settings import Settings
from worker.store.database import Store
from worker.tasks import Shift, register


def test_the_message_carries_only_the_id(tmp_path: Path) -> None:
    url = f"filesystem://{tmp_path}/broker"
    ring(url, "the-job")
    with celery_app(url).connection_for_read() as connection:
        message = connection.SimpleQueue("songwright").get(timeout=5)
    assert message.headers["task"] == TASK_NAME
    assert message.payload[:2] == [["the-job"], {}]


def test_two_songwrights_can_share_a_broker_with_a_queue_each(tmp_path: Path) -> None:
    url = f"filesystem://{tmp_path}/broker"
    ring(f"{url}?queue=ours", "the-job")
    with celery_app(url).connection_for_read() as connection:
        with pytest.raises(Empty):
            connection.SimpleQueue("songwright").get(block=False)
        assert connection.SimpleQueue("ours").get(timeout=5).payload[:2] == [["the-job"], {}]


def test_the_settings_reach_celery() -> None:
    app = celery_app("redis://127.0.0.1:1/0")
    assert {name: app.conf[name] for name in CELERY_SETTINGS} == CELERY_SETTINGS
    assert app.conf.broker_transport_options == TRANSPORT_OPTIONS
    assert app.conf.result_backend is None


def test_there_is_one_app_for_a_broker() -> None:
    assert celery_app("memory://one") is celery_app("memory://one")


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_broker_that_does_not_answer_is_said_soon(scheme: str) -> None:
    began = time.monotonic()
    with pytest.raises(BrokerAwayError, match=r"[Cc]onnect"):
        ring(f"{scheme}://127.0.0.1:1//", "the-job")
    assert time.monotonic() - began < 5


def test_a_broker_that_cannot_be_used_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="got 'carrier-pigeon'"):
        check_broker("carrier-pigeon://harbour")
    monkeypatch.setattr("worker.queue.find_spec", lambda _name: None)
    with pytest.raises(RequestError, match="Python package celery and redis"):
        check_broker("redis://harbour")


def test_a_broker_that_can_be_used_is_silent() -> None:
    for url in ("amqp://harbour", "filesystem:///var/songs", "memory://"):
        check_broker(url)
    assert set(BROKERS) >= {"redis", "rediss", "amqps"}


@pytest.fixture
def _log_level_comes_back() -> Iterator[None]:
    """Undo what Celery's worker does to the log of this process: later tests look for warnings."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@pytest.mark.usefixtures("_log_level_comes_back")
def test_a_celery_worker_runs_the_job(sqlite_store: Store, tmp_path: Path) -> None:
    from celery.contrib.testing.worker import start_worker

    broker_url = f"filesystem://{tmp_path}/broker"
    url = sqlite_store.engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, models_dir=Path(), broker_url=broker_url)
    client = Client(settings, store=sqlite_store)
    app = register(settings, Shift(sqlite_store, EchoSong(), settings))
    with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
        job_id = client.submit(LyricRequest(theme="rain"))
        until = time.monotonic() + 10
        while not client.job(job_id).ended and time.monotonic() < until:
            time.sleep(0.02)
    assert client.song(job_id).title == "Rain"
