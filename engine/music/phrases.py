"""A melody cut into phrases that can be sung, at its rests and long notes. Does not know words or tracks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from engine.music.score import TICKS_PER_QUARTER

FEWEST_NOTES, MOST_NOTES = 4, 14  # of a phrase, each note a syllable; fewer only where nothing is near to join them to
LEAST_REST_TICKS = TICKS_PER_QUARTER // 4
LONGER_THAN_USUAL, MUCH_LONGER = 1.9, 2.9  # times the usual way from note to note: with a rest, and without one
ORNAMENT_TICKS = TICKS_PER_QUARTER // 4


@dataclass(frozen=True)
class TimedNote:
    """onset_ticks, duration_ticks: of a note of a melody, which does not overlap the next."""

    onset_ticks: int
    duration_ticks: int

    @property
    def end_ticks(self) -> int:
        return self.onset_ticks + self.duration_ticks


@dataclass(frozen=True)
class Phrase:
    """notes: places in the melody, in order. held: those that go on with the syllable of the note before them."""

    notes: range
    held: frozenset[int] = frozenset()

    @property
    def syllables(self) -> int:
        return len(self.notes) - len(self.held)


def cut_into_phrases(notes: Sequence[TimedNote]) -> list[Phrase]:
    """Return phrases of at most 14 syllables that hold every note once; none for no notes.

    A phrase with more notes has its shortest ornaments held, if that is enough; else it is cut at its longest gap.
    """
    if not notes:
        return []
    gaps = [_gap(a, b) for a, b in pairwise(notes)]
    cut = _joined(_at_breaths(notes, gaps), gaps)
    return [phrase for part in cut for phrase in _short_enough(part, notes, gaps)]


def _gap(note: TimedNote, following: TimedNote) -> int:
    """Return how far apart two notes sound: from onset to onset, a rest counted twice."""
    return following.onset_ticks - note.onset_ticks + max(0, following.onset_ticks - note.end_ticks)


def _at_breaths(notes: Sequence[TimedNote], gaps: Sequence[int]) -> list[range]:
    steps = [b.onset_ticks - a.onset_ticks for a, b in pairwise(notes)]
    usual = median(steps) if steps else 0
    starts = [0]
    for n, gap in enumerate(gaps):
        rests = notes[n + 1].onset_ticks - notes[n].end_ticks >= LEAST_REST_TICKS
        if gap >= usual * (LONGER_THAN_USUAL if rests else MUCH_LONGER):
            starts.append(n + 1)
    return [range(a, b) for a, b in zip(starts, [*starts[1:], len(notes)], strict=True)]


def _joined(parts: list[range], gaps: Sequence[int]) -> list[range]:
    """Return the parts with those of too few notes joined to the nearer neighbour, where that has room."""
    parts = list(parts)
    while len(parts) > 1:
        joints = [
            (gaps[b.start - 1], n)
            for n, (a, b) in enumerate(pairwise(parts))
            if min(len(a), len(b)) < FEWEST_NOTES and len(a) + len(b) <= MOST_NOTES
        ]
        if not joints:
            break
        _, n = min(joints)
        parts[n : n + 2] = [range(parts[n].start, parts[n + 1].stop)]
    return parts


def _short_enough(part: range, notes: Sequence[TimedNote], gaps: Sequence[int]) -> list[Phrase]:
    surplus = len(part) - MOST_NOTES
    if surplus <= 0:
        return [Phrase(part)]
    ornaments = [
        n
        for n in part[1:]
        if notes[n].duration_ticks <= ORNAMENT_TICKS and notes[n].onset_ticks <= notes[n - 1].end_ticks
    ]
    if len(ornaments) >= surplus:
        shortest = sorted(ornaments, key=lambda n: (notes[n].duration_ticks, n))
        return [Phrase(part, frozenset(shortest[:surplus]))]
    middle = (part.start + part.stop) / 2
    inner = range(part.start + FEWEST_NOTES, part.stop - FEWEST_NOTES + 1)
    at = max(inner, key=lambda n: (gaps[n - 1], -abs(n - middle)))
    return [
        phrase for half in (range(part.start, at), range(at, part.stop)) for phrase in _short_enough(half, notes, gaps)
    ]
