"""Figures of a few bars of music: METRICS section 5, one pure function each. Does not know who wrote the bars.

Five are MusPy's (Dong et al., ISMIR 2020, `muspy.metrics`), written anew for notes in ticks; drums are left out by whoever
gives the notes. Every figure is NaN where there are no notes, and none is better for being high: it should be as people's are.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.music.lead_sheet import ChordSpan
from engine.music.score import TICKS_PER_QUARTER, Note, TimeSignature
from engine.music.theory import read_symbol, scale_pitch_classes
from engine.song.alignment import metric_weight

GROOVE_STEP_TICKS = TICKS_PER_QUARTER // 24  # MusPy's usual resolution, which tells triplets from sixteenths
STRONG = 2  # metric weight from which a note is on a strong beat: the downbeat and the middle of the bar


@dataclass(frozen=True)
class Passage:
    """Whole bars of one time signature, the first at tick 0; notes of all voices, and chords in order.

    A chord that began before the first bar and still holds begins at tick 0.
    """

    notes: tuple[Note, ...]
    chords: tuple[ChordSpan, ...]
    time_signature: TimeSignature
    bars: int


def pitch_class_entropy(notes: Sequence[Note]) -> float:
    """Return the entropy of the pitch classes, each note counted once: 0 bits for one, log2(12) = 3.58 for all alike.

    Wu and Yang, "The Jazz Transformer on the Front Line", ISMIR 2020. NaN without notes.
    """
    if not notes:
        return math.nan
    counts = Counter(note.pitch % 12 for note in notes).values()
    return sum(count / len(notes) * math.log2(len(notes) / count) for count in counts)


def scale_consistency(notes: Sequence[Note]) -> float:
    """Return the largest share of notes, 0-1, that lies in one scale, over all major and natural minor scales.

    Mogren, "C-RNN-GAN", 2016. A natural minor scale has the notes of its relative major, so the twelve majors are all.
    NaN without notes.
    """
    if not notes:
        return math.nan
    counts = Counter(note.pitch % 12 for note in notes)
    return max(sum(counts[c] for c in scale_pitch_classes(tonic, "major")) for tonic in range(12)) / len(notes)


def groove_consistency(notes: Sequence[Note], time_signature: TimeSignature, bars: int) -> float:
    """Return 1 less the mean share of places of a bar at which an onset is in one of two neighbouring bars alone, 0-1.

    Wu and Yang, 2020. A place is 1/24 of a quarter, so that most are empty and the figure lies near 1. Unlike MusPy's, only
    the bars that are there are compared, not the empty one that it counts after a piece that ends with a whole bar.
    NaN without notes and for fewer than two bars.
    """
    if not notes or bars < 2:
        return math.nan
    length = time_signature.bar_ticks
    onsets = [set[int]() for _ in range(bars)]
    for note in notes:
        onsets[note.onset_ticks // length].add(note.onset_ticks % length // GROOVE_STEP_TICKS)
    different = sum(len(now ^ after) for now, after in pairwise(onsets))
    return 1 - different / (length / GROOVE_STEP_TICKS * (bars - 1))


def polyphony(notes: Sequence[Note]) -> float:
    """Return how many different pitches sound on average, over the time in which at least one does: 1 or more.

    Dong et al., 2020. Two voices on one pitch are one. NaN without notes.
    """
    if not notes:
        return math.nan
    by_pitch: dict[int, list[Note]] = {}
    for note in notes:
        by_pitch.setdefault(note.pitch, []).append(note)
    return sum(map(_sounding_ticks, by_pitch.values())) / _sounding_ticks(notes)


def empty_beat_rate(notes: Sequence[Note], time_signature: TimeSignature, bars: int) -> float:
    """Return the share of beats, 0-1, in which nothing sounds; a note that is held over a beat fills it.

    Dong et al., "MuseGAN", AAAI 2018. A beat is the denominator's note value, where MusPy takes a quarter in every time
    signature, and beats after the last note are counted, as the bars are known. NaN without notes.
    """
    if not notes:
        return math.nan
    beat = time_signature.beat_ticks
    filled = {place for note in notes for place in range(note.onset_ticks // beat, -(-note.end_ticks // beat))}
    return 1 - len(filled) / (bars * time_signature.numerator)


def chord_tone_share(notes: Sequence[Note], chords: Sequence[ChordSpan], time_signature: TimeSignature) -> float:
    """Return the share of notes on strong beats, 0-1, that are tones of their chord or its bass.

    A strong beat is the downbeat and the middle of the bar, as in METRICS section 4. A chord holds until the next begins;
    notes before the first one and under "N.C." are not counted. NaN where no note is.
    """
    starts = [span.onset_ticks for span in chords]
    found = []
    for note in notes:
        place = bisect_right(starts, note.onset_ticks) - 1
        if place < 0 or metric_weight(note.onset_ticks, time_signature) < STRONG:
            continue
        if (chord := read_symbol(chords[place].symbol)) is not None:
            found.append(note.pitch % 12 in {*chord.pitch_classes, chord.bass_pitch_class})
    return sum(found) / len(found) if found else math.nan


FIGURES: Mapping[str, Callable[[Passage], float]] = {
    "pitch-class entropy (bits)": lambda p: pitch_class_entropy(p.notes),
    "scale consistency": lambda p: scale_consistency(p.notes),
    "groove consistency": lambda p: groove_consistency(p.notes, p.time_signature, p.bars),
    "polyphony": lambda p: polyphony(p.notes),
    "empty-beat rate": lambda p: empty_beat_rate(p.notes, p.time_signature, p.bars),
    "chord tones on strong beats": lambda p: chord_tone_share(p.notes, p.chords, p.time_signature),
}


def music_figures(passage: Passage) -> dict[str, float]:
    """Return every figure of FIGURES by its name."""
    return {name: measure(passage) for name, measure in FIGURES.items()}


def _sounding_ticks(notes: Iterable[Note]) -> int:
    """Return in how many ticks at least one of the notes sounds."""
    total = reached = 0
    for note in sorted(notes):
        total += max(0, note.end_ticks - max(reached, note.onset_ticks))
        reached = max(reached, note.end_ticks)
    return total
