"""How well words and melody fit in a lead sheet: METRICS section 4, one pure function each. Does not know its maker.

Every figure is a share of 0-1, NaN where there is nothing to count. HUMAN_LEVEL is that of the Open Hymnal.
Metric weight: 3 downbeat, 2 mid-bar, 1 other beats, 0 off the beat.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import median

from engine.music.lead_sheet import LeadSheet, SungNote, SungSyllable
from engine.music.theory import read_symbol, voice_range
from engine.song.alignment import metric_weight

HUMAN_LEVEL = {
    "coverage": 1.0,
    "stress on strong beat": 0.916,
    "weak off strong": 0.176,
    "pair agreement": 0.959,
    "longer when stressed": 0.797,
    "no split word": 0.0,
    "range": 1.0,
}


def coverage(sheet: LeadSheet, syllables: int) -> float:
    """Return the share of `syllables` that have a note of their own."""
    return sum(note.syllable is not None for note in sheet.notes) / syllables if syllables else math.nan


def stress_on_strong_beat(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of primary-stressed syllables of words of two or more syllables that start on weight >= 2."""
    return _share(weight >= 2 for _, syllable, weight in _of_long_words(sheets) if syllable.stress == 1)


def weak_off_strong(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of unstressed syllables of such words that start on weight >= 2; low is good."""
    return _share(weight >= 2 for _, syllable, weight in _of_long_words(sheets) if syllable.stress == 0)


def pair_agreement(sheets: Iterable[LeadSheet]) -> float:
    """Return how often the stressed one of two neighbours in a word is heavier, where their weights differ."""
    return _share(
        a > b for a, b in _pairs(sheets, lambda sheet, note: metric_weight(note.onset_ticks, sheet.time_signature))
    )


def longer_when_stressed(sheets: Iterable[LeadSheet]) -> float:
    """Return how often the stressed one of two neighbours in a word is longer, where their durations differ."""
    return _share(a > b for a, b in _pairs(sheets, lambda sheet, note: note.duration_ticks))


def split_words(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of words of two or more syllables with a rest inside."""
    found = []
    for sheet in sheets:
        for word in _long_words(sheet):
            found.append(any(b.onset_ticks > a.onset_ticks + a.duration_ticks for a, b in pairwise(word)))
    return _share(found)


def cadence(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of lines whose last note is a chord tone and at least as long as the line's median note.

    Lines that end where no chord is written are not counted.
    """
    found = []
    for sheet in sheets:
        for line in lines_of(sheet):
            last = line[-1]
            if last.is_spoken:  # at a pitch that means nothing
                continue
            if tones := _chord_tones(sheet, last.onset_ticks):
                found.append(
                    last.pitch % 12 in tones and last.duration_ticks >= median(note.duration_ticks for note in line)
                )
    return _share(found)


def inside_range(sheets: Iterable[LeadSheet], voice: str) -> float:
    """Return the share of notes within the voice's range."""
    low, high = voice_range(voice)
    return _share(low <= note.pitch <= high for sheet in sheets for note in sheet.notes)


def measure_songs(sheets: Sequence[LeadSheet], voice: str) -> dict[str, float]:
    """Return every measure of METRICS 4 that a lead sheet alone decides, by name."""
    return {
        "stress on strong beat": stress_on_strong_beat(sheets),
        "weak off strong": weak_off_strong(sheets),
        "pair agreement": pair_agreement(sheets),
        "longer when stressed": longer_when_stressed(sheets),
        "no split word": split_words(sheets),
        "cadence": cadence(sheets),
        "range": inside_range(sheets, voice),
    }


def lines_of(sheet: LeadSheet) -> list[list[SungNote]]:
    """Return the notes line by line, melismas with their syllable."""
    lines: list[list[SungNote]] = []
    number = -1
    for note in sheet.notes:
        if note.syllable is not None and note.syllable.line != number:
            lines.append([])
            number = note.syllable.line
        if lines:
            lines[-1].append(note)
    return lines


def _of_long_words(sheets: Iterable[LeadSheet]) -> Iterable[tuple[SungNote, SungSyllable, int]]:
    for sheet in sheets:
        for note in sheet.notes:
            if note.syllable is not None and note.syllable.word_position != "single":
                yield note, note.syllable, metric_weight(note.onset_ticks, sheet.time_signature)


def _long_words(sheet: LeadSheet) -> Iterable[list[SungNote]]:
    word: list[SungNote] = []
    for note in sheet.notes:
        syllable = note.syllable
        if syllable is not None and syllable.word_position in ("single", "begin"):
            if len(word) > 1:
                yield word
            word = [note] if syllable.word_position == "begin" else []
        elif word:
            word.append(note)
    if len(word) > 1:
        yield word


def _pairs(sheets: Iterable[LeadSheet], value: Callable[[LeadSheet, SungNote], int]) -> Iterable[tuple[int, int]]:
    """Yield the values of the stressed and the weak one of neighbours in a word that differ in both."""
    for sheet in sheets:
        for word in _long_words(sheet):
            sung = [note for note in word if note.syllable is not None]
            for a, b in pairwise(sung):
                first, second = _stress(a), _stress(b)
                if {first, second} == {0, 1} and value(sheet, a) != value(sheet, b):
                    stressed, weak = (a, b) if first == 1 else (b, a)
                    yield value(sheet, stressed), value(sheet, weak)


def _stress(note: SungNote) -> int:
    return note.syllable.stress if note.syllable is not None else 0


def _chord_tones(sheet: LeadSheet, onset_ticks: int) -> tuple[int, ...]:
    symbol = next((chord.symbol for chord in reversed(sheet.chords) if chord.onset_ticks <= onset_ticks), None)
    chord = read_symbol(symbol) if symbol else None
    return chord.pitch_classes if chord is not None else ()


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values) if values else math.nan
