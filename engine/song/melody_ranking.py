"""How good a candidate for a sung line is: the model's likelihood and what singers expect. Does not know sampling.

Weights were set by hand until 20 made-up songs came close to the human level of METRICS 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from engine.music.melody_tokens import MelodyNote
from engine.song.melody_grammar import LineFrame, SyllableFrame

LIKELIHOOD = 0.8
STRONG, WEAK, PLAIN = 2.0, 2.0, 0.7  # stressed syllable off the beat, weak one on it, the same for single words
LONGER = 2.0
CHORD_TONES = 1.0
UNUSED_TIME = 0.5
MONOTONY, LEAPS, REPEATS, NARROW = 0.5, 0.25, 3.0, 0.15
USUAL_REPEATS = 0.15  # share of repeated pitches within the lines of the hymns and songs
USUAL_RANGE = 7  # semitones, their median line
FAMILIAR_RHYTHM = 0.5
LONG_END = 0.4
REGISTER, USUAL_DRIFT = (
    0.15,
    2.0,
)  # per semitone of a line's mean pitch beyond that from its section's middle


def rate_line(
    notes: Sequence[MelodyNote],
    frame: LineFrame,
    nats_per_note: float,
    earlier_rhythms: Sequence[tuple[tuple[int, int], ...]],
) -> float:
    """Return how good a line is, higher is better. nats_per_note: the model's loss; earlier_rhythms: of its section."""
    rating = -LIKELIHOOD * nats_per_note
    rating -= _misplaced(notes, frame) + LONGER * _short_stresses(notes)
    rating += CHORD_TONES * _chord_tone_share(notes, frame)
    rating -= _contour_faults(notes)
    rating -= UNUSED_TIME * max(0, frame.end - notes[-1].end - 12) / frame.bar_steps
    mean_pitch = sum(note.pitch for note in notes) / len(notes)
    rating -= REGISTER * max(0.0, abs(mean_pitch - frame.middle) - USUAL_DRIFT)
    rating += LONG_END * (notes[-1].duration >= 18)
    durations = {note.duration for note in notes[:-1]}
    rating -= MONOTONY * (len(durations) == 1 and len(notes) > 4)
    return rating + FAMILIAR_RHYTHM * (rhythm_of(notes, frame.start) in earlier_rhythms)


def rhythm_of(notes: Sequence[MelodyNote], start: int) -> tuple[tuple[int, int], ...]:
    """Return onset from `start` and duration of every note."""
    return tuple((note.onset - start, note.duration) for note in notes)


def _misplaced(notes: Sequence[MelodyNote], frame: LineFrame) -> float:
    """Return the weighted share of syllables whose stress is against the metre."""
    return sum(_fault(s, frame.weight(n.onset)) for n, s in zip(notes, frame.syllables, strict=True)) * 4 / len(notes)


def _fault(syllable: SyllableFrame, weight: int) -> float:
    if syllable.word_position == "single":
        if syllable.stress == 1:
            return PLAIN * (weight == 0)
        return PLAIN * (weight >= 2) * (0.3 if syllable.may_be_heavy else 1.0)
    if syllable.stress == 1:
        return STRONG * (weight < 2)
    return WEAK * (weight >= 2) * (syllable.stress == 0)


def _short_stresses(notes: Sequence[MelodyNote]) -> float:
    """Return the share of stressed and weak neighbours in which the weak one is longer; most weight inside words."""
    wrong = counted = 0.0
    for a, b in pairwise(notes):
        inside = b.word_position in ("middle", "end")
        if (a.stress == 1) == (b.stress == 1) or a.duration == b.duration or (b is notes[-1] and not inside):
            continue
        weight = 1.0 if inside else 0.3
        counted += weight
        wrong += weight * ((a.stress == 1) != (a.duration > b.duration))
    return wrong / max(counted, 1.0)


def _chord_tone_share(notes: Sequence[MelodyNote], frame: LineFrame) -> float:
    """Return the share of notes on strong beats that belong to their chord; 1 if there are none."""
    strong = [note for note in notes if frame.weight(note.onset) >= 2 or note.duration >= 18]
    inside = sum(note.pitch % 12 in frame.chord_at(note.onset).pitch_classes for note in strong)
    return inside / len(strong) if strong else 1.0


def _contour_faults(notes: Sequence[MelodyNote]) -> float:
    steps = [b.pitch - a.pitch for a, b in pairwise(notes)]
    leaps = sum(abs(step) > 7 or abs(step) == 6 for step in steps)
    repeats = steps.count(0) / max(1, len(steps))
    pitches = [note.pitch for note in notes]
    missing = max(0, min(USUAL_RANGE, len(notes)) - (max(pitches) - min(pitches)))
    return LEAPS * leaps + REPEATS * max(0.0, repeats - USUAL_REPEATS) + NARROW * missing
