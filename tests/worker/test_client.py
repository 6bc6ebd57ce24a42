"""The client: what people can do with jobs and songs, and that it stays light."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from engine.contract import LyricRequest
from engine.errors import RequestError
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import EchoSong, echoed
from worker import queue
from worker.client import Client
from worker.settings import Settings
from worker.store.database import Store
from worker.store.ratings import Tally
from worker.tasks import run_next_job

REQUEST = LyricRequest(theme="rain", seed=7)


def settings_of(store: Store, broker_url: str | None = None) -> Settings:
    url = store.engine.url.render_as_string(hide_password=False)
    return Settings(database_url=url, models_dir=Path(), broker_url=broker_url)


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return Client(settings_of(store), store=store, clock=clock, sleep=lambda _seconds: None)


def test_what_the_terminal_and_the_bot_import_is_light() -> None:
    code = (
        "import sys, worker.client, worker.settings, worker.queue, worker.store.jobs, worker.store.model_versions;"
        "heavy = {'torch', 'numba', 'numpy', 'transformers', 'celery', 'alembic', 'discord'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "engine = {name for name in sys.modules if name.split('.')[0] == 'engine'};"
        "light = ('contract', 'errors', 'file_requests', 'music_edit_requests', 'roles', 'verbs');"
        "assert engine <= {'engine', *(f'engine.{name}' for name in light)}, engine"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True
    )
    assert outcome.returncode == 0, outcome.stderr


def test_following_shows_every_change_and_ends(client: Client, store: Store, clock: WoundClock) -> None:
    job_id = client.submit(REQUEST)
    states = client.follow(job_id)
    assert next(states).status == "queued"
    run_next_job(store, EchoSong(), settings_of(store), clock=clock)
    assert [state.status for state in states] == ["done"]
    assert [state.status for state in client.follow(job_id)] == ["done"]


def test_following_ends_when_told(client: Client) -> None:
    answers = iter([True, True, False])
    states = list(client.follow(client.submit(REQUEST), while_true=lambda: next(answers)))
    assert [state.status for state in states] == ["queued"]


def test_a_song_can_be_had_rated_and_seen(client: Client, store: Store, clock: WoundClock) -> None:
    job_id = client.submit(REQUEST, requested_by="ann", server="harbour")
    with pytest.raises(RequestError, match="not ready yet"):
        client.song(job_id)
    assert client.position(job_id) == 1
    assert run_next_job(store, EchoSong(), settings_of(store), clock=clock) == job_id
    assert client.position(job_id) is None
    song = client.song(job_id)
    assert client.song(song.id) == song
    assert client.artifacts(song.id) == echoed(REQUEST, 7).artifacts
    assert client.rate(song.id, rater="ann", stars=4) == Tally(1, 4.0)
    assert client.rate(song.id, rater="ann", stars=2) == Tally(1, 2.0)


def test_a_waiting_job_can_be_cancelled(client: Client, store: Store, clock: WoundClock) -> None:
    job_id = client.submit(REQUEST)
    assert client.cancel(job_id).status == "cancelled"
    assert run_next_job(store, EchoSong(), settings_of(store), clock=clock) is None


@pytest.mark.parametrize("act", ["job", "song", "cancel", "position"])
def test_what_is_not_there_is_said(act: str, client: Client) -> None:
    with pytest.raises(RequestError, match="there is no"):
        getattr(client, act)("nothing")


def test_the_store_is_opened_at_the_first_call(sqlite_url: str, tmp_path: Path) -> None:
    client = Client(Settings(database_url=sqlite_url, models_dir=tmp_path))
    assert not (tmp_path / "songs").exists()
    job_id = client.submit(REQUEST)
    client.close()
    assert client.job(job_id).status == "queued"
    client.close()


def test_the_bell_is_rung_after_the_job_is_there(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = []
    asking = Client(settings_of(sqlite_store, "memory://"), store=sqlite_store)

    def hear(broker_url: str, job_id: str) -> None:
        heard.append((broker_url, asking.job(job_id).status))

    monkeypatch.setattr(queue, "ring", hear)
    asking.submit(REQUEST)
    asking.close()
    assert heard == [("memory://", "queued")]


def test_without_a_broker_nothing_rings(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ring", lambda *_: pytest.fail("rang"))
    assert client.job(client.submit(REQUEST)).status == "queued"


def test_a_broker_that_is_away_loses_no_job(sqlite_store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="worker.doorbell")
    client = Client(settings_of(sqlite_store, "amqp://127.0.0.1:1//"), store=sqlite_store)
    job_id = client.submit(REQUEST)
    assert client.job(job_id).status == "queued"
    client.close()
    assert "the broker cannot be used" in caplog.text
