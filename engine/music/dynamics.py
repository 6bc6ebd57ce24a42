"""How loud the band and the voice are, by player, level and place. Does not know pitches or programs.

The voice stays in front: half as much contrast as the band, and a floor above the band's ceiling.
"""

from __future__ import annotations

import random

from engine.music.passages import Passage

MELODY_VELOCITY, MELODY_FLOOR_VELOCITY, MELODY_CEILING_VELOCITY = 104, 88, 120
ACCOMPANIMENT_CEILING_VELOCITY, ACCOMPANIMENT_FLOOR_VELOCITY = 80, 18
SOLO_VELOCITY = 76
CHORD_VELOCITIES = {"B": 55, "b": 48, "h": 51}
SINGLE_NOTE_VELOCITY = 56
BASS_VELOCITIES = {"R": 67, "F": 63, "T": 62, "O": 62, "A": 61, "W": 65}
DRUM_VELOCITIES = {"X": 74, "x": 64, "o": 45}
PAD_VELOCITY, SECOND_VELOCITY, CYMBAL_VELOCITY = 38, 53, 64
_LOUDNESS = (0.84, 0.92, 1.03, 1.09)  # by level
_RISES = {"pre-chorus": (0.94, 1.06), "intro": (0.9, 1.0), "outro": (1.0, 0.84)}  # from the first bar to the last
_SPREAD = 2.5  # standard deviation of a velocity


def loudness(passage: Passage, ticks: int) -> float:
    """Return what velocities are multiplied by at a tick of a passage."""
    first, last = _RISES.get(passage.kind, (1.0, 1.0))
    return _LOUDNESS[passage.level] * (first + (last - first) * min(max(passage.rise(ticks), 0.0), 1.0))


def velocity(base: float, passage: Passage, ticks: int, rng: random.Random) -> int:
    """Return the velocity of an accompanying note at a tick; base: 1-127, what it is in a section of usual loudness."""
    played = round(base * loudness(passage, ticks) + rng.gauss(0, _SPREAD))
    return min(max(played, ACCOMPANIMENT_FLOOR_VELOCITY), ACCOMPANIMENT_CEILING_VELOCITY)


def sung_velocity(passage: Passage, ticks: int, rng: random.Random) -> int:
    """Return the velocity of a note of the melody."""
    # Half of the band's contrast: a voice that drops as far as the band does is lost.
    sung = MELODY_VELOCITY * (1 + loudness(passage, ticks)) / 2 + rng.gauss(0, 2)
    return min(max(round(sung), MELODY_FLOOR_VELOCITY), MELODY_CEILING_VELOCITY)
