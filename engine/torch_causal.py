"""Any Hugging Face causal language model behind the decoding loop's protocol, with the model's own cache.

Knows nothing of speed: each slot steps alone. Models whose layers keep plain keys and values, which most do, step
together in `engine.torch_slots`; this is for all others. `engine.llama` is the way for ours. torch and transformers are
imported when a model is opened, and a CUDA device is used where there is one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.adapters import Adapter
from engine.checkpoint import Checkpoint
from engine.errors import CheckpointError

if TYPE_CHECKING:
    from engine.torch_slots import TorchSlots


@dataclass
class _Slot:
    """What one sequence holds: its ids, and the model's cache of them, or None if it must be computed again."""

    ids: list[int] = field(default_factory=list)
    cache: Any = None


class TorchCausal:
    """A transformers causal LM, in float32 on the CPU and in its own type on a CUDA device."""

    def __init__(self, model: Any, device: str) -> None:
        self._model, self.device = model, device
        self.vocab_size = int(model.config.vocab_size)
        self.context_length = _context_length(model)

    @staticmethod
    def open(checkpoint: Checkpoint, *, precision: str, threads: int) -> TorchCausal | TorchSlots:
        """Open a verified checkpoint; its weights must be floating point, `precision` has no say."""
        return TorchCausal.open_directory(checkpoint.directory, threads=threads)

    @staticmethod
    def open_directory(directory: Path, *, threads: int) -> TorchCausal | TorchSlots:
        """Open a directory that transformers wrote; only safetensors, and no code from the directory."""
        return behind_protocol(*load_causal(directory, threads=threads))

    def adapted(self, adapter: Adapter) -> TorchCausal:
        """Return the model with an adapter; both share all weights. CheckpointError for one that does not fit."""
        from engine.torch_adapters import with_adapter

        twin = copy.copy(self)
        twin._model = with_adapter(self._model, adapter)
        return twin

    def new_memory(self, slots: int) -> list[_Slot]:
        """Return empty slots."""
        return [_Slot() for _ in range(slots)]

    def length(self, memory: list[_Slot], slot: int) -> int:
        """Return how many ids a slot holds."""
        return len(memory[slot].ids)

    def extend(self, memory: list[_Slot], slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        import torch

        held = memory[slot]
        if len(ids) == 0 or len(held.ids) + len(ids) > self.context_length:
            raise ValueError(f"{len(ids)} ids do not fit after {len(held.ids)} of {self.context_length}")
        new = [int(i) for i in ids] if held.cache is not None else [*held.ids, *map(int, ids)]
        with torch.inference_mode():
            inputs = torch.tensor([new], device=self.device)  # (1, T)
            output = self._model(input_ids=inputs, past_key_values=held.cache, use_cache=True, logits_to_keep=1)
        held.cache = getattr(output, "past_key_values", None)  # None for families that keep another state: ids again
        held.ids.extend(map(int, ids))
        logits: NDArray[np.float32] = output.logits[0, -1].float().cpu().numpy()
        return logits

    def step(self, memory: list[_Slot], slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        return np.stack([self.extend(memory, int(slot), [int(i)]) for slot, i in zip(slots, ids, strict=True)])

    def fork(self, memory: list[_Slot], source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        held = memory[source]
        for target in targets:
            if target != source:
                memory[target] = _Slot(list(held.ids), copy.deepcopy(held.cache))

    def truncate(self, memory: list[_Slot], slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot; a cache that cannot be cut is computed again."""
        held = memory[slot]
        if not 0 <= length <= len(held.ids):
            raise ValueError(f"length must be 0-{len(held.ids)}, got {length}")
        if length == len(held.ids):
            return
        held.cache = _shortened(held.cache, len(held.ids) - length) if length else None
        del held.ids[length:]


def load_causal(directory: Path, *, threads: int) -> tuple[Any, str]:
    """Return the model in a directory that transformers wrote, for use on a device, and that device.

    CheckpointError where it is no causal language model, or damaged. Weights are safetensors; no code is run.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    has_cuda = torch.cuda.is_available()
    model: Any
    try:
        with quiet():
            model = AutoModelForCausalLM.from_pretrained(
                directory, dtype="auto" if has_cuda else torch.float32, use_safetensors=True, local_files_only=True
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"transformers cannot open {directory} as a causal language model: {reason}") from error
    if not has_cuda:
        torch.set_num_threads(threads)
    device = "cuda" if has_cuda else "cpu"
    return model.to(device).eval(), device


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars of its own while it reads or writes a model."""
    from transformers.utils import logging

    was_enabled = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_enabled:
            logging.enable_progress_bar()


def behind_protocol(model: Any, device: str) -> TorchCausal | TorchSlots:
    """Return a model on its device for the decoding loop, all slots at once if its layers allow that."""
    from engine.torch_slots import TorchSlots, layer_sizes

    # GPT-Neo's local layers count back from the longest sequence of a batch, which is wrong for the others beside it.
    is_local = "local" in (getattr(model.config, "attention_layers", None) or ())
    sizes = None if is_local else layer_sizes(model, device)
    return TorchCausal(model, device) if sizes is None else TorchSlots(model, device, sizes, _context_length(model))


def _context_length(model: Any) -> int:
    return int(getattr(model.config, "max_position_embeddings", None) or 2048)


def _shortened(cache: Any, count: int) -> Any:
    """Return a cache without its last ids, or None for kinds that forget (sliding windows) or cannot be cut."""
    from transformers.cache_utils import DynamicLayer

    layers = getattr(cache, "layers", None)
    if not layers or any(type(layer) is not DynamicLayer for layer in layers):
        return None
    cache.crop(-count)
    return cache
