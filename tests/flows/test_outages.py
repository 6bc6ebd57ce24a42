"""Broker or database away for some seconds: members are told, nothing is lost, and nobody has to start anything anew."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.crew import ROOT, crew
from tests.flows.outages import run
from tests.servers.cut_off import behind_proxy
from worker.store.database import Store

AWAY_SECONDS = 2.0
ANSWER_SECONDS = 3.0  # within which Discord wants its answer


@pytest.mark.parametrize("broker", ["rabbitmq", "redis"])
def test_while_the_broker_is_away_jobs_are_promised_and_done_and_then_rung_again(
    broker: str, sqlite_store: Store, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database_url = sqlite_store.engine.url.render_as_string(hide_password=False)
    with (
        behind_proxy(request.getfixturevalue(f"{broker}_queue")) as (url, proxy),
        crew(database_url, url, tmp_path, sweep_seconds=0.5) as workers,
    ):
        workers.start()
        outcome = run(workers, proxy, AWAY_SECONDS)
        assert outcome.promise_kept, (outcome, workers.log_file.read_text()[-4000:])
    assert outcome.refused == 0
    assert outcome.attempts == {1: outcome.promised}
    assert outcome.slowest_answer_seconds < ANSWER_SECONDS


@pytest.mark.parametrize("lease_seconds", [60, 1])
def test_while_the_database_is_away_members_are_told_and_then_all_is_done(
    lease_seconds: int, postgres_url: str, postgres_store: Store, rabbitmq_queue: str, tmp_path: Path
) -> None:
    lease = {
        "SONGWRIGHT_LEASE_SECONDS": str(lease_seconds),
        "SONGWRIGHT_HEARTBEAT_SECONDS": str(lease_seconds / 4),
    }
    with (
        behind_proxy(postgres_url) as (url, proxy),
        crew(url, rabbitmq_queue, tmp_path, sweep_seconds=0.5, environ=lease) as workers,
    ):
        workers.start(machine="one")
        workers.start(machine="another")
        outcome = run(workers, proxy, AWAY_SECONDS)
        assert outcome.promise_kept, (outcome, workers.log_file.read_text()[-4000:])
    assert outcome.refused > 0
    assert all("the database" in sentence and "secret" not in sentence for sentence in outcome.told)
    assert outcome.slowest_answer_seconds < ANSWER_SECONDS
    if lease_seconds > AWAY_SECONDS:  # the lease outlives the outage: no work was done twice
        assert outcome.attempts == {1: outcome.promised}


@pytest.mark.parametrize("on_disk", ["database", "artifacts"])
def test_a_full_disk_is_told_and_with_room_again_the_same_worker_goes_on(on_disk: str, tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("this system lets nobody mount a small disk of their own")
    scene = [sys.executable, "-m", "tests.flows.full_disk", str(tmp_path), on_disk]
    played = subprocess.run(["unshare", "-rm", *scene], cwd=ROOT, capture_output=True, text=True)
    assert played.returncode == 0, played.stderr
    seen = json.loads(played.stdout)
    assert seen["before_and_after"] == ["done", "done"], seen
    assert seen["same_worker"]
    assert seen["songs_once"]
    assert seen["songs"] == seen["statuses"]["done"]
    assert sum(seen["statuses"].values()) == seen["statuses"]["done"] + seen["statuses"].get("failed", 0)
    if on_disk == "database":
        assert "is full" in seen["refused"]
    else:
        assert seen["statuses"]["failed"] == 3
    assert all(reason.startswith("store: ") and "ask again" in reason for reason in seen["reasons"])
