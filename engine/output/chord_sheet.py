"""The words of a song with its chords among them, as ChordPro: what guitarists read. Does not know pitches."""

from __future__ import annotations

from itertools import groupby

from engine.music.lead_sheet import LeadSheet, SungNote, space_between
from engine.music.theory import Key
from engine.output.karaoke import with_line_numbers

# Brackets and braces are ChordPro's own marks.
WORDS = str.maketrans({"[": "(", "]": ")", "{": "(", "}": ")", "\n": " ", "\r": " "})


def lead_sheet_to_chordpro(sheet: LeadSheet) -> str:
    """Return ChordPro text: every chord in brackets before the syllable during which it begins, or at the line's end.

    A section in which nothing is sung has its chords alone, a bar after the other.
    """
    rows = [
        f"{{title: {sheet.title.translate(WORDS)}}}",
        f"{{key: {Key.parse(sheet.key_name).short}}}",
        f"{{time: {sheet.time_signature}}}",
        f"{{tempo: {sheet.tempo_qpm:g}}}",
    ]
    lines = [[note for _, note in group] for _, group in groupby(with_line_numbers(sheet.notes), key=lambda p: p[0])]
    starts = [section.onset_ticks for section in sheet.sections] or [0]
    ends = [*starts[1:], sheet.length_ticks]
    spans = list(zip(starts, ends, strict=True))
    in_section: list[list[list[SungNote]]] = [[] for _ in spans]
    for line in lines:  # a pickup belongs to the section that most of its line is in
        middle = line[len(line) // 2].onset_ticks
        in_section[max(n for n, (start, _) in enumerate(spans) if n == 0 or start <= middle)].append(line)
    told = 0  # up to which tick chords have been written
    for n, (start, end) in enumerate(spans):
        rows += ["", f"{{comment: {sheet.sections[n].label.translate(WORDS)}}}" if sheet.sections else ""]
        following = next((lines[0][0].onset_ticks for lines in in_section[n + 1 :] if lines), end)
        if not in_section[n]:
            rows.append(chords_alone(sheet, max(start, told), end))
        begins = [line[0].onset_ticks for line in in_section[n]]
        for line, until in zip(in_section[n], [*begins[1:], min(end, following)], strict=False):
            rows.append(chord_line(sheet, line, told, until))
            told = until
        told = max(told, min(end, following))
    return "\n".join(rows) + "\n"


def chord_line(sheet: LeadSheet, line: list[SungNote], start: int, end: int) -> str:
    """Return the words of a line with the chords that begin from start to end."""
    syllables = [note for note in line if note.syllable is not None]
    bounds = [start, *(note.onset_ticks for note in syllables[1:]), end]
    text, printed = "", ""
    for note, begin, until in zip(syllables, bounds, bounds[1:], strict=False):
        assert note.syllable is not None
        within = [c for c in sheet.chords if begin <= c.onset_ticks < until]
        before = "".join(f"[{c.symbol}]" for c in within if c.onset_ticks <= note.onset_ticks)
        after = "".join(f"[{c.symbol}]" for c in within if c.onset_ticks > note.onset_ticks)
        begins = note.syllable.word_position in ("single", "begin") and text
        gap = space_between(printed, note.syllable.text) if begins else ""
        printed = note.syllable.text
        text += f"{gap}{before}{note.syllable.text.translate(WORDS)}{after}"
    return text


def chords_alone(sheet: LeadSheet, start: int, end: int) -> str:
    """Return the chords that begin from start to end, bars parted by lines."""
    bar_ticks = sheet.time_signature.bar_ticks
    bars = [
        " ".join(f"[{c.symbol}]" for c in sheet.chords if bar <= c.onset_ticks < min(bar + bar_ticks, end))
        for bar in range(start - start % bar_ticks, end, bar_ticks)
    ]
    return "| " + " | ".join(bar or "%" for bar in bars) + " |"
