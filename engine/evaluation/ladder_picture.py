"""The ladder of lyric models as a picture: one bar per model and split. Does not know how bits are measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.errors import OutputError
from engine.evaluation.lyric_baselines import Rung

BAR_INCHES, WIDTH_INCHES, DPI = 0.32, 8.0, 120
COLOURS = {"valid": "#9db8d2", "test": "#2f5d8a"}


def draw_ladder(rungs: Sequence[Rung], path: Path) -> None:
    """Write a PNG, or what the ending of `path` says; models from the top in their order. OutputError where it cannot be."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    models = list(dict.fromkeys(rung.model for rung in rungs))
    splits = list(dict.fromkeys(rung.split for rung in rungs))
    height = 0.8 / max(1, len(splits))
    figure = Figure(figsize=(WIDTH_INCHES, 1.1 + BAR_INCHES * max(1, len(rungs))), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, split in enumerate(splits):
        shown = [rung for rung in rungs if rung.split == split]
        at = [models.index(rung.model) + (place - (len(splits) - 1) / 2) * height for rung in shown]
        bars = axes.barh(at, [rung.likelihood.bits_per_byte for rung in shown], height * 0.92, label=split,
                         color=COLOURS.get(split, "#888888"))  # fmt: skip
        axes.bar_label(bars, fmt="%.3f", padding=3, fontsize=8)
    axes.set_yticks(range(len(models)), [_short(model) for model in models])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlabel("bits per byte of songs below their headings; less is better")
    axes.spines[["top", "right"]].set_visible(False)
    if len(splits) > 1:
        axes.legend(frameon=False, loc="lower right")
    try:
        figure.savefig(path, dpi=DPI)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write the picture {path}: {error}") from error


def _short(model: str, most: int = 32) -> str:
    """Return a name that fits beside its bar: of a path the end, after the family."""
    family, _, path = model.partition(" /")
    return model if len(model) <= most else f"{family} …{path[-max(8, most - len(family)) :]}"
