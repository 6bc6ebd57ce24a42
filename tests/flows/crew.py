"""Worker processes on one database and one broker: started, stopped, killed; and what has become of the jobs.

Knows nothing of pytest, nor of which database and broker they are.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select as readable

from sqlalchemy import select

from worker.client import Client
from worker.settings import Settings
from worker.store.jobs import Job, job_of
from worker.store.tables import JobRow, SongRow

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
UNTIL_SECONDS = 30.0
GRACE_SECONDS = 0.3


def until(true: Callable[[], object], seconds: float = UNTIL_SECONDS, what: str = "it") -> None:
    """Wait for a condition; AssertionError if it does not come about in time."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not come about within {seconds:g} s"
        time.sleep(0.02)


@dataclass
class Crew:
    """The workers of one database and one broker (None: they poll), with a client beside them.

    environ: further settings of the workers. sweep_seconds, retry_seconds: see `worker.worker_process.Pace`.
    """

    database_url: str
    broker_url: str | None
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    sweep_seconds: float = 3.0
    retry_seconds: float = 0.5
    workers: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = Settings(
            database_url=self.database_url,
            models_dir=Path(),
            broker_url=self.broker_url,
            artifacts_url=self.environ.get("SONGWRIGHT_ARTIFACTS_URL"),
        )
        self.client = Client(settings)
        self.made_file = self.folder / "made"
        self.log_file = self.folder / "workers.log"
        self._ready: set[int] = set()

    def begin(self, *, machine: str = "", **environ: str) -> subprocess.Popen[str]:
        """Start a worker and return at once."""
        numbers = (str(self.sweep_seconds), str(self.retry_seconds), str(GRACE_SECONDS))
        settings = {"SONGWRIGHT_DATABASE_URL": self.database_url, "SONGWRIGHT_BROKER_URL": self.broker_url or ""}
        with self.log_file.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.flows.timed_worker", str(self.made_file), *numbers, machine],
                cwd=ROOT,
                env=os.environ | settings | self.environ | environ,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self.workers.append(worker)
        return worker

    def start(self, *, machine: str = "", **environ: str) -> subprocess.Popen[str]:
        """Start a worker and wait until it is ready."""
        worker = self.begin(machine=machine, **environ)
        assert worker.stdout is not None
        line = worker.stdout.readline()
        assert "is ready" in line, self.log_file.read_text()[-2000:]
        self._ready.add(worker.pid)
        return worker

    def kill(self, worker: subprocess.Popen[str]) -> None:
        """Kill a worker (-9) and wait for its end."""
        worker.send_signal(signal.SIGKILL)
        worker.wait(READY_SECONDS)
        self._forget(worker)

    def ready(self) -> list[subprocess.Popen[str]]:
        """Return the workers that have said that they are ready; nothing is waited for."""
        for worker in self.workers:
            said = worker.stdout
            if worker.pid not in self._ready and said and readable([said], [], [], 0)[0] and said.readline():
                self._ready.add(worker.pid)
        return [worker for worker in self.workers if worker.pid in self._ready]

    def bury(self) -> int:
        """Forget the workers that have ended by themselves; return how many."""
        ended = [worker for worker in self.workers if worker.poll() is not None]
        for worker in ended:
            self._forget(worker)
        return len(ended)

    def _forget(self, worker: subprocess.Popen[str]) -> None:
        assert worker.stdout is not None
        worker.stdout.close()
        self.workers.remove(worker)
        self._ready.discard(worker.pid)  # a later process may have the number

    def stop(self, worker: subprocess.Popen[str]) -> int:
        """Ask a worker to end, and return its exit code."""
        worker.terminate()
        code = worker.wait(READY_SECONDS)
        self._forget(worker)
        return code

    def jobs(self) -> list[Job]:
        """Return every job, in the order of asking."""
        with self.client.store.reading() as session:
            return [job_of(row) for row in session.scalars(select(JobRow).order_by(JobRow.created_at, JobRow.id))]

    def songs(self) -> dict[str, list[bytes]]:
        """Return by job id the contents of every song's MIDI file."""
        with self.client.store.reading() as session:
            rows = session.execute(select(SongRow.job_id, SongRow.id)).all()
        found: dict[str, list[bytes]] = {}
        for job_id, song_id in rows:
            files = {artifact.name: artifact.data for artifact in self.client.artifacts(song_id)}
            found.setdefault(job_id, []).append(files["song.mid"])
        return found

    def made(self) -> Counter[str]:
        """Return how often each theme was sung to its end, stored or not."""
        return Counter(self.made_file.read_text().splitlines() if self.made_file.exists() else [])

    def close(self) -> None:
        """Kill who is left, and close the client."""
        for worker in list(self.workers):
            self.kill(worker)
        self.client.close()


@contextmanager
def crew(database_url: str, broker_url: str | None, folder: Path, **options: object) -> Iterator[Crew]:
    """Give a crew that is sent home at the end of the block."""
    workers = Crew(database_url, broker_url, folder, **options)  # type: ignore[arg-type]  # the fields of Crew
    try:
        yield workers
    finally:
        workers.close()


def expected_bytes(job: Job) -> bytes:
    """Return what the MIDI file of a job's song must hold: its seed, see `tests.worker.echo_song`."""
    return job.seed.to_bytes(4, "big")
