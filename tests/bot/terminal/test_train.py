"""Promises of `songwright train`: what each family takes, and how a run is shown."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.terminal.train import ELSEWHERE, FAMILIES, train
from engine.errors import RequestError
from engine.lyrics.text_models import LYRIC_FAMILIES
from engine.training.run_options import RunOptions

pytest.importorskip("transformers")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what the engine would be told, in place of training."""
    found: list[Any] = []

    def pretend(training: Any, report: Callable[[str], None]) -> Path:
        found.append(training)
        report("learning")
        return Path(training.out / "checkpoint")

    monkeypatch.setattr("engine.training.text_runs.train_text_model", pretend)
    return found


def call(*words: str) -> Any:
    return CliRunner().invoke(train, list(words), catch_exceptions=True)


def test_what_is_said_reaches_the_family_and_the_rest_is_its_own_choice(asked: list[Any]) -> None:
    result = call(*"lyrics --family hf-causal --base m --data d --out o --lora-rank 4 --save-every 7 --resume".split())
    assert result.output == "learning\nwrote o/checkpoint\n"
    (training,) = asked
    defaults = {field.name: field.default for field in fields(training)}
    said = {name: value for name, value in vars(training).items() if value != defaults[name]}
    assert said == {
        "family": "hf-causal", "base": "m", "data": Path("d"), "out": Path("o"), "lora_rank": 4, "save_every": 7, "resume": True,
    }  # fmt: skip


def test_a_recipe_gives_way_to_what_is_said(asked: list[Any]) -> None:
    call(*"lyrics --family hf-causal --recipe gpt2-small-lora --data d --out o --lora-rank 2 --base here".split())
    (training,) = asked
    assert (training.base, training.lora_rank, training.learning_rate) == ("here", 2, 3e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_option_that_a_family_does_not_take_is_refused_by_name(family: str, asked: list[Any]) -> None:
    needed = ["--corpus" if family == "llama" else "--data", "x", "--out", "y"]
    option = "--with-artist" if family in ("llama", "markov", "hf-causal") else "--order=2"
    result = call("lyrics", "--family", family, *needed, option)
    assert isinstance(result.exception, RequestError)
    assert option.partition("=")[0] in str(result.exception)
    assert family in str(result.exception)
    assert asked == []


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_needs_is_asked_for(family: str, asked: list[Any]) -> None:
    result = call("lyrics", "--family", family, "--out", "y")
    assert isinstance(result.exception, RequestError)
    assert ("--corpus" if family == "llama" else "--data") in str(result.exception)


def test_every_lyric_family_that_is_trained_can_be_named() -> None:
    assert set(FAMILIES) == {"llama", *(name for name, family in LYRIC_FAMILIES.items() if family.train)}
    assert {*FAMILIES, *ELSEWHERE} == {"llama", *LYRIC_FAMILIES}


@pytest.mark.parametrize("family", ELSEWHERE)
def test_a_family_that_is_trained_elsewhere_says_what_to_do(family: str, asked: list[Any]) -> None:
    result = call("lyrics", "--family", family, "--data", "d", "--out", "o")
    assert isinstance(result.exception, RequestError)
    assert "songwright corpus export" in str(result.exception)
    assert asked == []


def test_other_processes_of_torchrun_say_nothing(asked: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    assert call(*"lyrics --family markov --data d --out o".split()).output == ""


def test_recipes_are_listed_with_their_hub_names() -> None:
    output = call("recipes").output
    assert "gpt2-small-lora" in output
    assert "openai-community/gpt2-medium" in output


KEPT = "--sample-every 3 --save-every 5 --patience 2 --seed 7 --resume"


@pytest.mark.parametrize(
    ("command", "engine", "run"),
    [
        ("lyrics --corpus c", "lyrics.train_lyrics", RunOptions(4200, 200, 3, 5, 2, 2, 7, resume=True)),
        (
            "chinese --corpus c",
            "chinese_lyrics.train_chinese_lyrics",
            RunOptions(1800, 200, 3, 5, 2, 2, 7, resume=True),
        ),
    ],
)
def test_what_is_kept_on_the_way_can_be_set_for_the_planned_models(
    command: str, engine: str, run: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Any] = []

    def pretend(corpus: Any, out: Path, asked: RunOptions, **_: Any) -> Path:
        found.append(asked)
        return out / "checkpoint"

    monkeypatch.setattr(f"engine.training.{engine}", pretend)
    assert call(*f"{command} --out o {KEPT}".split()).output == "wrote o/checkpoint\n"
    assert found == [run]


def test_a_finished_checkpoint_is_seen_before_the_planned_starter_is_trained(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "songs.jsonl").touch()
    result = call("lyrics", "--corpus", str(tmp_path / "songs.jsonl"), "--out", str(tmp_path))
    assert "never changed" in str(result.exception)


def test_nothing_heavy_is_imported_for_the_help() -> None:
    code = "import sys, bot.terminal.train; print([m for m in ('torch', 'transformers', 'numpy', 'rich') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_bar_shows_steps_losses_pace_and_time_left_and_says_sentences_above() -> None:
    from rich.console import Console

    from bot.terminal.training_bar import TrainingBar
    from engine.training.progress import StepShown

    screen = io.StringIO()
    with TrainingBar(Console(file=screen, force_terminal=True, width=120)) as bar:
        bar("124 [weights]")
        bar.show(StepShown(0, 300, None, None, None, None))
        bar.show(StepShown(120, 300, 1830.4, 3723.0, 3.2104, 3.4))
    shown = screen.getvalue()
    for part in ("124 [weights]", "120/300", "loss 3.210, valid 3.400", "1,830 tokens/s", "1:02:03 left"):
        assert part in shown
