"""What adapters beside one base cost: `python -m tests.bench.bench_adapters [--json]`.

Random matrices of a rank beside every matrix of the starter lyric model, as tuning writes them. Memory is what the process
holds with many adapters open less what it holds with the base alone. Speed is the processor time of a decoding step, base
and adapter in turn, as a ratio, so that whatever else the machine does disturbs both alike; and of the words of a song,
with matrices so small that both write the same words. Knows nothing of what an adapter has learned.
"""

from __future__ import annotations

import gc
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from engine.adapters import LowRank, write_adapter
from engine.checkpoint import WEIGHTS, Checkpoint, open_checkpoint
from engine.contract import LyricRequest
from engine.families import CausalModel
from engine.llama import LlamaShape
from engine.llama_shape import matrix_sizes
from engine.song.make_song import make_lyrics
from engine.song.making import Making
from engine.song.models import LyricModel, SongModels, open_adapted, open_lyric_model

STARTER = Path(__file__).parents[2] / "engine" / "starter" / "lyrics"
PAGE_BYTES, GIGABYTE = 4096, 10**9
PROMPT_IDS = 100
STEPS = {1: 100, 16: 20}  # rows of a step: steps that are timed together


def write_random_adapter(directory: Path, base: Checkpoint, rank: int, *, seed: int, strength: float) -> Path:
    """Write an adapter of every matrix of a base; strength: spread of b, by which logits change."""
    rng = np.random.default_rng(seed)
    parts = {
        name: LowRank(
            (rng.standard_normal((rank, columns)) / np.sqrt(columns)).astype(np.float32),
            (rng.standard_normal((rows, rank)) * strength).astype(np.float32),
        )
        for name, (rows, columns) in matrix_sizes(LlamaShape.from_config(base.config)).items()
    }
    return write_adapter(directory, parts, base, {"role": "lyrics"}).directory


def resident_bytes() -> int:
    """Return what the process holds in memory now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


def measured_memory(base: LyricModel, paths: list[Path]) -> dict[str, Any]:
    """Return bytes and seconds of one more adapter, opened after the first, which brings the kernel with it."""
    opened = [open_adapted("lyrics", paths[0], base)]
    before, began = resident_bytes(), time.perf_counter()
    opened += [open_adapted("lyrics", path, base) for path in paths[1:]]
    seconds = time.perf_counter() - began
    each = (resident_bytes() - before) / (len(paths) - 1)
    model: Any = opened[0].model
    packed = {name: of._arithmetic.own_bytes for name, of in (("adapter", model), ("base", base.model))}  # type: ignore[union-attr]  # a Llama
    return {
        "packed_bytes": packed,
        "resident_bytes_each": round(each),
        "file_bytes": (paths[0] / WEIGHTS).stat().st_size,
        "open_seconds": round(seconds / (len(paths) - 1), 4),
        "adapters_in_one_gigabyte": int(GIGABYTE / each),
    }


def stepping(model: CausalModel, rows: int) -> Callable[[], float]:
    """Return what runs some steps of so many rows after a prompt and tells their processor time in microseconds each."""
    memory, ids, slots = model.new_memory(rows), np.arange(rows) + 5, np.arange(rows)
    model.extend(memory, 0, list(range(5, 5 + PROMPT_IDS)))
    model.fork(memory, 0, range(rows))

    def run() -> float:
        for slot in range(rows):
            model.truncate(memory, slot, PROMPT_IDS)
        began = time.process_time_ns()
        for _ in range(STEPS[rows]):
            model.step(memory, slots, ids)
        return (time.process_time_ns() - began) / STEPS[rows] / 1000

    return run


def in_turn(base: Callable[[], float], adapter: Callable[[], float], rounds: int) -> dict[str, float]:
    """Return the median times of both, and the median of the ratios, of rounds that alternate."""
    times = [(base(), adapter()) for _ in range(rounds + 1)][1:]
    before, after = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "base": round(before, 3),
        "adapter": round(after, 3),
        "ratio": round(statistics.median(b / a for a, b in times), 3),
    }


def writing(model: LyricModel) -> Callable[[], float]:
    """Return what writes the words of a song, the same at every call, and tells its processor time in seconds."""

    def run() -> float:
        began = time.process_time()
        make_lyrics(LyricRequest(theme="the sea"), Making(seed=7, models=SongModels(model, None)))  # type: ignore[arg-type]  # no tune is made
        return time.process_time() - began

    return run


def measure(rank: int, count: int, rounds: int) -> dict[str, Any]:
    """Return all figures."""
    before = resident_bytes()
    base, checkpoint = open_lyric_model(STARTER), open_checkpoint(STARTER)
    base.lexicon(archaic=False)
    of_base = resident_bytes() - before
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            write_random_adapter(Path(folder) / str(n), checkpoint, rank, seed=n, strength=1e-6) for n in range(count)
        ]
        figures: dict[str, Any] = {
            "rank": rank,
            "memory": measured_memory(base, paths) | {"resident_bytes_base": of_base},
        }
        adapter = open_adapted("lyrics", paths[0], base)
    assert isinstance(adapter, LyricModel)
    figures["microseconds_per_step"] = {
        rows: in_turn(stepping(base.model, rows), stepping(adapter.model, rows), rounds) for rows in STEPS
    }
    figures["seconds_per_words_of_a_song"] = in_turn(writing(base), writing(adapter), max(3, rounds // 2))
    return figures


@click.command()
@click.option("--rank", type=click.IntRange(1, 64), default=16, show_default=True)
@click.option("--adapters", type=click.IntRange(2, 1000), default=50, show_default=True, help="how many are opened")
@click.option("--rounds", type=click.IntRange(3), default=40, show_default=True, help="that alternate")
@click.option("--json", "as_json", is_flag=True, help="print all figures as JSON")
def main(rank: int, adapters: int, rounds: int, as_json: bool) -> None:
    """Measure what adapters cost beside the starter lyric model."""
    figures = measure(rank, adapters, rounds)
    if as_json:
        click.echo(json.dumps(figures))
        return
    memory = figures["memory"]
    own, of_base = memory["packed_bytes"]["adapter"], memory["packed_bytes"]["base"]
    click.echo(
        f"rank {rank}: {memory['resident_bytes_each'] / 1e6:.2f} MB for each further adapter in memory (its matrices "
        f"{own / 1e6:.2f} MB; those of the base {of_base / 1e6:.2f} MB, and with words and libraries "
        f"{memory['resident_bytes_base'] / 1e6:.0f} MB), {memory['file_bytes'] / 1e6:.2f} MB on disk, opened in "
        f"{memory['open_seconds'] * 1000:.0f} ms; {memory['adapters_in_one_gigabyte']} fit into 1 GB"
    )
    for rows, step in figures["microseconds_per_step"].items():
        click.echo(
            f"step of {rows}: {step['base']:.0f} us without, {step['adapter']:.0f} us with an adapter: {step['ratio']:.2f}x"
        )
    song = figures["seconds_per_words_of_a_song"]
    click.echo(f"words of a song: {song['base']:.2f} s without, {song['adapter']:.2f} s with: {song['ratio']:.2f}x")


if __name__ == "__main__":
    main()
