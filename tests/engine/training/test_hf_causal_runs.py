"""Promises of runs that are stopped, spoilt or gone on with, kept by a tiny GPT-2."""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("peft")

from safetensors.numpy import load_file  # noqa: E402

from engine.errors import Cancelled, CheckpointError, OutputError, RequestError  # noqa: E402
from engine.training.run_log import read_rows  # noqa: E402
from engine.training.text_runs import train_text_model  # noqa: E402
from engine.training.text_training import TextTraining  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.usefixtures("undrawn"),
]


def silent(text: str) -> None:
    pass


def weights(checkpoint: Path) -> dict[str, np.ndarray[Any, Any]]:
    return load_file(checkpoint / "model.safetensors")


def curve(out: Path, name: str) -> list[tuple[int, float]]:
    return [(row["step"], row[name]) for row in read_rows(out / "run" / "log.jsonl") if name in row]


def interrupting(at_step: int) -> Callable[[str], None]:
    """Return a report that presses Ctrl-C when it is told of a step."""

    def report(text: str) -> None:
        if text.startswith("{") and json.loads(text)["step"] == at_step and "loss" in json.loads(text):
            os.kill(os.getpid(), signal.SIGINT)

    return report


@pytest.mark.parametrize("lora_rank", [0, 4])
@pytest.mark.parametrize("every", [2, 40])
def test_a_run_that_was_stopped_by_ctrl_c_goes_on_as_if_it_had_not_been(
    every: int, lora_rank: int, training: TextTraining
) -> None:
    asked = replace(training, steps=8 if every == 2 else 14, every=every, lora_rank=lora_rank)
    whole = replace(asked, out=training.out / "whole")
    expected = weights(train_text_model(whole, silent))
    stopped = 3 if every == 2 else 8
    with pytest.raises(Cancelled, match=rf"step {stopped + 1} .*--resume"):
        train_text_model(asked, interrupting(stopped))
    found = weights(train_text_model(replace(asked, resume=True), silent))
    for name in ("loss", "eval_loss"):
        assert curve(asked.out, name) == curve(whole.out, name)
    assert (asked.out / "run" / "samples.txt").read_text() == (whole.out / "run" / "samples.txt").read_text()
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def full_disk(monkeypatch: pytest.MonkeyPatch, from_step: int, error: Exception) -> None:
    from transformers import Trainer

    real = Trainer._save_optimizer_and_scheduler

    def save(self: Any, output_dir: str) -> None:
        if self.state.global_step >= from_step:
            raise error
        real(self, output_dir)

    monkeypatch.setattr(Trainer, "_save_optimizer_and_scheduler", save)


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("[enforce fail at inline_container.cc:778] . ")],
)
def test_a_disk_that_fills_leaves_the_last_good_checkpoint_and_the_run_goes_on_from_it(
    error: Exception, training: TextTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = curve_of_whole_run(training)
    with monkeypatch.context() as patched:
        full_disk(patched, 4, error)
        with pytest.raises(OutputError, match=r"step 4 could not be written.*step 2 is whole.*--resume"):
            train_text_model(training, silent)
    assert [path.name for path in (training.out / "run").glob("checkpoint-*")] == ["checkpoint-2"]
    train_text_model(replace(training, resume=True), silent)
    assert curve(training.out, "eval_loss") == expected


def curve_of_whole_run(training: TextTraining) -> list[tuple[int, float]]:
    whole = replace(training, out=training.out / "whole")
    train_text_model(whole, silent)
    return curve(whole.out, "eval_loss")


def stopped_after_checkpoints(training: TextTraining) -> Path:
    """Leave a run with the checkpoints of steps 2 and 5 and return its folder."""
    with pytest.raises(Cancelled):
        train_text_model(training, interrupting(4))
    run = training.out / "run"
    assert sorted(path.name for path in run.glob("checkpoint-*")) == ["checkpoint-4", "checkpoint-5"]
    return run


@pytest.mark.parametrize("spoil", ["flipped byte", "cut off", "no state", "file missing"])
def test_a_spoilt_checkpoint_is_said_and_the_one_before_it_used(spoil: str, training: TextTraining) -> None:
    run = stopped_after_checkpoints(training)
    weights_file = run / "checkpoint-5" / "model.safetensors"
    content = bytearray(weights_file.read_bytes())
    if spoil == "flipped byte":
        content[-10] ^= 1
        weights_file.write_bytes(content)
    elif spoil == "cut off":
        weights_file.write_bytes(content[: len(content) // 2])
    elif spoil == "no state":
        (run / "checkpoint-5" / "trainer_state.json").unlink()
    else:
        (run / "checkpoint-5" / "optimizer.pt").unlink()
    told: list[str] = []
    train_text_model(replace(training, resume=True), told.append)
    assert any("checkpoint-5 is not whole" in sentence and "checkpoint-4" in sentence for sentence in told)
    assert [step for step, _ in curve(training.out, "eval_loss")] == [2, 4, 6]


def test_where_no_checkpoint_is_whole_that_is_said(training: TextTraining) -> None:
    run = stopped_after_checkpoints(training)
    for checkpoint in run.glob("checkpoint-*"):
        (checkpoint / "model.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match=r"no checkpoint in .* is whole"):
        train_text_model(replace(training, resume=True), silent)
    assert list(run.glob("checkpoint-*"))


def test_a_run_is_neither_mixed_with_another_nor_gone_on_with_otherwise(training: TextTraining) -> None:
    with pytest.raises(RequestError, match=r"no run in .* leave --resume away"):
        train_text_model(replace(training, resume=True), silent)
    stopped_after_checkpoints(training)
    with pytest.raises(RequestError, match="holds a run at step 5"):
        train_text_model(replace(training, lora_rank=4), silent)
    with pytest.raises(RequestError, match="begun with --lora-rank 0"):
        train_text_model(replace(training, resume=True, lora_rank=4), silent)
    train_text_model(replace(training, resume=True), silent)
    with pytest.raises(RequestError, match="checkpoints are never changed"):
        train_text_model(training, silent)
