"""A snapshot to look at: stars, kinds of judgements and styles as bars. Does not know what they are used for."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

COLOURS = ("#4c78a8", "#f58518", "#54a24b")
MOST_BARS = 14


def statistics_png(statistics: Mapping[str, Any]) -> bytes:
    """Return the statistics of a snapshot (`snapshots.count`) as a PNG of three charts."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{statistics['judgements']} judgements by {statistics['raters']} raters of {statistics['takes']} takes "
        f"of {statistics['prompts']} prompts",
        fontsize=11,
    )
    charts = (("stars", "stars given"), ("kinds", "what was said"), ("styles", "judgements by style"))
    for axes, colour, (name, title) in zip(figure.subplots(1, 3), COLOURS, charts, strict=True):
        _bars(axes, statistics[name], colour, title)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _bars(axes: Any, counts: Mapping[str, int], colour: str, title: str) -> None:
    shown = sorted(counts, key=lambda name: -counts[name])[:MOST_BARS] if len(counts) > MOST_BARS else list(counts)
    axes.barh([name or "none" for name in reversed(shown)], [counts[name] for name in reversed(shown)], color=colour)
    axes.set_title(title, fontsize=10)
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
