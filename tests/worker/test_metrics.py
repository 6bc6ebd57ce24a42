"""What a worker and the store measure: right figures, bounded labels, and an answer also while the database is away."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from engine.contract import LyricRequest
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker.metrics import DecodingCollector, StoreCollector, WorkerMetrics, exposed, new_registry
from worker.owner import this_process
from worker.store import jobs, queue_state
from worker.store.database import Store, StoreError
from worker.store.jobs import Job
from worker.store_watch import StoreWatch

ROOT = Path(__file__).resolve().parents[2]
MEMBER, SERVER, THEME = "111111111111111111", "222222222222222222", "xylophonic zeppelins"


def figures(registry: CollectorRegistry) -> dict[str, float]:
    """Return every figure of a registry, by its name with labels as Prometheus writes them."""
    found = {}
    for family in text_string_to_metric_families(exposed(registry)[1].decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.fixture
def job(sqlite_store: Store, clock: WoundClock) -> Job:
    with sqlite_store.writing() as session:
        return jobs.submit(session, LyricRequest(theme=THEME), now=clock(), requested_by=MEMBER, server=SERVER)


def test_jobs_are_counted_by_kind_and_end_with_their_times(job: Job) -> None:
    registry = new_registry()
    metrics = WorkerMetrics(registry)
    metrics.on_duty(running=lambda: 3, slots=4)
    metrics.job_began(job, 0.3)
    metrics.job_began(job, -0.1)  # two machines' clocks
    metrics.job_ended(job, "done", None, 2.5, {"lyrics": 2.0, "melody": 0.5})
    metrics.job_ended(job, "failed", "bug", 40.0, {"lyrics": 40.0})
    metrics.job_ended(job, "lost", None, 1.0, {})
    found = figures(registry)
    assert found["songwright_jobs_total{error_kind=,kind=lyrics,status=done}"] == 1
    assert found["songwright_jobs_total{error_kind=bug,kind=lyrics,status=failed}"] == 1
    assert found["songwright_jobs_total{error_kind=,kind=lyrics,status=lost}"] == 1
    assert found["songwright_job_waited_seconds_count{kind=lyrics}"] == 2
    assert found["songwright_job_waited_seconds_sum{kind=lyrics}"] == pytest.approx(0.3)
    assert found["songwright_job_seconds_count{kind=lyrics}"] == 1  # a job that failed says nothing of a song's time
    assert found["songwright_job_seconds_bucket{kind=lyrics,le=3.0}"] == 1
    assert found["songwright_job_seconds_bucket{kind=lyrics,le=2.0}"] == 0
    assert found["songwright_stage_seconds_sum{stage=lyrics}"] == 42
    assert (found["songwright_jobs_running"], found["songwright_jobs_at_once"]) == (3, 4)
    assert found["process_resident_memory_bytes"] > 1e6
    assert not [name for name in found if "_created" in name]


def test_no_label_names_a_member_a_server_a_job_or_a_text(job: Job, sqlite_store: Store, clock: WoundClock) -> None:
    registry = new_registry()
    metrics = WorkerMetrics(registry)
    metrics.job_began(job, 1)
    metrics.job_ended(job, "done", None, 1, {"lyrics": 1})
    registry.register(StoreCollector(StoreWatch(sqlite_store, clock=clock).state))
    text = exposed(registry)[1].decode()
    assert "songwright_queue_length{" in text
    assert [secret for secret in (MEMBER, SERVER, job.id, "zeppelin") if secret in text] == []


@dataclass
class Batches:
    tokens: int = 500
    steps: int = 100
    rows: int = 400
    busy_seconds: float = 1.5
    slots: int = 32
    slots_used: int = 4


def test_what_shared_models_decoded_is_asked_at_every_scrape() -> None:
    counts: dict[str, Any] = {}
    registry = new_registry()
    registry.register(DecodingCollector(lambda: counts))
    assert not [name for name in figures(registry) if name.startswith("songwright_decoding")]
    counts["lyrics"] = Batches()
    found = figures(registry)
    assert found["songwright_decoding_tokens_total{model=lyrics}"] == 500
    assert (
        found["songwright_decoding_rows_total{model=lyrics}"] / found["songwright_decoding_steps_total{model=lyrics}"]
        == 4
    )
    assert found["songwright_decoding_busy_seconds_total{model=lyrics}"] == 1.5
    assert found["songwright_decoding_slots{model=lyrics}"] == 32
    assert found["songwright_decoding_slots_used{model=lyrics}"] == 4


def test_two_registries_in_one_process_do_not_meet(job: Job) -> None:
    first, second = new_registry(), new_registry()
    WorkerMetrics(first).job_ended(job, "done", None, 1, {})
    WorkerMetrics(second)
    assert "songwright_jobs_total{error_kind=,kind=lyrics,status=done}" not in figures(second)


def test_the_state_of_the_queue_is_read_once_in_five_seconds(
    sqlite_store: Store, clock: WoundClock, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[object] = []
    read = queue_state.read

    def counted(*arguments: Any, **more: Any) -> Any:
        reads.append(None)
        return read(*arguments, **more)

    monkeypatch.setattr(queue_state, "read", counted)
    now = 100.0
    watch = StoreWatch(sqlite_store, clock=clock, seconds=lambda: now)
    registry = new_registry()
    registry.register(StoreCollector(watch.state))
    for _ in range(4):
        found = figures(registry)
    now += 4.9
    assert watch.state() is not None
    assert len(reads) == 1
    now += 0.2
    with sqlite_store.writing() as session:
        jobs.submit(session, LyricRequest(theme="rain"), now=clock())
        taken = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60, among=[job.id])
        assert taken is not None
        jobs.finish(session, job.id, taken.lease_token or "", echoed(LyricRequest(theme="rain"), 1), now=clock())
    state = watch.state()
    assert state is not None
    assert len(reads) == 2
    assert (state.done_lately, state.songs) == (1, 0)  # all songs are counted once in a minute
    now += 60
    state = watch.state()
    assert state is not None
    assert state.songs == 1
    assert found["songwright_database_up"] == 1
    assert found["songwright_queue_length{kind=lyrics,priority=0}"] == 1
    assert "songwright_ratings_mean_stars" not in found  # nobody has rated anything


class Gone:
    """A store that answers as told: with a fault, or not before it may."""

    def __init__(self, store: Store) -> None:
        self._store, self.fault, self.may = store, True, threading.Event()

    @contextmanager
    def reading(self) -> Iterator[Any]:
        if self.fault:
            raise StoreError("the connection to the database broke", passing=True)
        assert self.may.wait(30)
        with self._store.reading() as session:
            yield session


def test_while_the_database_is_away_the_scrape_answers_without_its_figures(
    sqlite_store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    gone, now = Gone(sqlite_store), 0.0
    watch = StoreWatch(gone, seconds=lambda: now, waited_seconds=0.05)  # type: ignore[arg-type]  # a stand-in
    registry = new_registry()
    registry.register(StoreCollector(watch.state))
    for _ in range(3):
        found = figures(registry)
        now += 6
    assert found["songwright_database_up"] == 0
    assert not [name for name in found if name.startswith("songwright_queue")]
    assert len([record for record in caplog.records if "cannot be read" in record.message]) == 1
    gone.fault = False
    assert watch.state() is None  # it hangs, and the scrape does not
    assert watch.state() is None
    gone.may.set()
    patient = StoreWatch(gone, waited_seconds=30)  # type: ignore[arg-type]  # a stand-in
    assert patient.state() is not None
    watch._waited_seconds = 30
    assert watch.state() is not None


def test_nothing_is_imported_for_metrics_where_none_are_served() -> None:
    program = (
        "import sys, worker.operation, bot.app, bot.terminal.hosting;"
        "print([name for name in sys.modules if name.startswith(('prometheus', 'worker.metrics', 'bot.metrics'))])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
