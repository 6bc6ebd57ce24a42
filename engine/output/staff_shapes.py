"""The shapes of music notation as outlines in staff spaces: heads, flags, clefs, rests and accidentals.

Drawn here because the fonts that come with matplotlib hold no clefs and rests. y goes up; each shape says where its
origin lies. Does not know where on the page anything stands.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.path import Path

Points = NDArray[np.float64]  # (N, 2)

HEAD_WIDTH, WHOLE_WIDTH = 1.3, 1.75
STEPS_PER_SEGMENT = 12


def smooth(points: Sequence[tuple[float, ...]]) -> Points:
    """Return a curve (Catmull-Rom) through points of any dimension, both ends included."""
    given = np.array(points)
    padded = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    t = np.linspace(0, 1, STEPS_PER_SEGMENT, endpoint=False)[:, None]
    parts = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack([*parts, given[-1:]])


def brush(points: Sequence[tuple[float, float, float]]) -> Path:
    """Return the outline of a stroke along (x, y, width)."""
    curve = smooth(points)
    ahead = np.gradient(curve[:, :2], axis=0)
    across = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) / np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    half = np.maximum(curve[:, 2:], 0.02) / 2
    return closed(np.vstack([curve[:, :2] + across * half, (curve[:, :2] - across * half)[::-1]]))


def bezier(*corners: tuple[float, float]) -> Points:
    """Return a cubic curve from the first of four points to the last, drawn towards the others."""
    a, b, c, d = (np.array(corner) for corner in corners)
    t = np.linspace(0, 1, 2 * STEPS_PER_SEGMENT)[:, None]
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d


def closed(points: Points, *, hole: bool = False) -> Path:
    """Return an outline that goes against the clock, or a hole, which goes with it: so overlapping parts are filled."""
    from matplotlib.path import Path

    x, y = points.T
    if (np.dot(x, np.roll(y, -1)) < np.dot(y, np.roll(x, -1))) != hole:
        points = points[::-1]
    codes = np.full(len(points) + 1, Path.LINETO, dtype=np.uint8)
    codes[0], codes[-1] = Path.MOVETO, Path.CLOSEPOLY
    return Path(np.vstack([points, points[:1]]), codes)


def ellipse(width: float, height: float, degrees: float, x: float = 0.0, y: float = 0.0) -> Points:
    angle, turn = np.linspace(0, 2 * np.pi, 40, endpoint=False), np.radians(degrees)
    across, up = width / 2 * np.cos(angle), height / 2 * np.sin(angle)
    return np.stack([x + across * np.cos(turn) - up * np.sin(turn), y + across * np.sin(turn) + up * np.cos(turn)], 1)


def joined(*paths: Path) -> Path:
    from matplotlib.path import Path

    return Path.make_compound_path(*paths)


@functools.cache
def head(name: str) -> Path:
    """Return the head of a note value; origin in its middle."""
    if name == "whole":
        return joined(closed(ellipse(WHOLE_WIDTH, 1.0, 0)), closed(ellipse(0.95, 0.6, -50), hole=True))
    if name == "half":
        return joined(closed(ellipse(1.36, 0.9, 22)), closed(ellipse(1.12, 0.44, 32), hole=True))
    return closed(ellipse(1.38, 0.92, 22))


@functools.cache
def cross_head() -> Path:
    """Return the head of a spoken note, a cross; origin in its middle."""
    arm, half = 0.5, 0.085  # from the middle to the ends along x and y, half of the stroke's width
    corner = [(half, 0.0), (arm, arm - half), (arm - half, arm), (0.0, half), (half - arm, arm), (-arm, arm - half)]
    corner += [
        (-half, 0.0),
        (-arm, half - arm),
        (half - arm, -arm),
        (0.0, -half),
        (arm - half, -arm),
        (arm, half - arm),
    ]
    return closed(np.array(corner) * (1.2, 1.0))


@functools.cache
def flag(*, up: bool) -> Path:
    """Return the flag of an eighth; origin at the stem's end. up: of a stem that goes up."""
    outer = bezier((0.0, 0.0), (0.1, -0.95), (1.35, -1.3), (0.72, -3.0))
    inner = bezier((0.72, -3.0), (1.0, -1.95), (0.6, -1.35), (0.0, -1.05))
    return closed(np.vstack([outer, inner]) * (1, 1 if up else -1))


@functools.cache
def dot() -> Path:
    return closed(ellipse(0.46, 0.46, 0))


@functools.cache
def treble_clef() -> Path:
    """Return the G clef; origin on the line of G, in the middle of its loops."""
    curve = brush(
        [
            (-0.12, -0.62, 0.05), (-0.52, -0.12, 0.13), (-0.3, 0.55, 0.17), (0.25, 0.82, 0.26), (0.88, 0.42, 0.3),
            (0.98, -0.32, 0.27), (0.5, -0.95, 0.15), (-0.2, -1.05, 0.12), (-1.0, -0.62, 0.22), (-1.36, 0.2, 0.34),
            (-1.12, 1.15, 0.36), (-0.42, 2.05, 0.34), (0.3, 2.9, 0.3), (0.56, 3.7, 0.24), (0.42, 4.42, 0.16),
            (0.22, 4.62, 0.08), (-0.05, 4.1, 0.12), (-0.1, 3.2, 0.14), (0.1, 1.9, 0.14), (0.36, 0.1, 0.14),
            (0.6, -1.55, 0.14), (0.55, -2.25, 0.15), (0.1, -2.62, 0.14), (-0.38, -2.45, 0.14), (-0.42, -2.2, 0.1),
        ]
    )  # fmt: skip
    return joined(curve, closed(ellipse(0.62, 0.62, 0, -0.3, -2.12)))


@functools.cache
def bass_clef() -> Path:
    """Return the F clef with its dots; origin on the line of F, in the middle."""
    curve = brush(
        [
            (-1.15, 0.15, 0.08), (-1.0, 0.62, 0.14), (-0.35, 0.98, 0.18), (0.4, 0.75, 0.34), (0.66, 0.0, 0.42),
            (0.4, -0.95, 0.34), (-0.25, -1.75, 0.2), (-1.15, -2.4, 0.07),
        ]
    )  # fmt: skip
    ball, dots = (
        closed(ellipse(0.66, 0.66, 0, -0.86, 0.08)),
        [closed(ellipse(0.4, 0.4, 0, 1.3, y)) for y in (0.5, -0.5)],
    )
    return joined(curve, ball, *dots)


@functools.cache
def rest(name: str) -> Path:
    """Return the rest of a note value; origin on the middle line. A whole rest hangs from the line above."""
    if name in ("whole", "half"):
        bottom = 0.5 if name == "whole" else 0.0
        return closed(np.array([(-0.6, bottom), (0.6, bottom), (0.6, bottom + 0.5), (-0.6, bottom + 0.5)]))
    if name == "quarter":
        upper = closed(
            np.array([(-0.38, 1.5), (0.42, 0.55), (0.02, -0.02), (0.46, -0.72), (-0.42, 0.28), (-0.02, 0.85)])
        )
        lower = brush(
            [(0.46, -0.72, 0.04), (0.0, -0.58, 0.3), (-0.36, -0.72, 0.26), (-0.22, -1.15, 0.14), (0.12, -1.5, 0.03)]
        )
        return joined(upper, lower)
    hooks = {"eighth": 1, "16th": 2, "32nd": 3}[name]
    foot, slant = -1.0 - (hooks > 1), 0.3
    parts = []
    for hook in range(hooks):
        y = 0.5 - hook + (hooks > 2)
        x = (y - foot) * slant - 0.3
        parts.append(closed(ellipse(0.52, 0.52, 0, x - 0.62, y)))
        parts.append(brush([(x - 0.66, y - 0.2, 0.1), (x - 0.3, y - 0.24, 0.12), (x, y + 0.14, 0.08)]))
    top = 0.65 + (hooks > 2)
    parts.append(brush([((top - foot) * slant - 0.3, top, 0.12), (-0.3, foot, 0.12)]))
    return joined(*parts)


@functools.cache
def accidental(alter: int) -> Path:
    """Return the sign of an alteration of -2 to 2; origin at its right edge, at the height of its note."""
    strokes: dict[int, list[list[tuple[float, float]]]] = {
        1: [
            [(-0.68, -1.3), (-0.56, -1.3), (-0.56, 1.2), (-0.68, 1.2)],
            [(-0.3, -1.2), (-0.18, -1.2), (-0.18, 1.3), (-0.3, 1.3)],
            [(-0.88, 0.22), (0.0, 0.52), (0.0, 0.82), (-0.88, 0.52)],
            [(-0.88, -0.82), (0.0, -0.52), (0.0, -0.22), (-0.88, -0.52)],
        ],
        0: [
            [(-0.62, -0.75), (-0.5, -0.75), (-0.5, 1.4), (-0.62, 1.4)],
            [(-0.12, -1.4), (0.0, -1.4), (0.0, 0.75), (-0.12, 0.75)],
            [(-0.62, 0.28), (0.0, 0.5), (0.0, 0.78), (-0.62, 0.56)],
            [(-0.62, -0.78), (0.0, -0.56), (0.0, -0.28), (-0.62, -0.5)],
        ],
        2: [
            [(-0.9, -0.45), (-0.78, -0.55), (0.0, 0.45), (-0.12, 0.55)],
            [(-0.9, 0.45), (-0.78, 0.55), (0.0, -0.45), (-0.12, -0.55)],
        ],
    }  # fmt: skip
    if alter in strokes:
        return joined(*(closed(np.array(stroke)) for stroke in strokes[alter]))
    flats = [flat(0.0)] if alter == -1 else [flat(0.0), flat(-0.72)]
    return joined(*flats)


def flat(right: float) -> Path:
    """Return a flat whose right edge lies there."""
    x = right - 0.7
    stem = closed(np.array([(x - 0.06, -0.7), (x + 0.06, -0.7), (x + 0.06, 1.75), (x - 0.06, 1.75)]))
    belly = brush(
        [(x, 0.28, 0.1), (x + 0.4, 0.5, 0.16), (x + 0.62, 0.25, 0.26), (x + 0.4, -0.25, 0.16), (x, -0.66, 0.06)]
    )
    return joined(stem, belly)
