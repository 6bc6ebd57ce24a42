"""The losses of a run as a picture. Does not know training; it draws the rows of a log."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PLOT = "loss.png"
PAPER, INK, FAINT, TRAIN, VALID = "#fbfaf6", "#22283a", "#cfccc2", "#9fb4c4", "#d9694a"
Curve = Sequence[tuple[int, float]]


def draw_losses(path: Path, train: Curve, valid: Curve, *, bytes_per_id: float | None = None) -> None:
    """Draw both curves, nats per id over steps, the best validation marked; replace the file when it is drawn.

    bytes_per_id: adds an axis of bits per byte. Values that are not finite are left out; without any, nothing is drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    train, valid = _finite(train), _finite(valid)
    if not train and not valid:
        return
    figure = Figure(figsize=(8, 4.5), dpi=120, facecolor=PAPER)  # fixed margins: finding them takes as long as drawing
    axes = figure.add_axes((0.09, 0.12, 0.82, 0.79), facecolor=PAPER)
    axes.plot(*_columns(train), color=TRAIN, linewidth=1.2, label="training")
    axes.plot(*_columns(valid), color=VALID, linewidth=2, marker="o", markersize=4, label="validation")
    if valid:
        step, best = min(valid, key=lambda point: point[1])
        axes.plot([step], [best], marker="o", markersize=10, markerfacecolor="none", markeredgecolor=INK, linestyle="")
        axes.axhline(best, color=FAINT, linewidth=0.8, zorder=0)
        axes.set_title(f"best validation {best:.3f} at step {step}", color=INK, fontsize=11, loc="left")
    axes.set_ylim(*_limits(train, valid))
    axes.set_xlabel("step", color=INK)
    axes.set_ylabel("loss, nats per token", color=INK)
    axes.grid(axis="y", color=FAINT, linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    if bytes_per_id:
        factor = 1 / (bytes_per_id * math.log(2))
        second = axes.secondary_yaxis("right", functions=(_times(factor), _times(1 / factor)))
        second.set_ylabel("bits per byte", color=INK)
    draft = path.with_name(f".{path.name}")
    FigureCanvasAgg(figure).print_png(str(draft))
    draft.replace(path)


def _limits(train: Curve, valid: Curve) -> tuple[float, float]:
    """Return an axis that shows all, but for the fall of the very first steps where it would flatten the rest."""
    values = sorted(value for _, value in [*train, *valid])
    late = [value for _, value in train[len(train) // 10 :]] + [value for _, value in valid]
    top = min(values[-1], max(late) + 0.35 * (max(late) - values[0]))
    room = 0.05 * max(top - values[0], 0.01)
    return values[0] - room, top + room


def _times(factor: float) -> Callable[[Any], Any]:
    return lambda values: values * factor


def _columns(curve: Curve) -> tuple[list[int], list[float]]:
    return [step for step, _ in curve], [value for _, value in curve]


def _finite(curve: Curve) -> list[tuple[int, float]]:
    return [(step, value) for step, value in curve if math.isfinite(value)]
