"""Vector code that numba cannot write by itself: tiles of matrix products, exponentials, stores, in LLVM.

Knows nothing of models. numba's disk cache watches only the file of the function that is cached, so after a change here, or
in `matrix_kernels.py`, touch `decoder_kernels.py` and `sampling_kernels.py` (an installation renews all of them).

A **tile** is 16 x R outputs of B rows, summed over k in registers, the weights read once for all B rows:

    y[b, 16 r + lane] = sum_k weight[k, 16 r + lane] * x[b, k]

int8 weights meet int16 activations two k at a time in `vpdpwssd`.

Measured on one core of an AMD EPYC (Zen 4), 5.9M weights in one matrix, milliseconds at batch 1 / 4 / 16:
fp32 0.34 / 0.45 / 1.75; int8 0.082 / 0.21 / 0.84. What did not work: leaving the int16 products to LLVM (shuffle,
sign-extend, multiply, add) gives `vpmulld`, 0.27 / 0.71 / 2.82, so the instruction is named; it stays as the way for
other processors. Keys and values of a head are short streams far from each other, so the processor's own prefetching
starts anew with each; asking while one stream is read for the next one, whole, takes scores and values of 16 sequences
from 0.75 to 0.5 ms a step at 150 positions and from 1.3 to 1.0 at 300 in int8 (into the first cache: 0.6 and 1.3).
Asking 1 to 4 KiB ahead in the same stream gains nothing, and fp32 gains nothing either way: the memory's own speed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import binding, ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

I8, I16, I32, I64 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
F32 = ir.FloatType()
FLOATS, INTS = ir.VectorType(F32, 16), ir.VectorType(I32, 16)
BYTES_PER_LANES = {"f32": 64, "i8": 32}  # one step of k for 16 outputs; i8 takes two k at once


def _splat(build: Any, scalar: Any, vector: Any) -> Any:
    first = build.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(I32, 0))
    zeros = ir.Constant(ir.VectorType(I32, vector.count), [0] * vector.count)
    return build.shuffle_vector(first, ir.Constant(vector, ir.Undefined), zeros)


def _load(build: Any, address: Any, offset: int, kind: Any, align: int) -> Any:
    address = build.add(address, ir.Constant(I64, offset))
    return build.load(build.inttoptr(address, kind.as_pointer()), align=align)


def _load_weights(build: Any, address: Any, offset: int, kind: str) -> Any:
    if kind == "f32":
        return _load(build, address, offset, FLOATS, 4)
    return build.sext(_load(build, address, offset, ir.VectorType(I8, 32), 1), ir.VectorType(I16, 32))


def _has(feature: str) -> bool:
    return getattr(config, "CPU_NAME", None) is None and bool(binding.get_host_cpu_features().get(feature, False))


def _add_pair_products(build: Any, total: Any, left: Any, right: Any) -> Any:
    """Return total + left[2i] right[2i] + left[2i+1] right[2i+1] of int16 vectors, in int32."""
    if _has("avx512vnni"):
        signature = ir.FunctionType(INTS, [INTS, INTS, INTS])
        dot = cgutils.get_or_insert_function(build.module, signature, "llvm.x86.avx512.vpdpwssd.512")
        return build.call(dot, [total, build.bitcast(left, INTS), build.bitcast(right, INTS)])
    if _has("avx512bw"):
        signature = ir.FunctionType(INTS, [left.type, right.type])
        pairs = cgutils.get_or_insert_function(build.module, signature, "llvm.x86.avx512.pmaddw.d.512")
        return build.add(total, build.call(pairs, [left, right]))
    for odd in (0, 1):
        picks = ir.Constant(INTS, [2 * lane + odd for lane in range(16)])
        one, other = (
            build.sext(build.shuffle_vector(v, ir.Constant(v.type, ir.Undefined), picks), INTS) for v in (left, right)
        )
        total = build.add(total, build.mul(one, other))
    return total


def _multiply_add(build: Any, kind: str, total: Any, weights: Any, x_address: Any) -> Any:
    if kind == "i8":
        pair = build.bitcast(_splat(build, _load(build, x_address, 0, I32, 4), INTS), ir.VectorType(I16, 32))
        return _add_pair_products(build, total, weights, pair)
    x = _splat(build, _load(build, x_address, 0, F32, 4), FLOATS)
    return build.fadd(build.fmul(weights, x, flags=("fast",)), total, flags=("fast",))


def _store_tile(build: Any, kind: str, sums: Any, y: Any, y_stride: Any, scales: Any, x_scales: Any) -> None:
    for row, vectors in enumerate(sums):
        for group, total in enumerate(vectors):
            if kind == "i8":
                scale = _load(build, scales, 64 * group, FLOATS, 4)
                x_scale = _splat(build, _load(build, x_scales, 4 * row, F32, 4), FLOATS)
                total = build.fmul(build.sitofp(total, FLOATS), build.fmul(scale, x_scale))
            target = build.add(y, ir.Constant(I64, 64 * group))
            build.store(total, build.inttoptr(target, FLOATS.as_pointer()), align=4)
        y = build.add(y, y_stride)


def _fetch(build: Any, address: Any) -> None:
    """Ask for the line of an address to be brought into the second cache."""
    pointer = build.inttoptr(address, I8.as_pointer())
    signature = ir.FunctionType(ir.VoidType(), [pointer.type, I32, I32, I32])
    fetch = build.module.declare_intrinsic("llvm.prefetch", (pointer.type,), signature)
    build.call(fetch, [pointer, ir.Constant(I32, 0), ir.Constant(I32, 2), ir.Constant(I32, 1)])


def _emit_tile(build: Any, kind: str, groups: int, rows: int, args: Any, away: Any = None) -> None:
    weights, w_stride, x, x_stride, y, y_stride, steps, scales, x_scales = args
    sum_type = INTS if kind == "i8" else FLOATS
    before, loop, after = build.block, build.append_basic_block("over_k"), build.append_basic_block("store")
    x_rows = [x]
    for _ in range(1, rows):
        x_rows.append(build.add(x_rows[-1], x_stride))
    build.branch(loop)
    build.position_at_end(loop)
    k, w_address = build.phi(I64), build.phi(I64)
    sums = [[build.phi(sum_type) for _ in range(groups)] for _ in range(rows)]
    x_offset = build.shl(k, ir.Constant(I64, 2))  # one float32 or two int16
    loaded = [_load_weights(build, w_address, BYTES_PER_LANES[kind] * g, kind) for g in range(groups)]
    for line in range(0, BYTES_PER_LANES[kind] * groups if away is not None else 0, 64):
        _fetch(build, build.add(w_address, build.add(away, ir.Constant(I64, line))))
    more = [
        [_multiply_add(build, kind, sums[r][g], loaded[g], build.add(x_rows[r], x_offset)) for g in range(groups)]
        for r in range(rows)
    ]
    next_k, next_w = build.add(k, ir.Constant(I64, 1)), build.add(w_address, w_stride)
    k.add_incoming(ir.Constant(I64, 0), before)
    k.add_incoming(next_k, loop)
    w_address.add_incoming(weights, before)
    w_address.add_incoming(next_w, loop)
    for r in range(rows):
        for g in range(groups):
            sums[r][g].add_incoming(ir.Constant(sum_type, None), before)
            sums[r][g].add_incoming(more[r][g], loop)
    build.cbranch(build.icmp_signed("<", next_k, steps), loop, after)
    build.position_at_end(after)
    _store_tile(build, kind, more, y, y_stride, scales, x_scales)


def _tile(kind: str, *, groups: int, rows: int) -> Any:
    @intrinsic
    def tile(context, weights, w_stride, x, x_stride, y, y_stride, steps, scales, x_scales):  # type: ignore[no-untyped-def]  # numba reads the arguments
        def emit(_context: Any, build: Any, _signature: Any, args: Any) -> Any:
            _emit_tile(build, kind, groups, rows, args)
            return _context.get_dummy_value()

        return types.void(*[types.int64] * 9), emit

    return tile


def _fetching_tile(kind: str, *, groups: int) -> Any:
    @intrinsic
    def tile(context, weights, w_stride, x, y, steps, scales, x_scales, away):  # type: ignore[no-untyped-def]  # numba reads the arguments
        """A tile of one row that asks, with each weight, for the memory `away` bytes from it."""

        def emit(_context: Any, build: Any, _signature: Any, args: Any) -> Any:
            weights, w_stride, x, y, steps, scales, x_scales, away = args
            zero = ir.Constant(I64, 0)
            _emit_tile(build, kind, groups, 1, (weights, w_stride, x, zero, y, zero, steps, scales, x_scales), away)
            return _context.get_dummy_value()

        return types.void(*[types.int64] * 8), emit

    return tile


@intrinsic
def _power_of_two(context, exponent):  # type: ignore[no-untyped-def]  # numba reads the arguments
    """2 ** exponent for a whole float32 of -126..127, made from its bits."""

    def emit(_context: Any, build: Any, _signature: Any, args: Any) -> Any:
        biased = build.add(build.fptosi(args[0], I32), ir.Constant(I32, 127))
        return build.bitcast(build.shl(biased, ir.Constant(I32, 23)), F32)

    return types.float32(types.float32), emit


@intrinsic
def store_byte(context, address, value):  # type: ignore[no-untyped-def]  # numba reads the arguments
    """Store a whole float32 of -128..127 as int8."""

    def emit(_context: Any, build: Any, _signature: Any, args: Any) -> Any:
        build.store(build.trunc(build.fptosi(args[1], I32), I8), build.inttoptr(args[0], I8.as_pointer()), align=1)
        return _context.get_dummy_value()

    return types.void(types.int64, types.float32), emit


@intrinsic
def store_float(context, address, value):  # type: ignore[no-untyped-def]  # numba reads the arguments
    def emit(_context: Any, build: Any, _signature: Any, args: Any) -> Any:
        build.store(args[1], build.inttoptr(args[0], F32.as_pointer()), align=4)
        return _context.get_dummy_value()

    return types.void(types.int64, types.float32), emit


floats_1, floats_2, floats_4 = (_tile("f32", groups=4, rows=rows) for rows in (1, 2, 4))
bytes_1, bytes_2, bytes_4 = (_tile("i8", groups=4, rows=rows) for rows in (1, 2, 4))
floats_narrow = _tile("f32", groups=2, rows=1)
bytes_fetching, bytes_fetching_narrow = (_fetching_tile("i8", groups=groups) for groups in (4, 2))


@njit(forceinline=True, fastmath=True)
def exp(x):  # type: ignore[no-untyped-def]  # numba infers the types
    """e ** x in float32 for x <= 0 or so, within 3e-6 of its size; unlike libm's it runs in vector registers."""
    t = max(x * np.float32(1.4426950408889634), np.float32(-126.0))
    whole = np.rint(t)
    part = t - whole
    power = np.float32(1.5403530e-4)
    power = power * part + np.float32(1.3333558e-3)
    power = power * part + np.float32(9.6181291e-3)
    power = power * part + np.float32(5.5504109e-2)
    power = power * part + np.float32(2.4022651e-1)
    power = power * part + np.float32(6.9314718e-1)
    power = power * part + np.float32(1.0)
    return power * _power_of_two(whole)
