"""Tokens per second of one checkpoint at 1 to 128 sequences at once, each written by a thread of its own.

Run by hand: `python -m tests.bench.bench_batching PATH`; not a test. On CUDA where there is some. Every sequence starts
with the same prompt and is sampled with a seed of its own, through `engine.batching`, as the songs of a worker are.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from engine.batching import SharedModel, share
from engine.contract import Sampling
from engine.decoding import Sequence, decode
from engine.device_memory import device_of
from engine.families import open_model

BATCHES = (1, 8, 32, 128)


def measured(model: Any, sequences: int, prompt: int, tokens: int, *, merged: bool) -> dict[str, float]:
    """Return the figures of so many sequences at once, after one round that is not counted."""
    shared = SharedModel(model, slots=sequences, least_slots=sequences) if merged else share(model)

    def write(seed: int) -> int:
        (found,) = decode(shared, [Sequence(list(range(1, prompt + 1)), Sampling(), seed, tokens)])
        return len(found.ids)

    with ThreadPoolExecutor(sequences) as pool:
        list(pool.map(write, range(sequences)))
        before, started = shared.statistics(), time.perf_counter()
        written = sum(pool.map(write, range(sequences)))
        seconds, after = time.perf_counter() - started, shared.statistics()
    steps = after.steps - before.steps
    return {
        "sequences": sequences,
        "tokens_per_second": round(written / seconds, 1),
        "rows_per_step": round((after.rows - before.rows) / steps, 1),
        "milliseconds_per_step": round(1000 * seconds / steps, 2),
        "model_busy_share": round((after.busy_seconds - before.busy_seconds) / seconds, 2),
    }


@click.command()
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.option("--family", help="hf-causal runs our own checkpoints with torch.")
@click.option("--prompt", default=64, show_default=True, help="Ids of the prompt.")
@click.option("--tokens", default=128, show_default=True, help="Ids to write.")
@click.option("--most", default=BATCHES[-1], show_default=True, help="The largest number of sequences.")
@click.option("--merged", is_flag=True, help="One thread for the model even where a worker would not use one.")
@click.option("--json", "as_json", is_flag=True)
def main(path: Path, family: str | None, prompt: int, tokens: int, most: int, merged: bool, as_json: bool) -> None:
    """Measure and print."""
    model = open_model(path, family=family)
    rows = [measured(model, n, prompt, tokens, merged=merged) for n in BATCHES if n <= most]
    if as_json:
        print(json.dumps({"device": device_of(model), "slot_bytes": getattr(model, "slot_bytes", 0), "rows": rows}))
        return
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
