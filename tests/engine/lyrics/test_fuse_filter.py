"""Laws of the filter of keys: nothing that is in it is missed, and of other keys few are taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.fuse_filter import FuseFilter

KEYS = st.lists(st.integers(0, 2**64 - 1), max_size=60)


@given(KEYS)
def test_every_key_is_found(keys: list[int]) -> None:
    assert FuseFilter.build(np.array(keys, np.uint64)).has(np.array(keys, np.uint64)).all()


@given(KEYS, st.randoms())
def test_the_same_keys_in_any_order_and_number_give_the_same_bytes(keys: list[int], order) -> None:
    shuffled = [*keys, *keys[:5]]
    order.shuffle(shuffled)
    first, second = (FuseFilter.build(np.array(some, np.uint64)) for some in (keys, shuffled))
    assert first.table.tobytes() == second.table.tobytes()
    assert (first.seed, first.segment_length, first.size) == (second.seed, second.segment_length, second.size)


@pytest.mark.parametrize("count", [0, 1, 2, 1000, 100_000])
def test_other_keys_are_taken_for_one_about_once_in_256(count: int) -> None:
    keys = np.random.default_rng(count).integers(0, 2**63, count, np.uint64)
    others = np.random.default_rng(7).integers(2**63, 2**64, 200_000, np.uint64)
    built = FuseFilter.build(keys)
    assert built.has(keys).all()
    assert 0.9 / 256 < built.has(others).mean() < 1.1 / 256


def test_many_keys_take_little_more_than_nine_bits_each() -> None:
    keys = np.random.default_rng(1).integers(0, 2**63, 200_000, np.uint64)
    assert len(FuseFilter.build(keys).table) * 8 / len(keys) < 9.6


def test_keys_may_have_any_shape() -> None:
    keys = np.arange(12, dtype=np.uint64)
    found = FuseFilter.build(keys).has(keys.reshape(3, 4))
    assert found.shape == (3, 4)
    assert found.all()
