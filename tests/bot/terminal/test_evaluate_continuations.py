"""`songwright evaluate continuations`, from a folder of works and a small model to figures."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from bot.terminal.evaluate import evaluate
from engine.corpus.music_pieces import CHORALES_FILE
from engine.errors import CheckpointError, RequestError

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels


STARTERS = Path(__file__).parents[3] / "engine" / "starter"


def write_chorales(folder: Path, bars: int) -> Path:
    """Write one chorale of the test split: a chord a quarter, over and over."""
    quarters = [[72, 67, 64, 48], [71, 67, 62, 55], [72, 65, 57, 53], [72, 67, 64, 48]]
    frames = [chord for chord in quarters * bars for _ in range(4)]
    folder.mkdir()
    (folder / CHORALES_FILE).write_bytes(
        gzip.compress(json.dumps({"train": [], "valid": [], "test": [frames]}).encode())
    )
    return folder


def test_continuations_are_written_measured_and_printed(tiny_models: TinyModels, tmp_path: Path) -> None:
    given = ["continuations", str(tiny_models.music), "--data", str(write_chorales(tmp_path / "music", 20))]
    asked = [*given, "--count", "2", "--temperature", "1.0"]
    as_json = CliRunner().invoke(evaluate, [*asked, "--json"], catch_exceptions=False)
    found = json.loads(as_json.stdout)
    assert (found["continuations"], found["works"], found["temperature"], found["top_p"]) == (2, 1, 1.0, 0.95)
    assert set(found["figures"]) == {"all", "chorale"}
    assert found["figures"]["all"] == found["figures"]["chorale"]
    assert found["figures"]["all"]["empty-beat rate"]["median"] == 0
    table = CliRunner().invoke(evaluate, asked, catch_exceptions=False)
    assert f"all: {found['inside']['all']} of 6 inside" in table.stdout


def test_works_that_are_too_short_are_said(tiny_models: TinyModels, tmp_path: Path) -> None:
    given = ["continuations", str(tiny_models.music), "--data", str(write_chorales(tmp_path / "music", 8))]
    with pytest.raises(RequestError, match="no held-out work has 16 whole bars"):
        CliRunner().invoke(evaluate, given, catch_exceptions=False)


def test_a_checkpoint_of_another_kind_is_refused_with_the_way_out(tiny_models: TinyModels, tmp_path: Path) -> None:
    data = str(write_chorales(tmp_path / "music", 20))
    for other in (tiny_models.melody, tiny_models.lyrics, STARTERS / "blend"):
        with pytest.raises(CheckpointError, match=r"of another kind .*songwright train music --family composer"):
            CliRunner().invoke(evaluate, ["continuations", str(other), "--data", data], catch_exceptions=False)
