"""Decoding in numpy: memory changes nothing, slots hold what was copied to them, and what is not done here goes by torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from engine.checkpoint import open_checkpoint
from engine.music import event_numpy
from engine.music.event_model import open_event_model
from engine.music.event_networks import NETWORKS, open_causal
from engine.music.event_numpy_weights import in_numpy
from engine.torch_slots import TorchSlots
from engine.training.event_models import save_event_model
from tests.engine.music.tiny_networks import VOCABULARY, tiny_network

FAMILIES = [*NETWORKS, "gpt2"]


def _network(family: str, **changes: Any) -> Any:
    if family != "gpt2":
        return tiny_network(family)
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "gpt2", vocab_size=VOCABULARY.size, n_embd=32, n_layer=2, n_head=2, n_positions=96, initializer_range=0.2,
        bos_token_id=0, eos_token_id=2, event_vocabulary=VOCABULARY.name, **changes,
    )  # fmt: skip
    network = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    for weight in network.parameters():  # norms and biases as training leaves them, not as they begin
        torch.nn.init.normal_(weight, mean=float(weight.dim() == 1), std=0.2)
    return network


def _ids(count: int, seed: int = 1) -> list[int]:
    return np.random.default_rng(seed).integers(0, VOCABULARY.size, count).tolist()


def _full(network: Any, ids: list[int]) -> np.ndarray:
    """Return the logits (T, V) of all ids read at once in torch."""
    is_told = network.config.model_type == "transformer_xl_events"
    told = {"onsets": torch.from_numpy(VOCABULARY.onsets(ids))[None]} if is_told else {}
    with torch.inference_mode():
        logits: np.ndarray = network(input_ids=torch.tensor([ids]), **told).logits[0].numpy()
    return logits


@pytest.mark.parametrize("family", FAMILIES)
def test_ids_one_by_one_and_all_at_once_give_the_logits_of_torch(family: str) -> None:
    network, ids = _network(family), _ids(40)
    full, model = _full(network, ids), in_numpy(network)
    assert model is not None
    memory = model.new_memory(2)
    stepped = np.stack([model.extend(memory, 0, [i]) for i in ids])
    np.testing.assert_allclose(stepped, full, atol=1e-5)
    np.testing.assert_allclose(model.extend(memory, 1, ids), full[-1], atol=1e-5)
    assert np.abs(full).max() > 1


@pytest.mark.parametrize("family", FAMILIES)
def test_copies_grow_and_are_cut_apart_from_what_they_came_from(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_numpy, "POSITIONS", 8)
    network, ids = _network(family), _ids(30)
    model = in_numpy(network)
    assert model is not None
    memory = model.new_memory(3)
    model.extend(memory, 0, ids[:20])
    model.fork(memory, 0, [0, 2])
    model.extend(memory, 0, [5, 6, 7])
    model.truncate(memory, 2, 15)
    np.testing.assert_allclose(model.extend(memory, 2, ids[15:]), _full(network, ids)[-1], atol=1e-5)
    after = model.step(memory, np.array([2, 0]), np.array([9, 8]))
    np.testing.assert_allclose(after[0], _full(network, [*ids, 9])[-1], atol=1e-5)
    np.testing.assert_allclose(after[1], _full(network, [*ids[:20], 5, 6, 7, 8])[-1], atol=1e-5)
    assert [model.length(memory, slot) for slot in range(3)] == [24, 0, 31]


def test_no_more_ids_are_taken_than_the_context_holds() -> None:
    model = in_numpy(_network("gpt2"))
    assert model is not None
    memory = model.new_memory(1)
    model.extend(memory, 0, _ids(96))
    for ids in ([1], []):
        with pytest.raises(ValueError, match="96"):
            model.extend(memory, 0, ids)
    with pytest.raises(ValueError, match="0-96, got 97"):
        model.truncate(memory, 0, 97)


@pytest.mark.parametrize("changes", [{"activation_function": "relu"}, {"scale_attn_by_inverse_layer_idx": True}])
def test_another_kind_of_gpt2_is_decoded_by_torch(changes: dict[str, Any], tmp_path: Path) -> None:
    network, ids = _network("gpt2", **changes), _ids(20)
    assert in_numpy(network) is None
    save_event_model(network, tmp_path / "m", {}, "hf-causal")
    opened: Any = open_causal(open_checkpoint(tmp_path / "m"), threads=1)
    if not torch.cuda.is_available():
        assert isinstance(opened, TorchSlots)
    np.testing.assert_allclose(opened.extend(opened.new_memory(1), 0, ids), _full(network, ids)[-1], atol=1e-4)


def test_a_saved_gpt2_over_events_opens_with_the_same_logits(tmp_path: Path) -> None:
    network, ids = _network("gpt2"), _ids(20)
    save_event_model(network, tmp_path / "m", {}, "hf-causal")
    model = open_event_model(tmp_path / "m").model
    np.testing.assert_allclose(model.extend(model.new_memory(1), 0, ids), _full(network, ids)[-1], atol=1e-4)
