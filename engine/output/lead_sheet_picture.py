"""A lead sheet as pages of staff notation: PNG pictures or one PDF. Does not know where notes stand (see staff_layout)."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import Cancelled
from engine.music.lead_sheet import LeadSheet, bare, goes_on
from engine.music.theory import Key
from engine.output.notation import BASS, TENOR, clef_of, metronome_mark
from engine.output.picture import PIXELS_PER_INCH, POINTS_PER_PIXEL, fitted_title, printed_chord, width_of, write
from engine.output.staff_drawing import LINE_SPACES, Ink, draw_bows, draw_notes, y_of
from engine.output.staff_layout import (
    CHORD_PIXELS,
    LETTERS,
    MARGIN,
    PAGE_WIDTH,
    SPACE,
    WORDS_PIXELS,
    StaffSystem,
    key_signature,
    lay_out_staves,
)
from engine.output.staff_shapes import accidental, bass_clef, dot, head, treble_clef

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAPER, INK, FAINT = "#fffefb", "#15181f", "#6d7078"
PAGE_HEIGHT = 2000  # Discord shrinks what is higher until it cannot be read
MOST_PAGES = 8
TITLE_HEIGHT, FOOTER = 150, 50
LABEL_ROOM, CHORD_ROOM, SYSTEM_GAP = 34.0, 44.0, 26.0
NUMBER_PIXELS, LABEL_PIXELS, FACTS_PIXELS = 17.0, 22.0, 22.0
# Where sharps and flats of key signatures stand in the treble clef, in steps; in the bass clef two lower.
SHARP_STEPS = {"F": 8, "C": 5, "G": 9, "D": 6, "A": 3, "E": 7, "B": 4}
FLAT_STEPS = {"B": 4, "E": 7, "A": 3, "D": 6, "G": 2, "C": 5, "F": 1}


@dataclass(frozen=True)
class Page:
    """Systems with the y of their lowest lines. height: in pixels, as far as there is something on it."""

    systems: tuple[tuple[StaffSystem, float], ...]
    height: float
    number: int


def lead_sheet_pngs(sheet: LeadSheet, cancelled: Callable[[], bool] = lambda: False) -> list[bytes]:
    """Return a PNG for each page, 1600 pixels wide and at most 2000 high; the same bytes each time.

    A sheet of more than eight pages ends with the eighth. cancelled: asked before each page; Cancelled if it says so.
    """
    files = []
    for page in pages_of(sheet):
        if cancelled():
            raise Cancelled("the song was taken back")
        file = io.BytesIO()
        # Software is None: matplotlib would write its version.
        drawn_page(sheet, page, page.height).savefig(file, format="png", metadata={"Software": None})
        files.append(file.getvalue())
    return files


def lead_sheet_pdf(sheet: LeadSheet, cancelled: Callable[[], bool] = lambda: False) -> bytes:
    """Return all pages, of one size, as a PDF to be printed; the same bytes each time."""
    from matplotlib.backends.backend_pdf import PdfPages

    file = io.BytesIO()
    facts = {"Title": sheet.title, "Creator": "Songwright", "Producer": None, "CreationDate": None}
    with PdfPages(file, metadata=facts) as pdf:
        for page in pages_of(sheet):
            if cancelled():
                raise Cancelled("the song was taken back")
            pdf.savefig(drawn_page(sheet, page, PAGE_HEIGHT))
    return file.getvalue()


def pages_of(sheet: LeadSheet) -> list[Page]:
    """Return the systems from top to bottom, page by page."""
    systems = lay_out_staves(
        sheet,
        lambda text: width_of(text, WORDS_PIXELS),
        lambda symbol: width_of(printed_chord(symbol), CHORD_PIXELS, "bold"),
    )
    pages: list[Page] = []
    placed: list[tuple[StaffSystem, float]] = []
    top = float(TITLE_HEIGHT)
    for system in systems:
        above = (LABEL_ROOM if system.label else 0) + CHORD_ROOM + system.head_room * SPACE + 4 * SPACE
        below = (system.foot_room * SPACE if sheet.is_sung else (system.foot_room - 1.6) * SPACE) + SYSTEM_GAP
        if placed and top + above + below > PAGE_HEIGHT - FOOTER:
            pages.append(Page(tuple(placed), top + FOOTER, len(pages) + 1))
            placed, top = [], 70.0
        placed.append((system, top + above))
        top += above + below
    return [*pages, Page(tuple(placed), top + FOOTER, len(pages) + 1)][:MOST_PAGES]


def drawn_page(sheet: LeadSheet, page: Page, height: float) -> Figure:
    """Return a figure of the page; height: of the paper, in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(PAGE_WIDTH / PIXELS_PER_INCH, round(height) / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, PAGE_WIDTH), ylim=(round(height), 0))
    axes.set_axis_off()
    figure.set_facecolor(PAPER)
    ink = Ink()
    if page.number == 1:
        draw_title(axes, ink, sheet)
    else:
        write(axes, PAGE_WIDTH - MARGIN, 40, str(page.number), pixels=FACTS_PIXELS, colour=FAINT, align="right")
    goes_over = False
    for system, bottom in page.systems:
        draw_staff(axes, ink, sheet, system, bottom)
        draw_notes(ink, system, bottom, sheet.time_signature)
        draw_bows(ink, system, bottom, sheet.time_signature)
        draw_chords(axes, sheet, system, bottom)
        if sheet.is_sung:
            goes_over = draw_words(axes, ink, system, bottom, goes_over=goes_over)
    put_down(axes, ink)
    return figure


def draw_title(axes: Axes, ink: Ink, sheet: LeadSheet) -> None:
    title, pixels = fitted_title(sheet.title, PAGE_WIDTH - 2 * MARGIN)
    write(axes, PAGE_WIDTH / 2, 72, title, pixels=pixels, colour=INK, weight="bold", align="center")
    beat, per_minute = metronome_mark(sheet)
    x, y = MARGIN + 8.0, 122.0
    ink.stamp(head(beat.name), x, y - 6, size=11)
    ink.line((x + 6.6, y - 8), (x + 6.6, y - 42), 1.6)
    if beat.dots:
        ink.stamp(dot(), x + 15, y - 8, size=11)
    write(axes, x + 24, y, f"= {round(per_minute)}", pixels=FACTS_PIXELS, colour=INK)
    facts = printed_chord(sheet.key_name)
    write(axes, PAGE_WIDTH - MARGIN, y, facts, pixels=FACTS_PIXELS, colour=FAINT, align="right")


def draw_staff(axes: Axes, ink: Ink, sheet: LeadSheet, system: StaffSystem, bottom: float) -> None:
    """Draw lines, clef, signatures, bar lines, bar number and section name of a system."""
    right, width = system.bars[-1].right, LINE_SPACES * SPACE
    for step in range(0, 9, 2):
        ink.line((MARGIN, y_of(step, bottom)), (right, y_of(step, bottom)), width)
    clef, key = clef_of(sheet), Key.parse(sheet.key_name)
    if clef == BASS:
        ink.stamp(bass_clef(), MARGIN + 1.9 * SPACE, y_of(6, bottom))
    else:
        ink.stamp(treble_clef(), MARGIN + 1.9 * SPACE, y_of(2, bottom))
    if clef == TENOR:
        write(axes, MARGIN + 1.9 * SPACE, bottom + 3.3 * SPACE, "8", pixels=17, colour=INK, align="center")
    x = MARGIN + 3.7 * SPACE
    steps, alter = (SHARP_STEPS, 1) if key.fifths > 0 else (FLAT_STEPS, -1)
    for letter in key_signature(key):
        x += SPACE
        ink.stamp(accidental(alter), x, y_of(steps[letter] - (2 if clef == BASS else 0), bottom))
    if system.is_first:
        for number, y in ((sheet.time_signature.numerator, 2), (sheet.time_signature.denominator, 0)):
            place = y_of(2 * y + 0.35, bottom)
            pixels = 2.62 * SPACE
            write(axes, x + 1.6 * SPACE, place, str(number), pixels=pixels, colour=INK, weight="bold", align="center")
    for bar in system.bars:
        draw_bar_line(ink, bar.right, bottom, is_double=bar.ends_section, is_final=bar.ends_song)
    above = y_of(8, bottom) - system.head_room * SPACE - CHORD_ROOM
    if system.bars[0].bar.number > 1:
        write(
            axes,
            MARGIN,
            y_of(8, bottom) - 1.9 * SPACE,
            str(system.bars[0].bar.number),
            pixels=NUMBER_PIXELS,
            colour=FAINT,
        )
    if system.label:
        box = {"boxstyle": "square,pad=0.28", "facecolor": "none", "edgecolor": INK, "linewidth": 1.1}
        write(axes, MARGIN + 6, above - 6, system.label, pixels=LABEL_PIXELS, colour=INK, weight="bold").set_bbox(box)


def draw_bar_line(ink: Ink, x: float, bottom: float, *, is_double: bool, is_final: bool) -> None:
    top, thin = y_of(8, bottom), 0.16 * SPACE
    places = [(x - 0.25 * SPACE, 0.5 * SPACE), (x - 0.9 * SPACE, thin)] if is_final else [(x, thin)]
    places += [(x - 0.5 * SPACE, thin)] if is_double and not is_final else []
    for place, width in places:
        ink.line((place, bottom + 0.5 * LINE_SPACES * SPACE), (place, top - 0.5 * LINE_SPACES * SPACE), width)


def draw_chords(axes: Axes, sheet: LeadSheet, system: StaffSystem, bottom: float) -> None:
    """Write the chord symbols of a system on one line, none over the one before."""
    y = y_of(8, bottom) - system.head_room * SPACE
    free = 0.0
    for bar in system.bars:
        for tick, symbol in bar.bar.chords:
            text = printed_chord(symbol) if symbol[:1] in LETTERS else symbol
            x = max(free, bar.x_of(tick) - 0.6 * SPACE)
            write(axes, x, y, text, pixels=CHORD_PIXELS, colour=INK, weight="bold")
            free = x + width_of(text, CHORD_PIXELS, "bold") + 10


def draw_words(axes: Axes, ink: Ink, system: StaffSystem, bottom: float, *, goes_over: bool) -> bool:
    """Write the syllables under their notes, hyphens between them, and a line where the end of a word is held.

    goes_over: whether a line comes in from the system before. Return whether one goes on in the next.
    """
    y, left, right = bottom + system.foot_room * SPACE, system.pieces[0].x - SPACE, system.bars[-1].right
    written_to, within_word, held = left, False, goes_over
    for placed in system.pieces:
        note = placed.written.note
        if note is None:
            held = held and not placed.written.is_first
            continue
        if not placed.written.is_first or note.syllable is None:
            end = placed.x + 0.6 * SPACE
            if held and end > written_to + SPACE:
                ink.line((written_to + 4, y), (end, y), 1.5)
                written_to = end - 4
            continue
        text = bare(note.syllable)
        start = placed.x - width_of(text, WORDS_PIXELS) / 2
        if within_word:
            hyphens(axes, written_to, start, y)
        write(axes, start, y, text, pixels=WORDS_PIXELS, colour=INK)
        written_to = start + width_of(text, WORDS_PIXELS)
        within_word = goes_on(note.syllable)
        held = not within_word and (placed.written.goes_on or not placed.written.is_last)
    if within_word:
        hyphens(axes, written_to, right, y)
    last = system.pieces[-1].written
    return held and last.note is not None and (last.goes_on or not last.is_last)


def hyphens(axes: Axes, start: float, end: float, y: float) -> None:
    """Write one hyphen in the middle of a gap, or more in a wide one."""
    count = max(1, round((end - start) / 160))
    for n in range(count):
        x = start + (end - start) * (n + 0.5) / count
        write(axes, x, y, "-", pixels=WORDS_PIXELS, colour=INK, align="center")


def put_down(axes: Axes, ink: Ink) -> None:
    """Draw all shapes and lines of a page at once."""
    from matplotlib.collections import LineCollection, PathCollection

    axes.add_collection(PathCollection(ink.fills, facecolors=INK, linewidths=0), autolim=False)
    segments, widths = [line for line, _ in ink.lines], [width * POINTS_PER_PIXEL for _, width in ink.lines]
    axes.add_collection(LineCollection(segments, colors=INK, linewidths=widths, capstyle="butt"), autolim=False)
    for x, y in ink.numbers:
        write(axes, x, y, "3", pixels=17, colour=INK, weight="bold", align="center")
