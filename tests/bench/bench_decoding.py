"""Decoding speed and memory of the one loop beside its peers: `python -m tests.bench.bench_decoding [--json]`.

Knows nothing of how each peer works. Every peer has a process of its own, opened once; the measured runs go round all
peers in turn, so that whatever else the machine does disturbs all alike, and medians are compared. Greedy, a fixed
number of new tokens after a prompt of 8, on the same weights: those of the starter lyric model, or random ones of its
size.

Beside the table stands the limit that memory sets for one sequence: bytes of weights that a step must read over the
bytes per second that one thread reads from a buffer of that size, measured in the same run.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.checkpoint import Weights, float_matrix, open_checkpoint
from engine.llama import LlamaShape
from tests.bench.decoding_peers import PEERS
from tests.bench.onnx_llama import write_directories
from tests.engine.tiny_llama import random_weights, tiny_config

STARTER = Path(__file__).parents[2] / "engine" / "starter" / "lyrics"
TARGETS = [  # ours, peers (the best counts), batch, least ratio
    ("ours int8", ("generate() fp32",), 1, 4.0),
    ("ours int8", ("generate() fp32",), 16, 4.5),
    ("ours int8", ("CTranslate2 int8", "onnxruntime int8"), 1, 0.9),
    ("ours int8", ("CTranslate2 int8", "onnxruntime int8"), 16, 1.5),
    ("ours fp32", ("CTranslate2 fp32", "onnxruntime fp32"), 1, 0.9),
    ("ours fp32", ("CTranslate2 fp32", "onnxruntime fp32"), 16, 1.5),
]


def model_to_measure() -> tuple[str, dict[str, Any], Weights]:
    """Return name, configuration and float32 weights: the starter's if it is there, else random ones."""
    if STARTER.exists():
        checkpoint = open_checkpoint(STARTER)
        stored = checkpoint.read_weights()
        names = [name for name in stored if not name.endswith("_scale")]
        weights = {n: float_matrix(stored, n) if stored[n].ndim == 2 else stored[n].astype(np.float32) for n in names}
        return f"starter lyrics {checkpoint.digest}", dict(checkpoint.config), weights
    config = tiny_config(
        num_hidden_layers=6, hidden_size=256, num_attention_heads=4, num_key_value_heads=4, head_dim=64,
        intermediate_size=704, vocab_size=4096, max_position_embeddings=512,
    )  # fmt: skip
    weights = random_weights(config)
    return "random weights", config, {n: w * 0.5 if w.ndim == 2 else w for n, w in weights.items()}


def weight_bytes(config: dict[str, Any], item_bytes: int) -> int:
    """Return how many bytes of matrices one step reads (the head once, of the embedding next to nothing)."""
    shape = LlamaShape.from_config(config)
    attention = shape.hidden * shape.head_dim * (2 * shape.heads + 2 * shape.kv_heads)
    per_layer = attention + 3 * shape.hidden * shape.inner
    return item_bytes * (shape.layers * per_layer + shape.vocab_size * shape.hidden)


def read_bytes_per_second(size: int) -> float:
    """Return how fast one thread reads a buffer of `size` bytes again and again: the best of 30."""
    buffer = np.ones(size // 8, np.int64)
    seconds = []
    for _ in range(30):
        begun = time.perf_counter()
        buffer.max()
        seconds.append(time.perf_counter() - begun)
    return size / min(seconds)


class Process:
    """One peer in a process of its own."""

    def __init__(self, name: str, directory: Path, threads: int) -> None:
        command = [sys.executable, "-m", "tests.bench.decoding_peers", name, str(directory), str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.open_seconds = self._answer()["open_seconds"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args} ended; run it by hand to see why")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def run(self, batch: int, tokens: int) -> dict[str, Any]:
        """Have the peer write and return its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{batch} {tokens}\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def measure(
    directory: Path, *, batches: list[int], tokens: int, repeats: int, threads: int, clock: str = "seconds"
) -> dict[str, Any]:
    """Return per peer and batch: median tokens per second, and the peer's peak memory so far.

    clock: "seconds" of the wall, or "cpu_seconds" of the process, which a busy machine disturbs less (with one thread).
    """
    processes = {name: Process(name, directory, threads) for name in PEERS}
    results: dict[str, Any] = {name: {"open_seconds": p.open_seconds, "tok_s": {}} for name, p in processes.items()}
    try:
        for batch in batches:
            seconds: dict[str, list[float]] = {name: [] for name in processes}
            for process in processes.values():
                process.run(batch, 10)
            for _ in range(repeats):
                for name, process in processes.items():
                    answer = process.run(batch, tokens)
                    seconds[name].append(answer[clock])
                    results[name].setdefault("peak_megabytes", {})[batch] = answer["peak_megabytes"]
                    results[name].setdefault("first_ids", {})[batch] = answer["first_ids"]
            for name, times in seconds.items():
                results[name]["tok_s"][batch] = batch * tokens / statistics.median(times)
    finally:
        for process in processes.values():
            process.close()
    return results


def agreement(results: dict[str, Any], batch: int) -> dict[str, float]:
    """Return per peer the share of its first 20 ids that generate() wrote too; fp32 peers must come near 1."""
    wanted = np.array(results["generate() fp32"]["first_ids"][batch])
    return {name: float((np.array(r["first_ids"][batch]) == wanted).mean()) for name, r in results.items()}


def ratios(results: dict[str, Any], batches: list[int]) -> list[dict[str, Any]]:
    """Return every target whose batch was measured, with the ratio that was reached."""
    reached = []
    for ours, peers, batch, least in TARGETS:
        if batch in batches:
            best = max(peers, key=lambda name: results[name]["tok_s"][batch])
            ratio = results[ours]["tok_s"][batch] / results[best]["tok_s"][batch]
            reached.append({"ours": ours, "peer": best, "batch": batch, "ratio": ratio, "target": least})
    return reached


def _print_table(report: dict[str, Any], batches: list[int]) -> None:
    print(
        f"{report['model']}, {report['threads']} threads, {report['tokens']} new tokens, median of {report['repeats']}"
    )
    heads = "".join(f"{f'batch {b}':>12}" for b in batches)
    print(f"{'tokens per second':<20}{heads}{'peak MB':>10}{'open s':>8}{'same ids':>10}")
    for name, result in report["peers"].items():
        speeds = "".join(f"{result['tok_s'][b]:>12.0f}" for b in batches)
        peak = max(result["peak_megabytes"].values())
        print(f"{name:<20}{speeds}{peak:>10.0f}{result['open_seconds']:>8.2f}{result['same_ids']:>10.2f}")
    for precision, limit in report["memory_limit_tok_s"].items():
        print(f"memory limit of one thread, one sequence, {precision}: {limit:.0f} tokens per second")
    for r in report["ratios"]:
        verdict = "reached" if r["ratio"] >= r["target"] else "MISSED"
        print(f"{r['ours']} / {r['peer']} at batch {r['batch']}: {r['ratio']:.2f} (target {r['target']}) {verdict}")


def main() -> None:
    """Measure and print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--tokens", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--clock", choices=["seconds", "cpu_seconds"], default="seconds")
    asked = parser.parse_args()
    name, config, weights = model_to_measure()
    with tempfile.TemporaryDirectory() as folder:
        write_directories(Path(folder), config, weights)
        results = measure(
            Path(folder),
            batches=asked.batches,
            tokens=asked.tokens,
            repeats=asked.repeats,
            threads=asked.threads,
            clock=asked.clock,
        )
    same = agreement(results, asked.batches[0])
    for peer, result in results.items():
        result["same_ids"] = same[peer]
        del result["first_ids"]
    sizes = {"int8": weight_bytes(config, 1), "fp32": weight_bytes(config, 4)}
    limits = {precision: read_bytes_per_second(size) / size for precision, size in sizes.items()}
    report = {
        "model": name,
        "threads": asked.threads,
        "tokens": asked.tokens,
        "repeats": asked.repeats,
        "peers": results,
    }
    report["clock"] = asked.clock
    report |= {"memory_limit_tok_s": limits, "ratios": ratios(results, asked.batches)}
    if asked.json:
        print(json.dumps(report))
    else:
        _print_table(report, asked.batches)


if __name__ == "__main__":
    main()
