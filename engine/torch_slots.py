"""Hugging Face causal models with one cache for all slots, so that sequences of any lengths go through in one step.

Knows nothing of how a model is opened. For models whose layers all keep plain keys and values; `engine.torch_causal`
has the way for all others. torch multiplies a matrix differently for another number of rows: logits of a sequence
beside others can differ from those alone in their last bits.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicLayer

from engine.adapters import Adapter

POSITIONS = 1024  # per slot at first; a song rarely needs more
LayerSize = tuple[int, int]  # heads of keys and values, and the width of one


class SlotLayer(CacheLayerMixin):
    """Keys and values of one layer (slots, heads, T, D); `rows` says which slots and positions the next call is about."""

    is_sliding = False
    keys: torch.Tensor
    values: torch.Tensor

    def __init__(self, slots: int, size: LayerSize, positions: int, dtype: torch.dtype, device: str) -> None:
        super().__init__()
        heads, width = size
        self.keys = torch.zeros(slots, heads, positions, width, dtype=dtype, device=device)
        self.values = torch.zeros_like(self.keys)
        self.is_initialized = True
        self.slots, self.positions, self.length = torch.empty(0), torch.empty(0), 0
        self.seen: torch.Tensor | slice = self.slots

    def aim(self, slots: torch.Tensor, positions: torch.Tensor, length: int, seen: slice | None = None) -> None:
        """Say what the next call is about: slots (B,), positions (B, Q), and how many positions are to be seen.

        seen: the slots again where they lie side by side; then what is seen is not copied.
        """
        self.slots, self.positions, self.length = slots, positions, length
        self.seen = slots if seen is None else seen
        self.keys = _grown(self.keys, length)
        self.values = _grown(self.values, length)  # looked at apart: memory may have run out between the two

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write keys and values (B, heads, Q, D); return all that the rows may see (B, heads, length, D)."""
        rows = self.slots[:, None]
        self.keys[rows, :, self.positions] = key_states.transpose(1, 2)
        self.values[rows, :, self.positions] = value_states.transpose(1, 2)
        return self.keys[self.seen, :, : self.length], self.values[self.seen, :, : self.length]

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """There is nothing left to do."""

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return how many positions are seen, from the first."""
        return self.length, 0

    def get_seq_length(self) -> int:
        """Return how many positions were there before the call."""
        return self.length - self.positions.shape[-1]

    def get_max_length(self) -> int:
        """There is no limit of the layer's own."""
        return -1


class SlotMemory:
    """The layers of all slots, and how many ids each slot holds; nothing counts that is beyond its length."""

    def __init__(self, slots: int, layers: list[SlotLayer]) -> None:
        self.lengths = np.zeros(slots, np.int64)
        self.layers = layers
        self.cache = Cache(layers=[*layers])


class TorchSlots:
    """A transformers causal LM behind `families.CausalModel`, all sequences of a step at once.

    sizes: of its layers, as `layer_sizes` tells them.
    """

    def __init__(self, model: Any, device: str, sizes: Sequence[LayerSize], context_length: int) -> None:
        self._model, self.device, self._sizes = model, device, list(sizes)
        self.vocab_size = int(model.config.vocab_size)
        self.context_length = context_length
        self._positions = min(POSITIONS, context_length)

    def adapted(self, adapter: Adapter) -> TorchSlots:
        """Return the model with an adapter; both share all weights, and memories fit either. CheckpointError as `with_adapter`."""
        from engine.torch_adapters import with_adapter

        twin = copy.copy(self)
        twin._model = with_adapter(self._model, adapter)
        return twin

    @property
    def slot_bytes(self) -> int:
        """What the caches of one slot take."""
        numbers = sum(2 * heads * width for heads, width in self._sizes) * self._positions
        return numbers * int(self._model.dtype.itemsize)

    def empty_caches(self) -> None:
        """Give back what torch keeps for later."""
        if self.device != "cpu":
            torch.cuda.empty_cache()

    def new_memory(self, slots: int) -> SlotMemory:
        """Return empty slots."""
        dtype = self._model.dtype
        return SlotMemory(slots, [SlotLayer(slots, s, self._positions, dtype, self.device) for s in self._sizes])

    def length(self, memory: SlotMemory, slot: int) -> int:
        """Return how many ids a slot holds."""
        return int(memory.lengths[slot])

    def extend(self, memory: SlotMemory, slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        if len(ids) == 0:
            raise ValueError(f"0 ids do not fit after {memory.lengths[slot]} of {self.context_length}")
        return self._run(memory, np.array([slot]), np.array([ids], np.int64))[0]

    def step(self, memory: SlotMemory, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        return self._run(memory, slots, ids[:, None])

    def fork(self, memory: SlotMemory, source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        others, length = [target for target in targets if target != source], int(memory.lengths[source])
        memory.lengths[others] = length
        with torch.inference_mode():
            at = torch.tensor(others, dtype=torch.long, device=self.device)
            for layer in memory.layers:
                layer.keys[at, :, :length] = layer.keys[source, :, :length].clone()
                layer.values[at, :, :length] = layer.values[source, :, :length].clone()

    def truncate(self, memory: SlotMemory, slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot."""
        if not 0 <= length <= memory.lengths[slot]:
            raise ValueError(f"length must be 0-{memory.lengths[slot]}, got {length}")
        memory.lengths[slot] = length

    def _more_inputs(
        self, memory: SlotMemory, slots: NDArray[np.int64], ids: NDArray[np.int64]
    ) -> dict[str, torch.Tensor]:
        """Return what the model is told beside ids (B, Q); for families that read more than ids."""
        return {}

    def _run(self, memory: SlotMemory, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append ids (B, Q) to slots (B,) and return the logits (B, V) after the last of each.

        Lengths are counted up at the very end: a call that fails can be made again.
        """
        count = ids.shape[1]
        positions = memory.lengths[slots][:, None] + np.arange(count)  # (B, Q)
        length = int(positions.max()) + 1
        if length > self.context_length:
            raise ValueError(f"{count} ids do not fit after {length - count} of {self.context_length}")
        with torch.inference_mode():
            rows = torch.from_numpy(np.asarray(slots, np.int64)).to(self.device)
            at = torch.from_numpy(positions).to(self.device)
            for layer in memory.layers:
                layer.aim(rows, at, length, _side_by_side(slots))
            is_later = torch.arange(length, device=self.device) > at[:, None, :, None]  # (B, 1, Q, length)
            mask = torch.zeros(is_later.shape, dtype=self._model.dtype, device=self.device)
            mask.masked_fill_(is_later, torch.finfo(self._model.dtype).min)
            output = self._model(
                input_ids=torch.from_numpy(ids).to(self.device), attention_mask=mask, position_ids=at,
                past_key_values=memory.cache, use_cache=True, logits_to_keep=1, **self._more_inputs(memory, slots, ids),
            )  # fmt: skip
            logits: NDArray[np.float32] = output.logits[:, -1].float().cpu().numpy()
        memory.lengths[slots] += count
        return logits


def _side_by_side(slots: NDArray[np.int64]) -> slice | None:
    """Return slots (B,) as a slice where each is the one after that before it."""
    first, last = int(slots[0]), int(slots[-1])
    return slice(first, last + 1) if np.array_equal(slots, np.arange(first, last + 1)) else None


def _grown(held: torch.Tensor, length: int) -> torch.Tensor:
    """Return a tensor (slots, heads, T, D) with room for so many positions: as it is, or at least twice as long."""
    missing = length - held.shape[2]
    return held if missing <= 0 else torch.nn.functional.pad(held, (0, 0, 0, max(missing, held.shape[2])))


def layer_sizes(model: Any, device: str) -> list[LayerSize] | None:
    """Return heads and width of each layer's keys and values, by running one id; None unless all layers are plain."""
    with torch.inference_mode():
        output = model(input_ids=torch.zeros((1, 1), dtype=torch.long, device=device), use_cache=True)
    layers = getattr(getattr(output, "past_key_values", None), "layers", None)
    if not layers or any(type(layer) is not DynamicLayer for layer in layers):
        return None
    if any(layer.keys.shape != layer.values.shape for layer in layers):
        return None
    return [(layer.keys.shape[1], layer.keys.shape[3]) for layer in layers]
