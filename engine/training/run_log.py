"""The log of a run, log.jsonl: one row per figure that was found, told as it is written. Does not know training.

The rows are all that is remembered of a run beside its checkpoints: curves, alarms and the time that it took.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOG = "log.jsonl"
Row = dict[str, Any]
Report = Callable[[str], None]


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a log; none where there is no file. A last row that was cut off is left out."""
    rows: list[Row] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


class RunLog:
    """Rows with step and seconds, written and told.

    from_step: of the checkpoint that the run goes on from; what an earlier start wrote after it is forgotten. 0 is a new
    run. report: told every row as JSON; one that has `show` (see `progress`) is told sentences alone.
    """

    def __init__(self, path: Path, report: Report, from_step: int = 0) -> None:
        self._path, self._report = path, report
        self._speaks = hasattr(report, "show")
        self.rows = [row for row in read_rows(path) if row["step"] <= from_step] if from_step else []
        draft = path.with_name(f".{path.name}")
        draft.write_text("".join(json.dumps(row) + "\n" for row in self.rows), encoding="utf-8")
        draft.replace(path)
        self._start = time.monotonic() - (self.rows[-1]["seconds"] if self.rows else 0.0)

    def add(self, step: int, figures: Row) -> None:
        """Write a row and tell it."""
        row = {"step": step, "seconds": round(time.monotonic() - self._start, 1), **figures}
        self.rows.append(row)
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(row) + "\n")
        sentence = _sentence(row) if self._speaks else json.dumps(row)
        if sentence:
            self._report(sentence)

    def curve(self, name: str) -> list[tuple[int, float]]:
        """Return (step, value) of all rows that have a figure of this name."""
        return [(row["step"], row[name]) for row in self.rows if name in row]


def _sentence(row: Row) -> str:
    """Return what a row says to a person who sees the bar; "" where the bar says it already."""
    if "text" in row:
        return str(row["text"])
    if "eval_loss" not in row:
        return ""
    bits = f", {row['eval_bits_per_byte']:.3f} bits per byte" if "eval_bits_per_byte" in row else ""
    return f"step {row['step']}: validation loss {row['eval_loss']:.4f}{bits}"
