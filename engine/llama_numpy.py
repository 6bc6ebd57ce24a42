"""The layers of a Llama model in plain numpy: the same results as `decoder_kernels`, on any machine and slowly.

Knows nothing of threads or packing. It is what the kernel is tested against and what runs where numba does not.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.adapters import LowRank
from engine.checkpoint import Weights, float_matrix, int8_matrix, quantise_rows
from engine.llama import KEY_BLOCK, Embedding, LlamaShape, Memory, Precision, turn_table
from engine.llama_shape import adapter_matrices, layer_tensors, norm_tensors

Floats = NDArray[np.float32]


class NumpyArithmetic:
    """The layers of one model as float32 matrices; int8 weights expanded, activations rounded as the kernel does."""

    def __init__(self, shape: LlamaShape, weights: Weights, precision: Precision) -> None:
        self._shape, self._int8 = shape, precision == "int8"
        self._layers = [
            {
                matrix: np.concatenate([self._matrix(weights, name) for name in names])
                for matrix, names in tensors.items()
            }
            for tensors in map(layer_tensors, range(shape.layers))
        ]
        self._norms = [weights[name].astype(np.float32) for name in norm_tensors(shape)]
        self._head = self._matrix(weights, "model.embed_tokens.weight" if shape.tied else "lm_head.weight")
        self._turns = turn_table(shape)
        self.embedding = Embedding(self._matrix(weights, "model.embed_tokens.weight"), None)
        self._adapters: dict[tuple[int, str], LowRank] = {}

    def adapted(self, parts: Mapping[str, LowRank]) -> NumpyArithmetic:
        """Return the arithmetic with an adapter, which shares all matrices but the adapter's own."""
        twin = copy.copy(self)
        twin._adapters = {
            place: LowRank(self._rounded(added.a), self._rounded(added.b))
            for place, added in adapter_matrices(self._shape, parts).items()
        }
        return twin

    def _rounded(self, matrix: Floats) -> Floats:
        if not self._int8:
            return matrix
        rows, scales = quantise_rows(matrix)
        return rows.astype(np.float32) * scales[:, None]

    def _matrix(self, weights: Weights, name: str) -> Floats:
        if not self._int8:
            return float_matrix(weights, name)
        rows, scales = int8_matrix(weights, name)
        return rows.astype(np.float32) * scales[:, None]

    def run(
        self, memory: Memory, slots: NDArray[np.int64], positions: NDArray[np.int64], x: Floats, first: int
    ) -> Floats:
        """Run rows x (R, H) through all layers, write their keys and values, return logits (R - first, V)."""
        inner = self._shape.inner
        for layer in range(self._shape.layers):
            fused = self._multiply(self._normalise(x, 2 * layer), layer, "qkv")
            x = x + self._multiply(self._attend(memory, layer, fused, slots, positions), layer, "out")
            both = self._multiply(self._normalise(x, 2 * layer + 1), layer, "gate_up")
            gate, up = both[:, :inner], both[:, inner:]
            x = x + self._multiply(gate / (1 + np.exp(-np.maximum(gate, -80))) * up, layer, "down")
        return self._linear(self._normalise(x[first:], 2 * self._shape.layers), self._head)

    def _normalise(self, x: Floats, norm: int) -> Floats:
        squares = np.mean(x * x, axis=1, keepdims=True)
        normed: Floats = x / np.sqrt(squares + np.float32(self._shape.epsilon)) * self._norms[norm]
        return normed

    def _multiply(self, x: Floats, layer: int, matrix: str) -> Floats:
        """Return x times a matrix of a layer, and what an adapter adds to it."""
        y, added = self._linear(x, self._layers[layer][matrix]), self._adapters.get((layer, matrix))
        return y if added is None else y + self._linear(self._linear(x, added.a), added.b)

    def _linear(self, x: Floats, matrix: Floats) -> Floats:
        if self._int8 and len(x):
            limit = np.float32(min(32767, (2**31 - 1) // (127 * x.shape[1])))
            largest = np.maximum(np.abs(x).max(axis=1, keepdims=True), np.float32(1e-20))
            x = np.rint(x * (limit / largest)) * (largest / limit)
        return x @ matrix.T

    def _turn(self, heads: Floats, positions: NDArray[np.int64]) -> Floats:
        """Rotate heads (R, heads, D) by their positions."""
        cosines, sines = self._turns[positions, 0][:, None], self._turns[positions, 1][:, None]
        left, right = np.split(heads, 2, axis=2)
        return np.concatenate([left * cosines - right * sines, right * cosines + left * sines], axis=2)

    def _attend(
        self, memory: Memory, layer: int, fused: Floats, slots: NDArray[np.int64], positions: NDArray[np.int64]
    ) -> Floats:
        shape, rows = self._shape, len(slots)
        parts = fused.reshape(rows, -1, shape.head_dim)
        queries = self._turn(parts[:, : shape.heads], positions) / np.sqrt(np.float32(shape.head_dim))
        keys = self._turn(parts[:, shape.heads : shape.heads + shape.kv_heads], positions)
        values = parts[:, shape.heads + shape.kv_heads :]
        stacks = slice(layer * shape.kv_heads, (layer + 1) * shape.kv_heads)
        mixed = np.empty((rows, shape.heads, shape.head_dim), np.float32)
        for row, (slot, position) in enumerate(zip(slots, positions, strict=True)):
            past, seen = self._remember(memory, (slot, stacks), position, keys[row], values[row])
            grouped = queries[row].reshape(shape.kv_heads, -1, shape.head_dim)
            scores = grouped @ past.transpose(0, 2, 1)
            weights = np.exp(scores - scores.max(axis=2, keepdims=True))
            mixed[row] = (weights @ seen / weights.sum(axis=2, keepdims=True)).reshape(shape.heads, -1)
        return mixed.reshape(rows, -1)

    def _remember(
        self, memory: Memory, at: tuple[int, slice], position: int, keys: Floats, values: Floats
    ) -> tuple[Floats, Floats]:
        """Write keys and values (KV heads, D) at a position; return all up to it (KV heads, position + 1, D)."""
        block, place, width = position // KEY_BLOCK, position % KEY_BLOCK, self._shape.head_dim
        stored_keys, stored_values, scales = memory.keys[at], memory.values[at], memory.scales[at]
        if not self._int8:
            stored_keys[:, block, :, place], stored_values[:, position, :width] = keys, values
            past = stored_keys.transpose(0, 1, 3, 2).reshape(len(keys), -1, width)
            return past[:, : position + 1], stored_values[:, : position + 1, :width]
        scales[:, :, position] = np.abs([keys, values]).max(axis=2).T / 127 + np.float32(1e-22)
        keys, values = (np.rint(x / scales[:, i, position, None]) for i, x in enumerate((keys, values)))
        stored_keys[:, block, :, place] = keys.reshape(len(keys), -1, 2)
        stored_values[:, position // 2, :width, position % 2] = values
        past = stored_keys.transpose(0, 1, 3, 2, 4).reshape(len(keys), -1, width)
        seen = stored_values.transpose(0, 1, 3, 2).reshape(len(keys), -1, self._shape.value_width)
        past, seen = past * scales[:, 0, :, None], seen[:, :, :width] * scales[:, 1, :, None]
        return past[:, : position + 1], seen[:, : position + 1]
