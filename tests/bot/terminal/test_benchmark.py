"""Promises of `songwright benchmark`: the table without data, the same as JSON, a run that is measured and recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from bot.terminal import benchmark as terminal
from engine.errors import RequestError
from engine.evaluation import benchmarks
from engine.music.music_models import MUSIC_FAMILIES
from tests.engine.piano_rolls import made_up_pieces, write_mat


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No data in usual places, and a record of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(benchmarks, "RECORD", tmp_path / "record.json")
    monkeypatch.setattr(benchmarks.read_record, "__defaults__", (tmp_path / "record.json",))
    monkeypatch.setattr(benchmarks.record, "__defaults__", (tmp_path / "record.json",))


def songwright(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["benchmark", *arguments])


@pytest.mark.parametrize("name", ["nottingham", "jsb"])
def test_the_table_is_there_without_data(name: str) -> None:
    result = songwright(name)
    assert result.exit_code == 0, result.output
    for words in ("RNN-NADE", "dependent", "TCN", "independent", "Boulanger-Lewandowski et al. 2012"):
        assert words in result.output


def test_json_has_a_row_for_every_model() -> None:
    found = json.loads(songwright("jsb", "--json").output)
    assert (found["benchmark"], found["split"], found["unit"]) == ("jsb", "test", "nats per frame")
    assert len(found["rows"]) == 9
    for row in found["rows"]:
        assert {"name", "nll_per_frame", "nll_per_frame_from_second", "league", "ours", "source"} <= row.keys()


def test_options_of_a_run_need_a_run_and_a_run_needs_data(tmp_path: Path) -> None:
    assert "belong to --run" in songwright("jsb", "--record").output
    pytest.importorskip("torch")
    result = songwright("jsb", "--run")
    assert isinstance(result.exception, RequestError)
    assert "name its folder by --data" in str(result.exception)
    result = songwright("jsb", "--data", str(tmp_path))
    assert "has no JSB_Chorales.mat" in str(result.exception)


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_run_trains_measures_and_records_and_the_table_then_has_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    train = made_up_pieces(4)
    pieces = {"train": train, "valid": made_up_pieces(2, seed=1), "test": [*made_up_pieces(2, seed=2), train[0]]}
    write_mat(tmp_path / "Nottingham.mat", pieces)
    tiny_recipe(monkeypatch)
    result = songwright("nottingham", "--run", "--recipe", "nottingham-nade", "--data", str(tmp_path), "--seed", "2",
                        "--out", str(tmp_path / "runs"), "--record", "--json")  # fmt: skip
    assert result.exit_code == 0, (result.output, result.exception)
    rows = json.loads(result.stdout)["rows"]
    ours = next(row for row in rows if row["ours"])
    assert (ours["league"], ours["seed"], ours["recipe"]) == ("dependent", 2, "nottingham-nade")
    assert ours["command"] == "songwright benchmark nottingham --run --recipe nottingham-nade --seed 2"
    assert ours["without_heard"]["pieces_left_out"] == 1
    shown = songwright("nottingham").output
    assert ours["checkpoint"] in shown
    assert "without the 1 test piece that is also in training" in shown
    again = songwright("nottingham", "--run", "--recipe", "nottingham-nade", "--data", str(tmp_path), "--seed", "2",
                       "--out", str(tmp_path / "runs"), "--resume", "--json")  # fmt: skip
    assert next(row for row in json.loads(again.stdout)["rows"] if row["ours"]) == ours


def tiny_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.music.piano_roll_rnn import PianoRollShape
    from engine.training.piano_roll_recipes import RECIPES, RollRecipe

    shape = PianoRollShape(hidden=6, head_hidden=5, lookbacks=(1, 4))
    tiny = RollRecipe(shape, "tiny", epochs=2, plain_epochs=1, streams=2, row_frames=8)
    monkeypatch.setitem(RECIPES, "nottingham-nade", tiny)
    monkeypatch.setattr("engine.training.trainer.draw_losses", lambda *given, **named: None)


def test_the_family_is_in_the_registry() -> None:
    pytest.importorskip("torch")
    from engine.lyrics.text_models import function_of
    from engine.music.piano_roll_rnn import FAMILY

    family: Any = MUSIC_FAMILIES[FAMILY]
    assert callable(function_of(family.open))
    assert callable(function_of(family.train))


def test_every_recipe_of_the_table_is_there() -> None:
    pytest.importorskip("torch")
    from engine.training.piano_roll_recipes import RECIPES

    for asked in terminal.BENCHMARKS.values():
        for recipe in asked.recipes:
            assert RECIPES[recipe].shape.head == recipe.partition("-")[2]
