"""Promotes models back and forth while a real worker process makes songs, and looks whether any job failed or was mixed.

Run by hand; not a test. The models are the starters and a copy of them with a little noise on the weights, as after a
short training; jobs go through the queue, and the worker is `songwright worker` in a process of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from engine.checkpoint import CONFIG, MANIFEST, TOKENIZER, WEIGHTS, open_checkpoint, write_checkpoint
from engine.contract import SongRequest
from engine.roles import ROLES, Role
from worker import promotion
from worker.client import Client
from worker.clock import utc_now
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels, starter_paths
from worker.model_choice import ModelChoice
from worker.settings import hosting_settings
from worker.store import jobs, model_versions

NOISE = 0.01  # of a tensor's standard deviation
LOOK_SECONDS = 0.25
PATIENCE_SECONDS = 1800

Pair = dict[Role, Path]


@dataclass
class Seen:
    """What was seen while the songs were made."""

    promotions: int = 0
    megabytes: list[float] = field(default_factory=list)


def noisy_copy(path: Path, directory: Path, seed: int = 7, noise: float = NOISE) -> Path:
    """Write a copy of a checkpoint with noise on its weights, and return its directory.

    noise: standard deviation, as a share of that of each tensor.
    """
    chance = np.random.default_rng(seed)
    opened = open_checkpoint(path)
    weights = {
        name: (values + chance.standard_normal(values.shape) * noise * values.std()).astype(values.dtype)
        for name, values in opened.read_weights().items()
    }
    known = {WEIGHTS, CONFIG, TOKENIZER, MANIFEST}
    more = {file.name: file.read_bytes() for file in path.iterdir() if file.name not in known}
    tokenizer = opened.tokenizer_file.read_bytes() if opened.tokenizer_file else None
    card = dict(opened.card) | {"noise": noise}
    write_checkpoint(directory, weights, opened.config, tokenizer, card, family=opened.family, more_files=more)
    return directory


def bench(folder: Path, songs: int, every: float, threads: int, again: int) -> dict[str, Any]:
    """Make songs through the queue while both roles are promoted by turns; return what came of it."""
    environ = os.environ | {"XDG_DATA_HOME": str(folder / "data"), "SONGWRIGHT_WORKER_THREADS": str(threads)}
    pairs: list[Pair] = [dict(starter_paths())]
    pairs.append({role: noisy_copy(pairs[0][role], folder / role) for role in ROLES})
    client = Client(hosting_settings(environ))
    ids = [[promotion.add(client.store, pair[role], now=utc_now()).id for role in ROLES] for pair in pairs]
    digests = [tuple(open_checkpoint(pair[role]).digest for role in ROLES) for pair in pairs]
    request, seen = SongRequest(theme="rain over the harbour", form="V"), Seen()
    with worker(environ) as process:
        begun = time.monotonic()
        with client.store.writing() as session:
            job_ids = [
                jobs.submit(session, request, now=utc_now(), requested_by=str(number % 5)).id for number in range(songs)
            ]
        follow(client, job_ids, ids, every, seen, process.pid)
        seconds = time.monotonic() - begun
    found = [client.job(job_id) for job_id in job_ids]
    made = [client.song(job.id) for job in found if job.status == "done"]
    used = Counter((song.model_versions["lyrics"], song.model_versions["melody"]) for song in made)
    repeated = made[:: max(1, len(made) // again)][:again] if again else []
    same = sum(is_same_alone(client, song, dict(zip(digests, pairs, strict=True)), request) for song in repeated)
    client.close()
    return {
        "songs": songs,
        "done": len(made),
        "failed": sum(job.status == "failed" for job in found),
        "second_attempts": sum(job.attempts > 1 for job in found),
        "promotions": seen.promotions,
        "by_pair": {" + ".join(pair): count for pair, count in used.items()},
        "mixed": sum(count for pair, count in used.items() if pair not in digests),
        "made_again_alone": len(repeated),
        "of_them_the_same_bytes": same,
        "songs_per_minute": round(60 * len(made) / seconds, 1),
        "worker_threads": threads,
        "promoted_every_seconds": every,
        "worker_megabytes_first_quarter": quarter(seen.megabytes, 0),
        "worker_megabytes_last_quarter": quarter(seen.megabytes, 3),
    }


def follow(client: Client, job_ids: list[str], ids: list[list[str]], every: float, seen: Seen, pid: int) -> None:
    """Promote by turns until all jobs have ended."""
    next_promotion = time.monotonic()
    until = next_promotion + PATIENCE_SECONDS
    waiting = set(job_ids)
    while waiting and time.monotonic() < until:
        if time.monotonic() >= next_promotion:
            with client.store.writing() as session:
                for version in ids[seen.promotions % len(ids)]:
                    model_versions.promote(session, version, now=utc_now())
            seen.promotions += 1
            next_promotion += every
        waiting -= {job_id for job_id in waiting if client.job(job_id).ended}
        seen.megabytes.append(resident_megabytes(pid))
        time.sleep(LOOK_SECONDS)


@contextmanager
def worker(environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run a worker process, from when it is ready until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "worker"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "ready" in line:
                break
        else:
            raise SystemExit("the worker ended before it was ready")
        yield process
    finally:
        process.terminate()
        process.wait(30)


def is_same_alone(client: Client, song: Any, pairs: dict[Any, Pair], request: SongRequest) -> bool:
    """Make a song again with its seed and the models that it names, and compare words and files."""
    choice = ModelChoice(pairs[song.model_versions["lyrics"], song.model_versions["melody"]])
    generate = SongGenerator(LoadedModels(lambda: choice), outputs=("mid", "txt", "musicxml"))
    again = generate(request, song.report.seed, lambda progress: None, lambda: False)
    stored = {artifact.name: artifact.data for artifact in client.artifacts(song.id)}
    return song.lyrics_text == again.lyrics_text and all(stored[a.name] == a.data for a in again.artifacts)


def resident_megabytes(pid: int) -> float:
    """Return how much memory a process takes."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    return int(found[1]) / 1000 if found else 0.0


def quarter(values: list[float], number: int) -> float:
    """Return the largest value of a quarter (0-3) of the time."""
    size = max(1, len(values) // 4)
    return round(max(values[number * size : (number + 1) * size or None], default=0.0), 1)


@click.command()
@click.option("--songs", type=click.IntRange(1), default=40, show_default=True)
@click.option("--every", type=click.FloatRange(0.05), default=5.0, show_default=True, help="seconds between promotions")
@click.option("--threads", type=click.IntRange(1), default=3, show_default=True, help="songs at once")
@click.option("--again", type=click.IntRange(0), default=4, show_default=True, help="songs made a second time, alone")
@click.option("--json", "as_json", is_flag=True)
def main(songs: int, every: float, threads: int, again: int, as_json: bool) -> None:
    """Print what promotions did to songs under way; exit code 1 if any failed or was mixed."""
    with tempfile.TemporaryDirectory() as folder:
        found = bench(Path(folder), songs, every, threads, again)
    if as_json:
        print(json.dumps(found, indent=2))
    else:
        for name, value in found.items():
            print(f"{name:32}{value}")
    whole = found["done"] == songs and not found["mixed"]
    sys.exit(0 if whole and found["of_them_the_same_bytes"] == found["made_again_alone"] else 1)


if __name__ == "__main__":
    main()
