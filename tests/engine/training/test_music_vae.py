"""Promises of training MusicVAE: the network is the numpy model, it learns, a model of 2 bars lends its parts."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.corpus.melody_windows import Melodies  # noqa: E402
from engine.errors import RequestError  # noqa: E402
from engine.music.melody_bars import FIRST_NOTE, HOLD, SYMBOLS  # noqa: E402
from engine.music.music_vae import MusicVae, open_music_vae  # noqa: E402
from engine.training import music_vae as training_module  # noqa: E402
from engine.training.music_vae import RECIPES, MelodyRows, MusicVaeTraining, network_weights, train_music_vae  # noqa: E402
from engine.training.music_vae_network import MusicVaeConfig, MusicVaeNetwork  # noqa: E402
from tests.tiny_music_vae import TINY  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


def scales(bars: int, count: int, seed: int = 0) -> np.ndarray:
    """Return made-up melodies (N, S): a quarter each, up or down from somewhere."""
    rng = np.random.default_rng(seed)
    found = np.full((count, bars * 16), HOLD)
    for melody in found:
        melody[::4] = FIRST_NOTE + rng.integers(20, 50) + rng.choice([-1, 1]) * (np.arange(len(melody) // 4) % 8)
    return found


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny shapes, melodies that are there without files, and no plot of the losses."""

    def read(data: Path, bars: int) -> Melodies:
        return {"train": scales(bars, 8), "valid": scales(bars, 3, 1), "test": scales(bars, 2, 2)}

    for bars, shape in TINY.items():
        monkeypatch.setitem(RECIPES, bars, replace(RECIPES[bars], shape=shape, steps=4, batch_rows=4))
    monkeypatch.setattr(training_module, "read_melodies", read)
    monkeypatch.setattr("engine.training.trainer.draw_losses", lambda *given, **named: None)


def train(tmp_path: Path, name: str, **more: Any) -> Path:
    (tmp_path / "data").mkdir(exist_ok=True)
    return train_music_vae(MusicVaeTraining(tmp_path / "data", tmp_path / name, **more), lambda line: None)


def network_of(bars: int, **more: Any) -> MusicVaeNetwork:
    torch.manual_seed(0)
    return MusicVaeNetwork(MusicVaeConfig(shape=asdict(TINY[bars]), **more))


@pytest.mark.parametrize("bars", TINY)
def test_the_network_and_the_numpy_model_agree(bars: int) -> None:
    network = network_of(bars).eval()
    model = MusicVae(TINY[bars], network_weights(network))
    melodies = np.random.default_rng(0).integers(0, SYMBOLS, (3, bars * 16))
    with torch.no_grad():
        mean, scale = network.encode(torch.from_numpy(melodies))
        logits = network.logits(mean, torch.from_numpy(melodies))
    for ours, theirs in zip(
        (*model.encode(melodies), model.logits(mean.numpy(), melodies)), (mean, scale, logits), strict=True
    ):
        assert np.allclose(ours, theirs.numpy(), atol=1e-5)


@pytest.mark.parametrize("bars", TINY)
def test_the_loss_falls_on_one_batch(bars: int) -> None:
    network, batch = network_of(bars, forgotten=0.0, free_nats=1e9), torch.from_numpy(scales(bars, 4))
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(30):
        loss = network(batch).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < 0.7 * losses[0]


def test_free_nats_cost_nothing_and_beta_grows() -> None:
    network, batch = network_of(2, beta=0.5, beta_steps=10, free_nats=0.0), torch.from_numpy(scales(2, 4))
    network.eval()
    told = network(batch)
    assert float(told.loss) == pytest.approx(float((told.nats + 0.5 * told.divergence).mean()), rel=1e-5)
    network.config.free_nats = 1e9
    assert float(network(batch).loss) == pytest.approx(float(told.nats.mean()), rel=1e-5)
    network.train()
    betas = [network._beta() for _ in range(12)]
    assert betas == sorted(betas)
    assert (betas[0], betas[-1]) == (pytest.approx(0.05), 0.5)
    assert int(network.state_dict()["steps_seen"]) == 12


def test_rows_are_the_same_every_time_and_moved_as_a_whole() -> None:
    melodies = scales(2, 5)
    rows = MelodyRows(melodies, 40, seed=1)
    drawn = [rows[n]["input_ids"] for n in range(40)]
    assert all(np.array_equal(a, rows[n]["input_ids"]) for n, a in enumerate(drawn))
    shapes = {np.diff(melody[::4]).tobytes() for melody in melodies}
    assert {np.diff(row[::4]).tobytes() for row in drawn} <= shapes
    assert len({row.tobytes() for row in drawn}) > len(melodies)
    with pytest.raises(IndexError):
        rows[40]


def test_a_run_writes_a_checkpoint_that_opens_and_a_model_of_two_bars_lends_its_parts(tmp_path: Path) -> None:
    two = train(tmp_path, "two")
    card = json.loads((two / "manifest.json").read_text())["card"]
    assert card["held_out"]["test"]["melodies"] == 2
    assert card["melodies"] == {"train": 8, "valid": 3, "test": 2}
    assert open_music_vae(two).sample(1, seed=0).shape == (1, 32)
    sixteen = train(tmp_path, "sixteen", bars=16, base=two)
    assert json.loads((sixteen / "manifest.json").read_text())["card"]["begun_with"] == open_music_vae(two).version
    lent = training_module._parts_of(two, TINY[16])
    network = network_of(16)
    assert set(lent) < set(network.shape.tensors())
    network.load_state_dict(lent, strict=False)
    assert np.array_equal(network_weights(network)["reader.weight_hh_l0"], lent["reader.weight_hh_l0"].numpy())
    with pytest.raises(RequestError, match="only 16 bars begin with a model of 2 bars"):
        train(tmp_path, "other", base=two)
    with pytest.raises(RequestError, match="is there already"):
        train(tmp_path, "two")
    with pytest.raises(RequestError, match="bars must be 2 or 16, got 8"):
        train(tmp_path, "eight", bars=8)
