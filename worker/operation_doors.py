"""The client's doors to what hosts do: look at the queue, cancel and try again, see what is going on, models and their runs.

Knows nothing of how it is shown. Putting a model to use is not here but in `worker.promotion`, which opens it first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.roles import Role
from worker.clock import Clock
from worker.door import Door
from worker.store import job_lists, model_versions, overview, queue_state, tunings, version_figures
from worker.store.database import Store
from worker.store.job_lists import JobLine, Retried, WholeJob
from worker.store.jobs import Status
from worker.store.model_versions import ModelVersion
from worker.store.new_judgements import new_judgements
from worker.store.overview import Overview
from worker.store.queue_state import QueueState
from worker.store.tunings import Tuning
from worker.store.version_figures import VersionFigures
from worker.whole_models import digests_of_starters


class Jobs(Door):
    """The jobs of everybody. ring: called with the id of a job that waits since now."""

    def __init__(self, store: Callable[[], Store], clock: Clock, ring: Callable[[str], None]) -> None:
        super().__init__(store, clock)
        self._ring = ring

    def newest(self, *, count: int, statuses: Sequence[Status] = (), kind: str | None = None) -> tuple[JobLine, ...]:
        """Return up to `count` jobs, those asked for last first; of these statuses and this kind, if given."""
        with self._reading() as session:
            return job_lists.newest(session, count=count, statuses=statuses, kind=kind)

    def waiting(self, *, count: int, kind: str | None = None) -> tuple[JobLine, ...]:
        """Return up to `count` jobs that wait, with their places, the next one first."""
        with self._reading() as session:
            return job_lists.waiting(session, count=count, kind=kind)

    def whole(self, job_or_song_id: str) -> WholeJob:
        """Return a job, by its id or its song's, with all that hangs on it; RequestError if there is none."""
        with self._reading() as session:
            return job_lists.whole(session, job_or_song_id, now=self._now())

    def retry(self, job_id: str) -> Retried:
        """Submit a failed job again as a new one of the same seed; see `job_lists.retry`."""
        with self._writing() as session:
            retried = job_lists.retry(session, job_id, now=self._now())
        self._ring(retried.job.id)
        return retried

    def state(self) -> QueueState:
        """Return the numbers of the queue."""
        with self._reading() as session:
            return queue_state.read(session, self._now())

    def overview(self, *, keep_days: int) -> Overview:
        """Return what is going on: the queue, the workers, the last hour, what is stored."""
        with self._reading() as session:
            return overview.read(session, self._now(), keep_days=keep_days)


class Models(Door):
    """Model versions: what there is, how it is rated, and taking one out of use."""

    def all_of(self, role: Role) -> tuple[ModelVersion, ...]:
        """Return the versions of a role, the oldest first."""
        with self._reading() as session:
            return model_versions.all_of(session, role)

    def get(self, version_id: str) -> ModelVersion:
        """Return a version by its id or its digest; RequestError if there is none."""
        with self._reading() as session:
            return model_versions.get(session, version_id)

    def figures(self) -> dict[str, VersionFigures]:
        """Return how many of the last songs each version made and how they are rated, by digest."""
        with self._reading() as session:
            return version_figures.recent(session)

    def end_trial(self, version_id: str) -> ModelVersion:
        """Make a version that is on trial a candidate again."""
        with self._writing() as session:
            return model_versions.end_trial(session, version_id)

    def retire(self, version_id: str) -> ModelVersion:
        """Take a version out of use, for songs that begin from now on."""
        with self._writing() as session:
            return model_versions.retire(session, version_id)


class Tunings(Door):
    """Tuning runs, for those who cannot make snapshots: the worker that begins a run freezes what was said until then."""

    def __init__(self, store: Callable[[], Store], clock: Clock, runs_dir: Path) -> None:
        super().__init__(store, clock)
        self._runs_dir = runs_dir

    def under_way(self, role: Role) -> Tuning | None:
        """Return the run of a role that waits or runs, None if there is none."""
        with self._reading() as session:
            return next((run for run in tunings.under_way(session) if run.role == role), None)

    def new_judgements(self) -> int:
        """Return how much members who agree to training have said that nothing was tuned on yet."""
        with self._reading() as session:
            return new_judgements(session)

    def ask(self, role: Role) -> Tuning:
        """Queue a run that tunes what everybody uses; RequestError as in `tunings.queue`."""
        with self._writing() as session:
            in_use = model_versions.promoted(session, role)
            parent = digests_of_starters()[role] if in_use is None else in_use.digest
            return tunings.queue(
                session,
                role=role,
                snapshot_id=None,
                parent_digest=parent,
                runs_dir=self._runs_dir,
                request={},
                now=self._now(),
            )

    def cancel(self, run_id: str) -> Tuning:
        """End a run that waits or runs; RequestError for one that has ended."""
        with self._writing() as session:
            return tunings.cancel(session, run_id, now=self._now())
