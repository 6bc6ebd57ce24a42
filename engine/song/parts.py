"""Which part of a band a track plays: melody, second voice, solo, chords, bass, pad or drums.

Does not know styles or requests.
"""

from __future__ import annotations

import re

from engine.music.score import Track

_NAMED = {
    "second voice": r"second voice|2nd voice|counter-?melod|obbligato|descant|back(?:ing|ground) (?:voc|voice|sing)",
    "solo": r"^solo$",
    "bass": r"bass(?!oon)",
    "pad": r"\bpads?\b|strings|choir|organ pad",
    "melody": r"melod|voice|vocal|vox|\blead\b|sing|solo|tune",
    "chords": r"chord|piano|guitar|keys|organ|comp|harmon(?!ica)|accomp",
}
_PROGRAMS = ((range(32, 40), "bass"), (range(88, 96), "pad"), (range(48, 55), "pad"), (range(0, 32), "chords"))


def part_of(track: Track) -> str:
    """Return the part that a track plays, by its name, then its words, then its program; "melody" for the rest."""
    if track.is_drum:
        return "drums"
    name = track.name.lower()
    for part, pattern in _NAMED.items():
        if re.search(pattern, name):
            return part
    if track.lyrics:
        return "melody"
    return next((part for programs, part in _PROGRAMS if track.program in programs), "melody")
