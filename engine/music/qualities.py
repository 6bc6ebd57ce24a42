"""Qualities of chords: their intervals and the many ways to write them. Does not know roots, keys or Roman numerals."""

from __future__ import annotations

import re

# Semitones above the root, in the order in which the chord is stacked.
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7), "m": (0, 3, 7), "dim": (0, 3, 6), "aug": (0, 4, 8), "5": (0, 7),
    "sus2": (0, 2, 7), "sus4": (0, 5, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "m7": (0, 3, 7, 10),
    "mmaj7": (0, 3, 7, 11), "dim7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "aug7": (0, 4, 8, 10),
    "augmaj7": (0, 4, 8, 11), "7b5": (0, 4, 6, 10), "7sus4": (0, 5, 7, 10), "6": (0, 4, 7, 9), "m6": (0, 3, 7, 9),
    "69": (0, 4, 7, 9, 2), "m69": (0, 3, 7, 9, 2), "add9": (0, 4, 7, 2), "madd9": (0, 3, 7, 2), "9": (0, 4, 7, 10, 2),
    "maj9": (0, 4, 7, 11, 2), "m9": (0, 3, 7, 10, 2), "aug9": (0, 4, 8, 10, 2), "9sus4": (0, 5, 7, 10, 2),
    "7b9": (0, 4, 7, 10, 1), "7#9": (0, 4, 7, 10, 3), "7#11": (0, 4, 7, 10, 6), "maj7#11": (0, 4, 7, 11, 6),
    "11": (0, 4, 7, 10, 2, 5), "m11": (0, 3, 7, 10, 2, 5), "13": (0, 4, 7, 10, 2, 9), "maj13": (0, 4, 7, 11, 2, 9),
    "m13": (0, 3, 7, 10, 2, 9),
}  # fmt: skip

_QUALITY_SPELLINGS = {
    "maj": "M major", "m": "min minor - mi", "dim": "o ° m5- mb5 min5-", "aug": "+ #5", "5": "no3 power",
    "sus2": "2", "sus4": "sus 4", "7": "dom7", "maj7": "M7 major7 ma7 j7 Δ Δ7 △ △7", "m7": "min7 minor7 -7 mi7",
    "mmaj7": "mM7 m+7 minmaj7 min/maj7 -maj7 -M7 mΔ", "dim7": "o7 °7", "m7b5": "ø ø7 m7-5 min7b5 -7b5 h7 half-dim",
    "aug7": "+7 7#5 7+ 7aug", "augmaj7": "+maj7 maj7#5 +M7", "7b5": "7-5", "7sus4": "7sus sus7", "6": "maj6 M6 add6",
    "m6": "min6 -6 minor6", "69": "6/9 maj69 6add9", "m69": "m6/9 min69", "add9": "add2 maj(add9)", "maj9": "M9 Δ9",
    "madd9": "madd2 minadd9", "m9": "min9 -9", "aug9": "+9 9#5", "9sus4": "9sus", "7b9": "7-9", "7#9": "7+9",
    "m11": "min11 -11", "m13": "min13 -13", "maj13": "M13", "maj7#11": "M7#11",
}  # fmt: skip
QUALITY_OF_SUFFIX = {
    "": "maj",
    **{name: name for name in QUALITIES},
    **{spelling: name for name, line in _QUALITY_SPELLINGS.items() for spelling in line.split()},
}


def quality_named(suffix: str) -> str | None:
    """Return the quality that the text after a chord's root names ("" is "maj", "min7" is "m7"), or None."""
    plain = re.sub(r"[(),\s]", "", suffix)
    known = QUALITY_OF_SUFFIX.get(plain)
    # "Maj7" and "MIN7" are common, but "M7" and "m7" differ by case alone.
    return known or (QUALITY_OF_SUFFIX.get(plain.lower()) if plain[:1] != "M" or plain[1:2].isalpha() else None)
