"""Keys, scales, chord symbols, Roman numerals and voices. Knows nothing of time, files or models.

Spelling rests on the line of fifths: ... Bb F C G D A E B F# ..., where C is 0 and each step up is a fifth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from engine.errors import RequestError
from engine.music.qualities import QUALITIES, quality_named

Mode = Literal["major", "minor"]

_USUAL_FIFTHS = 99  # stands for "the usual spelling" until Key.__post_init__ has put the number in
_LONGEST_SYMBOL = 24  # characters; longer text is refused, and cut in messages
_NOTE = r"([A-Ga-g])\s*(?:(##|bb|#|b|sharp\b|flat\b))?"
_ACCIDENTALS = {"": 0, "#": 1, "##": 2, "b": -1, "bb": -2, "sharp": 1, "flat": -1}

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
}

# Comfortable ranges: soprano C4-G5, alto G3-D5, tenor C3-G4, bass F2-C4, child C4-E5.
VOICES = {"soprano": (60, 79), "alto": (55, 74), "tenor": (48, 67), "bass": (41, 60), "child": (60, 76)}

_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_DEGREE = re.compile(r"([#b]?)(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)(?![IViv])(.*)", flags=re.DOTALL)
_BASS = re.compile(r"([#b]?)([1-7])")
_LOWER_SUFFIXES = {"dim": "o", "dim7": "o7", "m7b5": "ø7"}
# Degrees off the scale, by semitones above the tonic.
_ALTERED = {
    "major": {1: "b2", 3: "b3", 6: "#4", 8: "b6", 10: "b7"},
    "minor": {1: "b2", 4: "#3", 6: "#4", 9: "#6", 11: "#7"},
}


@dataclass(frozen=True)
class Key:
    """A tonic pitch class (0-11) with a mode; `fifths` (-7 to 7, flats negative) says how it is spelled.

    `Key(6)` is Gb major, as most write it; `Key.parse("F#")` and `Key(6, fifths=6)` are F# major.
    """

    tonic: int
    mode: Mode = "major"
    fifths: int = _USUAL_FIFTHS

    def __post_init__(self) -> None:
        if not 0 <= self.tonic <= 11 or self.mode not in ("major", "minor"):
            raise ValueError(f"a key has a tonic of 0-11 and is major or minor, not {self.tonic} {self.mode}")
        of_tonic = 7 * (self.tonic + (3 if self.mode == "minor" else 0)) % 12
        if self.fifths == _USUAL_FIFTHS:
            object.__setattr__(self, "fifths", of_tonic - 12 if of_tonic > 5 else of_tonic)
        if not -7 <= self.fifths <= 7 or (self.fifths - of_tonic) % 12:
            raise ValueError(f"{self.tonic} {self.mode} cannot have {self.fifths} fifths")

    @classmethod
    def parse(cls, text: str) -> Key:
        """Return the key that "F#m", "Eb minor", "C" or "b flat major" names; RequestError for any other text."""
        found = re.fullmatch(_NOTE + r"[\s-]*(\S*)", _plain(text), flags=re.IGNORECASE)
        mode = _mode_named(found[3]) if found else None
        if found is None or mode is None:
            known = (form for key in all_keys() for form in (str(key), key.short))
            raise _unknown("key", text, known, "C, F#m or Eb minor")
        position = _position(found[1], found[2])
        fifths = position - (3 if mode == "minor" else 0)
        return cls(7 * position % 12, mode, fifths if -7 <= fifths <= 7 else _USUAL_FIFTHS)

    @classmethod
    def of_signature(cls, fifths: int, mode: Mode) -> Key:
        """Return the key with so many sharps (1-7) or flats (-7 to -1)."""
        return cls(7 * (fifths + (3 if mode == "minor" else 0)) % 12, mode, fifths)

    def __str__(self) -> str:
        return f"{self.tonic_name} {self.mode}"

    @property
    def tonic_name(self) -> str:
        return _name(self.fifths + (3 if self.mode == "minor" else 0))

    @property
    def short(self) -> str:
        """The key as one types it: "F#m", "C"."""
        return self.tonic_name + ("m" if self.mode == "minor" else "")

    @property
    def scale(self) -> tuple[int, ...]:
        """The seven pitch classes of the key from its tonic up; natural minor in minor."""
        return scale_pitch_classes(self.tonic, self.mode)

    @property
    def _other_mode(self) -> Mode:
        return "minor" if self.mode == "major" else "major"

    @property
    def relative(self) -> Key:
        """The key of the other mode with the same signature."""
        return Key.of_signature(self.fifths, self._other_mode)

    @property
    def parallel(self) -> Key:
        """The key of the other mode with the same tonic, spelled alike where its signature allows."""
        fifths = self.fifths + (-3 if self.mode == "major" else 3)
        return Key(self.tonic, self._other_mode, fifths if -7 <= fifths <= 7 else _USUAL_FIFTHS)

    def transpose(self, semitones: int) -> Key:
        """Return the key so many semitones up (or down, if negative), in its usual spelling."""
        return Key((self.tonic + semitones) % 12, self.mode) if semitones % 12 else self

    def spell(self, pitch_class: int) -> str:
        """Return the name of a pitch class as the key writes it: 8 is "G#" in A minor and "Ab" in Eb major."""
        lowest = self.fifths - (3 if self.mode == "minor" else 5)
        position = lowest + (7 * pitch_class - lowest) % 12
        if not -8 <= position <= 12:  # a double accidental; the plain name reads better
            position += 12 if position < 0 else -12
        return _name(position)


@dataclass(frozen=True)
class Chord:
    """A root pitch class, a quality of `QUALITIES` and, where it is not the root, a bass pitch class.

    The quality "" is read as "maj", and a bass equal to the root as None.
    """

    root: int
    quality: str = "maj"
    bass: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "quality", self.quality or "maj")
        if self.bass == self.root:
            object.__setattr__(self, "bass", None)
        if not 0 <= self.root <= 11 or not 0 <= (self.bass or 0) <= 11 or self.quality not in QUALITIES:
            raise ValueError(f"a chord has pitch classes of 0-11 and a known quality: {self}")

    @classmethod
    def parse(cls, text: str) -> Chord:
        """Return the chord that a symbol such as "Am7/G" names; RequestError with the nearest ones otherwise."""
        plain = _plain(text)
        whole = re.fullmatch(_NOTE + r"(\S*)", plain)  # first, since "C6/9" has no bass
        if whole and (quality := quality_named(whole[3])):
            return cls(_pitch_class(whole[1], whole[2]), quality)
        slashed = re.fullmatch(_NOTE + r"(\S*)\s*/\s*" + _NOTE, plain)
        if slashed and (quality := quality_named(slashed[3])):
            return cls(_pitch_class(slashed[1], slashed[2]), quality, _pitch_class(slashed[4], slashed[5]))
        begun = re.match(_NOTE, plain)
        roots = [begun[1].upper() + (begun[2] or "")] if begun else list("CDEFGAB")
        known = (root + suffix for root in roots for suffix in ("", *QUALITIES))
        raise _unknown("chord symbol", text, known, "Am7 or G/B")

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The chord tones from the root up; a bass that is no chord tone is not among them."""
        return tuple((self.root + interval) % 12 for interval in QUALITIES[self.quality])

    @property
    def bass_pitch_class(self) -> int:
        return self.root if self.bass is None else self.bass

    @property
    def has_minor_third(self) -> bool:
        return 3 in QUALITIES[self.quality] and 4 not in QUALITIES[self.quality]

    @property
    def symbol(self) -> str:
        """The chord symbol in the spelling that is usual for its root; `symbol_in` spells it for a key."""
        return self.symbol_in(Key(self.root, "minor" if self.has_minor_third else "major"))

    def symbol_in(self, key: Key) -> str:
        """Return the chord symbol with root and bass named as the key writes them."""
        suffix = "" if self.quality == "maj" else self.quality
        return key.spell(self.root) + suffix + ("" if self.bass is None else "/" + key.spell(self.bass))

    def transpose(self, semitones: int) -> Chord:
        """Return the chord so many semitones up, or down if negative."""
        bass = None if self.bass is None else (self.bass + semitones) % 12
        return Chord((self.root + semitones) % 12, self.quality, bass)


def all_keys() -> tuple[Key, ...]:
    """Return the 24 keys in their usual spelling, majors first."""
    return tuple(Key(tonic, mode) for mode in ("major", "minor") for tonic in range(12))


def scale_pitch_classes(tonic: int, scale: str) -> tuple[int, ...]:
    """Return the pitch classes of a scale of `SCALES` from its tonic up."""
    return tuple((tonic + interval) % 12 for interval in SCALES[scale])


def nearest_pitch(pitch_class: int, near: int, low: int = 0, high: int = 127) -> int:
    """Return the pitch of a pitch class that is nearest to `near` within low-high; the lower one of a tie.

    ValueError where low-high holds no such pitch.
    """
    pitches = (pitch for pitch in range(low, high + 1) if pitch % 12 == pitch_class % 12)
    return min(pitches, key=lambda pitch: abs(pitch - near))


def voice_range(voice: str) -> tuple[int, int]:
    """Return the lowest and highest comfortable pitch of a voice; RequestError for an unknown one."""
    name = voice.strip().lower()
    if name not in VOICES:
        raise RequestError(f'voice must be one of {", ".join(VOICES)}, got "{_cut(voice)}"')
    return VOICES[name]


def chord_of_degree(key: Key, numeral: str) -> Chord:
    """Return the chord that a numeral ("vi7", "bVII", "V7/ii", "I/3") means in a key; RequestError otherwise."""
    plain = _plain(numeral)
    head, slash, tail = plain.rpartition("/")
    if slash and _BASS.fullmatch(tail):
        chord = chord_of_degree(key, head)
        return Chord(chord.root, chord.quality, _degree_pitch_class(key, tail[:-1], int(tail[-1])))
    if slash and _DEGREE.fullmatch(tail):
        home = chord_of_degree(key, tail)
        return chord_of_degree(Key(home.root, "minor" if home.has_minor_third else "major"), head)
    found = _DEGREE.fullmatch(plain)
    quality = _numeral_quality(found[2], found[3]) if found else None
    if found is None or quality is None:
        known = (form + end for name in _NUMERALS for form in (name, name.lower()) for end in ("", "7", "maj7"))
        raise _unknown("Roman numeral", numeral, known, "I, vi7 or bVII")
    return Chord(_degree_pitch_class(key, found[1], _NUMERALS.index(found[2].upper()) + 1), quality)


def degree_of_chord(key: Key, chord: Chord) -> str:
    """Return the Roman numeral of a chord in a key, so that `chord_of_degree` gives the chord back."""
    degree = _degree_name(key, chord.root)
    numeral, suffix = _NUMERALS[int(degree[-1]) - 1], "" if chord.quality == "maj" else chord.quality
    if chord.has_minor_third:
        numeral = numeral.lower()
        suffix = _LOWER_SUFFIXES.get(chord.quality) or suffix.removeprefix("m")
    bass = "" if chord.bass is None else "/" + _degree_name(key, chord.bass)
    return degree[:-1] + numeral + suffix + bass


def _mode_named(suffix: str) -> Mode | None:
    if suffix == "M" or suffix.lower() in ("", "maj", "major"):
        return "major"
    return "minor" if suffix.lower() in ("m", "min", "minor") else None


def _plain(text: str) -> str:
    plain = text.strip().replace("♯", "#").replace("♭", "b")
    return plain if len(plain) <= _LONGEST_SYMBOL else ""  # nothing so long is a name


def _position(letter: str, accidental: str | None) -> int:
    return "FCGDAEB".index(letter.upper()) - 1 + 7 * _ACCIDENTALS[(accidental or "").lower()]


def _pitch_class(letter: str, accidental: str | None) -> int:
    return 7 * _position(letter, accidental) % 12


def _name(position: int) -> str:
    alteration, letter = divmod(position + 1, 7)
    return "FCGDAEB"[letter] + ("#" if alteration > 0 else "b") * abs(alteration)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SYMBOL else text[:_LONGEST_SYMBOL] + "..."


def _unknown(what: str, text: str, known: Iterable[str], examples: str) -> RequestError:
    nearest = get_close_matches(_plain(text)[:_LONGEST_SYMBOL], list(known), n=3, cutoff=0.4)
    advice = f"did you mean {' or '.join(nearest)}?" if nearest else f"try {examples}"
    return RequestError(f'"{_cut(text)}" is not a {what}; {advice}')


def _degree_name(key: Key, pitch_class: int) -> str:
    if pitch_class in key.scale:
        return str(key.scale.index(pitch_class) + 1)
    return _ALTERED[key.mode][(pitch_class - key.tonic) % 12]


def _degree_pitch_class(key: Key, accidental: str, degree: int) -> int:
    return (key.scale[degree - 1] + {"": 0, "#": 1, "b": -1}[accidental]) % 12


def _numeral_quality(numeral: str, suffix: str) -> str | None:
    if numeral.islower():
        return quality_named("m" + suffix) or quality_named(suffix)
    return quality_named(suffix)
