"""What a worker tells of its jobs to whoever counts them. Knows nothing of metrics or logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from worker.store.jobs import Job


class Observer(Protocol):
    """Told by the worker's threads, several at once; must neither block nor raise."""

    def job_began(self, job: Job, waited_seconds: float) -> None:
        """A job was claimed, so long after it was asked for."""

    def job_ended(
        self, job: Job, status: str, error_kind: str | None, seconds: float, stage_seconds: Mapping[str, float]
    ) -> None:
        """An attempt is over. status: done, failed, cancelled, lost or returned; stage_seconds: by `Progress.stage`."""


class NoObserver:
    """Counts nothing."""

    def job_began(self, job: Job, waited_seconds: float) -> None:
        """Do nothing."""

    def job_ended(
        self, job: Job, status: str, error_kind: str | None, seconds: float, stage_seconds: Mapping[str, float]
    ) -> None:
        """Do nothing."""
