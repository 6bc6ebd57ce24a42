"""What all `songwright train` commands share: options of every run, and how a run is shown. Does not know any model."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.errors import RequestError
from engine.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

PATH = click.Path(path_type=Path)
COUNT = click.IntRange(1)
Report = Callable[[str], None]

out_option = click.option(
    "--out", type=PATH, required=True, help="folder for the run; the model becomes OUT/checkpoint"
)
KEPT = (
    click.option("--sample-every", type=COUNT, help="steps between samples, which go to samples.txt  [as --every]"),
    click.option("--save-every", type=COUNT, help="steps between checkpoints; the best is always kept  [as --every]"),
    click.option("--patience", type=COUNT, help="stop after so many validations without a better one  [never]"),
    click.option("--resume", is_flag=True, default=None, help="go on from the last whole checkpoint in --out"),
)


def kept_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of what a run keeps on its way: samples, checkpoints, when it stops early and how it goes on."""
    for option in reversed(KEPT):
        command = option(command)
    return command


def carry_out(run: Callable[[Report], Path]) -> None:
    """Carry out a training with whatever shows it here: a bar on a terminal, lines elsewhere, nothing in other processes."""
    _needs_torch()
    quiet_transformers()
    keep_freed_memory()
    is_first = os.environ.get("RANK", "0") == "0"  # torchrun counts its processes
    with _shown() if is_first else nullcontext(lambda text: None) as report:
        path = run(report)
    if is_first:
        click.echo(f"wrote {path}")


def _needs_torch() -> None:
    try:
        import torch  # noqa: F401  # only to say so early
    except ImportError:
        raise RequestError('training needs PyTorch: pip install -c constraints.txt -e ".[train]"') from None


def quiet_transformers() -> None:
    """Leave the terminal to what is told here."""
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def _shown() -> AbstractContextManager[Report]:
    if not sys.stdout.isatty():
        return nullcontext(click.echo)
    from bot.terminal.training_bar import TrainingBar

    return TrainingBar()
