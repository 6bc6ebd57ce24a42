"""The words of a song with the times at which they are sung, as LRC. Does not know pitches or chords."""

from __future__ import annotations

from itertools import groupby

from engine.music.lead_sheet import LeadSheet, SungNote
from engine.music.score import TICKS_PER_QUARTER

LINE_BREAKERS = str.maketrans({"\n": " ", "\r": " ", "[": "(", "]": ")", "<": "(", ">": ")"})


def lead_sheet_to_lrc(sheet: LeadSheet) -> str:
    """Return LRC text: title and length, then a line for each sung line, a time before each word and at its end.

    Times are minutes, seconds and hundredths from the start. A sheet without words gives the title and length alone.
    """
    rows = [f"[ti:{printable(sheet.title)}]", f"[length:{clock(sheet, sheet.length_ticks)}]"]
    notes = with_line_numbers(sheet.notes)
    for _, group in groupby(notes, key=lambda pair: pair[0]):
        rows.append(lrc_line(sheet, [note for _, note in group]))
    return "\n".join(rows) + "\n"


def with_line_numbers(notes: tuple[SungNote, ...]) -> list[tuple[int, SungNote]]:
    """Return each note with the line it sings; notes before the first syllable are left out."""
    numbered: list[tuple[int, SungNote]] = []
    for note in notes:
        if note.syllable is not None:
            numbered.append((note.syllable.line, note))
        elif numbered:
            numbered.append((numbered[-1][0], note))
    return numbered


def lrc_line(sheet: LeadSheet, notes: list[SungNote]) -> str:
    """Return `[time] <time> word <time> word <time>`, the last time being the line's end."""
    parts: list[str] = []
    for note in notes:
        if note.syllable is None:
            continue
        text = printable(note.syllable.text)
        if note.syllable.word_position in ("single", "begin") or not parts:
            parts.append(f"<{clock(sheet, note.onset_ticks)}> {text}")
        else:
            parts[-1] += text
    end = clock(sheet, notes[-1].onset_ticks + notes[-1].duration_ticks)
    return f"[{clock(sheet, notes[0].onset_ticks)}] {' '.join(parts)} <{end}>"


def clock(sheet: LeadSheet, ticks: int) -> str:
    """Return the time of a tick as mm:ss.xx, rounded to hundredths of a second."""
    hundredths = round(ticks * 6000 / (sheet.tempo_qpm * TICKS_PER_QUARTER))
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"


def printable(text: str) -> str:
    """Return the text without what LRC reads as a tag or a new line."""
    return " ".join(text.translate(LINE_BREAKERS).split())
