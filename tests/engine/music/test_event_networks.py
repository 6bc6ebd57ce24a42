"""The torch families over events: memory changes nothing but time, training works in every manner, checkpoints hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.checkpoint import open_checkpoint
from engine.errors import CheckpointError
from engine.families import open_model
from engine.music.event_networks import NETWORKS, behind_slots, in_torch, open_network, save_network
from engine.music.event_numpy_weights import in_numpy
from engine.training.adaptation import with_lora
from tests.engine.music.tiny_networks import VOCABULARY, tiny_network

families = pytest.mark.parametrize("family", NETWORKS)
NOTES = VOCABULARY.encode(
    VOCABULARY.decode(
        [VOCABULARY.id_of(t) for t in "xxbos xxpad n60 d4 n52 d8 xxsep d4 n62 d4 xxsep d9 n64 d2".split()]
    )
)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _song(length: int, seed: int = 1) -> list[int]:
    """Return ids that begin as a piece and go on with whatever ids there are."""
    drawn = np.random.default_rng(seed).integers(0, VOCABULARY.size, length).tolist()
    return [*NOTES[:-1], *drawn][:length]


def _full(network: Any, ids: list[int]) -> torch.Tensor:
    """Return logits (T, V) of all ids read at once."""
    more = (
        {"onsets": torch.from_numpy(VOCABULARY.onsets(ids))[None]} if network.config.model_type.startswith("tr") else {}
    )
    with torch.inference_mode():
        logits: torch.Tensor = network(input_ids=torch.tensor([ids]), **more).logits[0]
    return logits


@families
@pytest.mark.parametrize("opened", [in_numpy, partial(in_torch, device="cpu")], ids=["numpy", "torch"])
def test_cached_steps_equal_the_full_forward_at_every_position(family: str, opened: Any) -> None:
    network, ids = tiny_network(family), _song(60)
    full = _full(network, ids)
    model = opened(network)
    memory = model.new_memory(2)
    model.extend(memory, 0, ids[:7])  # another sequence in the same batch, of another length
    stepped = [model.extend(memory, 1, ids[:3])]
    for i in ids[3:]:
        stepped.append(model.step(memory, np.array([0, 1]), np.array([5, i]))[1])
    np.testing.assert_allclose(np.stack(stepped), full[2:].numpy(), atol=2e-5)


@families
def test_a_slot_that_is_reset_knows_nothing_of_the_request_before(family: str) -> None:
    model = behind_slots(tiny_network(family), 1)
    memory = model.new_memory(1)
    model.extend(memory, 0, _song(40, seed=2))
    model.truncate(memory, 0, 0)
    after = model.extend(memory, 0, _song(20))
    np.testing.assert_array_equal(after, model.extend(model.new_memory(1), 0, _song(20)))


@families
def test_nothing_later_is_seen(family: str) -> None:
    network, ids = tiny_network(family), _song(30)
    other = [*ids[:20], *[9] * 10]
    torch.testing.assert_close(_full(network, ids)[:20], _full(network, other)[:20], atol=1e-6, rtol=0)


@families
def test_opening_what_was_saved_gives_identical_logits(family: str, tmp_path: Path) -> None:
    network, ids = tiny_network(family), _song(30)
    save_network(network, tmp_path / "m", {"name": "tiny"}, family)
    again = open_network(open_checkpoint(tmp_path / "m"))
    assert torch.equal(_full(network, ids), _full(again, ids))
    model = open_model(tmp_path / "m", threads=1)
    np.testing.assert_allclose(model.extend(model.new_memory(1), 0, ids), _full(network, ids)[-1].numpy(), atol=2e-5)


@families
def test_weights_of_another_shape_are_refused(family: str, tmp_path: Path) -> None:
    network = tiny_network(family)
    network.config.hidden_size = 64
    checkpoint = save_network(network, tmp_path / "m", {}, family)
    with pytest.raises(CheckpointError, match="does not fit its weights"):
        open_network(checkpoint)


@families
def test_loss_falls_on_one_batch(family: str) -> None:
    network = tiny_network(family, initializer_range=0.02, dropout=0.0).train()
    ids = torch.tensor([_song(32), _song(32, seed=3)])
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(90):
        loss = network(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@families
def test_gradient_checkpointing_gives_the_same_gradients(family: str) -> None:
    gradients = []
    for is_saving in (False, True):
        network: Any = tiny_network(family, dropout=0.0, mask_steps=4, mask_share=0.7).train()
        if is_saving:
            network.activation_checkpointing_enable({"use_reentrant": False})
        torch.manual_seed(5)
        ids = torch.tensor([_song(24)])
        network(input_ids=ids, labels=ids).loss.backward()
        gradients.append({name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name])


@families
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # PEFT 0.21 asks for it
def test_lora_trains_beside_the_weights(family: str) -> None:
    network, ids = tiny_network(family), _song(20)
    before = _full(network, ids)
    adapted = with_lora(network, rank=2, frozen_layers=0, seed=0)
    inputs = torch.tensor([ids])
    adapted(input_ids=inputs, labels=inputs).loss.backward()
    trained = {name for name, weight in adapted.named_parameters() if weight.grad is not None}
    assert trained
    assert all("lora" in name for name in trained)
    torch.testing.assert_close(_full(adapted.merge_and_unload(), ids), before, atol=1e-5, rtol=0)


@families
def test_windows_are_masked_in_training_and_never_in_evaluation(family: str) -> None:
    ids = _song(24)
    plain, masked = tiny_network(family, dropout=0.0), tiny_network(family, dropout=0.0, mask_steps=6, mask_share=1.0)
    assert torch.equal(_full(plain, ids), _full(masked, ids))
    assert not torch.allclose(_full(plain, ids), _full(masked.train(), ids), atol=1e-3)


@families
def test_transformers_generates_what_the_decoding_loop_would(family: str) -> None:
    network: Any = tiny_network(family)
    ids = _song(10)
    # without `onsets` Transformer-XL reads every id at step 0, in `generate` as well as here
    model = behind_slots(network, 1) if family == "music-transformer" else None
    prompt = torch.tensor([ids])  # transformers would leave out every xxpad, were it not told that all counts
    asked: dict[str, Any] = {"attention_mask": torch.ones_like(prompt), "do_sample": False, "eos_token_id": None}
    written = network.generate(prompt, max_new_tokens=12, **asked)[0].tolist()
    for place in range(10, 22):
        if model is None:
            with torch.inference_mode():
                logits = network(input_ids=torch.tensor([written[:place]])).logits[0, -1].numpy()
        else:
            logits = model.extend(model.new_memory(1), 0, written[:place])
        assert int(logits.argmax()) == written[place]


def test_a_music_transformer_runs_past_its_longest_distance() -> None:
    network, ids = tiny_network("music-transformer"), _song(90)  # distances have vectors up to 11
    assert torch.isfinite(_full(network, ids)).all()
    wide = tiny_network("music-transformer", longest_distance=90)
    wide.load_state_dict({
        name: weight if "distance" not in name else weight[torch.arange(90).clamp(max=11)]
        for name, weight in network.state_dict().items()
    })  # fmt: skip
    torch.testing.assert_close(_full(network, ids), _full(wide, ids), atol=1e-5, rtol=0)


def test_segments_with_memory_equal_the_full_context() -> None:
    """Also far behind the memory: what is remembered was computed from memories itself."""
    network: Any = tiny_network("transformer-xl")
    ids = _song(50)
    onsets = torch.from_numpy(VOCABULARY.onsets(ids))[None]
    state, found, first = network.new_state(1), [], 0
    with torch.inference_mode():
        for count in (7, 1, 20, 8, 14):
            part = slice(first, first + count)
            output = network(input_ids=torch.tensor([ids[part]]), onsets=onsets[:, part], state=state)
            state, first = output.state, first + count
            found.append(output.logits[0])
    torch.testing.assert_close(torch.cat(found), _full(network, ids), atol=2e-5, rtol=0)


def test_memory_is_forgotten_where_a_row_is_fresh() -> None:
    network: Any = tiny_network("transformer-xl")
    ids = torch.tensor([_song(10), _song(10, seed=4)])
    with torch.inference_mode():
        state = network(input_ids=ids.flip(0), state=network.new_state(2)).state
        after = network(input_ids=ids, state=state, fresh=torch.tensor([1, 0])).logits
        alone = network(input_ids=ids).logits
    torch.testing.assert_close(after[0], alone[0], atol=1e-5, rtol=0)
    assert not torch.allclose(after[1], alone[1], atol=1e-3)


def test_gradients_stop_at_the_memory() -> None:
    network: Any = tiny_network("transformer-xl").train()
    ids = torch.tensor([_song(10)])
    output = network(input_ids=ids, labels=ids, state=network.new_state(1))
    assert not output.state[0].requires_grad


def test_steps_of_the_bar_are_told_by_durations() -> None:
    network, ids = tiny_network("transformer-xl"), NOTES[:9]
    with torch.inference_mode():
        without = network(input_ids=torch.tensor([ids])).logits[0]
    told = _full(network, ids)
    assert VOCABULARY.onsets(ids).tolist() == [0] * 8 + [4]
    torch.testing.assert_close(told[:8], without[:8], atol=1e-6, rtol=0)
    assert not torch.allclose(told[8], without[8], atol=1e-3)
