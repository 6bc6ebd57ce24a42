"""Other ways to write down a melody or to say less about it, to learn more from few songs. Does not know corpora or models.

A song in 3/4 could as well be noted in 3/8; a singer may not know the chords or which syllables are stressed.
"""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

from engine.music.melody_tokens import LONGEST_DURATION_STEPS, UNKNOWN_STRESS, Melody

# Signatures that the same music is noted in, each with what its times are multiplied by.
NOTATIONS: dict[str, tuple[tuple[str, Fraction], ...]] = {
    "4/4": (("2/2", Fraction(1)), ("2/4", Fraction(1, 2))),
    "2/2": (("4/4", Fraction(1)), ("2/4", Fraction(1, 2))),
    "2/4": (("4/4", Fraction(2)), ("2/2", Fraction(2))),
    "3/4": (("3/8", Fraction(1, 2)), ("3/2", Fraction(2))),
    "3/8": (("3/4", Fraction(2)),),
    "3/2": (("3/4", Fraction(1, 2)),),
    "6/8": (("6/4", Fraction(2)),),
    "6/4": (("6/8", Fraction(1, 2)),),
}
HIDDEN_CHORDS = {"song": 0.2, "hymn": 0.2, "art song": 0.5}  # chords of art songs are told from a piano, not printed
HIDDEN_STRESS, OTHER_NOTATION = 0.1, 0.2


def variant(melody: Melody, draw: random.Random) -> Melody:
    """Return the melody with its chords or stresses hidden or in another notation, each now and then."""
    if draw.random() < HIDDEN_CHORDS[melody.style]:
        melody = replace(melody, notes=tuple(replace(note, chord=None) for note in melody.notes))
    if draw.random() < HIDDEN_STRESS:
        melody = without_stress(melody)
    if draw.random() < OTHER_NOTATION and melody.time_signature in NOTATIONS:
        signature, factor = draw.choice(NOTATIONS[melody.time_signature])
        melody = in_notation(melody, signature, factor) or melody
    return melody


def without_stress(melody: Melody) -> Melody:
    """Return the melody with the stress of every syllable unknown."""
    notes = (note if note.word_position == "melisma" else replace(note, stress=UNKNOWN_STRESS) for note in melody.notes)
    return replace(melody, notes=tuple(notes))


def in_notation(melody: Melody, signature: str, factor: Fraction) -> Melody | None:
    """Return the melody with all times multiplied, or None where the grid cannot hold them."""
    notes = []
    for note in melody.notes:
        onset, duration = note.onset * factor, note.duration * factor
        if onset.denominator > 1 or duration.denominator > 1 or duration > LONGEST_DURATION_STEPS:
            return None
        notes.append(replace(note, onset=int(onset), duration=int(duration)))
    return replace(melody, time_signature=signature, notes=tuple(notes))
