"""Every family keeps the promises of `families.CausalModel`; numba, the numpy twin and transformers agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.checkpoint import float_matrix, quantise_weights, write_checkpoint
from engine.errors import CheckpointError
from engine.families import FAMILIES, CausalModel, open_model
from engine.llama import Llama, LlamaShape
from engine.llama_numpy import NumpyArithmetic
from tests.engine.tiny_llama import random_weights, tiny_config

SHAPES = [
    tiny_config(),
    tiny_config(hidden_size=64, num_attention_heads=4, num_key_value_heads=2, head_dim=16, intermediate_size=100),
    tiny_config(hidden_size=128, num_attention_heads=2, head_dim=64, vocab_size=131, num_hidden_layers=1),
    tiny_config(hidden_size=96, num_attention_heads=1, num_key_value_heads=1, head_dim=96, tie_word_embeddings=False),
]


@pytest.fixture(scope="module", autouse=True)
def _one_torch_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _saved_gpt2(directory: Path) -> Path:
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(vocab_size=60, n_positions=64, n_embd=32, n_layer=2, n_head=2)).save_pretrained(
        directory
    )
    return directory


def _saved_neox(directory: Path) -> Path:
    import torch
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    torch.manual_seed(0)
    config = GPTNeoXConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    GPTNeoXForCausalLM(config).save_pretrained(directory)
    return directory


def _saved_llama(directory: Path) -> Path:
    config = tiny_config()
    return write_checkpoint(directory, random_weights(config), config, None, {}).directory


def _one_by_one(directory: Path) -> CausalModel:
    from transformers import GPT2LMHeadModel

    from engine.torch_causal import TorchCausal

    return TorchCausal(GPT2LMHeadModel.from_pretrained(_saved_gpt2(directory)).eval(), "cpu")


def _saved_network(directory: Path, family: str) -> Path:
    from engine.music.event_networks import save_network
    from tests.engine.music.tiny_networks import tiny_network

    return save_network(tiny_network(family), directory, {}, family).directory


MODELS: dict[str, Any] = {
    "llama int8": lambda d: open_model(_saved_llama(d / "m"), "int8", threads=2),
    "llama fp32": lambda d: open_model(_saved_llama(d / "m"), "fp32", threads=1),
    "hf-causal llama": lambda d: open_model(_saved_llama(d / "m"), "fp32", threads=1, family="hf-causal"),
    "hf-causal gpt2": lambda d: open_model(_saved_gpt2(d / "m"), threads=1),
    "hf-causal one by one": lambda d: _one_by_one(d / "m"),
    "hf-causal gpt_neox": lambda d: open_model(_saved_neox(d / "m"), threads=1),
    "music-transformer": lambda d: open_model(_saved_network(d / "m", "music-transformer"), threads=1),
    "transformer-xl": lambda d: open_model(_saved_network(d / "m", "transformer-xl"), threads=1),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CausalModel:
    opened: CausalModel = MODELS[request.param](tmp_path_factory.mktemp("models"))
    return opened


def test_every_registered_family_is_tried_here() -> None:
    assert {name.split()[0] for name in MODELS} == set(FAMILIES)


def test_stepping_equals_extending_at_once(model: CausalModel) -> None:
    ids = np.random.default_rng(1).integers(0, model.vocab_size, 40).tolist()
    memory = model.new_memory(2)
    whole = model.extend(memory, 0, ids)
    model.extend(memory, 1, ids[:3])
    for i in ids[3:]:
        stepped = model.step(memory, np.array([1]), np.array([i]))[0]
    np.testing.assert_allclose(stepped, whole, atol=2e-3)
    assert whole.shape == (model.vocab_size,)


def test_a_ragged_batch_equals_each_sequence_alone(model: CausalModel) -> None:
    rng = np.random.default_rng(2)
    prompts = [rng.integers(0, model.vocab_size, n).tolist() for n in (1, 7, 30, 4, 12)]
    batch, alone = model.new_memory(5), model.new_memory(1)
    for slot, prompt in enumerate(prompts):
        model.extend(batch, slot, prompt)
    chosen = rng.integers(0, model.vocab_size, (4, 5))
    for ids in chosen:
        together = model.step(batch, np.arange(5), ids)
    for slot, prompt in enumerate(prompts):
        model.truncate(alone, 0, 0)
        single = model.extend(alone, 0, [*prompt, *chosen[:, slot].tolist()])
        np.testing.assert_allclose(together[slot], single, atol=2e-3)


def test_a_fork_goes_on_like_its_source_and_leaves_it_alone(model: CausalModel) -> None:
    memory = model.new_memory(3)
    model.extend(memory, 0, [5, 6, 7, 8])
    model.extend(memory, 2, [9] * 30)  # a target that held something else, and more
    model.fork(memory, 0, [1, 2])
    after = [model.extend(memory, slot, [11, 12]) for slot in (2, 1, 0)]
    np.testing.assert_allclose(after[0], after[2], atol=1e-6)
    np.testing.assert_allclose(after[1], after[2], atol=1e-6)
    assert [model.length(memory, slot) for slot in range(3)] == [6, 6, 6]


def test_forking_again_copies_what_has_changed_since(model: CausalModel) -> None:
    memory = model.new_memory(2)
    model.extend(memory, 0, [5, 6, 7])
    model.fork(memory, 0, [1])
    model.extend(memory, 1, [20, 21])
    model.truncate(memory, 0, 1)
    model.extend(memory, 0, [8, 9])
    model.fork(memory, 0, [1])
    ours, fresh = model.extend(memory, 1, [10]), model.extend(model.new_memory(1), 0, [5, 8, 9, 10])
    np.testing.assert_allclose(ours, fresh, atol=2e-3)


def test_a_longer_sequence_survives_a_fork_of_a_shorter_source_only_by_recomputing(model: CausalModel) -> None:
    memory = model.new_memory(2)
    model.extend(memory, 1, [3, 4, 5, 6, 7, 8])
    model.extend(memory, 0, [1, 2])
    model.fork(memory, 0, [1])
    model.extend(memory, 0, [3, 4, 5, 6])
    model.fork(memory, 0, [1])
    expected = model.extend(model.new_memory(1), 0, [1, 2, 3, 4, 5, 6, 9])
    np.testing.assert_allclose(model.extend(memory, 1, [9]), expected, atol=2e-3)


def test_truncating_undoes_extending(model: CausalModel) -> None:
    memory = model.new_memory(1)
    before = model.extend(memory, 0, [3, 4, 5])
    model.extend(memory, 0, [6, 7, 8, 9])
    model.truncate(memory, 0, 2)
    np.testing.assert_allclose(model.extend(memory, 0, [5]), before, atol=1e-4)


def test_more_than_the_context_is_refused(model: CausalModel) -> None:
    memory = model.new_memory(1)
    model.extend(memory, 0, [1] * model.context_length)
    with pytest.raises(ValueError, match="do not fit"):
        model.extend(memory, 0, [1])
    with pytest.raises(ValueError, match="do not fit"):
        model.extend(model.new_memory(1), 0, [])


def _transformers_logits(config: dict[str, Any], weights: dict[str, Any], ids: list[int]) -> np.ndarray[Any, Any]:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    reference = LlamaForCausalLM(LlamaConfig(**{k: v for k, v in config.items() if k != "model_type"})).eval()
    state = {name: torch.from_numpy(weight) for name, weight in weights.items()}
    missing, unknown = reference.load_state_dict(state, strict=False)
    assert not unknown
    assert set(missing) <= {"lm_head.weight"}
    reference.tie_weights()
    with torch.inference_mode():
        logits: np.ndarray[Any, Any] = reference(torch.tensor([ids])).logits[0].numpy()
    return logits


def _stepped_logits(model: Llama, ids: list[int]) -> np.ndarray[Any, Any]:
    """Logits after 30 ids at once, then after each of the others."""
    memory = model.new_memory(1)
    rows = [model.extend(memory, 0, ids[:30])]
    rows += [model.step(memory, np.array([0]), np.array([i]))[0] for i in ids[30:]]
    return np.stack(rows)


@pytest.mark.parametrize("config", SHAPES)
@pytest.mark.parametrize("backend", ["numba", "numpy"])
def test_cached_stepping_in_fp32_equals_the_full_forward_of_transformers(config: dict[str, Any], backend: str) -> None:
    weights, ids = random_weights(config), np.random.default_rng(3).integers(0, config["vocab_size"], 70).tolist()
    shape = LlamaShape.from_config(config)
    model = (
        Llama.from_weights(shape, weights, precision="fp32", threads=1)
        if backend == "numba"
        else Llama(shape, NumpyArithmetic(shape, weights, "fp32"), "fp32")
    )
    expected = _transformers_logits(config, weights, ids)[29:]
    np.testing.assert_allclose(_stepped_logits(model, ids), expected, atol=1e-4)


def _int8_models(config: dict[str, Any]) -> tuple[dict[str, Any], Llama, Llama]:
    """Return the dequantised weights, and the int8 model on numba and on numpy."""
    weights, shape = random_weights(config), LlamaShape.from_config(config)
    quantised = quantise_weights(weights)
    floats = {name: float_matrix(quantised, name) if w.ndim == 2 else w for name, w in weights.items()}
    twin = Llama(shape, NumpyArithmetic(shape, quantised, "int8"), "int8")
    return floats, Llama.from_weights(shape, quantised, precision="int8", threads=1), twin


@pytest.mark.parametrize("config", SHAPES)
def test_int8_equals_the_full_forward_on_the_dequantised_weights(config: dict[str, Any]) -> None:
    ids = np.random.default_rng(4).integers(0, config["vocab_size"], 70).tolist()
    floats, model, twin = _int8_models(config)
    expected, found = _transformers_logits(config, floats, ids)[29:], _stepped_logits(model, ids)
    # Keys and values have 8 bits: relative to the largest logit, not to each. The random models with one layer and
    # wide heads are the worst.
    largest, errors = np.abs(expected).max(), np.abs(found - expected)
    assert errors.mean() < 6e-3 * largest
    assert errors.max() < 4e-2 * largest
    # Both round alike, but for numbers that lie within float32's error of the middle between two.
    np.testing.assert_allclose(found, _stepped_logits(twin, ids), atol=4e-3 * largest)


def test_int8_caches_hold_what_both_arithmetics_read() -> None:
    """One of them goes on from what the other has written."""
    for config in SHAPES:
        _, model, twin = _int8_models(config)
        memory, own = model.new_memory(1), model.new_memory(1)
        ids = np.random.default_rng(5).integers(0, config["vocab_size"], 67).tolist()
        expected = model.extend(own, 0, [*ids, 1])
        model.extend(memory, 0, ids)
        np.testing.assert_allclose(twin.extend(memory, 0, [1]), expected, atol=4e-3 * np.abs(expected).max())
        assert memory.keys.dtype == memory.values.dtype == np.int8
        assert (memory.scales[0, :, :, :68] > 0).all()


def test_an_int8_fork_inside_a_pair_and_across_blocks_equals_its_source() -> None:
    _, model, _ = _int8_models(SHAPES[0])
    ids = np.random.default_rng(6).integers(0, 70, 131).tolist()
    memory = model.new_memory(2)
    model.extend(memory, 0, ids[:63])
    model.fork(memory, 0, [1])
    model.extend(memory, 1, [1, 2, 3])
    model.extend(memory, 0, ids[63:])
    model.fork(memory, 0, [1])
    np.testing.assert_array_equal(model.extend(memory, 1, [4]), model.extend(memory, 0, [4]))


def test_int8_of_float_weights_equals_int8_that_was_stored() -> None:
    config = tiny_config()
    weights, shape = random_weights(config), LlamaShape.from_config(config)
    models = [Llama.from_weights(shape, w, precision="int8", threads=1) for w in (weights, quantise_weights(weights))]
    first, second = (m.extend(m.new_memory(1), 0, [1, 2, 3]) for m in models)
    np.testing.assert_array_equal(first, second)


def test_threads_change_nothing() -> None:
    config = tiny_config()
    weights, shape = random_weights(config), LlamaShape.from_config(config)
    logits = []
    for threads in (1, 2, 3):
        model = Llama.from_weights(shape, weights, precision="int8", threads=threads)
        memory = model.new_memory(7)
        for slot in range(7):
            model.extend(memory, slot, [slot, 3, slot])
        logits.append(model.step(memory, np.arange(7), np.arange(7)))
    np.testing.assert_array_equal(logits[0], logits[1])
    np.testing.assert_array_equal(logits[0], logits[2])


@pytest.mark.parametrize(
    "changes", [{"attention_bias": True}, {"rope_parameters": {"rope_type": "yarn"}}, {"hidden_act": "gelu"}]
)
def test_a_llama_that_is_not_done_here_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError, match="hf-causal"):
        LlamaShape.from_config(tiny_config(**changes))


@pytest.mark.parametrize("spoil", ["missing", "unknown", "size"])
def test_tensors_must_be_exactly_those_of_the_model(spoil: str) -> None:
    weights = random_weights(tiny_config())
    if spoil == "missing":
        del weights["model.norm.weight"]
    elif spoil == "unknown":
        weights["model.extra.weight"] = np.zeros(3, np.float32)
    else:
        weights["model.norm.weight"] = np.ones(47, np.float32)
    with pytest.raises(CheckpointError, match=r"model\.(norm|extra)\.weight"):
        Llama.from_weights(LlamaShape.from_config(tiny_config()), weights, precision="fp32", threads=1)


def test_an_unknown_family_is_named_with_the_known_ones(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "m", random_weights(tiny_config()), tiny_config(), None, {}, family="moon")
    with pytest.raises(CheckpointError, match=r"'moon'.*llama"):
        open_model(tmp_path / "m")
