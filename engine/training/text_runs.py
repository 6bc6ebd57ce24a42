"""A training run on plain songs, of any family: refused early where it cannot end well. Does not know how any trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.corpus.prepared_songs import file_of
from engine.corpus.records import Split
from engine.corpus.song_texts import is_marked
from engine.errors import RequestError
from engine.lyrics.text_models import LYRIC_FAMILIES, function_of
from engine.training.begun_runs import begin_or_go_on, files_fact
from engine.training.text_training import TextTraining

# What a run may change when it goes on; all else would make another run of it.
MAY_CHANGE = frozenset({"out", "resume", "threads", "patience", "every", "sample_every", "save_every"})


def train_text_model(training: TextTraining, report: Callable[[str], None]) -> Path:
    """Train a model of plain songs and return its checkpoint.

    RequestError where `out` has a finished checkpoint, where there is no run to go on with, or where that run was begun
    with other songs or options.
    """
    family = LYRIC_FAMILIES[training.family]
    train = family.train
    if train is None:
        raise RequestError(family.instead or f"models of the family {training.family} are not trained here")
    if not (file_of(training.data, "train").is_file() or is_marked(training.data)):
        raise RequestError(
            f"{training.data} has no songs; name a folder that `songwright corpus prepare` or `songwright train lyrics` prepared"
        )
    begin_or_go_on(training.out, _facts(training), resume=training.resume)
    trained: Path = function_of(train)(training, report)
    return trained


_BOTH: tuple[Split, ...] = ("train", "valid")


def _files_of(data: Path, split: Split) -> tuple[Path, Path]:
    """Return where either command that prepares keeps a split."""
    return file_of(data, split), data / f"{split}.npz"


def _facts(training: TextTraining) -> dict[str, Any]:
    files = [path for split in _BOTH for path in _files_of(training.data, split) if path.is_file()]
    kept = {name: value for name, value in asdict(training).items() if name not in MAY_CHANGE}
    return {**kept, "data": files_fact(training.data, files)}
