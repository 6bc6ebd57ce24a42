"""The ids of multitrack events, and what each says: bars, places in them, tempos, chords, tracks, notes.

Does not know Scores, nor which event may follow which. Kinds lie one after another; the first id of a kind has its name.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.music.qualities import QUALITIES
from engine.music.score import TICKS_PER_QUARTER, TimeSignature
from engine.music.theory import Chord

STEPS_PER_QUARTER = 24  # holds thirty-seconds (3 steps) and triplets of sixteenths (4 steps)
STEP_TICKS = TICKS_PER_QUARTER // STEPS_PER_QUARTER
MOST_TRACKS = 64
POSITIONS = 144  # six quarters: the bars of 12/8 and 6/4; Later reaches farther
LONG_STEPS = 96  # four quarters; a duration is some of these and 1-96 steps
LONGEST = 8  # the most LONG_STEPS of one event
VELOCITIES = np.minimum(np.arange(4, 132, 4), 127)  # so that the usual 64, 80, 96 and 127 are exact
NO_CHORD = "N.C."

DENOMINATORS = (1, 2, 4, 8, 16, 32)
TIME_SIGNATURES = tuple(TimeSignature(n, d) for d in DENOMINATORS for n in range(1, 33))
# Sixteen tempos to the octave, 4.4 % apart, so that 60, 120 and 240 are among them: 21.21-339.41 qpm.
TEMPOS_QPM = tuple(round(120 * 2 ** (place / 16), 2) for place in range(-40, 25))
CHORD_QUALITIES = ("maj", "m", "7", "m7", "maj7", "dim", "m7b5", "dim7", "sus4", "sus2", "6", "aug")

PAD, START, END, MASK, BAR, LATER, DRUMS = range(7)
TIME_SIGNATURE = DRUMS + 1
POSITION = TIME_SIGNATURE + len(TIME_SIGNATURES)
TEMPO = POSITION + POSITIONS
CHORD = TEMPO + len(TEMPOS_QPM)  # no chord, then by root and by quality
PROGRAM = CHORD + 1 + 12 * len(CHORD_QUALITIES)
VOICE = PROGRAM + 128  # the second track of one program or of drums is its voice 1
PITCH = VOICE + MOST_TRACKS - 1
DRUM_PITCH = PITCH + 128
VELOCITY = DRUM_PITCH + 128
LONG = VELOCITY + len(VELOCITIES)
DURATION = LONG + LONGEST
SIZE = DURATION + LONG_STEPS

BAR_STEPS = np.array([signature.bar_ticks // STEP_TICKS for signature in TIME_SIGNATURES])  # by time signature


@cache
def tokens() -> tuple[str, ...]:
    """Return the names of all ids."""
    chords = [Chord(root, quality).symbol for root in range(12) for quality in CHORD_QUALITIES]
    return (
        *("Pad", "Start", "End", "Mask", "Bar", "Later", "Drums"),
        *(f"TimeSignature_{signature}" for signature in TIME_SIGNATURES),
        *(f"Position_{step}" for step in range(POSITIONS)),
        *(f"Tempo_{tempo:g}" for tempo in TEMPOS_QPM),
        *(f"Chord_{symbol}" for symbol in (NO_CHORD, *chords)),
        *(f"Program_{program}" for program in range(128)),
        *(f"Voice_{voice}" for voice in range(1, MOST_TRACKS)),
        *(f"Pitch_{pitch}" for pitch in range(128)),
        *(f"DrumPitch_{pitch}" for pitch in range(128)),
        *(f"Velocity_{velocity}" for velocity in VELOCITIES),
        *(f"Long_{count * LONG_STEPS}" for count in range(1, LONGEST + 1)),
        *(f"Duration_{steps}" for steps in range(1, LONG_STEPS + 1)),
    )


def time_signature_id(signature: TimeSignature) -> int:
    """Return the id of a time signature, 1-32 beats."""
    return TIME_SIGNATURE + 32 * DENOMINATORS.index(signature.denominator) + signature.numerator - 1


def tempo_id(tempo_qpm: float) -> int:
    """Return the id of the nearest tempo by ratio; what is slower than the slowest or faster than the fastest is it."""
    place = round(16 * np.log2(tempo_qpm / 120)) + 40
    return TEMPO + min(max(place, 0), len(TEMPOS_QPM) - 1)


def tempo_of(tempo: int) -> float:
    """Return the quarter notes per minute of an id."""
    return TEMPOS_QPM[tempo - TEMPO]


def velocity_ids(velocity: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ids of the nearest of VELOCITIES; velocity: 1-127 (N,)."""
    return VELOCITY + np.clip((velocity + 2) // 4, 1, 32) - 1


def velocity_of(velocity_id: int) -> int:
    """Return the velocity of an id."""
    return int(VELOCITIES[velocity_id - VELOCITY])


def chord_id(symbol: str) -> int:
    """Return the id of a chord symbol: its root with the quality that shares most tones; the bass is not kept.

    That of no chord for N.C. and for text that is no chord symbol.
    """
    try:
        chord = Chord.parse(symbol)
    except RequestError:
        return CHORD
    return CHORD + 1 + len(CHORD_QUALITIES) * chord.root + CHORD_QUALITIES.index(_nearest_quality(chord.quality))


def chord_symbol(chord: int) -> str:
    """Return the chord symbol of an id."""
    return tokens()[chord].removeprefix("Chord_")


@cache
def _nearest_quality(quality: str) -> str:
    wanted = set(QUALITIES[quality])
    return min(CHORD_QUALITIES, key=lambda kept: len(wanted ^ set(QUALITIES[kept])))
