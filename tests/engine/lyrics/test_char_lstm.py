"""Promises of the character LSTM: numpy and torch agree, the artist is heard at every step, chunks change nothing but memory."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.lyrics.char_lstm import CharLstmLayers, CharLstmModel, CharLstmShape, song_bits  # noqa: E402
from engine.lyrics.characters import END, ESCAPE_BITS, UNKNOWN, Characters  # noqa: E402
from engine.training.char_lstm_network import CharLstm, CharLstmConfig  # noqa: E402

TEXT = "the rain is on the sea,\nand nobody remembers me.\n"
SHAPES = {
    "one layer": CharLstmShape(12, 0, 5, 4, 8, 1),
    "two layers and artists": CharLstmShape(12, 3, 5, 4, 8, 2),
    "three layers and an artist": CharLstmShape(12, 1, 6, 2, 7, 3),
}


def network(shape: CharLstmShape, seed: int = 0, **more: Any) -> CharLstm:
    torch.manual_seed(seed)
    model = CharLstm(CharLstmConfig(**asdict(shape), **more))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3.0)  # far from the middle of every gate
    return model.eval()


def layers(model: CharLstm, shape: CharLstmShape) -> CharLstmLayers:
    return CharLstmLayers(shape, {name: weight.detach().numpy() for name, weight in model.state_dict().items()})


def some_ids(shape: CharLstmShape, batch: int, length: int, seed: int = 0) -> torch.Tensor:
    """Characters, ends and openings at random."""
    return torch.from_numpy(np.random.default_rng(seed).integers(0, shape.choices + shape.artists, (batch, length)))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_steps_without_torch_equal_the_full_forward_of_torch(shape: CharLstmShape) -> None:
    model = network(shape)
    ids = torch.cat([torch.zeros(1, 1, dtype=torch.int64), some_ids(shape, 1, 60)], dim=1)
    with torch.inference_mode():
        expected = model(input_ids=ids).logits[0].numpy()
    stepping = CharLstmModel(layers(model, shape))
    memory = stepping.new_memory(1)
    found = np.stack([stepping.step(memory, np.array([0]), np.array([i]))[0] for i in ids[0].tolist()])
    np.testing.assert_allclose(found[:, : shape.choices], expected, atol=1e-4)
    assert (found[:, shape.choices :] < -1e8).all()


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_state_carried_equals_the_whole_sequence(shape: CharLstmShape) -> None:
    model, ids = network(shape), some_ids(shape, 3, 40)
    with torch.inference_mode():
        whole = model(input_ids=ids)
        state, pieces = None, []
        for piece in ids.split([1, 7, 32], dim=1):
            output = model(input_ids=piece, state=state)
            state = output.state
            pieces.append(output.logits)
    assert torch.allclose(torch.cat(pieces, dim=1), whole.logits, atol=1e-5)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(state, whole.state, strict=True))


def test_an_empty_slot_has_read_the_end() -> None:
    shape = SHAPES["two layers and artists"]
    model = CharLstmModel(layers(network(shape), shape))
    memory = model.new_memory(2)
    np.testing.assert_array_equal(model.extend(memory, 0, [END, 3, 4]), model.extend(memory, 1, [3, 4]))


def test_the_artist_is_heard_at_every_step_until_the_end() -> None:
    """Each step's gates differ, not only the first's: forgetting everything does not make artists equal."""
    shape = SHAPES["two layers and artists"]
    model = network(shape)
    ids = torch.tensor([[shape.choices + who, *[5, 6, 7] * 5, END, 5, 6] for who in range(3)])
    with torch.inference_mode():
        for weight in (model.lstm.weight_hh_l0, model.lstm.weight_hh_l1):
            weight.zero_()
        for bias in (model.lstm.bias_hh_l0, model.lstm.bias_hh_l1):
            bias[shape.hidden_size : 2 * shape.hidden_size] = -1e3  # the forget gates: nothing is remembered
        logits = model(input_ids=ids).logits
    for step in range(16):
        assert (logits[0, step] - logits[1, step]).abs().max() > 1e-3
    for step in range(16, 19):  # from END on the song is nobody's
        assert torch.allclose(logits[0, step], logits[1, step], atol=1e-5)


def test_labels_of_minus_100_do_not_count() -> None:
    shape = SHAPES["one layer"]
    model, ids = network(shape), some_ids(shape, 2, 20)
    labels = ids.clone()
    labels[:, 10:] = -100
    half = model(input_ids=ids[:, :10], labels=ids[:, :10]).loss.item()
    assert model(input_ids=ids, labels=labels).loss.item() == pytest.approx(half, rel=1e-5)
    assert model(input_ids=ids, labels=torch.full_like(ids, -100)).loss.item() == 0.0


def test_loss_falls_on_one_batch() -> None:
    characters = Characters.learn([TEXT])
    ids = torch.from_numpy(characters.join([TEXT]).astype(np.int64))[None]
    model = network(CharLstmShape(characters.choices, 0, 8, 4, 24, 2)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = model(input_ids=ids[:, :-1], labels=ids[:, 1:]).loss
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]


def learn(model: CharLstm, ids: torch.Tensor) -> tuple[float, dict[str, torch.Tensor], int]:
    """Return the loss of a row, its gradients, and the bytes that were saved for them in the forward pass."""
    kept: list[int] = []

    def count(tensor: torch.Tensor) -> torch.Tensor:
        kept.append(tensor.numel() * tensor.element_size())
        return tensor

    model.train().zero_grad()
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        output = model(input_ids=ids[:, :-1], labels=ids[:, 1:])
    output.loss.backward()
    return output.loss.item(), {n: w.grad.clone() for n, w in model.named_parameters()}, sum(kept)


@pytest.mark.parametrize("time_chunk", [1, 16, 50])
def test_gradient_checkpointing_changes_no_gradient(time_chunk: int) -> None:
    shape = CharLstmShape(40, 3, 16, 8, 32, 2)
    plain, chunked = network(shape), network(shape, time_chunk=time_chunk)
    chunked.activation_checkpointing_enable()
    ids = torch.clamp(some_ids(shape, 4, 130), max=shape.choices - 1)
    ids[:, 30], ids[1, 0] = END, END
    loss, gradients, _ = learn(plain, ids)
    same_loss, same_gradients, _ = learn(chunked, ids)
    assert same_loss == pytest.approx(loss, abs=1e-6)
    for name, gradient in gradients.items():
        assert (same_gradients[name] - gradient).abs().max() < 1e-6, name
    assert any(gradient.abs().max() > 1e-3 for gradient in gradients.values())


def test_gradient_checkpointing_saves_most_of_the_memory() -> None:
    """The most at one time: what the whole row keeps, the state before each chunk, and one chunk computed again."""
    shape = CharLstmShape(200, 0, 32, 8, 64, 2)
    plain, chunked = network(shape), network(shape, time_chunk=16)
    chunked.activation_checkpointing_enable()
    ids = some_ids(shape, 8, 129)
    saved, kept = learn(plain, ids)[2], learn(chunked, ids)[2]
    before_chunks = 8 * (2 * 2 * 8 * 64 * 4 + 3 * 8 * 16 * 8)  # hidden and cell in float32, three kinds of ids
    one_chunk = learn(plain, ids[:, :17])[2]
    assert saved > 8 * 128 * 200 * 4  # the logits alone, float32
    assert kept + before_chunks + one_chunk < 0.3 * saved


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_bits_are_the_losses_of_torch_below_the_heading(shape: CharLstmShape) -> None:
    characters = Characters("\n <>-abcde"[: shape.choices - 2], artists=("a", "b", "c")[: shape.artists])
    assert characters.choices == shape.choices
    model = network(shape)
    songs = ["<<a - b>>\nabba abba\n", "dada\n", "<<e - a>>\n", "", "<<b - b>>\n" + "cab ace " * 20 + "\n"]
    found = song_bits(layers(model, shape), characters, songs)
    for song, bits in zip(songs, found, strict=True):
        start = song.find("\n") + 1 if song.startswith("<<") else 0
        ids = torch.tensor([[characters.opening(song), *characters.encode_exactly(song), END]])
        labels = ids[:, 1:].clone()
        labels[:, :start] = -100
        with torch.inference_mode():
            nats = model(input_ids=ids[:, :-1], labels=labels).loss.item() * (len(song) - start + 1)
        assert bits == pytest.approx(nats / np.log(2), rel=1e-4)


def test_a_character_outside_the_alphabet_costs_its_name_too() -> None:
    shape = CharLstmShape(4, 0, 5, 4, 8, 1)
    characters, reading = Characters("ab"), layers(network(shape), shape)
    model = CharLstmModel(reading)
    logits = model.extend(model.new_memory(1), 0, [2]).astype(np.float64)
    surprise = -(logits[UNKNOWN] - np.log(np.exp(logits).sum())) / np.log(2)
    end = model.extend(model.new_memory(1), 0, [2, UNKNOWN]).astype(np.float64)
    first = model.extend(model.new_memory(1), 0, [END]).astype(np.float64)
    bits = surprise + ESCAPE_BITS
    bits -= ((first[2] - np.log(np.exp(first).sum())) + (end[END] - np.log(np.exp(end).sum()))) / np.log(2)
    assert song_bits(reading, characters, ["a月"]) == pytest.approx([bits], rel=1e-5)
