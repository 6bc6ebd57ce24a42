"""Keys, scales, chord symbols and voices. Knows nothing of Roman numerals, time, files or models.

Spelling rests on the line of fifths: ... Bb F C G D A E B F# ..., where C is 0 and each step up is a fifth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.errors import RequestError
from engine.music.nearest_spelling import nearest
from engine.music.qualities import QUALITIES, QUALITY_OF_SUFFIX, quality_named

Mode = Literal["major", "minor"]

_USUAL_FIFTHS = 99  # stands for "the usual spelling" until Key.__post_init__ has put the number in
NO_CHORD = "N.C."  # stands on lead sheets where no chord is played
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

# Fifths from a root to its chord tone, by semitones: 4 is a major third, 10 a minor seventh.
_FIFTHS_OF_INTERVAL = {0: 0, 1: -5, 2: 2, 3: -3, 4: 4, 5: -1, 6: -6, 7: 1, 8: 8, 9: 3, 10: -2, 11: 5}
_ODD_FIFTHS = {("7#9", 3): 9, ("dim7", 9): -9, ("7#11", 6): 6, ("maj7#11", 6): 6}
# Comfortable ranges: soprano C4-G5, alto G3-D5, tenor C3-G4, bass F2-C4, child C4-E5.
VOICES = {"soprano": (60, 79), "alto": (55, 74), "tenor": (48, 67), "bass": (41, 60), "child": (60, 76)}
LOWEST_SUNG, HIGHEST_SUNG, NARROW_TO_WIDE = 36, 84, range(7, 37)  # of a range that is typed, and semitones in it
_VOICE_RANGE = re.compile(_NOTE + r"\s*(\d)\s*(?:-|–|to)\s*" + _NOTE + r"\s*(\d)", re.IGNORECASE)


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
        found = re.fullmatch(_NOTE + r"[\s-]*(\S*)", plain_symbol(text), flags=re.IGNORECASE)
        mode = _mode_named(found[3]) if found else None
        if found is None or mode is None:
            known = ((form, form) for key in all_keys() for form in (str(key), key.short))
            near = nearest(_without_h(plain_symbol(text)), known)
            raise unknown_name("key", text, advice(near, "C, F#m or Eb minor"))
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
        plain = plain_symbol(text)
        whole = re.fullmatch(_NOTE + r"(\S*)", plain)  # first, since "C6/9" has no bass
        if whole and (quality := quality_named(whole[3])):
            return cls(_pitch_class(whole[1], whole[2]), quality)
        slashed = re.fullmatch(_NOTE + r"(\S*)\s*/\s*" + _NOTE, plain)
        if slashed and (quality := quality_named(slashed[3])):
            return cls(_pitch_class(slashed[1], slashed[2]), quality, _pitch_class(slashed[4], slashed[5]))
        raise unknown_name("chord symbol", text, advice(nearest_chords(text), "Am7 or G/B"))

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
        return key.spell(self.root) + suffix + ("" if self.bass is None else "/" + self._bass_in(key))

    def _bass_in(self, key: Key) -> str:
        """Return the bass as it is spelled above its root, where it is a chord tone: A7/C# in any key, never A7/Db."""
        assert self.bass is not None
        interval = (self.bass - self.root) % 12
        if interval not in QUALITIES[self.quality]:
            return key.spell(self.bass)
        root = re.match(_NOTE, key.spell(self.root))
        assert root is not None  # `spell` writes names of notes
        fifths = _ODD_FIFTHS.get((self.quality, interval), _FIFTHS_OF_INTERVAL[interval])
        position = _position(root[1], root[2]) + fifths
        return _name(position) if -8 <= position <= 12 else key.spell(self.bass)

    def transpose(self, semitones: int) -> Chord:
        """Return the chord so many semitones up, or down if negative."""
        bass = None if self.bass is None else (self.bass + semitones) % 12
        return Chord((self.root + semitones) % 12, self.quality, bass)


def read_symbol(symbol: str) -> Chord | None:
    """Return the chord of a symbol on a lead sheet, None for "N.C.": no chord; RequestError for any other text."""
    return None if symbol == NO_CHORD else Chord.parse(symbol)


def nearest_chords(text: str) -> list[str]:
    """Return up to three chord symbols nearest to a mistyped one, in their usual spelling; none where none is near.

    The German H is taken for B: "H7" is near to B7 and "Cmjor7" to Cmaj7.
    """
    typed = _without_h(plain_symbol(text))
    chord, slash, after = typed.rpartition("/")
    if not slash:
        return _nearest_roots(typed)
    bass = re.match(_NOTE, _without_h(after))
    ending = f"/{bass[1].upper()}{bass[2] or ''}" if bass else ""
    return [symbol + ending for symbol in _nearest_roots(chord)]


def advice(near: Sequence[str], examples: str) -> str:
    """Return the way out of a mistyped name: those that it is near to, or examples where there are none."""
    return f"did you mean {' or '.join(near)}?" if near else f"try {examples}"


def unknown_name(what: str, text: str, way_out: str) -> RequestError:
    """Return the refusal of a text that names no key, chord symbol or Roman numeral."""
    return RequestError(f'"{cut_symbol(text)}" is not a {what}; {way_out}')


def cut_symbol(text: str) -> str:
    """Return what was typed, cut to what fits into a sentence."""
    return text if len(text) <= _LONGEST_SYMBOL else text[:_LONGEST_SYMBOL] + "..."


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
    """Return the lowest and highest comfortable pitch of a voice, or those of a range such as "G3-D5" (C4 is 60).

    RequestError for an unknown voice, and for a range that is narrower than a fifth or that nobody sings.
    """
    name = voice.strip().lower()
    if (typed := _VOICE_RANGE.fullmatch(plain_symbol(voice))) is not None:
        low, high = (_pitch_class(*typed.group(n, n + 1)) for n in (1, 4))
        low, high = low + 12 * (int(typed[3]) + 1), high + 12 * (int(typed[6]) + 1)
        if not (low >= LOWEST_SUNG and high <= HIGHEST_SUNG and high - low in NARROW_TO_WIDE):
            raise RequestError(
                "the range of a voice must be 7-36 semitones wide and lie between C2 and C6, "
                f'got "{cut_symbol(voice)}"; try G3-D5'
            )
        return low, high
    if name not in VOICES:
        raise RequestError(f'voice must be one of {", ".join(VOICES)}, got "{cut_symbol(voice)}"')
    return VOICES[name]


def _mode_named(suffix: str) -> Mode | None:
    if suffix == "M" or suffix.lower() in ("", "maj", "major"):
        return "major"
    return "minor" if suffix.lower() in ("m", "min", "minor") else None


def plain_symbol(text: str) -> str:
    """Return a typed name with plain accidentals and no blanks around it; empty if it is too long to be one."""
    plain = text.strip().replace("♯", "#").replace("♭", "b")
    return plain if len(plain) <= _LONGEST_SYMBOL else ""  # nothing so long is a name


def _nearest_roots(typed: str) -> list[str]:
    letter = typed[:1].upper()
    if not letter or letter not in "ABCDEFG":
        return []
    roots = [letter + accidental for accidental in ("", "#", "b")]
    forms = ((root + suffix, root, name) for root in roots for suffix, name in QUALITY_OF_SUFFIX.items())
    return nearest(letter + typed[1:], ((form, root + ("" if name == "maj" else name)) for form, root, name in forms))


def _position(letter: str, accidental: str | None) -> int:
    return "FCGDAEB".index(letter.upper()) - 1 + 7 * _ACCIDENTALS[(accidental or "").lower()]


def _pitch_class(letter: str, accidental: str | None) -> int:
    return 7 * _position(letter, accidental) % 12


def _name(position: int) -> str:
    alteration, letter = divmod(position + 1, 7)
    return "FCGDAEB"[letter] + ("#" if alteration > 0 else "b") * abs(alteration)


def _without_h(text: str) -> str:
    """Return the text with the German H, which is B, at its head."""
    return "B" + text[1:] if text[:1] in ("H", "h") else text
