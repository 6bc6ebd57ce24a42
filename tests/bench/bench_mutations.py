"""Reads 2,000 broken MIDI files, each in a process of its own: crashes, hangs, and the worst seconds and megabytes.

Run by `make bench`; not a test. The files are broken copies of real ones, where those lie beside the project, and of our
own. What is read is also moved by some semitones and written again.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import click

from engine.errors import FileFormatError, OutputError, RequestError
from engine.music.midi_file import LARGEST_FILE_BYTES, midi_to_score, score_to_midi
from engine.music.midi_reading import compile_reading
from engine.music.transposition import possible_semitones, transpose_score
from tests.bench.midi_files import REAL_ARCHIVES, real_files, small_files
from tests.bench.midi_mutants import mutant

MOST_SECONDS, MOST_MEGABYTES = 1.0, 500.0
HANGS_SECONDS = 10  # of the processor: on a busy machine a clock on the wall would call the innocent hung


@dataclass(frozen=True)
class Reading:
    """How reading one file ended: score, sentence, crash or hang.

    seconds: of the processor, to read it. megabytes: by which the process grew for it.
    """

    mutation: str
    seed: int
    size: int
    end: str
    seconds: float = 0.0
    change_seconds: float = 0.0
    megabytes: float = 0.0


def read_and_change(data: bytes, mutation: str, seed: int) -> Reading:
    before, start = _megabytes(), time.thread_time()
    try:
        score = midi_to_score(data)
    except (FileFormatError, RequestError):
        seconds = time.thread_time() - start
        return Reading(mutation, seed, len(data), "sentence", seconds, 0.0, _megabytes() - before)
    read = time.thread_time()
    megabytes = _megabytes() - before
    try:
        low, high = possible_semitones(score)
        score_to_midi(transpose_score(score, max(-3, low) or min(3, high)))
    except (OutputError, RequestError):
        pass
    return Reading(mutation, seed, len(data), "score", read - start, time.thread_time() - read, megabytes)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _child(pipe: Connection, data: bytes, mutation: str, seed: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (HANGS_SECONDS, HANGS_SECONDS + 1))
    pipe.send(read_and_change(data, mutation, seed))


def in_a_process(data: bytes, mutation: str, seed: int) -> Reading:
    """Read a file in a process that is forked for it, so that a crash is seen and memory is its own."""
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, data, mutation, seed))
    process.start()
    theirs.close()
    try:
        found: Reading = mine.recv()
    except EOFError:
        process.join()
        end = "hang" if process.exitcode == -signal.SIGXCPU else "crash"
        return Reading(mutation, seed, len(data), end, float(HANGS_SECONDS))
    process.join()
    return found


def measure(count: int) -> dict[str, Any]:
    """Return how reading ended and the worst of it."""
    files = [*small_files(), *(data for archive in REAL_ARCHIVES for data in real_files(archive))]
    compile_reading()  # before the fork, as a worker does before its first job
    readings = [in_a_process(data, name, seed) for seed in range(count) for name, data in [mutant(files, seed)]]
    slowest = max(readings, key=lambda reading: reading.seconds)
    largest = max(readings, key=lambda reading: reading.megabytes)
    return {
        "files": count,
        "made_from": len(files),
        "ends": dict(Counter(reading.end for reading in readings)),
        "bad": [vars(reading) for reading in readings if reading.end in ("crash", "hang")],
        "slowest": vars(slowest),
        "largest": vars(largest),
        "slowest_change": vars(max((r for r in readings if r.size <= LARGEST_FILE_BYTES // 4),
                                   key=lambda reading: reading.change_seconds)),
    }  # fmt: skip


@click.command()
@click.option("--count", default=2000, show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(count: int, as_json: bool) -> None:
    """Read broken MIDI files and report the worst."""
    figures = measure(count)
    if as_json:
        print(json.dumps(figures, indent=2))
        return
    ends = figures["ends"]
    print(
        f"{count} broken files of {figures['made_from']}: {ends.get('score', 0)} read, {ends.get('sentence', 0)} refused"
    )
    print(f"crashes {ends.get('crash', 0)}, hangs {ends.get('hang', 0)}                      none allowed")
    for what, unit, most in (("slowest", "seconds", MOST_SECONDS), ("largest", "megabytes", MOST_MEGABYTES)):
        worst = figures[what]
        print(f"{what}: {worst[unit]:.2f} {unit} ({worst['mutation']}, {worst['size']:,} bytes)   under {most:g}")
    change = figures["slowest_change"]
    print(
        f"slowest to transpose and write, of uploads: {change['change_seconds']:.2f} seconds ({change['size']:,} bytes)"
    )


if __name__ == "__main__":
    main()
