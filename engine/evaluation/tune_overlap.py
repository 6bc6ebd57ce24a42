"""How near tunes are to other tunes: pitch and duration overlap (PD, DD) and melody distance (MD). Does not know makers.

The definitions are muzic's (TeleMelody, Ju et al., 2022; SongMASS, Sheng et al., 2021), written anew. There a tune is
compared with the one that people wrote to the same words; here the words are new, so each tune is compared with held-out
tunes, and the figure is the mean over the pairs. It says something only beside the same figure of a copy of training
tunes and of random tunes.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.compiled import Kernel
from engine.music.lead_sheet import LeadSheet, SungNote
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key

OCTAVES_FROM, OCTAVES_TO = 60, 84  # pitches are folded into these two octaves
LONGEST_DURATION = 32  # times the shortest; longer ones are counted as this
FRAME_TICKS = TICKS_PER_QUARTER // 2
MOST_FRAMES = 128  # 16 bars of 4/4
OTHERS = 10  # held-out tunes that each tune is compared with


@dataclass(frozen=True)
class Overlap:
    """Means over pairs. pitch, duration: shares of 0-1, 1 for the same histogram. distance: semitones a frame, 0 for the same."""

    pitch: float
    duration: float
    distance: float


def overlap(first: Counter[Hashable], second: Counter[Hashable]) -> float:
    """Return the overlapping area of two histograms, each scaled to 1: 1 for the same, 0 for none. NaN for an empty one."""
    total, other = first.total(), second.total()
    if not total or not other:
        return math.nan
    return sum(min(count / total, second[value] / other) for value, count in first.items())


def pitch_histogram(sheet: LeadSheet) -> Counter[Hashable]:
    """Return how many notes each pitch has, moved to C major or A minor and folded into the octaves C4-B5."""
    return Counter(_folded(pitch) for pitch in _pitches_in_c(sheet))


def duration_histogram(sheet: LeadSheet) -> Counter[Hashable]:
    """Return how many syllables last how long, melismas with them, in whole multiples of the tune's shortest, up to 32.

    Without words every note is one.
    """
    lengths: list[int] = []
    for note in sheet.notes:
        if note.syllable is None and lengths and sheet.is_sung:
            lengths[-1] += note.duration_ticks
        else:
            lengths.append(note.duration_ticks)
    shortest = min(lengths, default=1)
    return Counter(min(length // shortest, LONGEST_DURATION) for length in lengths)


def melody_distance(first: LeadSheet, second: LeadSheet) -> float:
    """Return the cost of the best time warping of two tunes over the frames of the second: semitones a frame, 0 for the same.

    A tune is its pitch at each eighth, up to 16 bars of 4/4, rests holding the note before, less its mean: moved to
    another key it is the same. NaN for one without notes.
    """
    one, other = pitch_curve(first), pitch_curve(second)
    return warping_cost(one, other) / len(other) if len(one) and len(other) else math.nan


def pitch_curve(sheet: LeadSheet) -> np.ndarray:
    """Return the pitch at each eighth from the first note on, less the mean. float64 (frames,); empty without notes."""
    if not sheet.notes:
        return np.zeros(0)
    start = sheet.notes[0].onset_ticks
    onsets = np.array([note.onset_ticks - start for note in sheet.notes])
    end = sheet.notes[-1].onset_ticks + sheet.notes[-1].duration_ticks - start
    frames = np.arange(min(max(1, end // FRAME_TICKS), MOST_FRAMES)) * FRAME_TICKS
    pitches = np.array([note.pitch for note in sheet.notes], float)[np.searchsorted(onsets, frames, "right") - 1]
    curve: np.ndarray = pitches - pitches.mean()
    return curve


def warping_cost(first: np.ndarray, second: np.ndarray) -> float:
    """Return the least sum of |a - b| over the paths from both starts to both ends (dynamic time warping).

    first, second: float64 (frames,), at least one frame each.
    """
    return _WARPING.compiled()(first, second)


def _warping(first: np.ndarray, second: np.ndarray) -> float:
    """Fill the table of costs row by row; a step goes on in either tune or in both."""
    row = np.full(len(second) + 1, np.inf)
    row[0] = 0.0
    for value in first:
        diagonal, row[0] = row[0], np.inf
        for j in range(len(second)):
            best = min(diagonal, row[j], row[j + 1])
            diagonal = row[j + 1]
            row[j + 1] = best + abs(value - second[j])
    return float(row[len(second)])


_WARPING = Kernel(_warping, plain_size=0)


def mean_overlap(tunes: Sequence[LeadSheet], others: Sequence[LeadSheet], *, each: int = OTHERS) -> Overlap:
    """Return the means over every tune with `each` of the others, taken in turn. NaN where there is no pair."""
    pitches, durations = [pitch_histogram(other) for other in others], [duration_histogram(other) for other in others]
    found: list[tuple[float, float, float]] = []
    for place, tune in enumerate(tunes):
        pitch, duration = pitch_histogram(tune), duration_histogram(tune)
        for index in _in_turn(place, each, len(others)):
            distance = melody_distance(tune, others[index])
            found.append((overlap(pitch, pitches[index]), overlap(duration, durations[index]), distance))
    rows = [row for row in found if not any(map(math.isnan, row))]
    return Overlap(*map(float, np.mean(rows, axis=0))) if rows else Overlap(math.nan, math.nan, math.nan)


def random_pitches(sheet: LeadSheet, rng: random.Random) -> LeadSheet:
    """Return the rhythm with pitches drawn evenly from the key's scale, within the tune's lowest and highest note."""
    key = Key.parse(sheet.key_name)
    low, high = min(n.pitch for n in sheet.notes), max(n.pitch for n in sheet.notes)
    scale = [pitch for pitch in range(low, high + 1) if pitch % 12 in key.scale] or [low]
    return replace(sheet, notes=tuple(replace(note, pitch=rng.choice(scale)) for note in sheet.notes))


def shuffled(sheet: LeadSheet, rng: random.Random) -> LeadSheet:
    """Return the rhythm with the tune's own pitches in another order."""
    pitches = rng.sample([note.pitch for note in sheet.notes], len(sheet.notes))
    notes = tuple(replace(note, pitch=pitch) for note, pitch in zip(sheet.notes, pitches, strict=True))
    return replace(sheet, notes=notes)


def random_tune(sheet: LeadSheet, rng: random.Random) -> LeadSheet:
    """Return as many notes as the tune has, one after the other: pitches of the scale, 1-16 sixteenths each, drawn evenly."""
    notes: list[SungNote] = []
    onset = 0
    for note in random_pitches(sheet, rng).notes:
        duration = rng.randint(1, 16) * TICKS_PER_QUARTER // 4
        notes.append(replace(note, onset_ticks=onset, duration_ticks=duration))
        onset += duration
    return replace(sheet, notes=tuple(notes), length_ticks=onset)


def _in_turn(place: int, each: int, size: int) -> Iterable[int]:
    """Return which others a tune is compared with: up to `each`, spread over all, other ones for the next tune."""
    each = min(each, size)
    return [(place + step * size // each) % size for step in range(each)] if each else ()


def _pitches_in_c(sheet: LeadSheet) -> list[int]:
    """Return the pitches moved by the nearest way to C major or A minor."""
    key = Key.parse(sheet.key_name)
    home = 0 if key.mode == "major" else 9
    shift = (home - key.tonic + 6) % 12 - 6
    return [note.pitch + shift for note in sheet.notes]


def _folded(pitch: int) -> int:
    if pitch < OCTAVES_FROM:
        return OCTAVES_FROM + pitch % 12
    return pitch if pitch < OCTAVES_TO else OCTAVES_TO - 12 + pitch % 12
