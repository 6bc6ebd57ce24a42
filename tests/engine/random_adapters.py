"""Random adapters of tiny Llama models, and the logits that models are compared by. Knows nothing of checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.adapters import Adapter, LowRank
from engine.families import CausalModel
from engine.llama import LlamaShape
from engine.llama_shape import matrix_sizes

IDS = 70  # of the tiny vocabulary


def random_adapter(config: dict[str, Any], rank: int, has: Callable[[str], bool], seed: int = 0) -> Adapter:
    """Return an adapter that changes logits about as much as other weights would."""
    rng = np.random.default_rng(seed)
    parts = {
        name: LowRank(*((rng.standard_normal(size) * 0.1).astype(np.float32) for size in ((rank, width), (rows, rank))))
        for name, (rows, width) in matrix_sizes(LlamaShape.from_config(config)).items()
        if has(name)
    }
    return Adapter(Path("tiny"), "of its own", "of its base", config["vocab_size"], parts)


def logits(model: CausalModel) -> np.ndarray:
    """Return logits of a prompt, and of steps of one, three and four rows."""
    memory, rng = model.new_memory(4), np.random.default_rng(1)
    found = [model.extend(memory, 0, rng.integers(0, IDS, 40).tolist())]
    model.fork(memory, 0, range(4))
    found += [model.step(memory, np.arange(rows), rng.integers(0, IDS, rows)).ravel() for rows in (1, 3, 4)]
    return np.concatenate(found)
