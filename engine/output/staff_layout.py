"""Where the notes of a lead sheet stand on staves: which bars make a system, how far apart notes are, on which line.

Lengths are pixels of a page 1600 wide, steps are staff positions counted from the lowest line (0) up, two to a space.
Does not know shapes, beams or how anything is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from engine.music.lead_sheet import LeadSheet, bare, goes_on
from engine.music.theory import Key
from engine.output.musicxml_harmony import ALTERATIONS
from engine.output.notation import BASS, TENOR, Clef, Written, WrittenBar, clef_of, written_bars

PAGE_WIDTH, MARGIN = 1600, 60
SPACE = 15.0  # between two lines of a staff
WORDS_PIXELS, CHORD_PIXELS = 25.0, 27.0
WORD_GAP, HYPHEN_ROOM, CHORD_GAP = 11.0, 20.0, 14.0
MOST_BARS = 4
LARGEST_STRETCH = 1.7  # of a last line that is short; others fill the page
LARGEST_SQUEEZE = 1.06  # how much wider than the page a line may be by its natural spacing
LETTERS = "CDEFGAB"
SHARP_LETTERS = "FCGDAEB"
SHORTEST_ADVANCE, GROWTH = 2.0, 1.28  # spaces after a 16th, and how much more after twice its length

Measure = Callable[[str], float]  # the width of a text in pixels


@dataclass(frozen=True)
class Placed:
    """A written piece. x: of its head's middle. step: of its head; 4 for a rest. alter: of the sign before it, or None."""

    written: Written
    x: float
    step: int
    alter: int | None = None


@dataclass(frozen=True)
class PlacedBar:
    """left, right: where its bar lines stand. ends: what the right one says."""

    bar: WrittenBar
    left: float
    right: float
    pieces: tuple[Placed, ...]
    ends_section: bool = False
    ends_song: bool = False

    def x_of(self, tick: int) -> float:
        """Return where a tick stands: at the note that begins there, or in between."""
        places = [(p.written.piece.onset_ticks, p.x) for p in self.pieces]
        if len(places) == 1 and self.pieces[0].written.note is None:
            places = [(self.bar.onset_ticks, self.left + 1.6 * SPACE)]
        places.append((self.bar.end_ticks, self.right))
        for (start, x), (end, after) in pairwise(places):
            if start <= tick < end:
                return x + (after - x) * (tick - start) / (end - start)
        return places[0][1]


@dataclass(frozen=True)
class StaffSystem:
    """One row. head_room, foot_room: spaces needed above the staff and from its lowest line down to the words."""

    bars: tuple[PlacedBar, ...]
    is_first: bool
    head_room: float
    foot_room: float

    @property
    def label(self) -> str:
        return next((bar.bar.label for bar in self.bars if bar.bar.label), "")

    @property
    def pieces(self) -> list[Placed]:
        return [piece for bar in self.bars for piece in bar.pieces]


def lay_out_staves(sheet: LeadSheet, words_width: Measure, chord_width: Measure) -> list[StaffSystem]:
    """Return the systems of the whole sheet, in order; every section begins one."""
    key, bars = Key.parse(sheet.key_name), written_bars(sheet)
    clef = clef_of(sheet)
    contents = [_spelled(bar, key, clef) for bar in bars]
    systems: list[StaffSystem] = []
    for section in _sections(bars):
        last = section[-1] == len(bars) - 1
        rows = _rows([contents[n] for n in section], [bars[n] for n in section], sheet, words_width, chord_width)
        for number, row in enumerate(rows):
            left = MARGIN + _margin(sheet, is_first=not systems)
            is_short = len(row.bars) < MOST_BARS and number == len(rows) - 1
            placed = _spread(row, left, stretch=LARGEST_STRETCH if is_short else math.inf)
            if number == len(rows) - 1:
                placed[-1] = replace(placed[-1], ends_section=True, ends_song=last)
            systems.append(_system(placed, is_first=not systems))
    return systems


def key_signature(key: Key) -> list[str]:
    """Return the letters that have a sharp or a flat, in the order in which they are written."""
    return list(SHARP_LETTERS[: key.fifths]) if key.fifths > 0 else list(SHARP_LETTERS[::-1][: -key.fifths])


def lowest_line(clef: Clef) -> int:
    """Return what the lowest line stands for, in steps from C0: E4 in the treble clef, G2 in the bass clef."""
    return 7 * 2 + 4 if clef == BASS else 7 * (3 if clef == TENOR else 4) + 2


def _margin(sheet: LeadSheet, *, is_first: bool) -> float:
    """Return the room for clef, key signature and, in the first system, time signature."""
    signs = len(key_signature(Key.parse(sheet.key_name)))
    return SPACE * (3.8 + signs + (0.4 if signs else 0) + (2.4 if is_first else 0))


def _spelled(bar: WrittenBar, key: Key, clef: Clef) -> list[Placed]:
    """Return the pieces of a bar with their steps and with the signs that key and bar do not yet say; x is still 0."""
    signed = key_signature(key)
    said: dict[int, int] = {}
    placed = []
    for written in bar.pieces:
        if written.note is None:
            placed.append(Placed(written, 0.0, 4))
            continue
        name = key.spell(written.note.pitch % 12)
        alter = ALTERATIONS[name[1:]]
        height = 7 * ((written.note.pitch - alter) // 12 - 1) + LETTERS.index(name[0])
        known = said.get(height, (1 if key.fifths > 0 else -1) * (name[0] in signed))
        shown = alter if written.is_first and alter != known else None
        if shown is not None:
            said[height] = alter
        placed.append(Placed(written, 0.0, height - lowest_line(clef), shown))
    return placed


def _sections(bars: Sequence[WrittenBar]) -> list[list[int]]:
    """Return the numbers of the bars of each section; a pickup goes with what follows."""
    sections: list[list[int]] = []
    for n, bar in enumerate(bars):
        if not sections or (bar.label and not (n == 1 and bars[0].number == 0)):
            sections.append([])
        sections[-1].append(n)
    return sections


@dataclass(frozen=True)
class _Row:
    """Bars with their natural places: xs of the pieces, and the right end of each bar, from 0."""

    bars: list[WrittenBar]
    contents: list[list[Placed]]
    xs: list[list[float]]
    ends: list[float]


def _rows(
    contents: list[list[Placed]], bars: list[WrittenBar], sheet: LeadSheet, words_width: Measure, chord_width: Measure
) -> list[_Row]:
    """Return a section in rows of four bars, or of fewer where those would not fit."""
    room = PAGE_WIDTH - 2 * MARGIN - _margin(sheet, is_first=True)
    for most in (4, 2, 1) if len(bars) % MOST_BARS == 0 else (4, 3, 2, 1):  # phrases have four bars, or two
        first = most + (bars[0].number == 0)
        cuts = [0, *range(first, len(bars), most), len(bars)]
        cuts = sorted(set(cuts))
        rows = [_natural(contents[a:b], bars[a:b], words_width, chord_width) for a, b in pairwise(cuts)]
        if most == 1 or all(row.ends[-1] <= room * LARGEST_SQUEEZE for row in rows):
            return rows
    raise AssertionError("a row of one bar is always taken")


def _natural(contents: list[list[Placed]], bars: list[WrittenBar], words_width: Measure, chord_width: Measure) -> _Row:
    """Space the notes by their lengths, and further where words, chords or accidentals would touch."""
    xs: list[list[float]] = []
    ends: list[float] = []
    now, word_end, chord_end, gap = 0.0, -math.inf, -math.inf, WORD_GAP
    for bar, inside in zip(bars, contents, strict=True):
        now += 1.0 * SPACE
        places = []
        for placed in inside:
            head = now + SPACE * (0.7 + (1.1 if placed.alter is not None else 0.0))
            syllable = placed.written.note.syllable if placed.written.note and placed.written.is_first else None
            if syllable is not None:
                width = words_width(bare(syllable))
                head = max(head, word_end + gap + width / 2)
                word_end, gap = head + width / 2, HYPHEN_ROOM if goes_on(syllable) else WORD_GAP
            start, end = placed.written.piece.onset_ticks, placed.written.piece.onset_ticks
            end += placed.written.piece.duration_ticks
            symbols = [symbol for at, symbol in bar.chords if start <= at < end]
            if symbols:
                head = max(head, chord_end + CHORD_GAP + 0.6 * SPACE)
                chord_end = head - 0.6 * SPACE + sum(chord_width(symbol) + CHORD_GAP for symbol in symbols) - CHORD_GAP
            places.append(head)
            now = head + SPACE * advance(placed.written.piece.duration_ticks, dotted=_dots(placed.written) > 0)
            now = max(now, chord_end if len(symbols) > 1 else 0.0)
        ends.append(now)
        xs.append(places)
    ends[-1] = max(ends[-1], word_end + WORD_GAP, chord_end)
    return _Row(bars, contents, xs, ends)


def advance(duration_ticks: int, *, dotted: bool = False) -> float:
    """Return the spaces from a head to what follows it: more for longer notes, but by far not in proportion."""
    longer = SHORTEST_ADVANCE * GROWTH ** math.log2(max(duration_ticks, 60) / 120)
    return max(longer, SHORTEST_ADVANCE + 0.6 if dotted else 0.0)


def _dots(written: Written) -> int:
    return written.piece.value.dots if written.piece.value is not None else 0


def _spread(row: _Row, left: float, *, stretch: float) -> list[PlacedBar]:
    """Return the bars of a row stretched over the page, by at most so much."""
    factor = min((PAGE_WIDTH - MARGIN - left) / row.ends[-1], stretch)
    placed = []
    start = left
    for bar, inside, xs, end in zip(row.bars, row.contents, row.xs, row.ends, strict=True):
        right = left + end * factor
        pieces = [replace(piece, x=left + x * factor) for piece, x in zip(inside, xs, strict=True)]
        if len(pieces) == 1 and pieces[0].written.note is None:  # a silent bar has its rest in the middle
            pieces = [replace(pieces[0], x=(start + right) / 2)]
        placed.append(PlacedBar(bar, start, right, tuple(pieces)))
        start = right
    return placed


def _system(bars: list[PlacedBar], *, is_first: bool) -> StaffSystem:
    pieces = [piece for bar in bars for piece in bar.pieces if piece.written.note is not None]
    steps = [piece.step for piece in pieces] or [4]
    # A stem that goes up from below the middle line ends 3.5 spaces above its head; one that goes down likewise below.
    stems_up = [step + 7 for step in steps if step < 4]
    stems_down = [step - 7 for step in steps if step >= 4]
    bowed = [
        p.step - 4 for p in pieces if p.step < 4 and (p.written.slur or not (p.written.is_first and p.written.is_last))
    ]
    brackets = [max(8, p.step, p.step + 7 if p.step < 4 else 0) + 4 for p in pieces if _is_triplet(p.written)]
    signs = [p.step + 2 for p in pieces if p.alter is not None]
    top, bottom = max([8, *steps, *stems_up, *brackets, *signs]), min([0, *steps, *stems_down, *bowed])
    return StaffSystem(tuple(bars), is_first, (top - 8) / 2 + 1.2, -bottom / 2 + 2.6)


def _is_triplet(written: Written) -> bool:
    return written.piece.value is not None and written.piece.value.is_triplet
