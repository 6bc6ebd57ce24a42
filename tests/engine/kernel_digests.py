"""Digests of what the two kernels compute from fixed numbers: `python -m tests.engine.kernel_digests` prints them.

Knows nothing of which results are right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.llama import Llama, LlamaShape, Precision
from tests.engine.random_adapters import random_adapter
from tests.engine.tiny_llama import random_weights, tiny_config

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")
# Heads and sizes that fill vector registers, and some that do not.
CONFIGS: tuple[dict[str, Any], ...] = (
    {},
    {"hidden_size": 64, "num_key_value_heads": 1, "head_dim": 32, "intermediate_size": 128},
)


def logits() -> Iterator[tuple[str, np.ndarray]]:
    """Give a name and logits for prompts and steps of several lengths and widths."""
    for number, changes in enumerate(CONFIGS):
        config = tiny_config(**changes)
        for precision in PRECISIONS:
            shape, rng = LlamaShape.from_config(config), np.random.default_rng(0)
            model = Llama.from_weights(shape, random_weights(config), precision=precision, threads=1)
            for length in (1, 2, 3, 7, 40, 100):
                memory, ids = model.new_memory(16), rng.integers(0, 70, length)
                yield f"{precision} {number} prompt {length}", model.extend(memory, 0, ids.tolist())
            model.fork(memory, 0, range(16))
            for rows in (1, 2, 3, 16):
                ids = rng.integers(0, 70, rows)
                yield f"{precision} {number} step {rows}", model.step(memory, np.arange(rows), ids)
            adapted = model.adapted(random_adapter(config, 4, lambda name: True))
            yield f"{precision} {number} adapted prompt", adapted.extend(adapted.new_memory(1), 0, list(range(40)))


def choices() -> Iterator[tuple[str, np.ndarray]]:
    """Give a name, and ids with their log-probabilities, for several kinds of sampling."""
    from engine.sampling_kernels import choose_rows

    rng = np.random.default_rng(1)
    for size in (70, 4096):
        for setting in ((1, 0, 1, 0), (1, 0, 0.9, 0), (0.8, 50, 0.95, 0.01)):
            rows, masks = (rng.standard_normal((64, size)) * 3).astype(np.float32), rng.random((64, size)) < 0.7
            ids, log_probabilities = np.zeros(64, np.int64), np.zeros(64, np.float32)
            table = np.tile(np.array(setting, np.float32), (64, 1))
            choose_rows(rows, masks, table, rng.random(64), ids, log_probabilities)
            yield f"choice {size} {setting}", np.stack([ids, log_probabilities.view(np.int32)])


def main() -> None:
    """Print the digests by name, as JSON."""
    results = [*logits(), *choices()]
    print(json.dumps({name: hashlib.sha256(np.ascontiguousarray(array)).hexdigest() for name, array in results}))  # noqa: T201  # a test reads it


if __name__ == "__main__":
    main()
