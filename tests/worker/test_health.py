"""Health and metrics over HTTP: yes, or no with the reasons; and a whole worker process that is watched while it works."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.contract import LyricRequest
from engine.errors import RequestError
from worker import health, operation
from worker.client import Client
from worker.health import HealthServer
from worker.settings import Settings
from worker.store.database import Store

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 30
ANY_PORT = "127.0.0.1:0"
MEMBER, THEME = "111111111111111111", "xylophonic zeppelins"


def got(url: str, method: str = "GET") -> tuple[int, str, str]:
    """Return status, media type and text of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=MOST_SECONDS) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.headers["Content-Type"], answer.read().decode()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + MOST_SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def test_live_and_ready_are_answered_each_by_its_own_reasons() -> None:
    reasons = ["the database does not answer"]
    with closing(HealthServer(ANY_PORT, live=lambda: (), ready=lambda: reasons, metrics=None)) as server:
        status, media_type, text = got(f"{server.url}/live")
        assert (status, media_type, json.loads(text)) == (200, "application/json", {"status": "ok", "reasons": []})
        status, _, text = got(f"{server.url}/ready?now")
        assert (status, json.loads(text)) == (503, {"status": "unavailable", "reasons": reasons})
        reasons.clear()
        assert got(f"{server.url}/ready")[0] == 200
        assert got(f"{server.url}/ready", "HEAD")[::2] == (200, "")
        assert got(f"{server.url}/")[0] == 404
        assert got(f"{server.url}/live", "POST")[0] == 501


def test_a_bug_in_a_question_is_a_no_and_the_server_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> list[str]:
        raise ZeroDivisionError

    def broken_metrics() -> tuple[str, bytes]:
        raise ZeroDivisionError

    with closing(HealthServer(ANY_PORT, live=lambda: (), ready=broken, metrics=broken_metrics)) as server:
        assert got(f"{server.url}/ready")[0] == 503
        assert got(f"{server.url}/metrics")[0] == 500
        assert got(f"{server.url}/live")[0] == 200
    assert len([record for record in caplog.records if record.exc_info]) == 2


def test_a_client_that_says_nothing_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READ_SECONDS", 0.2)
    with closing(HealthServer(ANY_PORT, live=lambda: (), ready=lambda: ())) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=MOST_SECONDS) as silent:
            assert got(f"{server.url}/live")[0] == 200
            assert silent.recv(1) == b""  # it was closed


def test_without_their_package_metrics_say_what_to_install() -> None:
    with closing(HealthServer(ANY_PORT, live=lambda: (), ready=lambda: (), metrics=None)) as server:
        status, media_type, text = got(f"{server.url}/metrics")
    assert status == 501
    assert media_type.startswith("text/plain")
    assert "pip install 'songwright[queue]'" in text


def test_an_address_that_is_taken_is_one_sentence() -> None:
    with closing(HealthServer(ANY_PORT, live=lambda: (), ready=lambda: ())) as server:
        address = server.url.removeprefix("http://")
        with pytest.raises(RequestError, match=f"SONGWRIGHT_METRICS_ADDRESS='{address}' .* another program listens"):
            HealthServer(address, live=lambda: (), ready=lambda: ())


def test_an_address_of_another_machine_is_one_sentence() -> None:
    with pytest.raises(RequestError, match=r"is not to be had here .*; choose another or unset it"):
        HealthServer("192.0.2.1:9101", live=lambda: (), ready=lambda: ())


@dataclass
class Watched:
    """A worker process, its log, and where it answers."""

    process: subprocess.Popen[str]
    log: Path
    url: str = ""
    client: Client = field(init=False)

    def lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines()

    def records(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.lines()]

    def figure(self, name: str) -> float:
        """Return a figure of /metrics, 0 if it is not there."""
        text = got(f"{self.url}/metrics")[2]
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


@pytest.fixture
def watched(sqlite_store: Store, tmp_path: Path) -> Iterator[Watched]:
    """Start a worker as a host does, and wait until it has said where it answers."""
    url = sqlite_store.engine.url.render_as_string(hide_password=False)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SONGWRIGHT_")}
    environ |= {"SONGWRIGHT_DATABASE_URL": url, "SONGWRIGHT_METRICS_ADDRESS": ANY_PORT, "XDG_DATA_HOME": str(tmp_path)}
    log = tmp_path / "log"
    with log.open("w") as stream:
        command = [sys.executable, "-m", "tests.worker.watched_worker", "0.02"]
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=stream, stderr=stream, text=True)
    worker = Watched(process, log)
    worker.client = Client(Settings(database_url=url, models_dir=Path()), store=sqlite_store)
    try:
        until(lambda: process.poll() is not None or any(" are at http" in line for line in worker.lines()))
        assert process.poll() is None, log.read_text()
        worker.url = next(line for line in worker.lines() if " are at http" in line).split(" are at ")[1].split('"')[0]
        yield worker
    finally:
        process.kill()
        process.wait(MOST_SECONDS)


def test_a_worker_process_tells_of_its_jobs_in_figures_and_in_json(watched: Watched) -> None:
    until(lambda: got(f"{watched.url}/ready")[0] == 200)
    assert got(f"{watched.url}/live")[0] == 200
    client = watched.client
    good = client.submit(LyricRequest(theme=THEME), requested_by=MEMBER)
    bad = client.submit(LyricRequest(theme="a bug"), requested_by=MEMBER)
    until(lambda: client.job(good).ended and client.job(bad).ended)
    until(lambda: watched.figure("songwright_jobs_total") == 2)
    assert watched.figure('songwright_jobs_total{error_kind="",kind="lyrics",status="done"}') == 1
    assert watched.figure('songwright_jobs_total{error_kind="bug",kind="lyrics",status="failed"}') == 1
    assert watched.figure("songwright_job_seconds_sum") >= 0.06  # three lines
    assert watched.figure('songwright_stage_seconds_sum{stage="lyrics"}') > 0
    assert watched.figure("songwright_database_up") == 1
    assert watched.figure("songwright_jobs_at_once") >= 1
    assert got(f"{watched.url}/metrics")[1].startswith("text/plain")

    watched.process.terminate()
    assert watched.process.wait(MOST_SECONDS) == 0
    records = watched.records()  # every line is JSON
    assert all({"event", "level", "logger", "timestamp"} <= set(record) for record in records)
    middle = [record for record in records if record["event"] == "in the middle"]
    assert {record.get("job_id") for record in middle} == {good, bad}
    grumbles = [record for record in records if "a library grumbles" in record["event"]]
    assert grumbles
    assert {record.get("job_id") for record in grumbles} <= {good, bad}
    (bug,) = [record for record in records if "failed by a bug" in record["event"]]
    assert bug["job_id"] == bad
    assert "KeyError" in bug["exception"]
    assert [record for record in records if "is ready" in record["event"]]
    named = [record for record in records if any(job in json.dumps(record) for job in (good, bad))]
    assert all("job_id" in record for record in named)
    assert MEMBER not in watched.log.read_text()
    assert "zeppelin" not in watched.log.read_text()


def test_a_worker_without_an_address_listens_nowhere(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, object]] = []
    monkeypatch.setattr("worker.worker_process.run_worker", lambda settings, **more: given.append(more))
    operation.run_watched_worker(Settings(database_url="sqlite:///x", models_dir=Path()))
    assert "observer" not in given[0]


def test_a_worker_is_ready_between_the_opening_of_models_and_its_end(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_store.engine.url.render_as_string(hide_password=False)
    settings = Settings(database_url=url, models_dir=Path(), metrics_address=ANY_PORT)

    class Duty:
        slots, stopping, last_sign = 2, False, time.monotonic()

        def running(self) -> int:
            return 1

        def is_stopping(self) -> bool:
            return self.stopping

        def leases(self) -> tuple[Duty, ...]:
            return (self,)

    duty = Duty()
    with closing(operation.WorkerWatch(settings)) as watch:
        at = watch.server.url
        assert json.loads(got(f"{at}/ready")[2])["reasons"] == [operation.OPENING]
        watch.on_duty(duty)  # type: ignore[arg-type]  # a stand-in
        watch.when_ready(lambda line: None)("ready")
        assert got(f"{at}/ready")[0] == got(f"{at}/live")[0] == 200
        duty.stopping = True
        assert json.loads(got(f"{at}/ready")[2])["reasons"] == [operation.STOPPING]
        duty.last_sign -= settings.stall_seconds + 1
        assert got(f"{at}/live")[0] == 503
