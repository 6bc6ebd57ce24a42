"""The words of a song with the times at which they are sung, as LRC. Does not know pitches or chords."""

from __future__ import annotations

from itertools import groupby
from typing import Literal

from engine.music.lead_sheet import LeadSheet, SungNote, space_between
from engine.music.midi_file import seconds_at
from engine.music.score import Score, TempoChange

Timed = Literal["lines", "words", "syllables"]
LINE_BREAKERS = str.maketrans({"\n": " ", "\r": " ", "[": "(", "]": ")", "<": "(", ">": ")"})


def lead_sheet_to_lrc(sheet: LeadSheet, score: Score | None = None, timed: Timed = "words") -> str:
    """Return LRC text: title, maker and length, then a line for each sung line at its time.

    timed: lines alone, as every player reads them; or, as A2 has it, also a time before each word or syllable and one
    at the line's end. Times are minutes, seconds and hundredths from the start, by the tempos of the score if there is
    one. A sheet without words gives the tags alone.
    """
    tempos = score.tempos if score is not None else (TempoChange(0, sheet.tempo_qpm),)
    clock = Clock(Score((), sheet.length_ticks, tempos))
    length = score.length_ticks if score is not None else sheet.length_ticks
    rows = [
        f"[ti:{printable(sheet.title)}]",
        "[ar:Songwright]",
        f"[length:{clock(length)}]",
        "[re:Songwright]",
    ]
    for _, group in groupby(with_line_numbers(sheet.notes), key=lambda pair: pair[0]):
        rows.append(lrc_line(clock, [note for _, note in group], timed))
    return "\n".join(rows) + "\n"


class Clock:
    """The times of a score's ticks as LRC writes them."""

    def __init__(self, score: Score) -> None:
        self._score = score

    def __call__(self, ticks: int) -> str:
        """Return the time of a tick as mm:ss.xx, rounded to hundredths of a second."""
        minutes, rest = divmod(round(seconds_at(self._score, ticks) * 100), 6000)
        return f"{minutes:02d}:{rest // 100:02d}.{rest % 100:02d}"


def with_line_numbers(notes: tuple[SungNote, ...]) -> list[tuple[int, SungNote]]:
    """Return each note with the line it sings; notes before the first syllable are left out."""
    numbered: list[tuple[int, SungNote]] = []
    for note in notes:
        if note.syllable is not None:
            numbered.append((note.syllable.line, note))
        elif numbered:
            numbered.append((numbered[-1][0], note))
    return numbered


def lrc_line(clock: Clock, notes: list[SungNote], timed: Timed) -> str:
    """Return `[time] <time> word <time> word <time>`, the last time being the line's end, or `[time] words`."""
    line, before = "", ""
    for note in notes:
        if note.syllable is None:
            continue
        begins_word = note.syllable.word_position in ("single", "begin") or not line
        gap = space_between(before, note.syllable.text) if begins_word else ""
        before = note.syllable.text
        if timed == "syllables" or (timed == "words" and begins_word):
            # A space belongs to the word before, so that the syllables of a word stand together: <t> o<t>ver
            line += f"{gap}<{clock(note.onset_ticks)}>{gap}"
        else:
            line += gap
        line += printable(note.syllable.text)
    end = clock(notes[-1].onset_ticks + notes[-1].duration_ticks)
    return f"[{clock(notes[0].onset_ticks)}]{line}" + ("" if timed == "lines" else f" <{end}>")


def printable(text: str) -> str:
    """Return the text without what LRC reads as a tag or a new line."""
    return " ".join(text.translate(LINE_BREAKERS).split())
