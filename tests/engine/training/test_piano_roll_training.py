"""Promises of training piano-roll networks: state goes from row to row, a stop changes nothing, the best on valid is kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.checkpoint import open_checkpoint  # noqa: E402
from engine.corpus.piano_rolls import RollCorpus  # noqa: E402
from engine.errors import RequestError  # noqa: E402
from engine.evaluation.piano_roll_likelihood import likelihood, network_nats  # noqa: E402
from engine.music.piano_roll_model import open_piano_roll_rnn  # noqa: E402
from engine.music.piano_roll_rnn import PianoRollShape  # noqa: E402
from engine.training import piano_roll_rnn as training_module  # noqa: E402
from engine.training.piano_roll_recipes import RECIPES, RollRecipe, recipe_of  # noqa: E402
from engine.training.piano_roll_rnn import RollForTraining, RollTraining, rows_of, train_piano_roll_rnn  # noqa: E402
from tests.engine.piano_rolls import made_up_pieces  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

PIECES = {
    "train": tuple(made_up_pieces(6)), "valid": tuple(made_up_pieces(3, seed=1)), "test": tuple(made_up_pieces(2, seed=2))
}  # fmt: skip
CORPUS = RollCorpus("Tiny", PIECES, "0" * 64)  # type: ignore[arg-type]  # names of splits
TINY = RollRecipe(
    PianoRollShape(hidden=8, head_hidden=6, lookbacks=(1, 4)), "tiny", epochs=4, plain_epochs=1, streams=3, row_frames=8
)


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny recipe and a corpus that is there without a file; the plot of the losses is another test's, and slow."""
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    monkeypatch.setattr(training_module, "read_piano_rolls", lambda path: CORPUS)
    monkeypatch.setattr(training_module, "VALIDATIONS", 4)
    monkeypatch.setattr("engine.training.trainer.draw_losses", lambda *given, **named: None)


def train(tmp_path: Path, name: str, **more: Any) -> Path:
    data = tmp_path / "Tiny.mat"
    data.write_bytes(b"read by nobody")
    return train_piano_roll_rnn(RollTraining(data, tmp_path / name, "tiny", **more), lambda line: None)


def log_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "run" / "log.jsonl").read_text().splitlines()]


def losses(run: Path) -> list[tuple[int, float]]:
    return [(row["step"], row[name]) for row in log_of(run) for name in ("loss", "eval_loss") if name in row]


def test_the_validation_loss_is_nats_per_frame_and_the_best_checkpoint_is_kept(tmp_path: Path) -> None:
    path = train(tmp_path, "out")
    found = likelihood(network_nats(open_piano_roll_rnn(path), PIECES["valid"])).all_frames
    best = min(row["eval_loss"] for row in log_of(tmp_path / "out") if "eval_loss" in row)
    assert found == pytest.approx(best, rel=1e-5)


def test_a_checkpoint_says_how_it_was_made(tmp_path: Path) -> None:
    card = open_checkpoint(train(tmp_path, "out", seed=3)).card
    assert card["recipe_name"] == "tiny"
    assert card["recipe"]["shape"]["hidden"] == 8
    assert (card["seed"], card["data_sha256"], card["data"]) == (3, "0" * 64, "Tiny")
    assert card["steps"] == rows_of(CORPUS, TINY, 3)[0].steps_per_epoch.sum()
    assert card["seconds"] >= 0


def test_loss_falls_and_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    first, again, other = (train(tmp_path, str(place), seed=seed) for place, seed in enumerate((1, 1, 2)))
    validations = [row["eval_loss"] for row in log_of(tmp_path / "0") if "eval_loss" in row]
    assert validations[-1] < 0.8 * validations[0]
    assert open_checkpoint(first).digest == open_checkpoint(again).digest
    assert open_checkpoint(first).digest != open_checkpoint(other).digest


def test_a_run_that_goes_on_ends_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    unbroken = train(tmp_path, "unbroken")
    shutil.copytree(tmp_path / "unbroken", tmp_path / "stopped")
    shutil.rmtree(tmp_path / "stopped" / "checkpoint")
    kept = sorted((tmp_path / "stopped" / "run").glob("checkpoint-*"), key=lambda path: int(path.name[11:]))
    shutil.rmtree(kept[-1])
    resumed = train(tmp_path, "stopped", resume=True)
    assert open_checkpoint(resumed).digest == open_checkpoint(unbroken).digest
    assert losses(tmp_path / "stopped") == losses(tmp_path / "unbroken")


def test_another_run_is_not_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(tmp_path, "out")
    with pytest.raises(RequestError, match="is there already"):
        train(tmp_path, "out")
    shutil.rmtree(tmp_path / "out" / "checkpoint")
    with pytest.raises(RequestError, match="begun with --seed 0"):
        train(tmp_path, "out", seed=1, resume=True)
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, epochs=5))
    with pytest.raises(RequestError, match="begun with --recipe tiny"):
        train(tmp_path, "out", resume=True)


def test_frames_that_fill_up_a_row_do_not_count() -> None:
    model = RollForTraining(training_module.RollConfig(shape=TINY.shape.to_config())).eval()
    frames = torch.from_numpy(np.stack([PIECES["train"][0][:8], PIECES["train"][1][:8]]))
    other = frames.clone()
    other[1, 5:] = 1 - other[1, 5:]
    lengths, fresh = torch.tensor([8, 5]), torch.tensor([True, True])
    assert model(frames, lengths, fresh).loss == model(other, lengths, fresh).loss
    assert model(frames, lengths, fresh).loss != model(other, lengths + torch.tensor([0, 1]), fresh).loss


@torch.no_grad()
def test_a_row_goes_on_from_the_row_before_it_and_a_fresh_one_does_not() -> None:
    model = RollForTraining(training_module.RollConfig(shape=TINY.shape.to_config())).eval()
    piece = torch.from_numpy(np.stack([PIECES["train"][0][:8]]))
    counted, fresh, on = torch.tensor([4]), torch.tensor([True]), torch.tensor([False])
    whole = model(piece, torch.tensor([8]), fresh).loss
    first = model(piece[:, :4], counted, fresh)
    second = model(piece[:, 4:], counted, on, state=first.state)
    assert (first.loss + second.loss).item() == pytest.approx(whole.item(), rel=1e-5)
    assert model(piece[:, 4:], counted, fresh, state=first.state).loss == model(piece[:, 4:], counted, fresh).loss


def test_recipes_are_found_by_name_and_have_room_for_plain_epochs() -> None:
    for name, recipe in RECIPES.items():
        assert recipe_of(name) is recipe
        assert 0 < recipe.plain_epochs < recipe.epochs
    with pytest.raises(RequestError, match="nottingham-nade"):
        recipe_of("nottingham-rbm")
    with pytest.raises(RequestError, match="plain epochs must be 0-4"):
        rows_of(CORPUS, replace(TINY, plain_epochs=5), 0)
