"""The ids of the composing model: marks, bars, positions, chords, voices, pitches, durations. Does not know their order.

The grid is 12 steps a quarter (40 ticks), which holds sixteenths and triplets.
"""

from __future__ import annotations

from functools import cache
from itertools import product

from engine.errors import RequestError
from engine.music.piece import VOICES, Voice
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Chord, Key

STEPS_PER_QUARTER = 12
STEP_TICKS = TICKS_PER_QUARTER // STEPS_PER_QUARTER
LONGEST_BAR_STEPS = 12 * STEPS_PER_QUARTER
LOWEST_PITCH, HIGHEST_PITCH = 21, 108
TASKS = ("continue", "infill", "chords", "voices", "melody", "pitches", "rhythm")
STYLES = ("any", "chorale", "hymn", "song", "lied", "folk")
SIGNATURES = (
    "2/4 3/4 4/4 5/4 6/4 7/4 2/2 3/2 4/2 3/8 4/8 5/8 6/8 7/8 9/8 12/8"
).split()  # fmt: skip
QUALITIES = ("maj", "m", "7", "m7", "maj7", "dim", "dim7", "m7b5", "aug", "sus4")
# What a rarer quality is read as: what is left when its colours are taken away.
_PLAIN = {
    "5": "maj", "sus2": "sus4", "mmaj7": "m", "aug7": "aug", "augmaj7": "aug", "7b5": "7", "7sus4": "sus4", "6": "maj",
    "m6": "m", "69": "maj", "m69": "m", "add9": "maj", "madd9": "m", "9": "7", "maj9": "maj7", "m9": "m7", "aug9": "aug",
    "9sus4": "sus4", "7b9": "7", "7#9": "7", "7#11": "7", "maj7#11": "maj7", "11": "7", "m11": "m7", "13": "7",
    "maj13": "maj7", "m13": "m7",
}  # fmt: skip
NO_CHORD = "N.C."


class PartVocabulary:
    """The ids, by kind: each kind is a range, so that masks are slices. `len` is the size of the vocabulary, V."""

    def __init__(self) -> None:
        names = ["<pad>", "<start>", "<end>", "<sep>", "<hole>"]
        ranges: dict[str, range] = {}
        for kind, of_kind in (
            ("task", TASKS),
            ("style", STYLES),
            ("mode", ("major", "minor")),
            ("bar", SIGNATURES),
            ("position", range(LONGEST_BAR_STEPS)),
            ("voice", VOICES),
            ("pitch", range(LOWEST_PITCH, HIGHEST_PITCH + 1)),
            ("hidden", ("pitch",)),
            ("duration", range(1, LONGEST_BAR_STEPS + 1)),
            ("chord", [*(f"{root}{q}" for root, q in product(range(12), QUALITIES)), NO_CHORD]),
        ):
            first = len(names)
            names += [f"{kind}:{value}" for value in of_kind]
            ranges[kind] = range(first, len(names))
        self.names = tuple(names)
        self.pad_id, self.start_id, self.end_id, self.separator_id, self.hole_id = range(5)
        self.ranges = ranges
        self._ids = {name: number for number, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self.names)

    def id_of(self, name: str) -> int:
        """Return the id of "pitch:60"; KeyError for what is not there."""
        return self._ids[name]

    def position(self, step: int) -> int:
        return self.ranges["position"][step]

    def pitch(self, pitch: int) -> int:
        return self.ranges["pitch"][pitch - LOWEST_PITCH]

    def duration(self, steps: int) -> int:
        return self.ranges["duration"][steps - 1]

    def voice(self, voice: Voice) -> int:
        return self.ranges["voice"][VOICES.index(voice)]

    def bar(self, signature: str) -> int:
        return self.ranges["bar"][SIGNATURES.index(signature)]

    def kind(self, token_id: int) -> str:
        """Return the kind of an id; "mark" for the first five."""
        return _kinds()[token_id]

    def value(self, token_id: int) -> int:
        """Return the place of an id in its range: steps of a position, index of a voice."""
        return token_id - self.ranges[self.kind(token_id)].start


VOCABULARY = PartVocabulary()


@cache
def _kinds() -> tuple[str, ...]:
    kinds = ["mark"] * len(VOCABULARY)
    for kind, ids in VOCABULARY.ranges.items():
        for number in ids:
            kinds[number] = kind
    return tuple(kinds)


def chord_id(symbol: str, semitones: int = 0) -> int:
    """Return the id of a chord symbol, moved by semitones, without its bass and its rarer colours; N.C. if it is none."""
    try:
        chord = Chord.parse(symbol)
    except RequestError:
        return VOCABULARY.id_of(f"chord:{NO_CHORD}")
    quality = _PLAIN.get(chord.quality, chord.quality)
    return VOCABULARY.id_of(f"chord:{(chord.root + semitones) % 12}{quality if quality in QUALITIES else 'maj'}")


def chord_symbol(token_id: int, semitones: int, key: Key | None) -> str:
    """Return the symbol of a chord's id, moved back by the semitones that the piece was moved, spelled for a key."""
    place = token_id - VOCABULARY.ranges["chord"].start
    if place == 12 * len(QUALITIES):
        return NO_CHORD
    root, quality = divmod(place, len(QUALITIES))
    chord = Chord((root - semitones) % 12, QUALITIES[quality])
    return chord.symbol if key is None else chord.symbol_in(key)


def chord_tones(token_id: int) -> frozenset[int]:
    """Return the pitch classes of a chord's id, in C major or A minor; none for N.C."""
    place = token_id - VOCABULARY.ranges["chord"].start
    if place == 12 * len(QUALITIES):
        return frozenset()
    root, quality = divmod(place, len(QUALITIES))
    return frozenset(Chord(root, QUALITIES[quality]).pitch_classes)
