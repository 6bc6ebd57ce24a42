"""The bar of a training run on a terminal. Does not know training; it is told where a run is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from engine.training.progress import StepShown


class TrainingBar:
    """A report for `engine.training`: sentences stay above the bar, figures change in it."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[loss]}"),
            TextColumn("{task.fields[pace]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> TrainingBar:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, text: str) -> None:
        """Say a sentence."""
        self._progress.console.print(text, markup=False, highlight=False)

    def show(self, shown: StepShown) -> None:
        """Move the bar."""
        fields: dict[str, Any] = {
            "loss": losses_in_words(shown),
            "pace": pace_in_words(shown),
            "left": left_in_words(shown),
        }
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task("", total=shown.steps, completed=shown.step, **fields)
        self._progress.update(self._task, completed=shown.step, **fields)


def losses_in_words(shown: StepShown) -> str:
    """Return the latest losses: "loss 3.21, valid 3.40"."""
    parts = [
        f"{name} {value:.3f}"
        for name, value in (("loss", shown.loss), ("valid", shown.valid_loss))
        if value is not None
    ]
    return ", ".join(parts)


def pace_in_words(shown: StepShown) -> str:
    """Return the pace: "1,830 tokens/s"."""
    return f"{shown.ids_per_second:,.0f} tokens/s" if shown.ids_per_second else ""


def left_in_words(shown: StepShown) -> str:
    """Return the time left: "1:02:30 left"."""
    if shown.seconds_left is None:
        return ""
    minutes, seconds = divmod(round(shown.seconds_left), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} left"
