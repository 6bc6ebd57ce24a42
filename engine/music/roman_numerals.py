"""Roman numerals of chords in a key, there and back: `ii7`, `V65`, `V7/V`, `bVII`, `viio7`. Does not know time or lead sheets.

Case tells the third: `IV` is major, `iv` minor. Numerals count the degrees of the key's own scale; in minor the flats of
III, VI and VII may be written or left out (`bVII` and `VII` are both G in A minor), and a diminished `vii` stands on the
leading tone. Figures are those of inversions: 6 and 64 of triads, 65, 43 and 42 of sevenths, so an added sixth is `Iadd6`.
A digit after a slash is another bass, by its degree: `I/2` is C/D in C major.
"""

from __future__ import annotations

import re

from engine.music.nearest_spelling import nearest
from engine.music.qualities import QUALITIES, quality_named
from engine.music.theory import Chord, Key, advice, plain_symbol, unknown_name

_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_DEGREE = re.compile(r"([#b]?)(VII|VI|V|IV|III|II|I|vii|vi|v|iv|iii|ii|i)(?![IViv])(.*)", flags=re.DOTALL)
_BASS = re.compile(r"([#b]?)([1-7])")
_FIGURE = re.compile(r"(.*?)(6/?4|6/?5|4/?3|4/?2|6|2)", flags=re.DOTALL)
_FIGURE_WITH_SLASH = re.compile(r"[#b]?[IViv]+(?:o|ø|\+|maj)?(?:6/[45]|4/[23])")
# Which chord tone is the bass, and the figure that the root position of the same chord has.
_FIGURES = {"6": (1, ""), "64": (2, ""), "65": (1, "7"), "43": (2, "7"), "42": (3, "7"), "2": (3, "7")}
_FIGURE_OF_BASS = {("", 1): "6", ("", 2): "64", ("7", 1): "65", ("7", 2): "43", ("7", 3): "42"}
_WITH_FIGURES = ("maj", "m", "dim", "aug", "7", "maj7", "m7", "mmaj7", "dim7", "m7b5", "aug7", "augmaj7")
_LOWER_SUFFIXES = {"dim": "o", "dim7": "o7", "m7b5": "ø7"}
_SUFFIXES = {"maj": "", "aug": "+", "aug7": "+7", "augmaj7": "+maj7", "6": "add6", "m6": "add6", **_LOWER_SUFFIXES}
_DIMINISHED = frozenset(_LOWER_SUFFIXES)
# Degrees off the scale, by semitones above the tonic.
_ALTERED = {
    "major": {1: "b2", 3: "b3", 6: "#4", 8: "b6", 10: "b7"},
    "minor": {1: "b2", 4: "#3", 6: "#4", 9: "#6", 11: "#7"},
}
_DOMINANTS = frozenset({"maj", "7", "9", "7b9", "13"})
_TYPED = ("", "7", "maj7", "6", "64", "65", "43", "42", "o", "o7", "ø7", "+", "sus4", "sus2", "9", "add6")


def chord_of_degree(key: Key, numeral: str) -> Chord:
    """Return the chord that a numeral ("vi7", "bVII", "V65/ii", "I/3") means in a key; RequestError otherwise."""
    plain = plain_symbol(numeral).replace("°", "o").replace("Ø", "ø")
    head, slash, tail = plain.rpartition("/")
    if slash and _BASS.fullmatch(tail) and not _FIGURE_WITH_SLASH.fullmatch(plain):
        chord = chord_of_degree(key, head)
        return Chord(chord.root, chord.quality, _degree_pitch_class(key, tail[:-1], int(tail[-1])))
    if slash and _DEGREE.fullmatch(tail):
        home = chord_of_degree(key, tail)
        return chord_of_degree(Key(home.root, "minor" if home.has_minor_third else "major"), head)
    found = _DEGREE.fullmatch(plain)
    named = _quality_and_bass(found[2], found[3]) if found else None
    if found is None or named is None:
        raise unknown_name("Roman numeral", numeral, advice(nearest_numerals(numeral), "I, vi7 or bVII"))
    quality, bass = named
    root = _root(key, found[1], _NUMERALS.index(found[2].upper()) + 1, quality)
    return Chord(root, quality, (root + QUALITIES[quality][bass]) % 12 if bass else None)


def degree_of_chord(key: Key, chord: Chord) -> str:
    """Return the Roman numeral of a chord in a key, so that `chord_of_degree` gives the chord back.

    A dominant of another degree is named for where it leads: D7 in C major is V7/V.
    """
    bass = QUALITIES[chord.quality].index((chord.bass_pitch_class - chord.root) % 12) if _has_figure(chord) else 0
    goal = _goal(key, chord)
    if goal is not None:
        numeral = "V" + _suffix(chord.quality, bass) + "/" + goal
    else:
        degree = _degree_name(key, chord)
        name = _NUMERALS[int(degree[-1]) - 1]
        numeral = degree[:-1] + (name.lower() if chord.has_minor_third else name) + _suffix(chord.quality, bass)
    return numeral if chord.bass is None or bass else f"{numeral}/{_scale_degree(key, chord.bass)}"


def nearest_numerals(text: str) -> list[str]:
    """Return up to three numerals nearest to a mistyped one; none where none is near."""
    cases = [form for name in _NUMERALS for form in (name, name.lower())]
    forms = [mark + form + suffix for suffix in _TYPED for mark in ("", "b", "#") for form in cases]
    return nearest(plain_symbol(text), ((form, form) for form in forms))


def _quality_and_bass(numeral: str, suffix: str) -> tuple[str, int] | None:
    """Return the quality, and which of its tones is the bass; None for a suffix that means none."""
    figured = _FIGURE.fullmatch(suffix)
    if figured:
        bass, root_position = _FIGURES[figured[2].replace("/", "")]
        quality = _quality(numeral, figured[1] + root_position)
        if quality in _WITH_FIGURES and bass < len(QUALITIES[quality]):
            return quality, bass
    quality = _quality(numeral, suffix)
    return (quality, 0) if quality is not None else None


def _quality(numeral: str, suffix: str) -> str | None:
    if numeral.islower():
        minor = "m6" if suffix == "add6" else quality_named("m" + suffix)
        return minor or quality_named(suffix)
    return quality_named(suffix)


def _suffix(quality: str, bass: int) -> str:
    suffix = _SUFFIXES.get(quality)
    if suffix is None:
        suffix = quality.removeprefix("m") if QUALITIES[quality][1] == 3 else quality
    if not bass:
        return suffix
    seventh = "7" if len(QUALITIES[quality]) == 4 else ""
    return suffix.removesuffix("7") + _FIGURE_OF_BASS[seventh, bass]


def _has_figure(chord: Chord) -> bool:
    return chord.quality in _WITH_FIGURES and chord.bass is not None and chord.bass in chord.pitch_classes


def _goal(key: Key, chord: Chord) -> str | None:
    """Return the degree that a chord off the scale is the dominant of, if that is a major or minor triad of the key."""
    fifth_below = (chord.root + 5) % 12
    outside = set(chord.pitch_classes) - set(key.scale)
    if chord.quality not in _DOMINANTS or not outside or fifth_below not in key.scale or fifth_below == key.tonic:
        return None
    if chord.root in (key.tonic, key.scale[3]):
        return None  # I7 and IV7 are at home in the blues, and IV in a minor key is Dorian
    place = key.scale.index(fifth_below)
    third, fifth = (key.scale[(place + step) % 7] - fifth_below for step in (2, 4))
    if fifth % 12 != 7:
        return None
    return _NUMERALS[place] if third % 12 == 4 or place == 4 else _NUMERALS[place].lower()


def _degree_name(key: Key, chord: Chord) -> str:
    """Return the degree of a chord's root, such as "b7"; a diminished chord of a minor key counts from the leading tone."""
    if key.mode == "minor" and chord.quality in _DIMINISHED and chord.root in (key.scale[6], (key.tonic + 11) % 12):
        return "b7" if chord.root == key.scale[6] else "7"
    return _scale_degree(key, chord.root)


def _scale_degree(key: Key, pitch_class: int) -> str:
    if pitch_class in key.scale:
        return str(key.scale.index(pitch_class) + 1)
    return _ALTERED[key.mode][(pitch_class - key.tonic) % 12]


def _root(key: Key, accidental: str, degree: int, quality: str) -> int:
    if key.mode == "minor" and degree == 7 and not accidental and quality in _DIMINISHED:
        return (key.tonic + 11) % 12
    return _degree_pitch_class(key, accidental, degree)


def _degree_pitch_class(key: Key, accidental: str, degree: int) -> int:
    if accidental == "b" and key.mode == "minor" and degree in (3, 6, 7):
        accidental = ""  # these degrees are flat already, and most people write the flat all the same
    return (key.scale[degree - 1] + {"": 0, "#": 1, "b": -1}[accidental]) % 12
