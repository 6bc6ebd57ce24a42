"""A worker process as a host runs it: with health and metrics at the address that the settings name, if they name one.

Knows nothing of how jobs are run. Without an address nothing listens and nothing is counted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from worker import worker_process
from worker.health import HealthServer
from worker.observer import NoObserver, Observer
from worker.runner import Generate
from worker.settings import Settings
from worker.store.database import Store, make_engine
from worker.store_watch import StoreWatch
from worker.tasks import Shift
from worker.worker_process import song_generator

if TYPE_CHECKING:
    from worker.metrics import BatchCounts, WorkerMetrics

log = logging.getLogger(__name__)

OPENING = "the models are being opened"
STALLED = "a job gives no sign of life; the worker ends itself"
STOPPING = "the worker is ending its jobs"
NO_DATABASE = "the database does not answer; see the log"
NO_PACKAGE = "prometheus-client is not installed, so only health is served: pip install 'songwright[queue]'"


def run_watched_worker(
    settings: Settings,
    *,
    generator: Callable[[Store, Settings], Generate] = song_generator,
    when_ready: Callable[[str], None] = lambda line: None,
    **more: Any,
) -> None:
    """Run a worker as `run_worker` does, which takes the rest; RequestError where the address cannot be had."""
    if settings.metrics_address is None:
        worker_process.run_worker(settings, generator=generator, when_ready=when_ready, **more)
        return
    with closing(WorkerWatch(settings)) as watch:
        worker_process.run_worker(
            settings,
            generator=watch.remembering(generator),
            observer=watch.observer,
            when_on_duty=watch.on_duty,
            when_ready=watch.when_ready(when_ready),
            **more,
        )


class WorkerWatch:
    """What is known of this worker from outside of its jobs, and the server that tells it."""

    def __init__(self, settings: Settings) -> None:
        assert settings.metrics_address is not None
        self.observer: Observer = NoObserver()
        self._store = StoreWatch(Store(make_engine(settings.database_url)))
        self._stall_seconds = settings.stall_seconds
        self._counted: WorkerMetrics | None = None
        self._shift: Shift | None = None
        self._generate: Generate | None = None
        self._is_ready = False
        has_package = find_spec("prometheus_client") is not None
        if not has_package:
            log.warning(NO_PACKAGE)
        metrics = self._make_metrics() if has_package else None
        self.server = HealthServer(
            settings.metrics_address, live=self.against_life, ready=self.against_readiness, metrics=metrics
        )

    def _make_metrics(self) -> Callable[[], tuple[str, bytes]]:
        from worker import metrics

        registry = metrics.new_registry()
        self._counted = metrics.WorkerMetrics(registry)
        self.observer = self._counted
        registry.register(metrics.DecodingCollector(self.statistics))
        registry.register(metrics.StoreCollector(self._store.state))
        return lambda: metrics.exposed(registry)

    def remembering(self, generator: Callable[[Store, Settings], Generate]) -> Callable[[Store, Settings], Generate]:
        """Return the same maker of songs, and know from then on what it makes them with."""

        def remembered(store: Store, settings: Settings) -> Generate:
            self._generate = generator(store, settings)
            return self._generate

        return remembered

    def statistics(self) -> Mapping[str, BatchCounts]:
        """Return what the shared models have decoded, {} where they do not tell."""
        tell = getattr(self._generate, "statistics", None)
        return {} if tell is None else tell()

    def on_duty(self, shift: Shift) -> None:
        """Take in what runs the jobs."""
        self._shift = shift
        if self._counted is not None:
            self._counted.on_duty(running=shift.running, slots=shift.slots)

    def when_ready(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """Return what is to be told the ready line."""

        def told(line: str) -> None:
            self._is_ready = True
            say(line)

        return told

    def against_life(self) -> list[str]:
        """Return why this worker is to be started again; empty if it works. Its watchdog comes to the same end."""
        leases = () if self._shift is None else self._shift.leases()
        latest = time.monotonic() - self._stall_seconds
        return [STALLED] if any(lease.last_sign < latest for lease in leases) else []

    def against_readiness(self) -> list[str]:
        """Return why this worker does not take jobs now; empty if it does."""
        stopping = self._shift is not None and self._shift.is_stopping()
        reasons = {OPENING: not self._is_ready, STOPPING: stopping, NO_DATABASE: self._store.state() is None}
        return [reason for reason, holds in reasons.items() if holds]

    def close(self) -> None:
        """Stop answering."""
        self.server.close()
        self._store.close()
