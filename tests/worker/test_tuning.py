"""Promises of tuning runs as they are carried out: whole or not at all, resumed after a kill, niced, gated, taken back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_models import TinyModels
from tests.worker.members_songs import settings_of
from worker.clock import utc_now
from worker.loaded_models import digests_of_starters
from worker.settings import Settings
from worker.store import model_versions, tunings
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.store.tables import SnapshotRow
from worker.store.tunings import Tuning
from worker.tuning import Tuner

ROOT = Path(__file__).parents[2]
FAKE = (sys.executable, str(Path(__file__).with_name("fake_tuner.py")))
ENVIRON = {**os.environ, "PYTHONPATH": str(ROOT)}
LEASE = 1.0
PATIENCE = 60.0


NICENESS = 3  # more would make the tests wait on a busy machine


@pytest.fixture
def settings(store: Store, tmp_path: Path, tiny_models: TinyModels) -> Settings:
    (tmp_path / "tunings").mkdir()
    plan = {"steps": 3, "pause": 0.0, "passed": True, "checkpoint": str(tiny_models.lyrics)}
    (tmp_path / "tunings" / "plan.json").write_text(json.dumps(plan))
    told = {"models_dir": tmp_path, "lease_seconds": LEASE, "heartbeat_seconds": LEASE / 4}
    return settings_of(store).model_copy(update=told)


@pytest.fixture
def tuner(store: Store, settings: Settings) -> Tuner:
    return Tuner(store, settings, program=FAKE, environ=ENVIRON, niceness=NICENESS)


def planned(store: Store, settings: Settings, **plan: Any) -> Tuning:
    """Queue a run on the lyric starter, and write down what the fake tuner is to do."""
    change_plan(settings, **plan)
    snapshot = settings.models_dir / "snapshot"
    snapshot.mkdir()
    with store.writing() as session:
        session.add(SnapshotRow(id="s", digest="d", path=str(snapshot), statistics={}, created_at=utc_now()))
        session.flush()
        return tunings.queue(
            session, role="lyrics", snapshot_id="s", parent_digest=digests_of_starters()["lyrics"],
            runs_dir=settings.tunings_dir, request={"objective": "kto"}, now=utc_now(),
        )  # fmt: skip


def change_plan(settings: Settings, **plan: Any) -> None:
    path = settings.tunings_dir / "plan.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | plan))


def versions(store: Store) -> list[ModelVersion]:
    with store.reading() as session:
        return list(model_versions.all_of(session, "lyrics"))


def calls(run: Tuning) -> list[list[str]]:
    return [line.split() for line in (Path(run.folder) / "calls.txt").read_text().splitlines()]


def rows(run: Tuning) -> list[dict[str, Any]]:
    log = Path(run.folder) / "log.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []


def wait_until(what: Any) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_run_that_passes_is_on_trial_with_its_verdict(store: Store, settings: Settings, tuner: Tuner) -> None:
    run = planned(store, settings)
    ended = tuner.run_next()
    (made,) = versions(store)
    assert ended is not None
    assert (ended.id, ended.status, ended.version_id, ended.done, ended.total) == (run.id, "done", made.id, 3, 3)
    assert (made.state, made.trial_share) == ("trial", 0.1)
    assert made.gate is not None
    assert made.gate["passed"] is True
    assert [(one["what"], one["by"]) for one in made.decisions] == [("gate", "tuning"), ("trial", "tuning")]
    assert calls(run) == [["finetune", str(NICENESS), "False"], ["gate", str(NICENESS), "False"]]
    assert tuner.run_next() is None


def test_a_run_that_does_not_pass_leaves_a_candidate_that_is_not_promoted(
    store: Store, settings: Settings, tuner: Tuner
) -> None:
    planned(store, settings, passed=False)
    ended = tuner.run_next()
    assert ended is not None
    assert ended.status == "done"
    (made,) = versions(store)
    assert (made.state, made.may_be_promoted) == ("candidate", False)


def test_a_run_that_fails_says_why_and_leaves_no_version(store: Store, settings: Settings, tuner: Tuner) -> None:
    planned(store, settings, error="there are too few ratings to learn from")
    ended = tuner.run_next()
    assert ended is not None
    assert ended.status == "failed"
    assert "too few ratings" in str(ended.error)
    assert versions(store) == []


def test_a_worker_that_is_killed_in_the_middle_leaves_no_version_and_another_goes_on(
    store: Store, settings: Settings, tuner: Tuner
) -> None:
    run = planned(store, settings, steps=25, pause=0.1)
    arguments = [settings.database_url, str(settings.models_dir), str(LEASE), *FAKE]
    worker = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("tuning_worker.py")), *arguments], env=ENVIRON
    )
    wait_until(lambda: len(rows(run)) >= 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert versions(store) == []
    assert not (Path(run.folder) / "checkpoint").exists()
    assert tuner.run_next() is None  # the lease is still held
    time.sleep(LEASE * 1.5)
    change_plan(settings, pause=0.0)
    ended = tuner.run_next()
    assert ended is not None
    assert (ended.status, ended.attempts) == ("done", 2)
    found = rows(run)
    assert [row["step"] for row in found] == list(range(1, 26))  # none twice: the two never wrote side by side
    assert len({row["pid"] for row in found}) == 2
    assert [call[2] for call in calls(run)] == ["False", "True", "False"]
    assert len(versions(store)) == 1


def test_a_process_that_is_killed_is_tried_again_and_at_last_fails(
    store: Store, settings: Settings, tuner: Tuner
) -> None:
    run = planned(store, settings, steps=1000, pause=0.05)
    for attempt in range(1, settings.max_attempts + 1):
        seen = len(rows(run))
        carrying = threading.Thread(target=tuner.run_next)
        carrying.start()
        wait_until(lambda seen=seen: len(rows(run)) > seen)
        os.kill(rows(run)[-1]["pid"], signal.SIGKILL)
        carrying.join()
        with store.reading() as session:
            now = tunings.get(session, run.id)
        assert now.status == ("failed" if attempt == settings.max_attempts else "queued")
    assert versions(store) == []


def test_a_cancelled_run_ends_its_process(store: Store, settings: Settings, tuner: Tuner) -> None:
    run = planned(store, settings, steps=1000, pause=0.05)
    carrying = threading.Thread(target=tuner.run_next)
    carrying.start()
    wait_until(lambda: rows(run))
    with store.writing() as session:
        tunings.cancel(session, run.id, now=utc_now())
    carrying.join(PATIENCE)
    assert not carrying.is_alive()
    written = len(rows(run))
    time.sleep(0.3)
    assert len(rows(run)) == written
    with store.reading() as session:
        assert tunings.get(session, run.id).status == "cancelled"


def test_a_worker_that_ends_gives_its_run_back(store: Store, settings: Settings) -> None:
    run = planned(store, settings, steps=1000, pause=0.05)
    stopping = threading.Event()
    tuner = Tuner(store, settings, program=FAKE, environ=ENVIRON, niceness=NICENESS, stopping=stopping.is_set)
    carrying = threading.Thread(target=tuner.run_next)
    carrying.start()
    wait_until(lambda: rows(run))
    stopping.set()
    carrying.join(PATIENCE)
    with store.reading() as session:
        now = tunings.get(session, run.id)
    assert (now.status, now.attempts) == ("queued", 0)
