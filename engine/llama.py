"""Llama models without torch: configuration, weights, KV caches, and the methods that the decoding loop asks for.

Knows nothing of text, sampling or constraints. The arithmetic is in `decoder_kernels` (numba), and once more in plain
numpy in `llama_numpy` for machines where numba does not work; both use the caches that are laid out here.

Measured by tests/bench/bench_decoding.py (hidden 256, 6 layers, vocabulary 4,096, 120 to 300 tokens, one thread,
processor time because the machine was busy), tokens per second at batch 1 / 16: int8 6,000 to 6,300 / 6,800 to 8,300,
fp32 1,350 to 1,500 / 3,100 to 4,200; onnxruntime with one GroupQueryAttention per layer int8 2,450 to 2,900 / 4,400 to
5,200, fp32 1,050 to 1,200 / 3,200 to 3,750; CTranslate2 int8 2,100 / 2,700 to 5,300; generate() 190 / 1,200 to 1,500.
In rounds that alternate, int8 at batch 16 is 1.5 to 1.65 times onnxruntime (1.2 to 1.3 with half floats in the caches).

What int8 keys and values cost: against the dequantised weights in fp32, on 2,576 ids of 8 held-out texts with a lyric
model under way, logits differ by 0.005 on average and by 0.22 at most, where the largest is 23; the first choice is the
same at 99.7 % and the loss rises by less than 0.0001 nats. With half floats that was 0.0003, 0.013 and 100 %.

Threads take rows, never parts of a matrix: one hand-over per step instead of thirty barriers, so a single sequence
runs on one thread and keeps nothing waiting on a busy machine.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.adapters import Adapter, LowRank
from engine.checkpoint import Checkpoint, Weights
from engine.llama_shape import LlamaShape as LlamaShape
from engine.llama_shape import check_tensors, matrix_sizes
from engine.llama_shape import layer_tensors as layer_tensors
from engine.llama_shape import norm_tensors as norm_tensors

Precision = Literal["int8", "fp32"]
KEY_BLOCK = 64  # positions per block of keys
ROWS_PER_PASS = 32  # rows that go through the layers together; bounds the scratch memory

_log = logging.getLogger(__name__)


class Memory:
    """KV caches of several slots: keys (slots, L x KV heads, T / 64, D, 64), values (same, T, D up to 32s).

    int8 lies in pairs: keys (.., T / 64, D / 2, 64, 2), values (.., T / 2, D up to 32s, 2), and the scales of both,
    one per position, (slots, L x KV heads, 2, T).
    A stamp per position tells which computation wrote it, so that a fork copies only what the target does not have.
    Pages are touched only where something is written.
    """

    def __init__(self, shape: LlamaShape, slots: int, precision: Precision) -> None:
        blocks, width, row = -(-shape.context_length // KEY_BLOCK), shape.head_dim, shape.value_width
        stacks = (slots, shape.layers * shape.kv_heads)
        self.keys: NDArray[Any]
        self.values: NDArray[Any]
        if precision == "int8":
            self.keys = np.zeros((*stacks, blocks, width // 2, KEY_BLOCK, 2), np.int8)
            self.values = np.zeros((*stacks, blocks * KEY_BLOCK // 2, row, 2), np.int8)
        else:
            self.keys = np.zeros((*stacks, blocks, width, KEY_BLOCK), np.float32)
            self.values = np.zeros((*stacks, blocks * KEY_BLOCK, row), np.float32)
        self.scales = np.zeros((*stacks, 2, blocks * KEY_BLOCK if precision == "int8" else 0), np.float32)
        self.lengths = np.zeros(slots, np.int64)
        self.stamps = np.zeros((slots, shape.context_length), np.int64)
        self._last_stamp = 0

    def append(self, slots: NDArray[np.int64], positions: NDArray[np.int64]) -> None:
        """Count one written position per row."""
        self.stamps[slots, positions] = np.arange(self._last_stamp + 1, self._last_stamp + 1 + slots.size)
        self._last_stamp += slots.size
        self.lengths[slots] = positions + 1

    def fork(self, source: int, targets: Sequence[int]) -> None:
        """Make every target equal to the source, copying from the first position that differs."""
        length = int(self.lengths[source])
        for target in targets:
            differs = self.stamps[target, :length] != self.stamps[source, :length]
            if target != source and differs.any():
                first = int(differs.argmax())
                blocks = slice(first // KEY_BLOCK, -(-length // KEY_BLOCK))
                self.keys[target, :, blocks] = self.keys[source, :, blocks]
                rows = slice(first, length)
                if self.scales.size:
                    self.scales[target, :, :, rows] = self.scales[source, :, :, rows]
                    rows = slice(first // 2, -(-length // 2))
                self.values[target, :, rows] = self.values[source, :, rows]
                self.stamps[target, first:length] = self.stamps[source, first:length]
                # What is copied with the last positions reaches past `length`: what the target had there is gone.
                self.stamps[target, length:] = 0
            self.lengths[target] = length


class Arithmetic(Protocol):
    """What runs the layers: numba or numpy."""

    embedding: Embedding

    def run(
        self, memory: Memory, slots: NDArray[np.int64], positions: NDArray[np.int64], x: NDArray[np.float32], first: int
    ) -> NDArray[np.float32]:
        """Run rows x (R, H) through all layers, write their keys and values, return logits (R - first, V)."""

    def adapted(self, parts: Mapping[str, LowRank]) -> Arithmetic:
        """Return the same with an adapter, which shares everything else with this one."""


@dataclass(frozen=True)
class Embedding:
    """Rows of the embedding: int8 with scales, or float32 with None."""

    rows: NDArray[Any]
    scales: NDArray[np.float32] | None

    def look_up(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the rows of ids as float32 (R, H)."""
        if self.scales is None:
            chosen: NDArray[np.float32] = self.rows[ids]
            return chosen
        scaled: NDArray[np.float32] = self.rows[ids] * self.scales[ids, None]
        return scaled


def turn_table(shape: LlamaShape) -> NDArray[np.float32]:
    """Return cosines and sines of the rotary positions, (T, 2, D / 2)."""
    speeds = shape.rope_theta ** (-np.arange(0, shape.head_dim, 2) / shape.head_dim)
    angles = np.arange(shape.context_length)[:, None] * speeds
    return np.ascontiguousarray(np.stack([np.cos(angles), np.sin(angles)], axis=1), dtype=np.float32)


class Llama:
    """A Llama model behind the decoding loop's protocol (families.CausalModel).

    Several threads may use it at once, each with a memory of its own.
    """

    runs_in_any_thread = True

    def __init__(self, shape: LlamaShape, arithmetic: Arithmetic, precision: Precision) -> None:
        self.shape = shape
        self.vocab_size = shape.vocab_size
        self.context_length = shape.context_length
        self._arithmetic = arithmetic
        self._precision: Precision = precision

    @staticmethod
    def open(checkpoint: Checkpoint, *, precision: Precision, threads: int) -> Llama:
        """Open a checkpoint of family llama with the fastest arithmetic that works here."""
        shape = LlamaShape.from_config(checkpoint.config)
        return Llama.from_weights(shape, checkpoint.read_weights(), precision=precision, threads=threads)

    @staticmethod
    def from_weights(shape: LlamaShape, weights: Weights, *, precision: Precision, threads: int) -> Llama:
        """Build from the tensors of a state dict; falls back to numpy where numba cannot be used."""
        check_tensors(shape, weights)
        try:
            from engine.llama_numba import NumbaArithmetic  # compiles, or loads what was compiled
        except (ImportError, RuntimeError) as error:
            _log.warning(
                "numba does not work here (%s); decoding with numpy, many times slower. "
                "If its cache cannot be written, set NUMBA_CACHE_DIR to a folder that can",
                error,
            )
            from engine.llama_numpy import NumpyArithmetic

            return Llama(shape, NumpyArithmetic(shape, weights, precision), precision)
        return Llama(shape, NumbaArithmetic(shape, weights, precision, threads), precision)

    def adapted(self, adapter: Adapter) -> Llama:
        """Return the model with an adapter; both share all weights, and memories fit either. CheckpointError for a foreign one."""
        adapter.check(matrix_sizes(self.shape))
        return Llama(self.shape, self._arithmetic.adapted(adapter.parts), self._precision)

    @property
    def slot_bytes(self) -> int:
        """What the caches of one slot take when it is full."""
        memory = Memory(self.shape, 1, self._precision)
        return memory.keys.nbytes + memory.values.nbytes + memory.scales.nbytes + memory.stamps.nbytes

    def new_memory(self, slots: int) -> Memory:
        """Return empty caches for a number of slots."""
        return Memory(self.shape, slots, self._precision)

    def length(self, memory: Memory, slot: int) -> int:
        """Return how many tokens a slot holds."""
        return int(memory.lengths[slot])

    def extend(self, memory: Memory, slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        start = int(memory.lengths[slot])
        if len(ids) == 0 or start + len(ids) > self.context_length:
            raise ValueError(f"{len(ids)} ids do not fit after {start} of {self.context_length}")
        for done in range(0, len(ids), ROWS_PER_PASS):
            part = np.asarray(ids[done : done + ROWS_PER_PASS], np.int64)
            positions = np.arange(start + done, start + done + part.size)
            is_last = done + part.size == len(ids)
            logits = self._run(memory, np.full(part.size, slot), positions, part, part.size - is_last)
        return logits[0]

    def step(self, memory: Memory, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        positions = memory.lengths[slots]
        if positions.max() >= self.context_length:
            raise ValueError(f"a slot is full: {self.context_length} tokens")
        return self._run(memory, slots, positions, ids, 0)

    def fork(self, memory: Memory, source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        memory.fork(source, targets)

    def truncate(self, memory: Memory, slot: int, length: int) -> None:
        """Forget everything after the first `length` tokens of a slot."""
        if not 0 <= length <= memory.lengths[slot]:
            raise ValueError(f"length must be 0-{memory.lengths[slot]}, got {length}")
        memory.lengths[slot] = length

    def _run(
        self, memory: Memory, slots: NDArray[np.int64], positions: NDArray[np.int64], ids: NDArray[np.int64], first: int
    ) -> NDArray[np.float32]:
        logits = self._arithmetic.run(memory, slots, positions, self._arithmetic.embedding.look_up(ids), first)
        memory.append(slots, positions)
        return logits
