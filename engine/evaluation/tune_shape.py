"""What a tune is like by itself: its steps, leaps, notes and breaths, one pure function each. Does not know who wrote it.

None is better for being high: each should be as in people's tunes. Every figure is NaN where there is nothing to count.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from engine.evaluation.music_metrics import (
    chord_tone_share,
    empty_beat_rate,
    groove_consistency,
    pitch_class_entropy,
    scale_consistency,
)
from engine.evaluation.song_metrics import lines_of
from engine.music.lead_sheet import LeadSheet
from engine.music.score import TICKS_PER_QUARTER, Note

STEP_SEMITONES = 2  # a step: a minor or major second
LEAP_SEMITONES = 5  # a leap: a fourth or more; thirds are neither


def intervals_of(sheet: LeadSheet) -> list[int]:
    """Return the intervals in semitones, up positive, between notes that follow one another within a line."""
    return [b.pitch - a.pitch for line in lines_of(sheet) for a, b in pairwise(line)]


def step_share(sheet: LeadSheet) -> float:
    """Return the share of intervals within lines that are steps, 1 or 2 semitones; repeated notes count among all."""
    return _share([1 <= abs(interval) <= STEP_SEMITONES for interval in intervals_of(sheet)])


def leap_share(sheet: LeadSheet) -> float:
    """Return the share of intervals within lines that are leaps: 5 semitones (a fourth) or more."""
    return _share([abs(interval) >= LEAP_SEMITONES for interval in intervals_of(sheet)])


def repeated_share(sheet: LeadSheet) -> float:
    """Return the share of intervals within lines that are none: the same pitch again."""
    return _share([interval == 0 for interval in intervals_of(sheet)])


def turn_share(sheet: LeadSheet) -> float:
    """Return how often the direction changes between one moving interval and the next, within lines."""
    moves = [[b.pitch - a.pitch for a, b in pairwise(line) if a.pitch != b.pitch] for line in lines_of(sheet)]
    return _share([(a > 0) != (b > 0) for line in moves for a, b in pairwise(line)])


def pitch_span(sheet: LeadSheet) -> float:
    """Return the semitones from the lowest to the highest note. NaN without notes."""
    pitches = [note.pitch for note in sheet.notes]
    return float(max(pitches) - min(pitches)) if pitches else math.nan


def syllables_on_one_note(sheet: LeadSheet) -> float:
    """Return the share of syllables that have one note alone, not a melisma. NaN without words."""
    followed = [b.syllable is None for a, b in pairwise(sheet.notes) if a.syllable is not None]
    if sheet.notes and sheet.notes[-1].syllable is not None:
        followed.append(False)
    return _share([not goes_on for goes_on in followed])


def duration_entropy(sheet: LeadSheet) -> float:
    """Return the entropy in bits of how long notes last, in quarters; 0 for one duration. NaN without notes."""
    return _entropy([note.duration_ticks for note in sheet.notes])


def interval_entropy(sheet: LeadSheet) -> float:
    """Return the entropy in bits of the intervals within lines, with their direction. NaN without intervals."""
    return _entropy(intervals_of(sheet))


def off_beat_share(sheet: LeadSheet) -> float:
    """Return the share of notes that begin off the quarters (in 6/8 and its kin, off the eighths)."""
    beat = min(TICKS_PER_QUARTER, sheet.time_signature.beat_ticks)
    return _share([note.onset_ticks % beat != 0 for note in sheet.notes])


def last_note_length(sheet: LeadSheet) -> float:
    """Return how long the last notes of lines are on average, over the average note of all. NaN without lines."""
    lines = lines_of(sheet)
    if not lines:
        return math.nan
    mean = sum(note.duration_ticks for note in sheet.notes) / len(sheet.notes)
    return sum(line[-1].duration_ticks for line in lines) / len(lines) / mean


def repeated_rhythm(sheet: LeadSheet) -> float:
    """Return the share of lines whose rhythm, onsets within the bar and in order, an earlier line had. NaN for one line."""
    bar = sheet.time_signature.bar_ticks
    rhythms = [tuple(note.onset_ticks - line[0].onset_ticks // bar * bar for note in line) for line in lines_of(sheet)]
    return _share([rhythm in rhythms[:place] for place, rhythm in enumerate(rhythms)][1:])


def notes_of(sheet: LeadSheet) -> tuple[Note, ...]:
    """Return the melody as notes of a score."""
    return tuple(Note(note.onset_ticks, note.pitch, note.duration_ticks) for note in sheet.notes)


def chord_tones_on_strong_beats(sheet: LeadSheet) -> float:
    """Return the share of sung notes on strong beats, 0-1, that are tones of their chord; see `chord_tone_share`."""
    return chord_tone_share(notes_of(sheet), sheet.chords, sheet.time_signature)


def sung_bars(sheet: LeadSheet) -> tuple[tuple[Note, ...], int]:
    """Return the melody moved by whole bars so that its first note is in bar 0, and how many bars it fills."""
    bar = sheet.time_signature.bar_ticks
    if not sheet.notes:
        return (), 0
    start = sheet.notes[0].onset_ticks // bar * bar
    notes = tuple(Note(note.onset_ticks - start, note.pitch, note.duration_ticks) for note in sheet.notes)
    return notes, -(-notes[-1].end_ticks // bar)


def groove(sheet: LeadSheet) -> float:
    """Return the groove consistency of the bars from the first note to the last; see `groove_consistency`."""
    notes, bars = sung_bars(sheet)
    return groove_consistency(notes, sheet.time_signature, bars)


def silent_beats(sheet: LeadSheet) -> float:
    """Return the share of beats without a note from the first note's bar to the last's; see `empty_beat_rate`."""
    notes, bars = sung_bars(sheet)
    return empty_beat_rate(notes, sheet.time_signature, bars)


# The figures of METRICS 5 that one melody with chords has, and the two of its intervals.
SHAPE: Mapping[str, Callable[[LeadSheet], float]] = {
    "scale consistency": lambda sheet: scale_consistency(notes_of(sheet)),
    "pitch-class entropy (bits)": lambda sheet: pitch_class_entropy(notes_of(sheet)),
    "step share (1-2 semitones)": step_share,
    "leap share (5 or more)": leap_share,
}
# More of the same, not in METRICS: they tell a writer what gives its tunes away.
DETAILS: Mapping[str, Callable[[LeadSheet], float]] = {
    "repeated pitches": repeated_share,
    "changes of direction": turn_share,
    "semitones from lowest to highest": pitch_span,
    "entropy of intervals (bits)": interval_entropy,
    "entropy of durations (bits)": duration_entropy,
    "notes off the beat": off_beat_share,
    "length of last notes over mean": last_note_length,
    "lines with an earlier rhythm": repeated_rhythm,
    "syllables on one note": syllables_on_one_note,
    "groove consistency": groove,
    "empty-beat rate": silent_beats,
}


def _entropy(values: Sequence[int]) -> float:
    if not values:
        return math.nan
    return sum(n / len(values) * math.log2(len(values) / n) for n in Counter(values).values())


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else math.nan
