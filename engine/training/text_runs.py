"""A training run on plain songs, of any family: refused early where it cannot end well. Does not know how any trains."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.corpus.prepared_songs import file_of
from engine.errors import OutputError, RequestError
from engine.lyrics.text_models import LYRIC_FAMILIES, function_of
from engine.training.checkpoints import refuse_begun
from engine.training.text_training import TextTraining

BEGUN, RUN = "begun.json", "run"
# What a run may change when it goes on; all else would make another run of it.
MAY_CHANGE = frozenset({"out", "resume", "threads", "patience", "every", "sample_every", "save_every", "data"})


def train_text_model(training: TextTraining, report: Callable[[str], None]) -> Path:
    """Train a model of plain songs and return its checkpoint.

    RequestError where `out` has a finished checkpoint, where there is no run to go on with, or where that run was begun
    with other options.
    """
    train = LYRIC_FAMILIES[training.family].train
    if train is None:
        raise RequestError(f"models of the family {training.family} are not trained here")
    if not file_of(training.data, "train").is_file():
        raise RequestError(f"{training.data} has no songs; name a folder that `songwright corpus prepare` wrote")
    refuse_finished(training.out)
    begun = training.out / BEGUN
    options = _remembered(training)
    if training.resume:
        _refuse_other(begun, options)
    else:
        refuse_begun(training.out / RUN)
        _write(begun, options)
    trained: Path = function_of(train)(training, report)
    return trained


def refuse_finished(out: Path) -> None:
    """RequestError where a folder has a checkpoint: a run may take hours, and could not write its own at the end."""
    if (out / "checkpoint").exists():
        raise RequestError(
            f"{out / 'checkpoint'} is there already and checkpoints are never changed; choose another --out, or move it away"
        )


def _remembered(training: TextTraining) -> dict[str, Any]:
    return {name: value for name, value in asdict(training).items() if name not in MAY_CHANGE}


def _refuse_other(begun: Path, options: dict[str, Any]) -> None:
    if not begun.is_file():
        raise RequestError(f"there is no run in {begun.parent} to go on with; leave --resume away to begin")
    try:
        before = json.loads(begun.read_text(encoding="utf-8"))
    except ValueError:
        return  # then the checkpoint itself says whether it fits
    other = [name for name in options if name in before and before[name] != options[name]]
    if other:
        told = ", ".join(f"--{name.replace('_', '-')} {before[name]}" for name in other)
        raise RequestError(
            f"the run in {begun.parent} was begun with {told}; go on with the same, or choose another --out"
        )


def _write(begun: Path, options: dict[str, Any]) -> None:
    try:
        begun.parent.mkdir(parents=True, exist_ok=True)
        draft = begun.with_name(f".{begun.name}.{os.getpid()}")  # every process of torchrun writes it
        draft.write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")
        draft.replace(begun)
    except OSError as error:
        raise OutputError(f"cannot write to {begun.parent} ({error.strerror}); choose another --out") from error
