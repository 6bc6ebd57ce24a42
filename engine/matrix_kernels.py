"""Rows times a packed matrix in numba, quantised first where it is int8, and what an adapter adds to the outcome.

Knows nothing of layers. All is inlined by force, for the reason that `decoder_kernels` gives, and packed as it says.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from engine.vector_tiles import bytes_1, bytes_2, bytes_4, floats_1, floats_2, floats_4

# Columns of the address table for an adapter's part: A, its scales, and the rank, which is 0 without one; then B in up to
# three blocks, each of some outputs and with a rank of its own: B, its scales, that rank, how many outputs.
A, A_SCALE, RANK, BLOCKS = range(4)
B, B_SCALE, BLOCK_RANK, OUTPUTS = range(4)
BLOCK_COLUMNS = 4
ADAPTER_COLUMNS = BLOCKS + 3 * BLOCK_COLUMNS


@njit(forceinline=True, fastmath=True)
def quantise(x, size, levels, scales):  # type: ignore[no-untyped-def]  # numba infers the types
    """Write each row x[:, :size] as int16 into levels so that no sum with int8 weights can pass 31 bits."""
    limit = np.float32(min(32767, (2**31 - 1) // (127 * size)))
    for row in range(x.shape[0]):
        source, target, largest = x[row, :size], levels[row], np.float32(1e-20)
        for i in range(size):
            largest = max(largest, abs(source[i]))
        factor = limit / largest
        scales[row] = largest / limit
        for i in range(size):
            target[i] = np.int16(np.rint(source[i] * factor))


@njit(forceinline=True)
def multiply(is_int8, weights, w_scales, x, size, y, outputs, levels, scales):  # type: ignore[no-untyped-def]  # numba infers the types
    """y (R, outputs) = x (R, size), in levels where it is int8, times the packed matrix; outputs is a multiple of 64."""
    rows = x.shape[0]
    if is_int8:
        steps, stride, block = size // 2, 128, size * 64
        x_address, x_stride = levels.ctypes.data, levels.strides[0]
    else:
        steps, stride, block = size, 256, size * 256
        x_address, x_stride = x.ctypes.data, x.strides[0]
    y_stride, scale_address = y.strides[0], scales.ctypes.data
    for n in range(outputs // 64):
        w, w_scale, row = weights + n * block, w_scales + n * 256, 0
        while row < rows:
            at, to, sc = x_address + row * x_stride, y.ctypes.data + row * y_stride + n * 256, scale_address + row * 4
            if rows - row >= 4:
                if is_int8:
                    bytes_4(w, stride, at, x_stride, to, y_stride, steps, w_scale, sc)
                else:
                    floats_4(w, stride, at, x_stride, to, y_stride, steps, w_scale, sc)
                row += 4
            elif rows - row >= 2:
                if is_int8:
                    bytes_2(w, stride, at, x_stride, to, y_stride, steps, w_scale, sc)
                else:
                    floats_2(w, stride, at, x_stride, to, y_stride, steps, w_scale, sc)
                row += 2
            else:
                if is_int8:
                    bytes_1(w, stride, at, x_stride, to, y_stride, steps, w_scale, sc)
                else:
                    floats_1(w, stride, at, x_stride, to, y_stride, steps, w_scale, sc)
                row += 1


@njit(forceinline=True)
def linear(is_int8, weights, w_scales, x, size, y, outputs, levels, scales):  # type: ignore[no-untyped-def]  # numba infers the types
    """The same, and x is first written into levels where it is int8."""
    if is_int8:
        quantise(x, size, levels, scales)
    multiply(is_int8, weights, w_scales, x, size, y, outputs, levels, scales)


@njit(forceinline=True, fastmath=True)
def add(x, y):  # type: ignore[no-untyped-def]  # numba infers the types
    for row in range(x.shape[0]):
        target, source = x[row], y[row]
        for i in range(target.size):
            target[i] += source[i]


@njit(forceinline=True, fastmath=True)
def adapt(is_int8, at, x, size, y, narrow, added, levels, scales):  # type: ignore[no-untyped-def]  # numba infers the types
    """Add to y (R, outputs) what an adapter adds to the matrix that x (R, size) was last multiplied by: levels still hold x.

    narrow (R, rank and up to 63 more), added (R, outputs): scratch.
    """
    rank, first, to = at[RANK], 0, 0
    if rank:
        multiply(is_int8, at[A], at[A_SCALE], x, size, narrow, (rank + 63) // 64 * 64, levels, scales)
        if is_int8:
            quantise(narrow, rank, levels, scales)
        for place in range(BLOCKS, ADAPTER_COLUMNS, BLOCK_COLUMNS):
            block = at[place : place + BLOCK_COLUMNS]
            own, outputs = block[BLOCK_RANK], block[OUTPUTS]
            if own:
                part, sheet, own_levels = narrow[:, first:], added[:, to:], levels[:, first:]
                multiply(is_int8, block[B], block[B_SCALE], part, own, sheet, outputs, own_levels, scales)
                for row in range(x.shape[0]):
                    target, source = y[row, to : to + outputs], added[row, to : to + outputs]
                    for i in range(target.size):
                        target[i] += source[i]
            first += own
            to += outputs
