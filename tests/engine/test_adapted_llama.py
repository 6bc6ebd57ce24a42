"""A Llama with an adapter: the same logits as with merged weights, beside a base that computes the same bits as before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from engine.adapters import merged, stacked
from engine.checkpoint import quantise_weights
from engine.families import CausalModel
from engine.llama import Llama, LlamaShape, Precision
from engine.llama_numpy import NumpyArithmetic
from engine.llama_shape import layer_tensors, matrix_sizes
from tests.engine.random_adapters import logits, random_adapter
from tests.engine.tiny_llama import random_weights, tiny_config

CONFIGS = (
    tiny_config(),
    tiny_config(hidden_size=64, num_key_value_heads=1, head_dim=32, intermediate_size=128),
    tiny_config(num_hidden_layers=1, hidden_size=128, num_attention_heads=4, num_key_value_heads=4, head_dim=32,
                intermediate_size=352),
)  # fmt: skip
# Which matrices have a part, and of what rank: all, of any rank; one of those that are stacked; one layer alone.
CHOICES: dict[str, tuple[int, Callable[[str], bool]]] = {
    "rank 1": (1, lambda name: True),
    "rank 16": (16, lambda name: True),
    "rank 64": (64, lambda name: True),
    "one of a stack": (5, lambda name: "v_proj" in name or "up_proj" in name),
    "the last layer": (4, lambda name: "layers.0." not in name or "down" in name),
}
MAKES: dict[str, Callable[[LlamaShape, Any, Precision], Llama]] = {
    "numba": lambda shape, weights, precision: Llama.from_weights(shape, weights, precision=precision, threads=1),
    "numpy": lambda shape, weights, precision: Llama(shape, NumpyArithmetic(shape, weights, precision), precision),
}
TUNE = [5, 9, 2, 30, 11, 8, 3]


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("make", MAKES)
def test_an_adapted_model_in_fp32_equals_one_with_merged_weights(
    make: str, config: dict[str, Any], choice: str
) -> None:
    shape, weights, adapter = (
        LlamaShape.from_config(config),
        random_weights(config),
        random_adapter(config, *CHOICES[choice]),
    )
    base = MAKES[make](shape, weights, "fp32")
    expected = logits(MAKES["numba"](shape, merged(weights, adapter), "fp32"))
    np.testing.assert_allclose(logits(base.adapted(adapter)), expected, atol=1e-5)
    assert np.abs(logits(base) - expected).max() > 0.05


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("config", CONFIGS)
def test_an_adapted_model_in_int8_is_as_near_to_merged_weights_as_its_base_to_its_own(
    config: dict[str, Any], choice: str
) -> None:
    shape, weights, adapter = (
        LlamaShape.from_config(config),
        random_weights(config),
        random_adapter(config, *CHOICES[choice]),
    )
    expected, exact = (
        logits(MAKES["numba"](shape, merged(weights, adapter), "fp32")),
        logits(MAKES["numba"](shape, weights, "fp32")),
    )
    found = {make: logits(MAKES[make](shape, weights, "int8").adapted(adapter)) for make in MAKES}
    lost = np.abs(logits(MAKES["numba"](shape, weights, "int8")) - exact).mean()
    assert np.abs(found["numba"] - expected).mean() < 2.5 * lost
    np.testing.assert_allclose(found["numba"], found["numpy"], atol=4e-3 * np.abs(expected).max())


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_base_computes_the_same_bits_while_adapters_are_used_beside_it(precision: Precision) -> None:
    config = CONFIGS[1]
    shape, weights = LlamaShape.from_config(config), quantise_weights(random_weights(config))
    base = MAKES["numba"](shape, weights, precision)
    models: list[CausalModel] = [
        base,
        *(base.adapted(random_adapter(config, 8, lambda name: True, seed)) for seed in (1, 2, 3)),
    ]
    alone = [logits(model) for model in models]
    others = MAKES["numba"](shape, weights, precision)
    assert np.array_equal(alone[0], logits(others))
    start = threading.Barrier(8)

    def often(number: int) -> list[np.ndarray]:
        start.wait()
        return [logits(models[number % 4]) for _ in range(15)]

    with ThreadPoolExecutor(8) as pool:
        for number, found in enumerate(pool.map(often, range(8))):
            assert all(np.array_equal(each, alone[number % 4]) for each in found)
    assert not np.array_equal(alone[1], alone[2])


def test_all_but_the_low_rank_matrices_lies_in_memory_once() -> None:
    config = tiny_config(
        hidden_size=256, head_dim=64, num_attention_heads=4, num_key_value_heads=4, intermediate_size=704
    )
    shape, weights = LlamaShape.from_config(config), random_weights(config)
    for make in MAKES:
        base: Any = MAKES[make](shape, weights, "int8")
        twin: Any = base.adapted(random_adapter(config, 4, lambda name: True))
        assert twin._arithmetic.embedding is base._arithmetic.embedding
        assert np.shares_memory(twin._arithmetic._turns, base._arithmetic._turns)
        if make == "numba":
            assert np.array_equal(twin._arithmetic._table[:, :8], base._arithmetic._table[:, :8])
            assert np.shares_memory(twin._arithmetic._norms, base._arithmetic._norms)
            assert twin._arithmetic.own_bytes < base._arithmetic.own_bytes / 4
        else:
            assert twin._arithmetic._layers is base._arithmetic._layers


def test_memory_of_the_base_serves_an_adapter() -> None:
    base: Llama = MAKES["numba"](LlamaShape.from_config(CONFIGS[0]), random_weights(CONFIGS[0]), "int8")
    memory = base.new_memory(1)
    before = base.extend(memory, 0, TUNE)
    twin = base.adapted(random_adapter(CONFIGS[0], 8, lambda name: True))
    base.truncate(memory, 0, 0)
    twin.extend(memory, 0, TUNE)
    base.truncate(memory, 0, 0)
    assert np.array_equal(base.extend(memory, 0, TUNE), before)


def test_parts_of_stacked_matrices_lie_on_a_diagonal() -> None:
    sizes = matrix_sizes(LlamaShape.from_config(CONFIGS[1]))
    adapter = random_adapter(CONFIGS[1], 3, lambda name: "k_proj" not in name)
    names = layer_tensors(0)["qkv"]
    both = stacked(adapter.parts, names, sizes)
    assert both is not None
    expected = [adapter.parts[n].product() if n in adapter.parts else np.zeros(sizes[n], np.float32) for n in names]
    np.testing.assert_allclose(both.product(), np.concatenate(expected), atol=1e-6)
    assert stacked({}, names, sizes) is None
