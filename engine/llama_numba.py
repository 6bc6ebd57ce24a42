"""Weights packed for `decoder_kernels`, and the threads that run it on them.

Knows nothing of checkpoints or of what the rows are for. Importing it compiles the kernel or loads it from numba's
cache (about 5 s the first time on a machine, 0.2 s after that), so `engine.llama` imports it when a model is opened.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import decoder_kernels as kernels
from engine import matrix_kernels
from engine.adapters import MOST_RANK, LowRank, Stacked
from engine.checkpoint import Weights, float_matrix, int8_matrix, quantise_rows
from engine.llama import (
    ROWS_PER_PASS,
    Embedding,
    LlamaShape,
    Memory,
    Precision,
    turn_table,
)
from engine.llama_shape import adapter_matrices, layer_tensors, norm_tensors

COLUMNS = {"qkv": kernels.QKV, "out": kernels.OUT, "gate_up": kernels.GATE_UP, "down": kernels.DOWN}
ADAPTER_COLUMNS = {
    "qkv": kernels.QKV_ADAPTER, "out": kernels.OUT_ADAPTER, "gate_up": kernels.GATE_UP_ADAPTER,
    "down": kernels.DOWN_ADAPTER,
}  # fmt: skip
ROWS_WORTH_A_THREAD = 2  # handing rows to another thread costs about 40 microseconds a step


def pack_floats(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reorder (N, K) as (N / 64, K, 64), N filled up with zeros."""
    padded = np.pad(matrix, ((0, -matrix.shape[0] % kernels.LANES), (0, 0)))
    return np.ascontiguousarray(padded.reshape(-1, kernels.LANES, matrix.shape[1]).transpose(0, 2, 1))


def pack_bytes(matrix: NDArray[np.int8]) -> NDArray[np.int8]:
    """Reorder (N, K) as (N / 64, K / 2, 64, 2), N filled up with zeros; K is even."""
    padded = np.pad(matrix, ((0, -matrix.shape[0] % kernels.LANES), (0, 0)))
    return np.ascontiguousarray(padded.reshape(-1, kernels.LANES, matrix.shape[1] // 2, 2).transpose(0, 2, 1, 3))


class _Scratch:
    """Work space of one thread."""

    def __init__(self, shape: LlamaShape) -> None:
        queries = shape.heads * shape.head_dim
        fused = queries + 2 * shape.kv_heads * shape.head_dim
        widest = (
            max(shape.hidden, fused, queries, 2 * shape.inner, shape.context_length, 3 * MOST_RANK) + 2 * kernels.LANES
        )
        self.work = np.zeros((4, ROWS_PER_PASS, widest), np.float32)
        self.levels = np.zeros((ROWS_PER_PASS, widest), np.int16)
        self.scales = np.zeros(ROWS_PER_PASS + kernels.LANES, np.float32)


@dataclass
class _Callers:
    """How many calls of `run` are under way, of a model and of all its adapters together."""

    count: int = 0
    counting: threading.Lock = field(default_factory=threading.Lock)


class NumbaArithmetic:
    """The layers of one model, packed; `run` shares rows of different slots among threads.

    Several threads may call `run` at the same time, each with a memory of its own; then each call stays in its thread.
    """

    def __init__(self, shape: LlamaShape, weights: Weights, precision: Precision, threads: int) -> None:
        self._run_layers: Callable[..., None] = kernels.run_layers
        self._int8 = precision == "int8"
        self._epsilon = np.float32(shape.epsilon)
        self._kept: list[NDArray[Any]] = []  # the table holds addresses only
        self._base: NumbaArithmetic | None = None  # whose addresses an adapted one has as well
        self._table = np.zeros((shape.layers + 1, kernels.COLUMNS), np.int64)
        self._norms = np.stack([weights[name].astype(np.float32) for name in norm_tensors(shape)])
        self._turns = turn_table(shape)
        self._vocab_size = shape.vocab_size
        self._shape = np.array([
            shape.layers, shape.hidden, shape.heads, shape.kv_heads, shape.head_dim, shape.inner, shape.vocab_size,
            -(-shape.context_length // kernels.LANES) * kernels.LANES, self._int8,
        ], np.int64)  # fmt: skip
        for layer in range(shape.layers):
            for matrix, names in layer_tensors(layer).items():
                self._pack(weights, names, layer, COLUMNS[matrix])
        head = "model.embed_tokens.weight" if shape.tied else "lm_head.weight"
        self._pack(weights, (head,), shape.layers, kernels.QKV)
        self.embedding = embedding_of(weights, precision)
        self._sizes, self._threads = shape, threads
        self._of_thread = threading.local()
        self._callers = _Callers()
        self._pool = ThreadPoolExecutor(threads - 1, "decoding") if threads > 1 else None

    def _pack(self, weights: Weights, names: tuple[str, ...], row: int, column: int) -> None:
        """Stack tensors by rows, pack them and note where they are."""
        if self._int8:
            parts = [int8_matrix(weights, name) for name in names]
            packed: NDArray[Any] = pack_bytes(np.concatenate([matrix for matrix, _ in parts]))
            scales = np.concatenate([scale for _, scale in parts])
            scales = np.pad(scales, (0, -scales.size % kernels.LANES))
            self._kept.append(scales)
            self._table[row, column + 1] = scales.ctypes.data
        else:
            packed = pack_floats(np.concatenate([float_matrix(weights, name) for name in names]))
        self._kept.append(packed)
        self._table[row, column] = packed.ctypes.data

    def adapted(self, parts: Mapping[str, LowRank]) -> NumbaArithmetic:
        """Return the arithmetic with an adapter: all memory and threads are shared but for the adapter's own matrices."""
        kernels.run_adapted_layers.compile(kernels.SIGNATURE)  # once on a machine, 5 to 10 s
        twin = copy.copy(self)
        twin._run_layers = kernels.run_adapted_layers
        twin._base, twin._kept, twin._table = self, [], self._table.copy()
        for (layer, matrix), added in adapter_matrices(self._sizes, parts).items():
            at = ADAPTER_COLUMNS[matrix]
            twin._table[layer, at : at + kernels.ADAPTER_COLUMNS] = twin._packed_part(added)
        return twin

    def _packed_part(self, added: Stacked) -> NDArray[np.int64]:
        """Pack what an adapter adds to a matrix, and return its columns of the table."""
        blocks = added.blocks
        if any(rows % kernels.LANES or rank % 2 for rows, rank in blocks):  # in int8 ranks are packed in pairs
            blocks = ((added.b.shape[0], len(added.a) + len(added.a) % 2),)
        b = np.pad(added.b, ((0, 0), (0, len(added.a) % 2)))
        columns = np.zeros(kernels.ADAPTER_COLUMNS, np.int64)
        columns[: matrix_kernels.BLOCKS] = *self._pack_own(added.a), b.shape[1]
        row = column = 0
        for number, (rows, rank) in enumerate(blocks):
            at = matrix_kernels.BLOCKS + number * matrix_kernels.BLOCK_COLUMNS
            own = self._pack_own(b[row : row + rows, column : column + rank]) if rank else (0, 0)
            outputs = rows + -rows % kernels.LANES
            columns[at : at + matrix_kernels.BLOCK_COLUMNS] = *own, rank, outputs
            row, column = row + rows, column + rank
        return columns

    def _pack_own(self, matrix: NDArray[np.float32]) -> tuple[int, int]:
        """Pack a matrix in the model's precision and return where it is, and its scales."""
        if not self._int8:
            packed = pack_floats(matrix)
            self._kept.append(packed)
            return packed.ctypes.data, 0
        rows, scales = quantise_rows(matrix)
        bytes_, scales = pack_bytes(rows), np.pad(scales, (0, -scales.size % kernels.LANES))
        self._kept += [bytes_, scales]
        return bytes_.ctypes.data, scales.ctypes.data

    @property
    def own_bytes(self) -> int:
        """What the packed matrices take, without those that are shared with a base."""
        return sum(held.nbytes for held in self._kept) + self._table.nbytes

    def run(
        self, memory: Memory, slots: NDArray[np.int64], positions: NDArray[np.int64], x: NDArray[np.float32], first: int
    ) -> NDArray[np.float32]:
        """Run rows x (R, H) through all layers, write their keys and values, return logits (R - first, V)."""
        padded_vocab = -(-self._vocab_size // kernels.LANES) * kernels.LANES
        logits = np.empty((slots.size - first, padded_vocab), np.float32)
        caches = np.array([memory.keys.ctypes.data, memory.values.ctypes.data], np.int64)
        with self._callers.counting:
            self._callers.count += 1
            threads = (
                1 if first or self._callers.count > 1 else min(self._threads, max(1, slots.size // ROWS_WORTH_A_THREAD))
            )
        try:
            parts = max(threads, -(-slots.size // ROWS_PER_PASS))
            cuts = [slots.size * part // parts for part in range(parts + 1)]
            ranges = [slice(a, b) for a, b in pairwise(cuts)]
            calls = [(caches, memory.scales, slots[r], positions[r], x[r], first, logits[r]) for r in ranges]
            self._run_calls(calls, threads)
        finally:
            with self._callers.counting:
                self._callers.count -= 1
        return logits[:, : self._vocab_size]

    def _run_calls(self, calls: Sequence[tuple[Any, ...]], threads: int) -> None:
        if self._pool is None or threads < 2:
            self._run_parts(calls)
            return
        others = [self._pool.submit(self._run_parts, calls[thread::threads]) for thread in range(1, threads)]
        self._run_parts(calls[::threads])
        for other in others:
            other.result()

    def _run_parts(self, calls: Sequence[tuple[Any, ...]]) -> None:
        scratch = getattr(self._of_thread, "scratch", None)
        if scratch is None:
            scratch = self._of_thread.scratch = _Scratch(self._sizes)
        for call in calls:
            self._run_part(scratch, *call)

    def _run_part(
        self,
        scratch: _Scratch,
        caches: NDArray[np.int64],
        cache_scales: NDArray[np.float32],
        slots: NDArray[np.int64],
        positions: NDArray[np.int64],
        x: NDArray[np.float32],
        first: int,
        logits: NDArray[np.float32],
    ) -> None:
        self._run_layers(
            self._shape, self._table, self._norms, self._epsilon, self._turns, caches, cache_scales, slots, positions,
            x, scratch.work, scratch.levels, scratch.scales, first, logits,
        )  # fmt: skip


def embedding_of(weights: Weights, precision: Precision) -> Embedding:
    """Return the embedding rows in the precision asked for."""
    if precision == "int8":
        return Embedding(*int8_matrix(weights, "model.embed_tokens.weight"))
    return Embedding(float_matrix(weights, "model.embed_tokens.weight"), None)
