"""Networks over events decoded in numpy on the CPU: Music Transformer, Transformer-XL and GPT-2, with their torch weights.

Does not know checkpoints, training or sampling. One event is so little work that calling torch for each of its parts
takes most of the time: with 4 layers of 192, one attention to 1,000 positions is 46 microseconds in torch and 30 here.
Keys and values lie where they were first written and are read as views; what distances say is a slice of a table, as the
keys of one query lie at all distances in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

POSITIONS = 1024  # per slot at first
EPSILON = np.float32(1e-5)  # of the norms of all three families
Floats = NDArray[np.float32]
Linear = tuple[Floats, Floats]  # (inputs, outputs) and (outputs,)
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """Matrices with the norms before them folded in; the scale of queries is in all that multiplies keys and distances.

    content, distance: added to queries (heads, 1, D) that ask keys, and that ask distances. table: (heads, D, M), the
    farthest distance first and 0 last; None where positions are in the embedding.
    """

    qkv: Linear
    out: Linear
    wide: Linear
    narrow: Linear
    content: Floats
    distance: Floats
    table: Floats | None = None


@dataclass(frozen=True)
class Decoder:
    """embed: (V, H). place: what is added for positions (B,) and grid steps (B,). farthest: keys that a query sees.

    onsets: what tells the grid steps of all ids of a sequence; None for decoders that are not told.
    """

    embed: Floats
    place: Callable[[Ids, Ids], Floats | float]
    layers: tuple[Layer, ...]
    head: Linear
    heads: int
    gelu: str
    farthest: int | None = None
    onsets: Callable[[Any], Ids] | None = None


@dataclass
class _Slot:
    """ids: (T,), the first `length` of them count. kept: keys and values (layers, 2, heads, T, D)."""

    ids: Ids
    kept: Floats
    length: int = 0

    def make_room(self, length: int) -> None:
        """Have room for so many positions, at least twice as many as before where there is none."""
        missing = length - len(self.ids)
        if missing > 0:
            more = max(missing, len(self.ids))
            self.kept = np.pad(self.kept, ((0, 0), (0, 0), (0, 0), (0, more), (0, 0)))
            self.ids = np.pad(self.ids, (0, more))


@dataclass
class EventDecoding:
    """A decoder behind `families.CausalModel`."""

    decoder: Decoder
    context_length: int
    vocab_size: int = field(init=False)
    device: str = field(default="cpu", init=False)

    def __post_init__(self) -> None:
        self.vocab_size = len(self.decoder.embed)

    @property
    def slot_bytes(self) -> int:
        """What the keys and values of one slot take at first."""
        return len(self.decoder.layers) * 2 * self.decoder.embed.shape[1] * self._positions * 4

    @property
    def _positions(self) -> int:
        return min(POSITIONS, self.context_length)

    def empty_caches(self) -> None:
        """There is nothing kept for later."""

    def new_memory(self, slots: int) -> list[_Slot]:
        """Return empty slots."""
        heads, width = self.decoder.heads, self.decoder.embed.shape[1] // self.decoder.heads
        shape = (len(self.decoder.layers), 2, heads, self._positions, width)
        return [_Slot(np.zeros(self._positions, np.int64), np.zeros(shape, np.float32)) for _ in range(slots)]

    def length(self, memory: list[_Slot], slot: int) -> int:
        """Return how many ids a slot holds."""
        return memory[slot].length

    def extend(self, memory: list[_Slot], slot: int, ids: Sequence[int]) -> Floats:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        if len(ids) == 0:
            raise ValueError(f"0 ids do not fit after {memory[slot].length} of {self.context_length}")
        return self._run([memory[slot]] * len(ids), np.array(ids, np.int64), first=len(ids) - 1)[0]

    def step(self, memory: list[_Slot], slots: Ids, ids: Ids) -> Floats:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        return self._run([memory[slot] for slot in slots.tolist()], ids, first=0)

    def fork(self, memory: list[_Slot], source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        held = memory[source]
        for target in targets:
            if target != source:
                memory[target].make_room(held.length)
                memory[target].ids[: held.length] = held.ids[: held.length]
                memory[target].kept[..., : held.length, :] = held.kept[..., : held.length, :]
                memory[target].length = held.length

    def truncate(self, memory: list[_Slot], slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot."""
        if not 0 <= length <= memory[slot].length:
            raise ValueError(f"length must be 0-{memory[slot].length}, got {length}")
        memory[slot].length = length

    def _run(self, slots: list[_Slot], ids: Ids, first: int) -> Floats:
        """Append ids (B,), each to its slot or all to one, and return the logits of the rows from `first` on.

        Lengths are counted up at the very end: a call that fails can be made again.
        """
        positions = np.array([slot.length for slot in slots], np.int64)
        if slots[0] is slots[-1]:  # ids of one slot follow each other
            positions += np.arange(len(ids))
        if (longest := int(positions.max()) + 1) > self.context_length:
            raise ValueError(f"{longest} ids do not fit into {self.context_length}")
        for slot, position, new in zip(slots, positions.tolist(), ids.tolist(), strict=True):
            slot.make_room(position + 1)
            slot.ids[position] = new
        x = self._decoder_rows(slots, positions, ids)
        for slot, position in zip(slots, positions.tolist(), strict=True):
            slot.length = position + 1
        return _linear(_normed(x[first:]), self.decoder.head)

    def _decoder_rows(self, slots: list[_Slot], positions: Ids, ids: Ids) -> Floats:
        """Return the hidden states (B, H) behind the last layer."""
        onsets = positions if self.decoder.onsets is None else _onsets(self.decoder.onsets, slots, positions)
        x = self.decoder.embed[ids] + self.decoder.place(positions, onsets)
        places = positions.tolist()
        for number, layer in enumerate(self.decoder.layers):
            asked = _linear(_normed(x), layer.qkv).reshape(len(x), 3, self.decoder.heads, -1)  # (B, 3, heads, D)
            for row, (slot, position) in enumerate(zip(slots, places, strict=True)):
                slot.kept[number, :, :, position] = asked[row, 1:]
            heard = np.empty_like(x)
            for row, (slot, position) in enumerate(zip(slots, places, strict=True)):
                begin = max(0, position + 1 - self.decoder.farthest) if self.decoder.farthest else 0
                keys, values = slot.kept[number, :, :, begin : position + 1]
                heard[row] = _attended(asked[row, 0, :, None], keys, values, layer).ravel()
            x += _linear(heard, layer.out)
            x += _linear(_gelu(_linear(_normed(x), layer.wide), self.decoder.gelu), layer.narrow)
        return x


def _onsets(of_sequence: Callable[[Any], Ids], slots: list[_Slot], positions: Ids) -> Ids:
    """Return the grid step (B,) at which each id stands."""
    if slots[0] is slots[-1]:
        return of_sequence(slots[0].ids[: int(positions[-1]) + 1])[-len(positions) :]
    ends = (positions + 1).tolist()
    return np.array([of_sequence(slot.ids[:end])[-1] for slot, end in zip(slots, ends, strict=True)], np.int64)


def _attended(query: Floats, keys: Floats, values: Floats, layer: Layer) -> Floats:
    """Return what a query (heads, 1, D) at the last of the keys (heads, K, D) hears of the values, (heads, 1, D)."""
    scores: Floats = np.matmul(query + layer.content, keys.swapaxes(1, 2))  # (heads, 1, K)
    if layer.table is not None:
        count, known = keys.shape[1], layer.table.shape[2]
        told = (query + layer.distance) @ layer.table[:, :, max(0, known - count) :]
        scores[:, :, -told.shape[2] :] += told
        if count > known:
            scores[:, :, : count - known] += told[:, :, :1]  # farther than the table knows
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    heard: Floats = scores @ values
    heard /= scores.sum(axis=2, keepdims=True)
    return heard


def _linear(x: Floats, linear: Linear) -> Floats:
    """Return rows times a matrix; of many rows in torch, which keeps to the threads that it was told: numpy takes them all."""
    matrix, bias = linear
    if len(x) > 1:
        many: Floats = torch.addmm(torch.from_numpy(bias), torch.from_numpy(x), torch.from_numpy(matrix)).numpy()
        return many
    found: Floats = x @ matrix
    found += bias
    return found


def _normed(x: Floats) -> Floats:
    """Return rows (B, H) with mean 0 and variance 1; gain and offset of the norm are in the matrix that reads them."""
    size = np.float32(x.shape[1])
    found: Floats = x - x.sum(axis=1, keepdims=True) / size
    spread: Floats = (found * found).sum(axis=1, keepdims=True) / size
    found /= np.sqrt(spread + EPSILON)
    return found


def _gelu(x: Floats, approximate: str) -> Floats:
    found: Floats = torch.nn.functional.gelu(torch.from_numpy(x), approximate=approximate).numpy()
    return found
