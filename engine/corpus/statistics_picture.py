"""The statistics of a corpus as a picture: length of songs and lines, sections, artists. Does not know how they are counted."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.output.picture import drawable, font

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from engine.corpus.statistics import SplitStatistics

PICTURE = "statistics.png"
WIDTH, HEIGHT, DOTS_PER_INCH = 1600, 1000, 100  # pixels
INK, FAINT, GRID, BAR = "#26323f", "#6b7785", "#e3e7ec", "#3d7ea6"
MOST_BARS, LONGEST_NAME, MOST_BINS = 12, 26, 48
SHOWN_SHARE = 0.99  # of songs or lines; the longest of the rest would squeeze the others


def statistics_png(found: Mapping[Any, SplitStatistics]) -> bytes:
    """Return a PNG, 1600 x 1000 pixels: four charts of the training split, all splits in the head; the same bytes each time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DOTS_PER_INCH, HEIGHT / DOTS_PER_INCH), dpi=DOTS_PER_INCH, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    train = found["train"]
    figure.text(
        0.05, 0.945, f"{sum(s.songs for s in found.values()):,} songs", color=INK, fontproperties=font("bold", 22)
    )
    figure.text(0.05, 0.905, _facts(found), color=FAINT, fontproperties=font("regular", 12), parse_math=False)
    grid = figure.add_gridspec(2, 2, left=0.14, right=0.965, top=0.83, bottom=0.075, hspace=0.36, wspace=0.36)
    lines, words, sections, artists = (figure.add_subplot(grid[place]) for place in range(4))
    _histogram(lines, train.lines_per_song, "lines of a song", "songs")
    _histogram(words, train.words_per_line, "words of a line", "lines")
    _bars(sections, list(train.sections.items())[:MOST_BARS], "sections by label")
    _bars(artists, train.top_artists[:MOST_BARS], f"songs by artist, the first {MOST_BARS} of {train.artists:,}")
    drawn = io.BytesIO()
    canvas.print_png(drawn)
    return drawn.getvalue()


def _facts(found: Mapping[Any, SplitStatistics]) -> str:
    parts = [f"{split} {statistics.songs:,}" for split, statistics in found.items()]
    train = found["train"]
    parts.append(f"train: {train.lines:,} lines, {train.words:,} words, {train.vocabulary:,} different")
    if train.rhymed_share is not None:
        parts.append(f"{train.rhymed_share:.0%} of the lines rhyme")
    return "     ".join(parts)


def _histogram(axes: Axes, counts: Counter[int], what: str, of_what: str) -> None:
    """Draw how many have each number; those past 99 of 100 are left out, and said."""
    _style(axes, f"{what} (charts show train)" if what.startswith("lines") else what, "y")
    axes.set_ylabel(of_what, fontproperties=font("regular", 11), color=FAINT)
    if not counts:
        return
    shown = _shown(counts)
    width = max(1, -(-max(shown) // MOST_BINS))
    bins = Counter(dict.fromkeys(range(0, max(shown) + 1, width), 0))
    for number in shown:
        bins[number // width * width] += counts[number]
    axes.bar([start + (width - 1) / 2 for start in bins], list(bins.values()), width=0.9 * width, color=BAR)
    left_out = counts.total() - sum(counts[number] for number in shown)
    if left_out:
        axes.text(0.99, 0.94, f"{left_out:,} longer, up to {max(counts)}", transform=axes.transAxes, ha="right", color=FAINT,
                  backgroundcolor="white", fontproperties=font("regular", 11))  # fmt: skip


def _shown(counts: Counter[int]) -> list[int]:
    passed, shown = 0, list[int]()
    for number in sorted(counts):
        if shown and passed >= SHOWN_SHARE * counts.total():
            break
        shown.append(number)
        passed += counts[number]
    return shown


def _bars(axes: Axes, rows: Sequence[tuple[str, int]], title: str) -> None:
    """Draw counted names, the largest on top."""
    _style(axes, title, "x")
    axes.barh(range(len(rows)), [count for _, count in rows], color=BAR, height=0.72)
    axes.set_yticks(range(len(rows)), [_short(name) for name, _ in rows], fontproperties=font("regular", 11))
    axes.set_ylim(max(len(rows), 4) - 0.4, -0.6)
    axes.margins(x=0.14)
    for place, (_, count) in enumerate(rows):
        axes.annotate(f"{count:,}", (count, place), xytext=(5, 0), textcoords="offset points", va="center", color=FAINT,
                      fontproperties=font("regular", 10))  # fmt: skip


def _style(axes: Axes, title: str, grid: str) -> None:
    axes.set_title(title, loc="left", color=INK, fontproperties=font("bold", 13), pad=10)
    axes.grid(axis=grid, color=GRID)  # type: ignore[arg-type]  # "x" or "y"
    axes.set_axisbelow(True)
    axes.tick_params(colors=FAINT, length=0)
    (axes.yaxis if grid == "y" else axes.xaxis).set_major_formatter("{x:,.0f}")
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_fontproperties(font("regular", 10))
    for side in axes.spines.values():
        side.set_visible(False)


def _short(name: str) -> str:
    name = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"
    return drawable(name, "regular").replace("$", r"\$")
