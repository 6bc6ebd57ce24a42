"""Which pitches play a chord: close positions that move little from one chord to the next.

Does not know rhythm or programs.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.music.theory import Chord

MOST_VOICES = 4
_PULL_TO_MIDDLE = 0.2  # keeps a long chain of chords from drifting to one end of the register


def voice_chords(chords: Sequence[Chord], *, low: int, high: int) -> list[tuple[int, ...]]:
    """Return 2-4 ascending pitches per chord within low-high, each position nearest to the one before.

    high - low: at least 22 semitones hold every close position; ValueError where no position fits.
    """
    middle = (low + high) / 2
    voicings: list[tuple[int, ...]] = []
    for chord in chords:
        positions = close_positions(chord, low=low, high=high)
        previous = voicings[-1] if voicings else ()
        voicings.append(min(positions, key=lambda position: _movement(previous, position) + _lean(position, middle)))
    return voicings


def close_positions(chord: Chord, *, low: int, high: int) -> list[tuple[int, ...]]:
    """Return every inversion of a chord that fits low-high with all its notes inside an octave."""
    pitch_classes = _sounding_pitch_classes(chord)
    positions = []
    for lowest in range(low, high + 1):
        if lowest % 12 in pitch_classes:
            position = tuple(sorted(lowest + (pitch_class - lowest) % 12 for pitch_class in pitch_classes))
            if position[-1] <= high:
                positions.append(position)
    return positions


def _sounding_pitch_classes(chord: Chord) -> tuple[int, ...]:
    """Leave out the fifth and then the root of chords with more notes than voices: the bass has the root."""
    stacked = list(dict.fromkeys(chord.pitch_classes))
    for spare in (2, 0):
        if len(stacked) > MOST_VOICES:
            del stacked[spare]
    return tuple(stacked[:MOST_VOICES])


def _movement(previous: tuple[int, ...], position: tuple[int, ...]) -> int:
    return sum(min((abs(pitch - before) for before in previous), default=0) for pitch in position)


def _lean(position: tuple[int, ...], middle: float) -> float:
    return _PULL_TO_MIDDLE * abs(sum(position) / len(position) - middle)


def power_voicings(chords: Sequence[Chord], *, low: int) -> list[tuple[int, ...]]:
    """Return root, fifth and octave of each chord, the root in the octave above `low`; the fifth is the chord's own."""
    found: list[tuple[int, ...]] = []
    for chord in chords:
        root = low + (chord.root - low) % 12
        fifth = chord.pitch_classes[min(2, len(chord.pitch_classes) - 1)]
        found.append((root, root + (fifth - root) % 12, root + 12))
    return found


def pentatonic_voicing(chord: Chord, voicing: tuple[int, ...], five: frozenset[int]) -> tuple[int, ...]:
    """Return a voicing without the tones that are not among the five of a scale; its root and fifth always stay."""
    firm = {chord.root, chord.pitch_classes[min(2, len(chord.pitch_classes) - 1)]}
    kept = tuple(pitch for pitch in voicing if pitch % 12 in five | firm)
    return kept or voicing
