"""What a worker and the store measure, for Prometheus. Needs prometheus-client: imported only where metrics are served.

No label holds a member, a server, a song or a text. Nothing is global: every process makes a registry of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from worker.store.jobs import Job
from worker.store.queue_state import QueueState

JOB_BUCKETS = (0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 600)  # seconds
WAIT_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600)
STAGE_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)


class BatchCounts(Protocol):
    """What a shared model has done since the process began; busy_seconds: of the device. slots, slots_used: now."""

    @property
    def tokens(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def rows(self) -> int: ...
    @property
    def busy_seconds(self) -> float: ...
    @property
    def slots(self) -> int: ...
    @property
    def slots_used(self) -> int: ...


Statistics = Callable[[], Mapping[str, BatchCounts]]


def new_registry() -> CollectorRegistry:
    """Return a registry that measures the process itself."""
    disable_created_metrics()  # a second series per counter that nobody reads
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry


def exposed(registry: CollectorRegistry) -> tuple[str, bytes]:
    """Return media type and text of everything that a registry has."""
    return CONTENT_TYPE_PLAIN_0_0_4, generate_latest(registry)


class WorkerMetrics:
    """Counts the jobs of one worker process: a worker's observer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Counter(
            "songwright_jobs",
            "Attempts at jobs that ended, by how: done, failed, cancelled, lost to another worker, returned to the queue",
            ["kind", "status", "error_kind"],
            registry=registry,
        )
        self._seconds = Histogram(
            "songwright_job_seconds",
            "From the claim of a job to its song",
            ["kind"],
            buckets=JOB_BUCKETS,
            registry=registry,
        )
        self._waited = Histogram(
            "songwright_job_waited_seconds",
            "From asking for a job to its claim",
            ["kind"],
            buckets=WAIT_BUCKETS,
            registry=registry,
        )
        self._stages = Histogram(
            "songwright_stage_seconds",
            "Time that a job spent in a stage",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=registry,
        )
        self._running = Gauge("songwright_jobs_running", "Jobs that this worker runs now", registry=registry)
        self._slots = Gauge("songwright_jobs_at_once", "Jobs that this worker can run at once", registry=registry)

    def job_began(self, job: Job, waited_seconds: float) -> None:
        """Count how long a job has waited."""
        self._waited.labels(job.kind).observe(max(0.0, waited_seconds))

    def job_ended(
        self, job: Job, status: str, error_kind: str | None, seconds: float, stage_seconds: Mapping[str, float]
    ) -> None:
        """Count how an attempt ended, and how long it took if it made a song."""
        self._jobs.labels(job.kind, status, error_kind or "").inc()
        if status == "done":
            self._seconds.labels(job.kind).observe(seconds)
        for stage, stage_took in stage_seconds.items():
            self._stages.labels(stage).observe(stage_took)

    def on_duty(self, *, running: Callable[[], int], slots: int) -> None:
        """Show from now on how many jobs run."""
        self._running.set_function(running)
        self._slots.set(slots)


class DecodingCollector(Collector):
    """What the shared models have decoded, by role, asked at every scrape. Batch size is rows by steps."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        """Return all of it; nothing before the models are open."""
        counts = self._statistics()
        for name, text, value in (
            ("tokens", "Tokens decoded", lambda one: one.tokens),
            ("steps", "Decoding steps, each over a batch", lambda one: one.steps),
            ("rows", "Sequences in all batches of all steps: rows by steps is the batch size", lambda one: one.rows),
            ("busy_seconds", "Time that the device was decoding", lambda one: one.busy_seconds),
        ):
            counter = CounterMetricFamily(f"songwright_decoding_{name}", text, labels=["model"])
            for model, one in counts.items():
                counter.add_metric([model], value(one))
            yield counter
        for name, text, value in (
            ("slots", "Sequences that fit into a batch", lambda one: one.slots),
            ("slots_used", "Sequences in the batch now", lambda one: one.slots_used),
        ):
            gauge = GaugeMetricFamily(f"songwright_decoding_{name}", text, labels=["model"])
            for model, one in counts.items():
                gauge.add_metric([model], value(one))
            yield gauge


class StoreCollector(Collector):
    """The state of the whole queue, the same from every process that shares the store."""

    def __init__(self, state: Callable[[], QueueState | None]) -> None:
        self._state = state

    def collect(self) -> Iterable[Metric]:
        """Return all of it; only that the database is away while it is."""
        state = self._state()
        yield GaugeMetricFamily("songwright_database_up", "1 if the database answers", value=float(state is not None))
        if state is None:
            return
        yield _by_kind("songwright_queue_length", "Jobs that wait; priority 0 comes first", state.queued)
        yield _by_kind("songwright_queue_running", "Jobs that are run, by whichever worker", state.running)
        failures = GaugeMetricFamily(
            "songwright_failures_last_hour", "Jobs that failed in the last hour", labels=["error_kind"]
        )
        for kind, count in state.failed_lately.items():
            failures.add_metric([kind], count)
        yield failures
        for name, text, value in _plain(state):
            yield GaugeMetricFamily(f"songwright_{name}", text, value=value)


def _by_kind(name: str, text: str, jobs: Mapping[tuple[int, str], int]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=["priority", "kind"])
    for (priority, kind), count in jobs.items():
        gauge.add_metric([str(priority), kind], count)
    return gauge


def _plain(state: QueueState) -> Iterable[tuple[str, str, float]]:
    yield "queue_oldest_seconds", "How long ago the oldest waiting job was asked for", state.oldest_queued_seconds
    yield "deliveries_open", "Results that are promised and not yet brought", state.open_deliveries
    yield "workers_live", "Worker processes that showed themselves lately", state.workers
    yield "workers_slots", "Jobs that all live workers can run at once", state.slots
    yield "workers_slots_used", "Jobs that all live workers run now", state.slots_used
    yield "songs", "Songs in the store", state.songs
    yield "songs_last_hour", "Songs made in the last hour", state.done_lately
    yield "ratings", "Ratings in the store", state.ratings.count
    if state.ratings.mean_stars is not None:
        yield "ratings_mean_stars", "Mean of all ratings, 1 to 5", state.ratings.mean_stars
