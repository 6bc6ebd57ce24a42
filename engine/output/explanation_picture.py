"""An explanation as one page: the form on a time line, the chords with their numerals, one verse with rhymes and stresses.

Draws what it is given and knows nothing of how it was found.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.output.picture import (
    BAR_LINE,
    FACTS_PIXELS,
    FAINT_INK,
    INK,
    PANEL,
    PAPER,
    PIXELS_PER_INCH,
    accent,
    fitted_title,
    printed_chord,
    width_of,
    write,
)
from engine.output.picture_layout import LEFT, RIGHT, TITLE_HEIGHT, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = WIDTH - LEFT - RIGHT
HEADING, FORM_HEIGHT, CHORDS_HEIGHT, LINE_HEIGHT, GAP, BOTTOM = 44, 96, 104, 92, 26, 40
MOST_ROWS_OF_CHORDS, MOST_CHORDS, MOST_LINES = 5, 12, 8
WORDS_PIXELS, SMALLEST_WORDS_PIXELS, RHYME_ROOM = 30.0, 18.0, 70.0
RHYME_COLOURS = {"A": "#d9694a", "B": "#3d7ea6", "C": "#4f9a72", "D": "#8f6bb3", "E": "#c79a3b", "F": "#b05f86"}


@dataclass(frozen=True)
class Block:
    """A part of the form. size: how wide beside the others, its bars or lines. note: under its label ("8 bars")."""

    label: str
    size: int
    note: str


@dataclass(frozen=True)
class ChordRow:
    """The chords of a section: (symbol, numeral) each."""

    label: str
    chords: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SpokenSyllable:
    """A syllable as it is spoken and sung. beat: "1", "2" ... where it begins on a beat, "" elsewhere or without music."""

    text: str
    is_stressed: bool
    is_word_end: bool
    beat: str = ""
    is_strong_beat: bool = False


@dataclass(frozen=True)
class SpokenLine:
    """rhyme: its letter, "X" where it has no partner."""

    syllables: tuple[SpokenSyllable, ...]
    rhyme: str


@dataclass(frozen=True)
class ExplanationPage:
    """What is drawn; an empty part is left out. facts: key, time signature and tempo in a line, "" for words alone."""

    title: str
    facts: str
    form: tuple[Block, ...]
    chords: tuple[ChordRow, ...]
    verse_label: str
    verse: tuple[SpokenLine, ...]

    @property
    def height(self) -> int:
        """How high the page is, in pixels; at most 1500."""
        parts = [FORM_HEIGHT] if self.form else []
        parts += [CHORDS_HEIGHT * min(len(self.chords), MOST_ROWS_OF_CHORDS)] if self.chords else []
        parts += [LINE_HEIGHT * min(len(self.verse), MOST_LINES)] if self.verse else []
        return TITLE_HEIGHT + sum(HEADING + part + GAP for part in parts) + BOTTOM


def explanation_png(page: ExplanationPage) -> bytes:
    """Return a PNG, 1600 pixels wide and at most 1500 high; the same bytes each time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / PIXELS_PER_INCH, page.height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, WIDTH), ylim=(page.height, 0))
    axes.set_axis_off()
    figure.set_facecolor(PAPER)
    _draw_title(axes, page)
    top = float(TITLE_HEIGHT)
    if page.form:
        top = _draw_form(axes, page.form, _heading(axes, top, "Form"))
    if page.chords:
        top = _draw_chords(
            axes,
            page.chords[:MOST_ROWS_OF_CHORDS],
            _heading(axes, top, "Chords, and the step of the scale each stands on"),
        )
    if page.verse:
        told = "Rhyme and stress" + (f": {page.verse_label.lower()}" if page.verse_label else "")
        _draw_verse(axes, page.verse[:MOST_LINES], _heading(axes, top, told))
    file = io.BytesIO()
    canvas.print_png(file, metadata={"Software": None})  # matplotlib would write its version
    return file.getvalue()


def _draw_title(axes: Axes, page: ExplanationPage) -> None:
    write(axes, WIDTH - RIGHT, 62, page.facts, pixels=FACTS_PIXELS, colour=FAINT_INK, align="right")
    title, pixels = fitted_title(page.title, ROOM - 40 - width_of(page.facts, FACTS_PIXELS))
    write(axes, LEFT, 62, title, pixels=pixels, weight="bold")
    axes.plot((LEFT, WIDTH - RIGHT), (TITLE_HEIGHT - 20,) * 2, color=BAR_LINE, linewidth=1.2)


def _heading(axes: Axes, top: float, text: str) -> float:
    """Write the heading of a part and return where what it heads begins."""
    write(axes, LEFT, top + 24, text, pixels=22, colour=FAINT_INK)
    return top + HEADING


def _draw_form(axes: Axes, blocks: Sequence[Block], top: float) -> float:
    """Draw the sections as blocks as wide as they are long; a label that does not fit is cut."""
    total = sum(max(1, block.size) for block in blocks)
    x = float(LEFT)
    for block in blocks:
        width = ROOM * max(1, block.size) / total
        _box(axes, x, top, width - 4, FORM_HEIGHT, accent(block.label))
        _fitted(axes, x + 10, top + 42, block.label, width - 22, 24, PAPER, "bold")
        if width_of(block.note, 14) <= width - 22:  # half a number would mislead
            _fitted(axes, x + 10, top + 74, block.note, width - 22, 20, PAPER)
        x += width
    return top + FORM_HEIGHT + GAP


def _draw_chords(axes: Axes, rows: Sequence[ChordRow], top: float) -> float:
    label_room = 190.0 if any(row.label for row in rows) else 0.0
    most = min(MOST_CHORDS, max(len(row.chords) for row in rows))
    width = min(190.0, (ROOM - label_room) / most)
    for number, row in enumerate(rows):
        y = top + number * CHORDS_HEIGHT
        _fitted(axes, LEFT, y + 50, row.label, label_room - 14, 22, accent(row.label), "bold")
        for place, (symbol, numeral) in enumerate(row.chords[:MOST_CHORDS]):
            x = LEFT + label_room + place * width
            _box(axes, x, y, width - 8, CHORDS_HEIGHT - 14, PANEL)
            _fitted(axes, x + 12, y + 40, printed_chord(symbol), width - 28, 30, INK, "bold")
            _fitted(axes, x + 12, y + 76, printed_chord(numeral), width - 28, 24, accent(row.label))
        if len(row.chords) > MOST_CHORDS:
            write(axes, LEFT + label_room + most * width, y + 50, "…", pixels=26, colour=FAINT_INK)
    return top + len(rows) * CHORDS_HEIGHT + GAP


def _draw_verse(axes: Axes, lines: Sequence[SpokenLine], top: float) -> None:
    """Draw each line with a mark over each stressed syllable, the beats under it, and its rhyme letter at its end."""
    pixels = min(
        WORDS_PIXELS,
        *(WORDS_PIXELS * (ROOM - RHYME_ROOM) / max(1.0, _line_width(line, WORDS_PIXELS)) for line in lines),
    )
    pixels = max(SMALLEST_WORDS_PIXELS, pixels)
    for number, line in enumerate(lines):
        y = top + number * LINE_HEIGHT + 46
        x = float(LEFT)
        for syllable in line.syllables:
            weight = "bold" if syllable.is_stressed else "regular"
            width = width_of(_printed(syllable), pixels, weight=weight)
            if x + width > WIDTH - RIGHT - RHYME_ROOM:
                write(axes, x, y, "…", pixels=pixels, colour=FAINT_INK)
                break
            write(axes, x, y, _printed(syllable), pixels=pixels, weight=weight)
            middle = x + width_of(syllable.text, pixels, weight=weight) / 2
            if syllable.is_stressed:
                axes.plot((middle - 5, middle + 5), (y - pixels + 0, y - pixels - 9), color=INK, linewidth=2.0)
            if syllable.beat:
                colour = INK if syllable.is_strong_beat else FAINT_INK
                write(axes, middle, y + 26, syllable.beat, pixels=17, colour=colour, align="center",
                      weight="bold" if syllable.is_strong_beat else "regular")  # fmt: skip
            x += width + (pixels * 0.32 if syllable.is_word_end else 3)
        colour = RHYME_COLOURS.get(line.rhyme, FAINT_INK)
        write(axes, WIDTH - RIGHT - 20, y, line.rhyme, pixels=32, colour=colour, weight="bold", align="center")


def _line_width(line: SpokenLine, pixels: float) -> float:
    """Return about how wide a line is; bold syllables are measured as such."""
    widths = (width_of(_printed(s), pixels, weight="bold" if s.is_stressed else "regular") for s in line.syllables)
    return sum(widths) + sum(pixels * 0.32 if s.is_word_end else 3 for s in line.syllables)


def _printed(syllable: SpokenSyllable) -> str:
    return syllable.text if syllable.is_word_end else syllable.text.rstrip("-") + "-"


def _box(axes: Axes, x: float, y: float, width: float, height: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, y), max(1.0, width), height, facecolor=colour, linewidth=0))


def _fitted(
    axes: Axes, x: float, y: float, text: str, room: float, pixels: float, colour: str, weight: str = "regular"
) -> None:
    """Write a text no wider than `room` pixels: smaller down to half its size, and then cut; nothing where no letter fits."""
    size = pixels
    while size > pixels * 0.6 and width_of(text, size, weight=weight) > room:
        size -= 1
    while text and width_of(text, size, weight=weight) > room:
        text = text[:-1]
    if text:
        write(axes, x, y, text, pixels=size, colour=colour, weight=weight)
