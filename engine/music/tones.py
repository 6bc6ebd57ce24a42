"""Which tones fit a chord in a key: the scale over it, and the pentatonic scale. Does not know instruments or time."""

from __future__ import annotations

from functools import lru_cache

from engine.music.theory import Chord, Key, scale_pitch_classes

_RAISED = frozenset({4, 8, 11})  # semitones above the root


@lru_cache(maxsize=2048)
def local_scale(chord: Chord | None, key: Key) -> frozenset[int]:
    """Return the key's scale with the chord's tones in it, each in the place of the tone of the scale beside it.

    Over E7 in A minor that is A B C D E F G#: no G beside the G#.
    """
    scale = frozenset(key.scale)
    if chord is None:
        return scale
    tones = frozenset(chord.pitch_classes)
    altered = {_altered(tone, chord) for tone in tones - scale}
    return (scale - (altered - tones)) | tones


def _altered(tone: int, chord: Chord) -> int:
    """Return the tone in whose place a foreign one stands: a major third or augmented fifth is raised, others are lowered."""
    is_raised = (tone - chord.root) % 12 in _RAISED
    return (tone + (-1 if is_raised else 1)) % 12


def pentatonic(key: Key) -> frozenset[int]:
    """Return the five tones of a key that Chinese tunes are made of: those of its major, from whichever it begins."""
    tonic = key.tonic if key.mode == "major" else key.relative.tonic
    return frozenset(scale_pitch_classes(tonic, "major pentatonic"))
