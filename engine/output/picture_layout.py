"""Where the rows of a song's picture lie: which bars stand in which row, and what a tick and a pitch are in pixels.

Does not know how anything is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from engine.music.lead_sheet import LeadSheet, SectionSpan, SungNote

# Discord shows a picture as high as it likes at first sight, so a tall one becomes too small to read.
WIDTH, PREFERRED_HEIGHT, LARGEST_HEIGHT = 1600, 1450, 2000
LEFT, RIGHT = 48, 48
TITLE_HEIGHT, BOTTOM = 104, 40
LABEL_HEIGHT, CHORD_HEIGHT, MELODY_HEIGHT, WORDS_HEIGHT, BAND_HEIGHT, ROW_GAP = 36, 40, 124, 40, 44, 20
PITCH_STEP = 9.0  # largest height of a semitone
BARS_PER_ROW = (8, 6, 4, 3, 2)
WORDS_PIXELS, SMALLEST_WORDS_PIXELS = 26.0, 22.0
CHARACTER_WIDTH = 0.58  # of the words' size, for lower-case letters on average
LARGEST_CROWDED_SHARE = 0.3
DRUM_PITCHES, BAND_PITCHES = (35, 60), (28, 84)


@dataclass(frozen=True)
class System:
    """One row of the picture. Ticks from onset_ticks to end_ticks are spread over row_ticks of full width.

    top: pixels from the top of the picture. lowest, highest: pitches of the section's melody.
    """

    label: str
    is_first_of_section: bool
    top: float
    onset_ticks: int
    end_ticks: int
    row_ticks: int
    lowest: int
    highest: int
    is_sung: bool
    words_pixels: float

    @property
    def height(self) -> float:
        return self.band_top + BAND_HEIGHT + ROW_GAP - self.top

    @property
    def chord_top(self) -> float:
        return self.top + (LABEL_HEIGHT if self.is_first_of_section else 0)

    @property
    def roll_top(self) -> float:
        return self.chord_top + CHORD_HEIGHT

    @property
    def words_y(self) -> float:
        return self.roll_top + MELODY_HEIGHT + WORDS_HEIGHT - 14

    @property
    def band_top(self) -> float:
        return self.roll_top + (MELODY_HEIGHT + WORDS_HEIGHT if self.is_sung else 0)

    def x_of(self, tick: int) -> float:
        return LEFT + (tick - self.onset_ticks) * (WIDTH - LEFT - RIGHT) / self.row_ticks

    def clip_x(self, tick: int) -> float:
        return self.x_of(min(max(tick, self.onset_ticks), self.end_ticks))

    def y_of(self, pitch: int) -> float:
        """Return the middle of the melody's bar: the section's middle pitch in the middle of the roll."""
        room = MELODY_HEIGHT - 28
        step = min(PITCH_STEP, room / max(1, self.highest - self.lowest))
        return self.roll_top + MELODY_HEIGHT / 2 - (pitch - (self.highest + self.lowest) / 2) * step

    def band_y_of(self, pitch: int, *, is_drum: bool) -> float:
        low, high = DRUM_PITCHES if is_drum else BAND_PITCHES
        share = (min(max(pitch, low), high) - low) / (high - low)
        # Drums have the lowest third of the strip.
        bottom, top = (0.9, 0.74) if is_drum else (0.6, 0.12)
        return self.band_top + BAND_HEIGHT * (bottom + (top - bottom) * share)


@dataclass(frozen=True)
class Layout:
    """The rows from top to bottom. is_cut: the song goes on after them."""

    systems: tuple[System, ...]
    height: int
    is_cut: bool


def lay_out(sheet: LeadSheet) -> Layout:
    """Return the rows that fit: the whole song, or else what is new in it, at least to its first chorus."""
    sections = sheet.sections or (SectionSpan("", 0, max(1, sheet.length_ticks)),)
    shown, least = new_sections(sections), 1 + first_chorus(sheet, sections)
    bars_per_row, words_pixels = rows_that_reach(sheet, shown[:least])
    whole = stacked(sheet, sections, bars_per_row, words_pixels)
    if bottom_of(whole) <= PREFERRED_HEIGHT:
        return Layout(whole, bottom_of(whole), is_cut=False)
    while len(shown) > least and bottom_of(stacked(sheet, shown, bars_per_row, words_pixels)) > PREFERRED_HEIGHT:
        shown = shown[:-1]
    rows = stacked(sheet, shown, bars_per_row, words_pixels)
    while len(rows) > 1 and bottom_of(rows) > LARGEST_HEIGHT:
        rows = rows[:-1]
    return Layout(rows, bottom_of(rows), is_cut=len(rows) < len(whole))


def bottom_of(systems: tuple[System, ...]) -> int:
    return round(systems[-1].top + systems[-1].height) + BOTTOM if systems else TITLE_HEIGHT + BOTTOM


def rows_that_reach(sheet: LeadSheet, least: tuple[SectionSpan, ...]) -> tuple[int, float]:
    """Return the bars per row and the words' size in pixels: roomy, or closer if `least` would not fit otherwise."""
    roomy = bars_that_hold_words(sheet)
    if any(note.is_spoken for note in sheet.notes):  # closer, its many words would run out of their rows
        return roomy, WORDS_PIXELS
    closer = [bars for bars in reversed(BARS_PER_ROW) if bars >= roomy and (bars == roomy or bars % 3 != 0)]
    for bars_per_row in closer:
        words_pixels = max(SMALLEST_WORDS_PIXELS, WORDS_PIXELS * roomy / bars_per_row)
        if bottom_of(stacked(sheet, least, bars_per_row, words_pixels)) <= LARGEST_HEIGHT:
            return bars_per_row, words_pixels
    return closer[-1], SMALLEST_WORDS_PIXELS


def first_chorus(sheet: LeadSheet, sections: tuple[SectionSpan, ...]) -> int:
    """Return the index, among sections that differ, of the first chorus, or of the second that is sung, or 0."""
    differing = new_sections(sections)
    sung = [index for index, section in enumerate(differing) if pitches_in(sheet, section)]
    choruses = [index for index in sung if differing[index].label.lower().startswith(("chorus", "refrain"))]
    return (choruses or sung[1:2] or [0])[0]


def pitches_in(sheet: LeadSheet, section: SectionSpan) -> list[int]:
    end = section.onset_ticks + section.duration_ticks
    return [note.pitch for note in sheet.notes if section.onset_ticks <= note.onset_ticks < end]


def bars_that_hold_words(sheet: LeadSheet) -> int:
    """Return the most bars per row in which few words are wider than their place; 4 where nothing is sung.

    Rows of 3 and 6 bars are taken only if they fill the first sung section.
    """
    rooms, bar_ticks = ticks_per_letter(sheet), sheet.time_signature.bar_ticks
    if not rooms:
        return 4
    section_ticks = next((span.duration_ticks for span in sheet.sections if pitches_in(sheet, span)), 24 * bar_ticks)
    for bars_per_row in BARS_PER_ROW:
        ticks_per_pixel = bars_per_row * bar_ticks / (WIDTH - LEFT - RIGHT)
        crowded = sum(room < CHARACTER_WIDTH * WORDS_PIXELS * ticks_per_pixel for room in rooms)
        fills = bars_per_row % 3 != 0 or section_ticks % (bars_per_row * bar_ticks) == 0
        if fills and crowded <= LARGEST_CROWDED_SHARE * len(rooms):
            return bars_per_row
    return BARS_PER_ROW[-1]


def ticks_per_letter(sheet: LeadSheet) -> list[float]:
    """Return for every syllable but the last how many ticks there are to write each of its letters in."""
    sung = [note for note in sheet.notes if note.syllable is not None]
    return [(after.onset_ticks - note.onset_ticks) / (letters(note) + 0.5) for note, after in pairwise(sung)]


def letters(note: SungNote) -> int:
    if note.syllable is None:
        return 0
    return len(note.syllable.text) + (note.syllable.word_position in ("begin", "middle"))


def new_sections(sections: tuple[SectionSpan, ...]) -> tuple[SectionSpan, ...]:
    """Return the sections whose label has not stood before: a repeated chorus is shown once."""
    first: dict[str, SectionSpan] = {}
    for section in sections:
        first.setdefault(section.label, section)
    return tuple(first.values())


def stacked(
    sheet: LeadSheet, sections: tuple[SectionSpan, ...], bars_per_row: int, words_pixels: float
) -> tuple[System, ...]:
    """Return the rows of the sections, one under the other; every section starts a row."""
    row_ticks = bars_per_row * sheet.time_signature.bar_ticks
    systems: list[System] = []
    top = float(TITLE_HEIGHT)
    for section in sections:
        end = section.onset_ticks + section.duration_ticks
        pitches = pitches_in(sheet, section)
        for onset in range(section.onset_ticks, end, row_ticks):
            systems.append(
                System(
                    label=section.label,
                    is_first_of_section=onset == section.onset_ticks,
                    top=top,
                    onset_ticks=onset,
                    end_ticks=min(onset + row_ticks, end),
                    row_ticks=row_ticks,
                    lowest=min(pitches, default=60),
                    highest=max(pitches, default=60),
                    is_sung=bool(pitches),
                    words_pixels=words_pixels,
                )
            )
            top += systems[-1].height
    return tuple(systems)
