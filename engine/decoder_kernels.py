"""The numba kernel that runs Llama layers for many rows: norms, matrices, rotary positions, caches, attention, logits.

Knows nothing of checkpoints, tokens as text, sampling or threads; it gets embedded rows and addresses and writes
logits.

Every function but the kernel itself is inlined by force. One that stays a function of its own is compiled both by itself and in
its caller, its loops cut differently; the process that compiles runs the first, one that loads the cache the second, and
sums in another order give other songs. It costs a second of compiling and no time in decoding: 0.97 to 1.01 times what
it was, in rounds that alternate.

Everything heavy is a tile of `vector_tiles`. Matrices are packed (N / 64, K, 64) so that a tile reads one stream, keys
lie (T / 64, D, 64) and values (T, D), so scores and the weighted sum of values are tiles too and nothing is ever summed
across lanes. int8 weights lie as (N / 64, K / 2, 64, 2); activations become int16 with one scale per row, as large as
31 bits of sum allow. In int8 the caches are int8 too, in the same pairs, (T / 64, D / 2, 64, 2) and (T / 2, D, 2), with
one scale per head and position: those of the keys multiply the scores, those of the values go into the weights.

Measured on one core of an AMD EPYC (Zen 4) beside a training job, hidden 256, 6 layers, inner 704, vocabulary 4,096, in
int8 at 50 / 150 / 300 positions: a step of one sequence takes 103 / 110 / 123 microseconds, of 16 1,220 / 1,600 / 2,130
(fp32 3,900 at 150). Attention takes 230 / 550 / 1,030 and the matrices 1,000, three quarters of the processor's
speed. What did not work: half floats in the caches, 1,750 and 2,470 at 150 and 300 positions; numba's own check for a
zero divisor, which keeps SwiGLU out of vector registers, 170 instead of 20 microseconds per step of 16. Compiling takes
5 s once on a machine, loading the compiled kernel 0.15 s; the kernel with adapters is compiled when the first is opened.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit, types

from engine.matrix_kernels import ADAPTER_COLUMNS, adapt, add, linear, quantise
from engine.vector_tiles import (
    bytes_fetching,
    bytes_fetching_narrow,
    exp,
    floats_1,
    floats_narrow,
    store_byte,
    store_float,
)

# Columns of the address table: one row per layer, and one more whose QKV column holds the head.
QKV, QKV_SCALE, OUT, OUT_SCALE, GATE_UP, GATE_UP_SCALE, DOWN, DOWN_SCALE = range(8)
# From these on, what an adapter adds to a matrix: see `matrix_kernels`.
QKV_ADAPTER, OUT_ADAPTER, GATE_UP_ADAPTER, DOWN_ADAPTER, COLUMNS = range(8, 9 + 4 * ADAPTER_COLUMNS, ADAPTER_COLUMNS)
# Entries of the `shape` array.
LAYERS, HIDDEN, HEADS, KV_HEADS, HEAD_DIM, INNER, VOCAB, CONTEXT, IS_INT8 = range(9)
LANES = 64


@njit(forceinline=True, fastmath=True)
def _normalise(x, weight, epsilon, y):  # type: ignore[no-untyped-def]  # numba infers the types
    """Root-mean-square norm of each row of x (R, H) into y."""
    for row in range(x.shape[0]):
        source, target, squares = x[row], y[row], np.float32(0.0)
        for i in range(source.size):
            squares += source[i] * source[i]
        scale = np.float32(1.0) / np.sqrt(squares / np.float32(source.size) + epsilon)
        for i in range(source.size):
            target[i] = source[i] * scale * weight[i]


@njit(forceinline=True, fastmath=True)
def _turn(vector, half, cosines, sines, scale):  # type: ignore[no-untyped-def]  # numba infers the types
    """Rotate one head in place by its position (pairs i, i + D/2), and scale it."""
    for i in range(half):
        left, right = vector[i], vector[half + i]
        vector[i] = (left * cosines[i] - right * sines[i]) * scale
        vector[half + i] = (right * cosines[i] + left * sines[i]) * scale


@njit(forceinline=True, fastmath=True)
def _store_bytes(vector, at, pair_step, item_step):  # type: ignore[no-untyped-def]  # numba infers the types
    """Store a vector as int8, number i at byte i // 2 * pair_step + i % 2 * item_step, and return its scale."""
    largest = np.float32(1e-20)
    for i in range(vector.size):
        largest = max(largest, abs(vector[i]))
    factor = np.float32(127.0) / largest
    for i in range(vector.size // 2):
        store_byte(at + i * pair_step, np.rint(vector[2 * i] * factor))
        store_byte(at + i * pair_step + item_step, np.rint(vector[2 * i + 1] * factor))
    return largest / np.float32(127.0)


@njit(forceinline=True)
def _remember(is_int8, key, value, keys_at, values_at, scales, position):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write one head's key (already turned) and value at a position of its cache, and their scales (2, T)."""
    width, block, place = key.size, position // LANES, position % LANES
    row = (width + 31) // 32 * 32
    if is_int8:
        scales[0, position] = _store_bytes(key, keys_at + block * width * LANES + place * 2, 2 * LANES, 1)
        scales[1, position] = _store_bytes(value, values_at + position // 2 * row * 2 + position % 2, 4, 2)
    else:
        for i in range(width):
            store_float(keys_at + ((block * width + i) * LANES + place) * 4, key[i])
            store_float(values_at + (position * row + i) * 4, value[i])


@njit(forceinline=True, fastmath=True)
def _softmax(scores):  # type: ignore[no-untyped-def]  # numba infers the types
    """Replace scores by their exponentials and return one over the sum."""
    largest, total = np.float32(-1e30), np.float32(0.0)
    for i in range(scores.size):
        largest = max(largest, scores[i])
    for i in range(scores.size):
        scores[i] = exp(scores[i] - largest)
        total += scores[i]
    return np.float32(1.0) / total


@njit(forceinline=True)
def _attend_floats(query, keys_at, values_at, length, scores, mixed):  # type: ignore[no-untyped-def]  # numba infers the types
    """mixed (D, and up to 31 more) = softmax(query . keys) times values, over the first `length` positions."""
    width, at, to, target = query.size, query.ctypes.data, scores.ctypes.data, mixed.ctypes.data
    row = (width + 31) // 32 * 32
    for block in range((length + 63) // 64):
        floats_1(keys_at + block * width * 256, 256, at, 0, to + block * 256, 0, width, 0, 0)
    scale = _softmax(scores[:length])
    for first in range(0, row, 64):
        if row - first >= 64:
            floats_1(values_at + first * 4, row * 4, to, 0, target + first * 4, 0, length, 0, 0)
        else:
            floats_narrow(values_at + first * 4, row * 4, to, 0, target + first * 4, 0, length, 0, 0)
    for i in range(width):
        mixed[i] *= scale


@njit(forceinline=True, fastmath=True)
def _weigh(scores, scales, levels):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write scores times the scales of their values as int16, and a zero after them; return the scale of that."""
    largest = np.float32(1e-20)
    for i in range(scores.size):
        scores[i] *= scales[i]
        largest = max(largest, scores[i])
    limit = np.float32(min(32767, (2**31 - 1) // (127 * scores.size)))
    factor = limit / largest
    for i in range(scores.size):
        levels[i] = np.int16(np.rint(scores[i] * factor))
    levels[scores.size] = 0
    return largest / limit


@njit(forceinline=True)
def _attend_bytes(query, keys_at, values_at, next_at, cache_scales, length, scores, mixed, levels, scales):  # type: ignore[no-untyped-def]  # numba infers the types
    """The same over int8 with its scales (2, T); fetches values while it reads keys, then what lies at next_at."""
    width, at, to, target = query.size, levels.ctypes.data, scores.ctypes.data, mixed.ctypes.data
    scale_at, ones = scales.ctypes.data, scales[scales.size - LANES :].ctypes.data
    row, pairs, away = (width + 31) // 32 * 32, (length + 1) // 2, values_at - keys_at
    quantise(query.reshape((1, width)), width, levels, scales)
    for block in range((length + 63) // 64):
        keys, key_scales = keys_at + block * width * 64, cache_scales.ctypes.data + block * 256
        bytes_fetching(keys, 128, at, to + block * 256, width // 2, key_scales, scale_at, away)
    scale = _softmax(scores[:length])
    scales[0] = scale * _weigh(scores[:length], cache_scales[1], levels[0])
    away = next_at - values_at
    for first in range(0, row, 64):
        values = values_at + first * 2
        if row - first >= 64:
            bytes_fetching(values, row * 2, at, target + first * 4, pairs, ones, scale_at, away)
        else:
            bytes_fetching_narrow(values, row * 2, at, target + first * 4, pairs, ones, scale_at, away)


@njit(forceinline=True)
def _attend_all(shape, layer, fused, mixed, slots, positions, turns, caches, cache_scales, scores, levels, scales):  # type: ignore[no-untyped-def]  # numba infers the types
    """Turn, remember and attend for every row; rows of one slot come in the order of their positions."""
    heads, kv_heads, width, int8 = shape[HEADS], shape[KV_HEADS], shape[HEAD_DIM], shape[IS_INT8]
    item, down, stacks = 1 if int8 else 4, np.float32(1.0) / np.sqrt(np.float32(width)), shape[LAYERS] * kv_heads
    key_size, value_size = shape[CONTEXT] * width * item, shape[CONTEXT] * ((width + 31) // 32 * 32) * item
    scales[scales.size - LANES :] = np.float32(1.0)
    for row in range(slots.size):
        slot, position = slots[row], positions[row]
        cosines, sines = turns[position, 0], turns[position, 1]
        for head in range(kv_heads):
            at, stack = (heads + head) * width, layer * kv_heads + head
            keys_at = caches[0] + (slot * stacks + stack) * key_size
            values_at, next_at = caches[1] + (slot * stacks + stack) * value_size, keys_at + key_size
            if head + 1 == kv_heads and row + 1 < slots.size:
                next_at = caches[0] + (slots[row + 1] * stacks + layer * kv_heads) * key_size
            key, value = fused[row, at : at + width], fused[row, at + kv_heads * width : at + (kv_heads + 1) * width]
            kept = cache_scales[slot, stack]
            _turn(key, width // 2, cosines, sines, np.float32(1.0))
            _remember(int8, key, value, keys_at, values_at, kept, position)
            for i in range(head * heads // kv_heads, (head + 1) * heads // kv_heads):
                query, to = fused[row, i * width : (i + 1) * width], mixed[row, i * width :]
                _turn(query, width // 2, cosines, sines, down)
                if int8:
                    _attend_bytes(query, keys_at, values_at, next_at, kept, position + 1, scores, to, levels, scales)
                else:
                    _attend_floats(query, keys_at, values_at, position + 1, scores, to)


# numba's own check for a zero divisor would keep the loop out of vector registers.
@njit(forceinline=True, fastmath=True, error_model="numpy")
def _gate(both, inner):  # type: ignore[no-untyped-def]  # numba infers the types
    """SwiGLU in place: the first half of each row becomes silu(gate) * up."""
    one = np.float32(1.0)
    for row in range(both.shape[0]):
        gate, up = both[row, :inner], both[row, inner : 2 * inner]
        for i in range(inner):
            gate[i] = gate[i] / (one + exp(min(-gate[i], np.float32(80.0)))) * up[i]


SIGNATURE = types.void(
    types.int64[::1], types.int64[:, ::1], types.float32[:, ::1], types.float32, types.float32[:, :, ::1],
    types.int64[::1], types.float32[:, :, :, ::1], types.int64[::1], types.int64[::1], types.float32[:, ::1],
    types.float32[:, :, ::1], types.int16[:, ::1], types.float32[::1], types.int64, types.float32[:, ::1],
)  # fmt: skip


def _kernel(name: str, *, is_adapted: bool) -> Callable[..., None]:
    """Return the kernel to be compiled; what only an adapter needs is not even compiled where there is none.

    With these branches in it, none of them taken, the kernel without adapters took 1.03 to 1.05 times as long. name: of its
    file in numba's cache; two processes that compile both at once must not meet there.
    """

    def layers(  # type: ignore[no-untyped-def]  # typed by the signature
        shape, table, norms, epsilon, turns, caches, cache_scales, slots, positions, x, work, levels, scales, first,
        logits,
    ):  # fmt: skip
        """Run all layers on the embedded rows x (R, H), in place, and write logits of the rows from `first` on.

        shape: see LAYERS ...; table: addresses (L + 1, COLUMNS); norms: (2 L + 1, H); turns: cosines and sines (T, 2, D / 2);
        caches: addresses of keys and values; cache_scales: theirs in int8 (slots, L x KV heads, 2, T), else (.., 0);
        slots, positions: (R,); work: four scratch sheets (4, R, widest + 64); levels, scales: int16 rows (R, widest) and
        their scales (R + 64,); logits: (R - first, V rounded up to 64).
        """
        rows, hidden, inner, int8 = slots.size, shape[HIDDEN], shape[INNER], shape[IS_INT8]
        queries, width = shape[HEADS] * shape[HEAD_DIM], shape[HEAD_DIM]
        fused_width = (queries + 2 * shape[KV_HEADS] * width + 63) // 64 * 64
        normed, fused, mixed, scores = work[0, :rows, :hidden], work[1, :rows], work[2, :rows], work[3, 0]
        # What an adapter may write into: where normed was, and scores.
        spare, narrow = work[0, :rows], work[3, :rows]
        hidden_up, both_width = (hidden + 63) // 64 * 64, (2 * inner + 63) // 64 * 64
        for layer in range(shape[LAYERS]):
            at = table[layer]
            _normalise(x, norms[2 * layer], epsilon, normed)
            linear(int8, at[QKV], at[QKV_SCALE], normed, hidden, fused, fused_width, levels, scales)
            if is_adapted:
                adapt(int8, at[QKV_ADAPTER:], normed, hidden, fused, narrow, mixed, levels, scales)
            _attend_all(
                shape, layer, fused, mixed, slots, positions, turns, caches, cache_scales, scores, levels, scales
            )
            linear(int8, at[OUT], at[OUT_SCALE], mixed, queries, fused, hidden_up, levels, scales)
            if is_adapted:
                adapt(int8, at[OUT_ADAPTER:], mixed, queries, fused, narrow, spare, levels, scales)
            add(x, fused)
            _normalise(x, norms[2 * layer + 1], epsilon, normed)
            linear(int8, at[GATE_UP], at[GATE_UP_SCALE], normed, hidden, fused, both_width, levels, scales)
            if is_adapted:
                adapt(int8, at[GATE_UP_ADAPTER:], normed, hidden, fused, narrow, mixed, levels, scales)
            _gate(fused, inner)
            linear(int8, at[DOWN], at[DOWN_SCALE], fused, inner, mixed, hidden_up, levels, scales)
            if is_adapted:
                adapt(int8, at[DOWN_ADAPTER:], fused, inner, mixed, narrow, spare, levels, scales)
            add(x, mixed)
        if first < rows:
            _normalise(x[first:], norms[2 * shape[LAYERS]], epsilon, normed[first:])
            at, outputs = table[shape[LAYERS]], (shape[VOCAB] + 63) // 64 * 64
            linear(int8, at[QKV], at[QKV_SCALE], normed[first:], hidden, logits, outputs, levels, scales)

    layers.__name__ = layers.__qualname__ = name
    return layers


run_layers = njit(SIGNATURE, cache=True, nogil=True)(_kernel("run_layers", is_adapted=False))
# Compiled for SIGNATURE when the first adapter is opened: adds to each matrix what the columns from QKV_ADAPTER on hold.
run_adapted_layers = njit(cache=True, nogil=True)(_kernel("run_adapted_layers", is_adapted=True))
