"""Notes on a staff, drawn: heads, stems, beams, flags, dots, rests, ties and slurs. Does not know pages, words or chords."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.music.score import TimeSignature
from engine.output.note_values import pulse_ticks
from engine.output.staff_layout import SPACE, Placed, StaffSystem
from engine.output.staff_shapes import HEAD_WIDTH, accidental, cross_head, dot, flag, head, rest

if TYPE_CHECKING:
    from matplotlib.path import Path

FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}
STEM_SPACES, SHORTEST_STEM = 3.4, 2.6
BEAM_SPACES, BEAM_STEP = 0.5, 0.75
LINE_SPACES, STEM_WIDTH_SPACES = 0.1, 0.13
MIDDLE_STEP = 4
Segment = tuple[tuple[float, float], tuple[float, float]]


@dataclass
class Ink:
    """What is drawn on a page. fills: outlines in pixels. lines: (segment, width in pixels). numbers: (x, y) of a "3"."""

    fills: list[Path] = field(default_factory=list)
    lines: list[tuple[Segment, float]] = field(default_factory=list)
    numbers: list[tuple[float, float]] = field(default_factory=list)

    def stamp(self, shape: Path, x: float, y: float, size: float = SPACE) -> None:
        """Put a shape with its origin at x, y."""
        from matplotlib.transforms import Affine2D

        self.fills.append(shape.transformed(Affine2D().scale(size, -size).translate(x, y)))

    def polygon(self, points: Sequence[tuple[float, float]]) -> None:
        from matplotlib.path import Path

        self.fills.append(Path([*points, points[0]], closed=True))

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float) -> None:
        self.lines.append(((start, end), width))

    def arc(self, start: tuple[float, float], end: tuple[float, float], *, below: bool) -> None:
        """Draw a tie or slur between two points, thicker in its middle."""
        span = end[0] - start[0]
        bow = (1 if below else -1) * min(1.6 * SPACE, 0.5 * SPACE + 0.06 * span)
        t = np.linspace(0, 1, 24)
        x, y = start[0] + span * t, start[1] + (end[1] - start[1]) * t
        shape = 4 * t * (1 - t)
        thick = (1 if below else -1) * 0.2 * SPACE * shape
        upper = list(zip(x, y + bow * np.sqrt(shape) * 0.9, strict=True))
        lower = list(zip(x, y + bow * np.sqrt(shape) * 0.9 + thick, strict=True))
        self.polygon([(float(a), float(b)) for a, b in [*upper, *lower[::-1]]])


def draw_notes(ink: Ink, system: StaffSystem, bottom: float, signature: TimeSignature) -> None:
    """Draw all notes and rests of a system whose lowest line is at y = bottom."""
    for bar in system.bars:
        groups = beamed(bar.pieces, signature)
        up = {id(piece): goes_up for group, goes_up in groups for piece in group}
        for placed in bar.pieces:
            if placed.written.note is None:
                _rest(ink, placed, bottom)
            else:
                _head(ink, placed, bottom)
        for group, goes_up in groups:
            if len(group) > 1:
                _beam(ink, group, bottom, up=goes_up)
            else:
                _stem(ink, group[0], bottom, up=goes_up)
        _triplets(ink, bar.pieces, bottom, up)


def stem_goes_up(step: int) -> bool:
    return step < MIDDLE_STEP


def y_of(step: float, bottom: float) -> float:
    return bottom - step * SPACE / 2


def beamed(pieces: Sequence[Placed], signature: TimeSignature) -> list[tuple[list[Placed], bool]]:
    """Return the notes that have stems in groups of one beam each, with whether their stems go up."""
    groups: list[list[Placed]] = []
    beat_before: int | None = None
    for placed in pieces:
        value = placed.written.piece.value
        beat = placed.written.piece.onset_ticks // pulse_ticks(signature)
        if placed.written.note is None or value is None or value.name == "whole":
            beat_before = None
        elif value.name in FLAGS and beat == beat_before:
            groups[-1].append(placed)
        else:
            groups.append([placed])
            beat_before = beat if value.name in FLAGS else None
    return [(group, _group_goes_up(group)) for group in groups]


def _group_goes_up(group: list[Placed]) -> bool:
    """Let the note that is farthest from the middle line decide; of two that are as far, the lower one."""
    farthest = max(group, key=lambda placed: (abs(placed.step - MIDDLE_STEP), -placed.step))
    return stem_goes_up(farthest.step)


def _head(ink: Ink, placed: Placed, bottom: float) -> None:
    y, value = y_of(placed.step, bottom), placed.written.piece.value
    name = value.name if value is not None else "quarter"
    is_spoken = placed.written.note is not None and placed.written.note.is_spoken
    ink.stamp(cross_head() if is_spoken else head(name), placed.x, y)
    for step in [*range(-2, placed.step - 1, -2), *range(10, placed.step + 1, 2)]:
        half = (1.25 if name == "whole" else 1.05) * SPACE
        ink.line(
            (placed.x - half, y_of(step, bottom)), (placed.x + half, y_of(step, bottom)), LINE_SPACES * SPACE * 1.2
        )
    if placed.alter is not None:
        ink.stamp(accidental(placed.alter), placed.x - 0.95 * SPACE, y)
    if value is not None and value.dots:
        # A dot stands in a space, never on a line.
        ink.stamp(dot(), placed.x + 1.15 * SPACE, y if placed.step % 2 else y - SPACE / 2)


def _rest(ink: Ink, placed: Placed, bottom: float) -> None:
    value = placed.written.piece.value
    name = value.name if value is not None else "whole"
    ink.stamp(rest(name), placed.x, y_of(MIDDLE_STEP, bottom))
    if value is not None and value.dots:
        ink.stamp(dot(), placed.x + 0.95 * SPACE, y_of(MIDDLE_STEP + 1, bottom))


def _stem_x(placed: Placed, *, up: bool) -> float:
    return placed.x + (1 if up else -1) * (HEAD_WIDTH / 2 - STEM_WIDTH_SPACES / 2) * SPACE


def _stem(ink: Ink, placed: Placed, bottom: float, *, up: bool) -> None:
    x, y, side = _stem_x(placed, up=up), y_of(placed.step, bottom), -1 if up else 1
    end = y + side * STEM_SPACES * SPACE
    middle = y_of(MIDDLE_STEP, bottom)
    end = min(end, middle) if up else max(end, middle)  # of a note far off, the stem reaches the middle line
    ink.line((x, y + side * 0.15 * SPACE), (x, end), STEM_WIDTH_SPACES * SPACE)
    value = placed.written.piece.value
    for n in range(FLAGS.get(value.name, 0) if value is not None else 0):
        ink.stamp(flag(up=up), x - 0.06 * SPACE, end - side * n * 0.8 * SPACE)


def _beam(ink: Ink, group: list[Placed], bottom: float, *, up: bool) -> None:
    """Draw stems and beams of a group; the beam follows its notes a little and keeps off every head."""
    side = -1 if up else 1
    xs = [_stem_x(placed, up=up) for placed in group]
    heads = [y_of(placed.step, bottom) for placed in group]
    rise = max(-0.9 * SPACE, min(0.9 * SPACE, (heads[-1] - heads[0]) * 0.45))
    slope = rise / max(1.0, xs[-1] - xs[0])
    along = [slope * (x - xs[0]) for x in xs]
    ends = [y + side * STEM_SPACES * SPACE - a for y, a in zip(heads, along, strict=True)]
    nearest = [y + side * SHORTEST_STEM * SPACE - a for y, a in zip(heads, along, strict=True)]
    base = min(min(nearest), sum(ends) / len(ends)) if up else max(max(nearest), sum(ends) / len(ends))
    counts = [FLAGS[p.written.piece.value.name] if p.written.piece.value else 1 for p in group]
    for x, y, a in zip(xs, heads, along, strict=True):
        ink.line((x, y + side * 0.15 * SPACE), (x, base + a), STEM_WIDTH_SPACES * SPACE)
    for level in range(max(counts)):
        shift = -side * level * BEAM_STEP * SPACE
        for first, last in _runs(counts, level):
            left, right = xs[first], xs[last]
            if first == last:  # a lone 16th has a short beam towards its neighbour
                stub = 1.1 * SPACE
                left, right = (left - stub, left) if first else (left, left + stub)
            ink.polygon(
                _slanted(
                    left, right, base + shift + slope * (left - xs[0]), base + shift + slope * (right - xs[0]), side
                )
            )


def _slanted(left: float, right: float, y_left: float, y_right: float, side: int) -> list[tuple[float, float]]:
    thick, half = -side * BEAM_SPACES * SPACE, STEM_WIDTH_SPACES * SPACE / 2
    return [
        (left - half, y_left),
        (right + half, y_right),
        (right + half, y_right + thick),
        (left - half, y_left + thick),
    ]


def _runs(counts: Sequence[int], level: int) -> list[tuple[int, int]]:
    """Return the first and last of each run of notes that have a beam of this level."""
    runs: list[tuple[int, int]] = []
    for n, count in enumerate(counts):
        if count <= level:
            continue
        if runs and runs[-1][1] == n - 1:
            runs[-1] = (runs[-1][0], n)
        else:
            runs.append((n, n))
    return runs


def _triplets(ink: Ink, pieces: Sequence[Placed], bottom: float, up: dict[int, bool]) -> None:
    """Write a 3 over every group of triplets, with a bracket, above the staff."""
    for group in triplet_groups(pieces):
        steps = [placed.step + (7 if up.get(id(placed), False) else 0) for placed in group]
        y = y_of(max(8, *steps), bottom) - 1.4 * SPACE
        left, right = group[0].x - 0.5 * SPACE, group[-1].x + 0.7 * SPACE
        middle, width = (left + right) / 2, LINE_SPACES * SPACE
        ink.numbers.append((middle, y + 0.35 * SPACE))
        for start, end, corner in ((left, middle - 0.7 * SPACE, left), (right, middle + 0.7 * SPACE, right)):
            ink.line((start, y), (end, y), width)
            ink.line((corner, y), (corner, y + 0.5 * SPACE), width)


def triplet_groups(pieces: Sequence[Placed]) -> list[list[Placed]]:
    """Return the triplets that stand together, cut where they fill whole quarters."""
    groups: list[list[Placed]] = []
    is_open, filled = False, 0
    for placed in pieces:
        value = placed.written.piece.value
        if value is None or not value.is_triplet:
            is_open = False
            continue
        if not is_open:
            groups.append([])
            filled = 0
        groups[-1].append(placed)
        filled += placed.written.piece.duration_ticks
        is_open = filled % 480 != 0
    return groups


def draw_bows(ink: Ink, system: StaffSystem, bottom: float, signature: TimeSignature) -> None:
    """Draw ties and slurs, on the side of the heads; what goes on in another system ends or begins at the edge."""
    up = {id(p): goes_up for bar in system.bars for group, goes_up in beamed(bar.pieces, signature) for p in group}
    left, right = system.pieces[0].x - 2.4 * SPACE, system.bars[-1].right
    pieces = system.pieces
    for n, placed in enumerate(pieces):
        written, below = placed.written, up.get(id(placed), stem_goes_up(placed.step))
        if written.note is None:
            continue
        y = y_of(placed.step, bottom) + (0.75 if below else -0.75) * SPACE
        if not written.is_last:
            end = pieces[n + 1].x - 0.55 * SPACE if n + 1 < len(pieces) else right
            ink.arc((placed.x + 0.55 * SPACE, y), (end, y), below=below)
        if n == 0 and not written.is_first:
            ink.arc((left, y), (placed.x - 0.55 * SPACE, y), below=below)
    for first, last in slurs(pieces):
        seen = first or last
        assert seen is not None
        below = up.get(id(seen), stem_goes_up(seen.step))
        side = (0.95 if below else -0.95) * SPACE
        start = (first.x, y_of(first.step, bottom) + side) if first else None
        stop = (last.x, y_of(last.step, bottom) + side) if last else None
        if start or stop:
            ink.arc(start or (left, stop[1] if stop else 0), stop or (right, start[1] if start else 0), below=below)


def slurs(pieces: Sequence[Placed]) -> list[tuple[Placed | None, Placed | None]]:
    """Return where each slur of a system starts and stops; None for an end that is in another system."""
    found: list[tuple[Placed | None, Placed | None]] = []
    opened: Placed | None = None
    for placed in pieces:
        if placed.written.slur == "start":
            opened = placed
        elif placed.written.slur == "stop":
            found.append((opened, placed))
            opened = None
    return [*found, (opened, None)] if opened is not None else found
