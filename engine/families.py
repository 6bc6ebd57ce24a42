"""What a model must offer to the decoding loop, the registry of families, and how a model directory is opened.

Knows nothing of text, sampling or constraints; a family's module is imported when its first model is opened.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.adapters import FAMILY as ADAPTER
from engine.adapters import Adapter, needs_base, not_taken
from engine.checkpoint import MANIFEST, open_checkpoint
from engine.errors import CheckpointError

Precision = Literal["int8", "fp32"]

FAMILIES: dict[str, str] = {
    "llama": "engine.llama:Llama",
    "hf-causal": "engine.torch_causal:TorchCausal",
    "music-transformer": "engine.music.event_networks:EventNetwork",
    "transformer-xl": "engine.music.event_networks:EventNetwork",
}
MOST_THREADS = 2  # starter models gain nothing from more


class CausalModel(Protocol):
    """Predicts the next id for several slots, each a sequence of its own with its own length.

    `memory` is the model's own type. Logits are float32 and belong to the caller. Slots and ids that are out of range,
    or more ids than the context holds, raise ValueError: the loop never asks for them.
    """

    vocab_size: int
    context_length: int

    def new_memory(self, slots: int) -> Any:
        """Return empty memory for a number of slots."""

    def length(self, memory: Any, slot: int) -> int:
        """Return how many ids a slot holds."""

    def extend(self, memory: Any, slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""

    def step(self, memory: Any, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""

    def fork(self, memory: Any, source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""

    def truncate(self, memory: Any, slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot."""


def open_model(
    path: Path | str, precision: Precision = "int8", threads: int | None = None, *, family: str | None = None
) -> CausalModel:
    """Open a checkpoint, or a Hugging Face model directory without a manifest, for decoding.

    threads: 1 or more; by default as many as there are processors, at most 2. family: by default the manifest's.
    """
    directory = Path(path)
    threads = threads or min(MOST_THREADS, os.cpu_count() or 1)
    if (directory / MANIFEST).exists() or not (directory / "config.json").exists():
        checkpoint = open_checkpoint(directory)
        if checkpoint.family == ADAPTER:
            raise needs_base(checkpoint)
        name = family or checkpoint.family
        return _open_family(name).open(checkpoint, precision=precision, threads=threads)
    return _open_family(family or "hf-causal").open_directory(directory, threads=threads)


def adapted(model: CausalModel, adapter: Adapter) -> CausalModel:
    """Return a model with an adapter that shares all weights with it; CheckpointError where its family cannot do that."""
    with_adapter: Callable[[Adapter], CausalModel] | None = getattr(model, "adapted", None)
    if with_adapter is None:
        raise not_taken(adapter.directory, "models of its base's family")
    return with_adapter(adapter)


def _open_family(name: str) -> Any:
    if name not in FAMILIES:
        raise CheckpointError(f"model family {name!r} is not known here; known are {', '.join(sorted(FAMILIES))}")
    module, _, attribute = FAMILIES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
