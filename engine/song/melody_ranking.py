"""How good a candidate for a sung line is: the model's likelihood and what singers expect. Does not know sampling.

Weights were set by hand until 20 made-up songs came close to the human level of METRICS 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from engine.music.melody_tokens import MelodyNote
from engine.song.line_candidates import EarlierLine, rhythm_of
from engine.song.line_frame import LineFrame, SyllableFrame, has_spoken_tones, melismas_of, with_melismas
from engine.song.melody_grammar import Rhythm
from engine.song.spoken_tones import share_of_clashes
from engine.song.tune_habits import LineHabits

LIKELIHOOD = 0.8
STRONG, WEAK, PLAIN = 2.0, 0.5, 0.7  # stressed syllable off the beat, weak one on it, the same for single words
LONGER = 2.0
UNUSED_TIME = 0.5
MONOTONY, LEAPS, REPEATS, NARROW = 0.5, 0.25, 2.0, 0.08
FREELY = 0.1  # of what a stress off the beat costs, where words may go against it
WIDE, LEAP = 2.0, 5  # for the share of intervals of so many semitones that is beyond the usual
USUAL_RANGE = 7  # semitones, their median line
FAMILIAR_RHYTHM, FAMILIAR_OPENING = 0.7, 0.6
OPENING_NOTES = 4
CLIMAX = 1.0  # for a line that reaches the song's highest note where it belongs
AGAINST_TONES = 4.0  # for the share of notes that go against the tones of the words
COLOUR = 0.4  # for a note outside scale and chord where the style has some
OPEN_END = 0.3  # for a line inside a section that does not end on the tonic
OUTSIDE_END = 0.5  # for a line that ends beside its chord where it may
LONG_END = 0.4
REGISTER, USUAL_DRIFT = (
    0.15,
    2.0,
)  # per semitone of a line's mean pitch beyond that from its section's middle


def rate_line(
    notes: Sequence[MelodyNote],
    frame: LineFrame,
    nats_per_note: float,
    earlier: Sequence[EarlierLine],
    habits: LineHabits,
) -> float:
    """Return how good a line is, higher is better. nats_per_note: the model's loss; earlier: the lines of its section."""
    rating = -LIKELIHOOD * nats_per_note
    rating -= _misplaced(notes, frame, is_free=habits.is_free) + LONGER * _short_stresses(notes)
    rating += habits.chord_tones * _chord_tone_share(notes, frame)
    rating -= _contour_faults(notes, habits) + habits.evenness * _unlike_bars(notes, frame)
    rating -= UNUSED_TIME * max(0, frame.end - notes[-1].end - 12) / frame.bar_steps
    mean_pitch = sum(note.pitch for note in notes) / len(notes)
    rating -= REGISTER * max(0.0, abs(mean_pitch - frame.middle) - USUAL_DRIFT)
    rating += LONG_END * (notes[-1].duration >= 18)
    durations = {note.duration for note in notes[:-1]}
    rating -= MONOTONY * (len(durations) == 1 and len(notes) > 4)
    rating += FAMILIAR_RHYTHM * (_onsets(rhythm_of(notes, frame.start)) in [_onsets(line.rhythm) for line in earlier])
    rating += FAMILIAR_OPENING * (_opening(notes, frame) in [_opening(line.notes, frame) for line in earlier])
    rating += COLOUR * any(n.pitch % 12 not in frame.scale | frame.chord_at(n.onset).pitch_classes for n in notes)
    sung = [with_melismas(verse, melismas_of(notes)) for verse in frame.verses if has_spoken_tones(verse)]
    rating -= AGAINST_TONES * share_of_clashes(sung, notes)
    if habits.ends_open:
        rating += OUTSIDE_END * (notes[-1].pitch % 12 not in frame.chord_at(notes[-1].onset).pitch_classes)
    if frame.peak is not None:
        rating += CLIMAX * (max(note.pitch for note in notes) > frame.peak)
    return rating + OPEN_END * (frame.line_break == 1 and notes[-1].pitch % 12 != frame.tonic)


def _onsets(rhythm: Rhythm) -> tuple[int, ...]:
    return tuple(onset for onset, _ in rhythm)


def _opening(notes: Sequence[MelodyNote], frame: LineFrame) -> tuple[int, ...]:
    """Return by how many degrees of the scale the first notes lie above the very first."""
    degrees = [frame.degree(note.pitch) for note in notes[:OPENING_NOTES]]
    return tuple(degree - degrees[0] for degree in degrees)


def _misplaced(notes: Sequence[MelodyNote], frame: LineFrame, *, is_free: bool) -> float:
    """Return the weighted share of syllables, of all verses that are sung to the notes, whose stress is against the metre."""
    melismas, weights = melismas_of(notes), [frame.weight(note.onset) for note in notes]
    faults = [
        sum(
            _fault(syllable, weight, is_free=is_free)
            for syllable, weight in zip(with_melismas(verse, melismas), weights, strict=True)
        )
        for verse in frame.verses
    ]
    return sum(faults) * 4 / len(notes) / len(faults)


def _fault(syllable: SyllableFrame, weight: int, *, is_free: bool) -> float:
    if syllable.word_position == "melisma":
        return 0.0
    if syllable.word_position == "single":
        if syllable.stress == 1:
            return PLAIN * (weight == 0)
        return PLAIN * (weight >= 2) * (0.3 if syllable.may_be_heavy else 1.0)
    if syllable.stress == 1:
        return (FREELY if is_free else 1.0) * STRONG * (weight < 2)
    return 0.0 if is_free else WEAK * (weight >= 2) * (syllable.stress == 0)


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


def _unlike_bars(notes: Sequence[MelodyNote], frame: LineFrame) -> float:
    """Return at how many places on average one of two neighbouring bars has a note and the other has none."""
    bars: dict[int, set[int]] = {}
    for note in notes:
        bars.setdefault(note.onset // frame.bar_steps, set()).add(note.onset % frame.bar_steps)
    whole = [bars.get(bar, set()) for bar in range(min(bars), max(bars) + 1)]
    unlike = [len(a ^ b) for a, b in pairwise(whole)]
    return sum(unlike) / len(unlike) if unlike else 0.0


def _contour_faults(notes: Sequence[MelodyNote], habits: LineHabits) -> float:
    steps = [b.pitch - a.pitch for a, b in pairwise(notes)]
    leaps = sum(abs(step) > 7 or abs(step) == 6 for step in steps)
    repeats = steps.count(0) / max(1, len(steps))
    wide = sum(abs(step) >= LEAP for step in steps) / max(1, len(steps))
    pitches = [note.pitch for note in notes]
    missing = max(0, min(USUAL_RANGE, len(notes)) - (max(pitches) - min(pitches)))
    return (
        LEAPS * leaps
        + REPEATS * abs(repeats - habits.repeats)
        + WIDE * max(0.0, wide - habits.leaps)
        + NARROW * missing
    )
