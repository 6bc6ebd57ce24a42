"""The database goes away and comes back: jobs under way are finished, waiting ones are found, nothing is restarted."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from engine.contract import LyricRequest, Progress
from tests.servers.proxy import Proxy
from tests.worker.echo_song import echoed
from worker.client import Client
from worker.settings import Settings
from worker.store.database import Store, open_store
from worker.store.songs import GeneratedSong
from worker.tasks import Shift

ROOT = Path(__file__).resolve().parents[2]


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    server = make_url(postgres_url)
    assert server.host is not None
    proxy = Proxy(server.host, server.port or 5432)
    yield proxy
    proxy.close()


@pytest.fixture
def proxied_url(postgres_url: str, proxy: Proxy) -> str:
    """Return the run's database, reached through the proxy."""
    return make_url(postgres_url).set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)


@pytest.mark.parametrize("ends", ["after the outage", "during the outage"])
def test_a_job_under_way_outlives_an_outage(
    ends: str, postgres_store: Store, proxied_url: str, proxy: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="worker")
    sung, go_on = threading.Event(), threading.Event()

    def sing(
        request: LyricRequest, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        report(Progress(stage="lyrics", text="rain\n"))
        proxy.cut()
        report(Progress(stage="lyrics", text="snow\n"))
        if ends == "after the outage":
            until(lambda: "progress not written" in caplog.text)
            time.sleep(0.7)  # several looks
            proxy.restore()
            until(lambda: "the database can be used again" in caplog.text)
        sung.set()
        assert go_on.wait(20)
        return echoed(request, seed)

    store = open_store(proxied_url)
    settings = Settings(database_url=proxied_url, models_dir=Path(), worker_threads=1)
    client = Client(settings, store=postgres_store)
    shift = Shift(store, sing, settings)
    job_id = client.submit(LyricRequest(theme="rain"))
    assert shift.fill() == 1
    assert sung.wait(20)
    go_on.set()
    if ends == "during the outage":
        until(lambda: "trying to write its end" in caplog.text)
        proxy.restore()
    assert shift.is_over(20)
    job = client.job(job_id)
    assert (job.status, job.attempts, job.words) == ("done", 1, "rain\nsnow\n" if ends == "after the outage" else "")
    assert caplog.text.count("cannot be used") <= 2
    shift.close()
    store.close()


def test_a_worker_finds_its_jobs_again_without_a_restart_and_says_little(
    postgres_store: Store, proxied_url: str, proxy: Proxy
) -> None:
    settings = {"database_url": proxied_url}
    worker = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.worker.echo_worker",
            json.dumps({"settings": settings, "pace": {"retry_seconds": 0.2}, "echo": {}}),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert worker.stdout is not None
        assert "is ready" in worker.stdout.readline()
        client = Client(Settings(database_url="sqlite://", models_dir=Path()), store=postgres_store)
        before = client.submit(LyricRequest(theme="rain"))
        until(lambda: client.job(before).status == "done")
        proxy.cut()
        meanwhile = client.submit(LyricRequest(theme="rain"))
        time.sleep(1.5)
        assert client.job(meanwhile).status == "queued"
        proxy.restore()
        until(lambda: client.job(meanwhile).status == "done")
        worker.terminate()
        _, said = worker.communicate(timeout=60)
    finally:
        worker.kill()
        worker.communicate()
    assert worker.returncode == 0
    assert said.count("the database cannot be used") == 1
    assert said.count("the database can be used again") == 1
