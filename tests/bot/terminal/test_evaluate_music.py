"""`songwright evaluate music`, from a folder of works and small models to figures."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from bot.terminal.evaluate import evaluate
from engine.corpus.music_pieces import CHORALES_FILE
from engine.errors import RequestError
from engine.music.music_vae import save_music_vae
from engine.music.part_vocabulary import VOCABULARY
from tests.tiny_music_vae import TINY

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels

QUARTERS = [[72, 67, 64, 48], [71, 67, 62, 55], [72, 65, 57, 53], [74, 67, 59, 43], [76, 67, 60, 48], [72, 64, 55, 48]]


def write_chorales(folder: Path, pieces: dict[str, int], bars: int = 12) -> Path:
    """Write so many chorales of each split, with the chords in an order that no other has."""
    rng = random.Random(1)

    def chorale() -> list[list[int]]:
        return [chord for chord in rng.choices(QUARTERS, k=4 * bars) for _ in range(4)]

    splits = {split: [chorale() for _ in range(pieces.get(split, 0))] for split in ("train", "valid", "test")}
    folder.mkdir()
    (folder / CHORALES_FILE).write_bytes(gzip.compress(json.dumps(splits).encode()))
    return folder


def rows_of(*given: object) -> list[dict[str, Any]]:
    result = CliRunner().invoke(evaluate, ["music", *map(str, given), "--json"], catch_exceptions=False)
    found: list[dict[str, Any]] = json.loads(result.stdout)["rows"]
    return found


def test_a_composer_of_random_weights_knows_as_much_of_every_task_as_chance(
    tiny_models: TinyModels, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    data = write_chorales(tmp_path / "music", {"valid": 2})
    rows = rows_of(tiny_models.music, "--data", data, "--examples", 2)
    assert len({row["task"] for row in rows}) == len(rows) > 3
    for row in rows:
        assert row["nats_per_id"] == pytest.approx(math.log(len(VOCABULARY)), rel=0.15), row
    with pytest.raises(RequestError, match="has no works in test; name a folder that holds more"):
        rows_of(tiny_models.music, "--data", data, "--on", "test")


def test_a_model_of_another_kind_is_refused(tiny_models: TinyModels, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    data = write_chorales(tmp_path / "music", {"valid": 1})
    with pytest.raises(RequestError, match="tasks are measured of composers and of models over note-events"):
        rows_of(tiny_models.melody, "--data", data)


def test_a_music_vae_is_measured_by_what_it_remembers(tmp_path: Path) -> None:
    shape, rng = TINY[2], np.random.default_rng(0)
    noise = {name: rng.normal(0, 0.5, size).astype(np.float32) for name, size in shape.tensors().items()}
    save_music_vae(shape, noise, tmp_path / "vae", {})
    data = write_chorales(tmp_path / "music", {"train": 5, "valid": 5})
    rows = {row["figure"]: row["value"] for row in rows_of(tmp_path / "vae", "--data", data)}
    assert rows["melodies"] > 0
    assert 0 <= rows["accuracy"] < 0.5  # noise remembers nothing
    assert rows["markov accuracy"] > rows["accuracy"]


def test_streams_are_not_asked_for_between_limits_that_cross() -> None:
    given = ["streams", "nowhere", "--low", "80", "--high", "70"]
    with pytest.raises(RequestError, match="got 80 and 70; swap them"):
        CliRunner().invoke(evaluate, given, catch_exceptions=False)
