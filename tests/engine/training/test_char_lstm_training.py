"""Promises of training the character LSTM: state goes from row to row, a stop changes nothing, artists mean something."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from engine.checkpoint import open_checkpoint  # noqa: E402
from engine.errors import RequestError  # noqa: E402
from engine.lyrics.char_lstm import read_char_lstm, song_bits  # noqa: E402
from engine.lyrics.characters import Characters  # noqa: E402
from engine.training import char_lstm as training_module  # noqa: E402
from engine.training.char_lstm import CarriedStateTrainer, Size, known_artists, train_char_lstm  # noqa: E402
from engine.training.song_rows import SongRows  # noqa: E402
from engine.training.text_training import TextTraining  # noqa: E402
from engine.training.trainer import TrainingOptions, train_causal  # noqa: E402
from tests.engine.lyrics.written_songs import made_up_songs, prepare  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network that is validated on little; the plot of the losses is another test's, and slow."""
    monkeypatch.setitem(training_module.SIZES, "small", Size(2, 24, 12, 8))
    monkeypatch.setattr(training_module, "VALID_CHARACTERS", 200)
    monkeypatch.setattr("engine.training.trainer.draw_losses", lambda *given, **named: None)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("data"))


def train(data: Path, out: Path, **more: Any) -> Path:
    given = {"size": "small", "steps": 8, "every": 4, "batch_rows": 4, "row_tokens": 8, "threads": 1}
    return train_char_lstm(TextTraining("char-lstm", data, out, **(given | more)), lambda line: None)


def losses(out: Path) -> list[tuple[int, float]]:
    rows = [json.loads(line) for line in (out / "run" / "log.jsonl").read_text().splitlines()]
    return [(row["step"], row[name]) for row in rows for name in ("loss", "eval_loss") if name in row]


def test_each_row_is_read_from_the_state_that_the_one_before_it_left(tmp_path: Path) -> None:
    """Beside a loop written out: rows of each stream in turn, the state cut from its gradients."""
    songs = [song.text() for song in made_up_songs(6)]
    characters = Characters.learn(songs, artists=known_artists(songs))
    rows = SongRows(songs, characters, rows=12, streams=2, length=8)

    def model() -> Any:
        torch.manual_seed(0)
        return training_module.CharLstm(training_module.config_of(characters, "small"))

    seen: list[float] = []

    class Told(CarriedStateTrainer):
        def compute_loss(self, model: Any, *given: Any, **named: Any) -> Any:
            loss = super().compute_loss(model, *given, **named)
            if model.training:
                seen.append(loss.item())
            return loss

    options = TrainingOptions(steps=6, batch_rows=2, every=2, threads=1, bf16=False, muon_rate=0.0, adamw_rate=0.0)
    train_causal(model(), rows, rows, tmp_path, options, report=lambda row: None, trainer_class=Told)
    plain, state, expected, anew = model(), None, [], []
    for step in range(6):
        batch = {
            key: torch.tensor(np.stack([rows[2 * step + i][key] for i in (0, 1)])) for key in ("input_ids", "labels")
        }
        output = plain(**batch, state=state)
        state = output.state
        expected.append(output.loss.item())
        anew.append(plain(**batch).loss.item())
    assert seen == pytest.approx(expected, rel=1e-5)
    assert seen[1:] != pytest.approx(anew[1:], rel=1e-5)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_run_that_goes_on_is_the_run_that_never_stopped(data: Path, tmp_path: Path, accumulate: int) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(data, whole, accumulate=accumulate, with_artist=True)
    shutil.copytree(whole / "run", stopped / "run")
    shutil.rmtree(stopped / "run" / "checkpoint-8")
    resumed = train(data, stopped, accumulate=accumulate, with_artist=True, resume=True)
    assert losses(stopped) == losses(whole)
    assert open_checkpoint(resumed).digest == open_checkpoint(whole / "checkpoint").digest


def test_gradient_checkpointing_learns_the_same(data: Path, tmp_path: Path) -> None:
    plain, chunked = train(data, tmp_path / "a"), train(data, tmp_path / "b", gradient_checkpointing=True)
    weights, same = open_checkpoint(plain).read_weights(), open_checkpoint(chunked).read_weights()
    for name, weight in weights.items():
        np.testing.assert_allclose(same[name], weight, atol=1e-4, err_msg=name)
    assert [loss for _, loss in losses(tmp_path / "b")] == pytest.approx([loss for _, loss in losses(tmp_path / "a")])


def test_what_is_frozen_stays_to_the_bit_and_the_rest_learns(data: Path, tmp_path: Path) -> None:
    base = train(data, tmp_path / "base", with_artist=True)
    more = train(data, tmp_path / "more", base=str(base), size=None, freeze_layers=1, freeze_embeddings=True)
    before, after = open_checkpoint(base).read_weights(), open_checkpoint(more).read_weights()
    frozen = {name for name in before if "embed" in name or name.endswith("_l0")}
    assert len(frozen) == 6
    for name in before:
        assert np.array_equal(before[name], after[name]) == (name in frozen), name
    assert (more / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()


def test_the_right_artist_makes_a_song_likelier_than_the_wrong_one(data: Path, tmp_path: Path) -> None:
    """The text is the same, heading and all; only what the network is told differs."""
    path = train(data, tmp_path, with_artist=True, steps=120, every=120, row_tokens=24, learning_rate=0.03)
    layers, characters = read_char_lstm(path)
    assert characters.artists == ("Ann Harbour", "Bob Hill")
    songs = [song.text() for song in made_up_songs(6, seed=8)]
    swapped = Characters(characters.alphabet, characters.artists[::-1])
    right, wrong = song_bits(layers, characters, songs), song_bits(layers, swapped, songs)
    nobody = song_bits(layers, Characters(characters.alphabet, ("No", "One")), songs)
    assert sum(right) < sum(nobody)
    assert sum(right) < 0.98 * sum(wrong)
    assert all(a < b for a, b in zip(right, wrong, strict=True))


def test_artists_are_those_of_at_least_two_songs_most_songs_first() -> None:
    texts = [f"<<{name} - {n}>>\n" for n, name in enumerate(["B", "A", "B", "C", "A", "B", "D"])]
    assert known_artists([*texts, "no heading\n"]) == ("B", "A")


def test_samples_and_curve_are_kept(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path)
    sample = (tmp_path / "run" / "samples.txt").read_text(encoding="utf-8")
    assert sample.count("<<Ann Harbour - ") == 2
    assert {step for step, _ in losses(tmp_path)} >= {4, 8}
    card = open_checkpoint(tmp_path / "checkpoint").card
    assert card["valid_songs"] == 6
    assert card["valid_bits_per_byte"] > 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"lora_rank": 4}, "LoRA"), ({"order": 2}, "markov"), ({"precision": "fp16"}, "fp16"), ({"size": "huge"}, "classic"),
     ({"freeze_layers": 3}, "0-2"), ({"base": "somewhere"}, "size")],
)  # fmt: skip
def test_what_the_family_does_not_have_is_said(data: Path, tmp_path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        train(data, tmp_path, **wrong)


def test_artists_cannot_be_learned_later(data: Path, tmp_path: Path) -> None:
    base = train(data, tmp_path / "base", steps=1, every=1)
    with pytest.raises(RequestError, match="without artists"):
        train(data, tmp_path / "more", base=str(base), size=None, with_artist=True)
