"""Says when a run begins to learn its texts by heart, and what to do. Does not know models; it looks at losses and samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from engine.evaluation.memorisation import LONGEST_RUN_ALLOWED, TrainingText

RISES = 3  # validations in a row that are worse, while the training loss falls
WIDEST_GAP = 0.25  # of the training loss, between it and the validation loss
WAYS_OUT = (
    "stop earlier (--patience), train on more songs, or take less of the model where the family can: --lora-rank, "
    "--freeze-layers, a smaller model, more dropout"
)
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")  # Chinese characters and kana: each counts as a word
Lines = Iterable[Iterable[str]]
Alarm = tuple[str, str]  # cause and sentence


class OverfittingWatch:
    """Raises each alarm once: "rising", "gap" and "verbatim".

    known: causes that were told before. training_lines: gives the lines of each training song; asked for when the first
    sample comes. None: samples are not compared.
    """

    def __init__(self, known: Iterable[str] = (), training_lines: Callable[[], Lines] | None = None) -> None:
        self._told = set(known)
        self._training_lines = training_lines
        self._learned: TrainingText | None = None

    def of_losses(self, train: Sequence[tuple[int, float]], valid: Sequence[tuple[int, float]]) -> list[Alarm]:
        """Return new alarms after a validation. train, valid: (step, loss), ascending; both up to now."""
        means = mean_between(train, [step for step, _ in valid])
        found: list[Alarm] = []
        if _rises([loss for _, loss in valid]) and _falls(means):
            sentence = (
                f"the validation loss has risen {RISES} times in a row while the training loss falls: the model begins to "
                f"learn its texts by heart; the best checkpoint is kept; {WAYS_OUT}"
            )
            found.append(("rising", sentence))
        if means and valid and means[-1] is not None and valid[-1][1] > (1 + WIDEST_GAP) * means[-1]:
            share = valid[-1][1] / means[-1] - 1
            sentence = (
                f"the validation loss {valid[-1][1]:.2f} is {share:.0%} above the training loss {means[-1]:.2f}: the model "
                f"knows its own songs better than others; {WAYS_OUT}"
            )
            found.append(("gap", sentence))
        return self._new(found)

    def of_sample(self, text: str) -> list[Alarm]:
        """Return a new alarm where a sample has eight words in a row, or more, from one training song."""
        if self._training_lines is None or "verbatim" in self._told:
            return []
        if self._learned is None:
            self._learned = TrainingText.build(map(_spaced, lines) for lines in self._training_lines())
        length, words = self._learned.longest_run(map(_spaced, text.splitlines()))
        if length <= LONGEST_RUN_ALLOWED:
            return []
        return self._new([("verbatim", f"a sample repeats {length} words of a training song ({words!r}); {WAYS_OUT}")])

    def _new(self, found: list[Alarm]) -> list[Alarm]:
        new = [alarm for alarm in found if alarm[0] not in self._told]
        self._told.update(cause for cause, _ in new)
        return new


def mean_between(curve: Sequence[tuple[int, float]], steps: Sequence[int]) -> list[float | None]:
    """Return for each step the mean of the curve since the step before; None where it has no value there."""
    found: list[float | None] = []
    for after, until in pairwise([-1, *steps]):
        values = [value for step, value in curve if after < step <= until]
        found.append(sum(values) / len(values) if values else None)
    return found


def _spaced(line: str) -> str:
    """Return a line in which every word stands alone, in scripts without spaces too."""
    return UNSPACED.sub(r" \g<0> ", line)


def _rises(losses: Sequence[float]) -> bool:
    last = losses[-RISES - 1 :]
    return len(last) > RISES and all(a < b for a, b in pairwise(last))


def _falls(means: Sequence[float | None]) -> bool:
    last = [mean for mean in means[-RISES - 1 :] if mean is not None]
    return len(last) > 1 and last[-1] < last[0]
