"""What comes again in a song: the tune of its choruses, its sections, and what the band does there. Knows no maker.

A section's tune is that of the lines that end in it, so a pickup before its first bar belongs to it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import combinations

from engine.evaluation.song_metrics import lines_of
from engine.music.lead_sheet import LeadSheet, SectionSpan
from engine.music.score import TICKS_PER_QUARTER, Score

Tune = tuple[tuple[int, int, int], ...]  # (onset from the section's start, duration, pitch), in ticks
GRID_TICKS = TICKS_PER_QUARTER // 4  # to which the band is rounded before it is compared: loose timing is no variation
MELODY_TRACK = "Melody"


def section_tunes(sheet: LeadSheet) -> list[tuple[SectionSpan, Tune]]:
    """Return every section with what is sung in it; () for one without a line."""
    tunes: list[list[tuple[int, int, int]]] = [[] for _ in sheet.sections]
    for line in lines_of(sheet):
        end = line[-1].onset_ticks
        for place, span in enumerate(sheet.sections):
            if span.onset_ticks <= end < span.onset_ticks + span.duration_ticks:
                tunes[place] += [(n.onset_ticks - span.onset_ticks, n.duration_ticks, n.pitch) for n in line]
    return [(span, tuple(tune)) for span, tune in zip(sheet.sections, tunes, strict=True)]


def chorus_repetition(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of sung notes of later choruses that are those of the first: onset, duration and pitch.

    METRICS 4, repetition. Notes that the first has more count against it. NaN where no song has two choruses.
    """
    same = total = 0
    for sheet in sheets:
        choruses = [tune for span, tune in section_tunes(sheet) if is_chorus(span.label) and tune]
        for tune in choruses[1:]:
            same += len(set(tune) & set(choruses[0]))
            total += max(len(tune), len(choruses[0]))
    return same / total if total else math.nan


def notes_with_words(sheets: Iterable[LeadSheet]) -> float:
    """Return the share of notes that carry a syllable or go on with one, without a rest before them.

    METRICS 4, coverage, of notes. NaN without notes.
    """
    carried = total = 0
    for sheet in sheets:
        end = None
        for note in sheet.notes:
            carried += note.syllable is not None or note.onset_ticks == end
            total += 1
            end = note.onset_ticks + note.duration_ticks
    return carried / total if total else math.nan


def is_chorus(label: str) -> bool:
    """Return whether a section of that label is a chorus, numbered or not; a pre-chorus is none."""
    return re.fullmatch(r"(chorus|refrain|hook)\b.*", label.strip().lower()) is not None


def sung_section_count(sheet: LeadSheet) -> int:
    """Return how many sections are sung."""
    return sum(bool(tune) for _, tune in section_tunes(sheet))


def repeated_sections(sheet: LeadSheet) -> list[tuple[SectionSpan, SectionSpan]]:
    """Return the pairs of sections of one length that are sung to the same notes."""
    sung = [(span, tune) for span, tune in section_tunes(sheet) if tune]
    return [
        (first, second)
        for (first, tune), (second, other) in combinations(sung, 2)
        if tune == other and first.duration_ticks == second.duration_ticks
    ]


def band_differs(score: Score, first: SectionSpan, second: SectionSpan) -> bool:
    """Return whether the band, the melody apart, plays other notes in one section than in another of its length.

    Compared are track, onset to the nearest sixteenth, and pitch: humanised timing and loudness are no variation.
    """
    return _band_notes(score, first) != _band_notes(score, second)


def _band_notes(score: Score, span: SectionSpan) -> set[tuple[int, int, int]]:
    start, end = span.onset_ticks, span.onset_ticks + span.duration_ticks
    return {
        (number, round((note.onset_ticks - start) / GRID_TICKS), note.pitch)
        for number, track in enumerate(score.tracks)
        if track.name != MELODY_TRACK
        for note in track.notes
        if start - GRID_TICKS // 2 <= note.onset_ticks < end - GRID_TICKS // 2
    }


def typed_chords_kept(sheet: LeadSheet, typed: Sequence[Sequence[str]]) -> float:
    """Return the share of bars that have the chords typed for them, each section beginning with the first of them.

    typed: the symbols of each bar, as `Chord` writes them, shared evenly. NaN without sections.
    """
    bar = sheet.time_signature.bar_ticks
    found = []
    for span in sheet.sections:
        for place, onset in enumerate(range(span.onset_ticks, span.onset_ticks + span.duration_ticks, bar)):
            heard = [
                c.symbol
                for c in sheet.chords
                if c.onset_ticks < onset + bar and c.onset_ticks + c.duration_ticks > onset
            ]
            found.append(heard == list(typed[place % len(typed)]))
    return sum(found) / len(found) if found else math.nan
