"""Figures as pictures: a model beside its bars and people, and two models beside each other. Does not measure."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.evaluation.comparison import Compared
from engine.evaluation.word_figures import BARS, FIGURES, verdict
from engine.output.picture import BAR_LINE, BEAT_LINE, FAINT_INK, INK, PANEL, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, ROW, HEAD, FOOT = 1600, 46, 130, 96  # pixels
PIXELS_PER_INCH = 100
GOOD, BAD, PLAIN, PEOPLE = "#4f9a72", "#d9694a", "#3d7ea6", "#8a8c98"
COLOURS = {"pass": GOOD, "short": BAD, "better": GOOD, "worse": BAD, "higher": PLAIN, "lower": PLAIN}
LABEL_X, LEFT, RIGHT = 40, 470, 1000  # of the row's name and of the axis
FOREST_RIGHT = 880  # of the axis of differences, which leaves room for numbers
_MARKS = (("o", PLAIN), ("D", GOOD), ("s", PEOPLE), ("^", PEOPLE))  # ours twice, then people's
MOST_HALF_WIDTHS = 6.0  # a difference further out is drawn as an arrow


def figures_png(title: str, made: Mapping[str, float], people: Mapping[str, float]) -> bytes:
    """Return a PNG, 1600 pixels wide, with a row for each figure: made songs, people's songs, bar and verdict.

    Figures of 0-1 are drawn on an axis; the others are numbers only.
    """
    names = [name for name in FIGURES if name in made]
    figure, axes = _page(title, len(names))
    for value in (0, 0.25, 0.5, 0.75, 1):
        _upright(axes, LEFT + value * (RIGHT - LEFT), len(names), f"{value:g}")
    for x, head in ((1110, "songs"), (1230, "people"), (1370, "bar")):
        _text(axes, x, HEAD - 26, head, FAINT_INK, "center")
    for row, name in enumerate(names):
        mine, theirs = made[name], people.get(name, math.nan)
        judged = verdict(name, mine, theirs)
        colour = COLOURS.get(judged, PLAIN)
        y = _row(axes, row, name)
        if 0 <= theirs <= 1:
            axes.plot([_at(theirs)], [y], "o", markersize=13, markerfacecolor=PAPER, markeredgecolor=PEOPLE, mew=2)
        if 0 <= mine <= 1:
            axes.plot([_at(mine)], [y], "o", markersize=9, color=colour)
        _text(axes, 1110, y, _number(mine), INK, "center")
        _text(axes, 1230, y, _number(theirs), FAINT_INK, "center")
        _text(axes, 1370, y, BARS[name].text if name in BARS else "", FAINT_INK, "center")
        _text(axes, 1520, y, judged, colour, "center", weight="bold")
    _legend(axes, len(names), (("o", GOOD, "songs, bar passed"), ("o", BAD, "short of it"), ("o", PLAIN, "no bar")))
    x, y = LABEL_X + 8 + 3 * 250, _foot(len(names))
    axes.plot([x], [y], "o", markersize=13, markerfacecolor=PAPER, markeredgecolor=PEOPLE, mew=2)
    _text(axes, x + 18, y, "held-out songs of people", FAINT_INK)
    return _png(figure)


def goals_png(title: str, rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a PNG, 1600 pixels wide, with a row for each figure of 0-1: each column of figures a mark, its goal, its verdict.

    rows: "" the name, "goal" and "verdict" texts, every other value a figure under the name of its column.
    """
    columns = [name for name in (rows[0] if rows else {}) if name not in ("", "goal", "verdict")]
    marks = dict(zip(columns, _MARKS, strict=False))
    figure, axes = _page(title, len(rows))
    for value in (0, 0.25, 0.5, 0.75, 1):
        _upright(axes, LEFT + value * (RIGHT - LEFT), len(rows), f"{value:g}")
    for place, column in enumerate(marks):
        _text(axes, 1060 + 100 * place, HEAD - 26, column.removeprefix("people's "), FAINT_INK, "center", pixels=16)
    for number, row in enumerate(rows):
        y = _row(axes, number, row[""])
        for place, (column, (marker, colour)) in enumerate(marks.items()):
            value = row.get(column, math.nan)
            if 0 <= value <= 1:
                axes.plot([_at(value)], [y], marker, markersize=9, color=colour, alpha=0.85)
            _text(axes, 1060 + 100 * place, y, _number(value), INK if place < 2 else FAINT_INK, "center", pixels=17)
        _text(axes, 1470, y, row.get("goal", ""), FAINT_INK, "center", pixels=17)
        judged = row.get("verdict", "")
        _text(axes, 1555, y, judged, COLOURS.get(judged, PLAIN), "center", pixels=17, weight="bold")
    _legend(axes, len(rows), [(marker, colour, column) for column, (marker, colour) in marks.items()])
    return _png(figure)


def forest_png(first: str, second: str, compared: Sequence[Compared], *, is_paired: bool) -> bytes:
    """Return a PNG, 1600 pixels wide: for each figure the difference of the first from the second with its 95 % interval.

    Each row has its own unit, half the width of its interval, so that all can be read on one axis; the numbers stand
    beside. Rows with a good direction come first, and right is better there; below them right is higher.
    """
    judged = [one for one in compared if one.good != "as people"]
    rows = judged + [one for one in compared if one.good == "as people"]
    figure, axes = _page(f"{first}  against  {second}", len(rows))
    middle, unit = (LEFT + FOREST_RIGHT) / 2, (FOREST_RIGHT - LEFT) / 2 / MOST_HALF_WIDTHS
    _upright(axes, middle, len(rows), "", colour=INK)
    heads = ((965, "first"), (1075, "second"), (1272, "difference, 95 %"), (1505, ""))
    for x, head in heads:
        _text(axes, x, HEAD - 26, head, FAINT_INK, "center")
    _text(axes, FOREST_RIGHT, HEAD - 26, "better →" if judged else "higher →", FAINT_INK, "right")
    _text(axes, LEFT, HEAD - 26, "← worse" if judged else "← lower", FAINT_INK)
    for row, one in enumerate(rows):
        y = _row(axes, row, one.name, FOREST_RIGHT)
        if row == len(judged) > 0:
            axes.plot((LABEL_X, WIDTH - 40), (y - ROW / 2,) * 2, color=INK, linewidth=1)
            _text(axes, FOREST_RIGHT, y, "higher →", FAINT_INK, "right", pixels=15)
            _text(axes, LEFT, y, "← lower", FAINT_INK, pixels=15)
        colour = COLOURS.get(one.verdict, PEOPLE)
        _interval(axes, one, middle, unit, y, colour)
        _text(axes, 965, y, _number(one.first), INK, "center")
        _text(axes, 1075, y, _number(one.second), INK, "center")
        _text(axes, 1272, y, _difference(one), INK, "center", pixels=17)
        _text(axes, 1505, y, one.verdict, colour, "center", weight="bold", pixels=17)
    drawn = "songs of the same request and seed in pairs" if is_paired else "songs of each side by themselves"
    _text(
        axes, LABEL_X, _foot(len(rows)), f"2,000 resamples, {drawn}; each row in half-widths of its interval", FAINT_INK
    )
    return _png(figure)


def _interval(axes: Axes, one: Compared, middle: float, unit: float, y: float, colour: str) -> None:
    """Draw a difference as a dot on its interval, or as an arrow at the edge."""
    low, high = one.interval
    sign = -1.0 if one.good == "lower" else 1.0
    half = (high - low) / 2
    place = sign * one.difference / half if half else math.copysign(math.inf, sign * one.difference)
    if one.difference == 0 and not half:
        axes.plot([middle], [y], "o", markersize=8, color=colour)
    elif abs(place) > MOST_HALF_WIDTHS - 1:
        x = middle + math.copysign(MOST_HALF_WIDTHS - 0.4, place) * unit
        axes.plot([x], [y], ">" if place > 0 else "<", markersize=12, color=colour)
        axes.plot((middle, x), (y, y), color=colour, linewidth=1, linestyle=(0, (2, 3)))
    else:
        ends = sorted((sign * low / half, sign * high / half))
        axes.plot([middle + end * unit for end in ends], (y, y), color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot([middle + place * unit], [y], "o", markersize=9, color=colour)


def _page(title: str, rows: int) -> tuple[Figure, Axes]:
    """Return an empty page in pixels from the top left, with its title."""
    from matplotlib.figure import Figure

    height = HEAD + rows * ROW + FOOT
    figure = Figure(figsize=(WIDTH / PIXELS_PER_INCH, height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH, facecolor=PAPER)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, WIDTH), ylim=(height, 0))
    axes.set_axis_off()
    _text(axes, LABEL_X, 52, _short(title, 90), INK, pixels=32, weight="bold")
    return figure, axes


def _row(axes: Axes, row: int, name: str, right: float = RIGHT) -> float:
    """Draw the name and the track of a row; return its y."""
    y = HEAD + (row + 0.5) * ROW
    if row % 2 == 0:
        axes.axhspan(y - ROW / 2, y + ROW / 2, color=PANEL, linewidth=0, zorder=0)
    axes.plot((LEFT, right), (y, y), color=BEAT_LINE, linewidth=1, zorder=1)
    _text(axes, LABEL_X, y, name, INK)
    return y


def _upright(axes: Axes, x: float, rows: int, label: str, colour: str = BAR_LINE) -> None:
    axes.plot((x, x), (HEAD, HEAD + rows * ROW), color=colour, linewidth=1, zorder=1)
    _text(axes, x, HEAD - 26, label, FAINT_INK, "center", pixels=16)


def _legend(axes: Axes, rows: int, marks: Sequence[tuple[str, str, str]]) -> None:
    for place, (marker, colour, text) in enumerate(marks):
        x = LABEL_X + 8 + 250 * place
        axes.plot([x], [_foot(rows)], marker, markersize=9, color=colour)
        _text(axes, x + 14, _foot(rows), text, FAINT_INK)


def _foot(rows: int) -> float:
    return HEAD + rows * ROW + FOOT / 2


def _text(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str,
    align: str = "left",
    *,
    pixels: float = 19,
    weight: str = "normal",
) -> None:
    axes.text(
        x, y, text.replace("$", r"\$"), color=colour, ha=align, va="center", fontsize=pixels * 72 / PIXELS_PER_INCH, weight=weight
    )  # fmt: skip


def _difference(one: Compared) -> str:
    """Return a difference and its interval; "0" where neither song differs at all."""
    low, high = one.interval
    if low == high == one.difference == 0:
        return "0"
    return f"{one.difference:+.3f}  [{low:+.3f}, {high:+.3f}]"


def _at(share: float) -> float:
    return LEFT + share * (RIGHT - LEFT)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _png(figure: Figure) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    file = io.BytesIO()
    FigureCanvasAgg(figure).print_png(file, metadata={"Software": None})
    return file.getvalue()
