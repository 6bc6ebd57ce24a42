"""Songs per minute of 32 members at once against one at a time, and a short job alone and beside them.

Run by hand: `python -m tests.bench.bench_load --members 32`; not a test. Real worker processes with the starter models,
through the queue on SQLite and the filesystem broker. One at a time is a worker with one thread that gets the next song
when the last is done. The limit is what the processors could do if they did nothing but these songs: their number times
60 by the processor seconds of a song, its audio process included.
"""

from __future__ import annotations

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import click

from engine.contract import LyricRequest, Request, SongRequest
from worker.client import Client
from worker.settings import Settings
from worker.store.jobs import Job

ROOT = Path(__file__).resolve().parents[2]
SONG = SongRequest(theme="rain over the harbour")
SHORT = LyricRequest(theme="rain over the harbour", form="V")
LONGEST_SECONDS = 1800.0
LOOK_SECONDS = 0.02
TICKS = os.sysconf("SC_CLK_TCK")


class Load:
    """Workers on one queue, a client beside them, and what they have used so far."""

    def __init__(self, folder: Path, processes: int, threads: int | None) -> None:
        self.settings = Settings(
            database_url=f"sqlite:///{folder / 'songwright.sqlite3'}",
            models_dir=folder / "models",
            broker_url=f"filesystem://{folder / 'broker'}",
        )
        environ = os.environ | {
            "SONGWRIGHT_DATABASE_URL": self.settings.database_url,
            "SONGWRIGHT_BROKER_URL": str(self.settings.broker_url),
            "SONGWRIGHT_WORKER_THREADS": str(threads or ""),
        }
        self.client = Client(self.settings)
        self.client.store  # made before the workers look for it  # noqa: B018
        self.ports = [free_port() for _ in range(processes)]
        self.workers = [
            subprocess.Popen(
                [sys.executable, "-m", "bot", "worker"],
                cwd=ROOT,
                env=environ | {"SONGWRIGHT_METRICS_ADDRESS": f"127.0.0.1:{port}"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for port in self.ports
        ]
        for worker in self.workers:
            assert worker.stdout is not None
            lines = iter(worker.stdout.readline, "")
            if not any("is ready" in line for line in lines):
                raise click.ClickException("a worker did not get ready")

    def submit(self, request: Request, member: str, seed: int) -> str:
        return self.client.submit(request.model_copy(update={"seed": seed}), requested_by=member, server="bench")

    def wait(self, job_id: str, until: Callable[[Job], bool] = lambda job: job.ended) -> Job:
        deadline = time.monotonic() + LONGEST_SECONDS
        while not until(job := self.client.job(job_id)):
            if time.monotonic() > deadline or any(worker.poll() is not None for worker in self.workers):
                raise click.ClickException(f"job {job_id} is {job.status} and will not end")
            time.sleep(LOOK_SECONDS)
        return job

    def processor_seconds(self) -> float:
        """Return what the workers and their audio processes that have ended have used."""
        return sum(sum(map(int, fields_of(worker.pid)[11:15])) / TICKS for worker in self.workers)

    def peak_megabytes(self) -> list[float]:
        found = []
        for worker in self.workers:
            status = Path(f"/proc/{worker.pid}/status").read_text(encoding="ascii")
            found.append(round(int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024, 1))  # type: ignore[index]
        return found

    def decoding(self) -> dict[str, float]:
        """Return what the models have done, from the metrics of all workers added up."""
        found: dict[str, float] = {}
        for port in self.ports:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                text = answer.read().decode()
            for name, role, value in re.findall(r'^songwright_decoding_(\w+){model="(\w+)"} (\S+)$', text, re.M):
                key = f"{role}_{name.removesuffix('_total')}"
                found[key] = round(found.get(key, 0.0) + float(value), 2)
        for role in ("lyrics", "melody"):
            if found.get(f"{role}_steps"):
                found[f"{role}_rows_per_step"] = round(found[f"{role}_rows"] / found[f"{role}_steps"], 1)
        return found


def fields_of(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name of the program."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def load(processes: int, threads: int | None) -> Iterator[Load]:
    """Start workers on an empty queue, and end them afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        started = Load(Path(folder), processes, threads)
        try:
            yield started
        finally:
            for worker in started.workers:
                worker.terminate()
            for worker in started.workers:
                worker.communicate()
            started.client.close()


def rate(count: int, seconds: float, processor_seconds: float) -> dict[str, float]:
    each = processor_seconds / count
    return {
        "songs": count,
        "seconds": round(seconds, 1),
        "songs_per_minute": round(60 * count / seconds, 1),
        "processor_seconds_per_song": round(each, 2),
        "processors_used": round(processor_seconds / seconds, 2),
        "limit_songs_per_minute": round(60 * (os.cpu_count() or 1) / each, 1),
    }


def one_at_a_time(songs: int, repeats: int) -> tuple[dict[str, Any], list[float]]:
    """Return figures of songs one after the other, and the seconds of short jobs alone."""
    with load(1, 1) as bench:
        bench.wait(bench.submit(SONG, "warm", 1))
        used, started = bench.processor_seconds(), time.monotonic()
        for number in range(songs):
            bench.wait(bench.submit(SONG, f"member {number}", number))
        figures: dict[str, Any] = rate(songs, time.monotonic() - started, bench.processor_seconds() - used)
        short = [lasted(bench.wait(bench.submit(SHORT, "short", number))) for number in range(repeats)]
        return figures | {"peak_megabytes": bench.peak_megabytes()}, short


def at_once(members: int, processes: int, threads: int | None) -> dict[str, Any]:
    """Return figures of a song for each member, all asked for at the same time."""
    with load(processes, threads) as bench:
        bench.wait(bench.submit(SONG, "warm", 1))
        used, started = bench.processor_seconds(), time.monotonic()
        asked = [bench.submit(SONG, f"member {number}", number) for number in range(members)]
        ended = [bench.wait(job) for job in asked]
        figures: dict[str, Any] = rate(members, time.monotonic() - started, bench.processor_seconds() - used)
        failed = sum(job.status != "done" for job in ended)
        return figures | {"failed": failed, "peak_megabytes": bench.peak_megabytes(), "decoding": bench.decoding()}


def short_beside(members: int, processes: int, threads: int | None, repeats: int) -> list[tuple[float, float]]:
    """Return, of short jobs beside the songs of the other members, seconds from asking and from starting to the end."""
    found = []
    with load(processes, threads) as bench:
        bench.wait(bench.submit(SONG, "warm", 1))
        asked = [bench.submit(SONG, f"member {number}", number) for number in range(members - 1)]
        for number in range(repeats):
            bench.wait(asked[2 * number], lambda job: job.status != "queued")
            job = bench.wait(bench.submit(SHORT, f"short {number}", number))
            assert job.started_at is not None
            assert job.finished_at is not None
            found.append((lasted(job), (job.finished_at - job.started_at).total_seconds()))
    return found


def lasted(job: Job) -> float:
    """Return the seconds from asking to the end."""
    assert job.finished_at is not None
    return (job.finished_at - job.created_at).total_seconds()


@click.command()
@click.option("--members", default=32, show_default=True)
@click.option("--alone", default=12, show_default=True, help="Songs that are made one at a time.")
@click.option("--processes", default=1, show_default=True)
@click.option("--threads", type=int, help="Of each worker; its own default if not given.")
@click.option("--repeats", default=5, show_default=True, help="Short jobs.")
@click.option("--json", "as_json", is_flag=True)
def main(members: int, alone: int, processes: int, threads: int | None, repeats: int, as_json: bool) -> None:
    """Measure and print."""
    single, short = one_at_a_time(alone, repeats)
    together = at_once(members, processes, threads)
    beside = short_beside(members, processes, threads, repeats)
    figures = {
        "one_at_a_time": single,
        "at_once": together,
        "times_as_many": round(together["songs_per_minute"] / single["songs_per_minute"], 2),
        "short_alone_seconds": round(statistics.median(short), 2),
        "short_beside_seconds_from_asking": round(statistics.median(total for total, _ in beside), 2),
        "short_beside_seconds_running": round(statistics.median(running for _, running in beside), 2),
    }
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
