"""What a model looked at while it wrote one bar, as a picture: a piano roll, and a panel for each layer.

Does not know models. In the roll the bar is coloured, earlier notes are the darker the more its notes looked at them, and
lines lead to those looked at most. In the panels a row is an event of the bar, a column an event up to its end.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from engine.evaluation.bar_attention import BarAttention

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER, INK, FAINT, BAR_LINE, NEW_PANEL = "#fbfaf6", "#22283a", "#8a8c98", "#cfccc2", "#fae8bd"
BEFORE_COLOUR, BAR_COLOUR, SHADES = "#2f5d8a", "#d9694a", "Blues"
WIDTH_INCHES, DPI = 16.0, 100
ROLL_INCHES, ROW_INCHES, PANEL_SPARE_INCHES = 3.4, 0.135, 0.8
LEAST_PANEL_INCHES, ONE_COLUMN_LAYERS = 2.0, 3
MOST_LINES, MOST_NAMES = 18, 12
ROOT = 0.5  # colours go by the square root, or all but the strongest looks would be white


def attention_png(shown: BarAttention, name: str) -> bytes:
    """Return a PNG, 1600 pixels wide; the same bytes each time. name: of the model."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import PowerNorm
    from matplotlib.figure import Figure

    layers = len(shown.looks)
    columns = 1 if layers <= ONE_COLUMN_LAYERS else 2
    lines = -(-layers // columns)
    panel = max(LEAST_PANEL_INCHES, ROW_INCHES * len(shown.rows) + PANEL_SPARE_INCHES)
    figure = Figure(figsize=(WIDTH_INCHES, ROLL_INCHES + lines * panel), facecolor=PAPER, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    grid = figure.add_gridspec(lines + 1, columns, height_ratios=[ROLL_INCHES, *[panel] * lines])
    figure.suptitle(
        f"What {name} ({shown.family}) looked at while it wrote bar {shown.bar}: heads averaged, "
        f"{shown.on_notes:.0%} on notes, the rest on bars, positions and other events",
        fontsize=13, color=INK,
    )  # fmt: skip
    draw_roll(figure.add_subplot(grid[0, :]), shown)
    norm = PowerNorm(ROOT, vmin=0.0, vmax=float(shown.looks.max()))
    panels = [figure.add_subplot(grid[1 + n // columns, n % columns]) for n in range(layers)]
    for layer, axes in enumerate(panels):
        image = axes.imshow(shown.looks[layer], aspect="auto", interpolation="nearest", cmap=SHADES, norm=norm)
        label_panel(axes, shown, layer)
    bar = figure.colorbar(image, ax=panels, shrink=min(1.0, 3.0 / (lines * panel)), pad=0.01, format="{x:.0%}")
    bar.set_label("share of the looks of an event", color=INK, fontsize=9)
    file = io.BytesIO()
    # Software is None: matplotlib would write its version.
    canvas.figure.savefig(file, format="png", dpi=DPI, metadata={"Software": None})
    return file.getvalue()


def draw_roll(axes: Axes, shown: BarAttention) -> None:
    """Draw the notes up to the end of the bar, and lines from those of the bar to those looked at most."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    music, shares = shown.music, shown.note_shares()
    start, end = music.bar_starts[shown.bar - 1 : shown.bar + 1]
    notes = [
        (event, event.pitch, share)
        for event, share in zip(music.events, shares, strict=True)
        if event.pitch is not None
    ]
    most = max((share for event, _, share in notes if event.step < start), default=0.0) or 1.0
    axes.axvspan(start, end, color=NEW_PANEL, zorder=0)
    for event, pitch, share in notes:
        is_new = event.step >= start
        opacity = 1.0 if is_new else 0.12 + 0.88 * min(1.0, share / most)
        axes.barh(pitch, max(event.steps, 1) - 0.15, left=event.step, height=0.8, alpha=opacity,
                  color=BAR_COLOUR if is_new else BEFORE_COLOUR, linewidth=0)  # fmt: skip
    looks = shown.strongest(MOST_LINES)
    for row, event, share in looks:
        ends = (row.step, row.pitch or 0), (event.step + max(event.steps, 1) / 2, event.pitch or 0)
        lifted = ((ends[0][0] + ends[1][0]) / 2, max(ends[0][1], ends[1][1]) + 3.0)
        curve = Path([ends[0], lifted, ends[1]], [Path.MOVETO, Path.CURVE3, Path.CURVE3])
        strength = share / looks[0][2] if looks[0][2] else 0.0
        axes.add_patch(
            PathPatch(curve, fill=False, color=INK, alpha=0.15 + 0.6 * strength, linewidth=0.6 + 1.2 * strength)
        )
    pitches = [pitch for _, pitch, _ in notes] or [60]
    axes.set_ylim(min(pitches) - 2, max(pitches) + 4)
    axes.set_xlim(0, end)
    octaves = [pitch for pitch in range(128) if pitch % 12 == 0 and min(pitches) - 2 <= pitch <= max(pitches) + 4]
    axes.set_yticks(octaves, [f"C{pitch // 12 - 1}" for pitch in octaves])
    axes.set_xticks(music.bar_starts[:-1], [f"bar {n}" for n in range(1, music.bars + 1)], ha="left")
    for line in music.bar_starts:
        axes.axvline(line, color=BAR_LINE, linewidth=1.0, zorder=0)
    _plain(axes)


def label_panel(axes: Axes, shown: BarAttention, layer: int) -> None:
    """Name the rows by their events, the columns by their bars, and those looked at most by their names, above."""
    music = shown.music
    axes.set_yticks(range(len(shown.rows)), [row.name for row in shown.rows], fontsize=7)
    of_bar = [music.bar_of(event.step) for event in music.events]
    begins = [of_bar.index(bar) for bar in sorted(set(of_bar))]
    axes.set_xticks(
        [place - 0.5 for place in begins], [f"bar {bar}" for bar in sorted(set(of_bar))], fontsize=8, ha="left"
    )
    for place in begins[1:]:
        axes.axvline(place - 0.5, color=FAINT, linewidth=0.8)
    above = axes.secondary_xaxis("top")
    named = _apart(shown.looks[layer].sum(axis=0), len(music.events))
    above.set_xticks(named, [music.events[place].name for place in named], fontsize=7, rotation=90)
    above.tick_params(length=2, colors=INK)
    axes.set_ylabel(f"layer {layer + 1}", fontsize=10, color=INK)
    _plain(axes)


def _apart(looked_at: np.ndarray, count: int) -> list[int]:
    """Return the columns that were looked at most, none so near another that their names would touch."""
    gap, chosen = max(1, count // 60), list[int]()
    for place in np.argsort(-looked_at, kind="stable"):
        if all(abs(int(place) - other) > gap for other in chosen):
            chosen.append(int(place))
        if len(chosen) == MOST_NAMES:
            break
    return sorted(chosen)


def _plain(axes: Axes) -> None:
    axes.tick_params(length=0, colors=INK)
    for spine in axes.spines.values():
        spine.set_visible(False)
