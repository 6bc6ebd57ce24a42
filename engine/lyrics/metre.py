"""Metres: on which syllables of a line stress falls, and which words fit where. Does not know models or songs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.contract import METRES
from engine.errors import RequestError
from engine.lyrics.lexicon import Lexicon, Rows
from engine.lyrics.prosody import Syllable
from engine.lyrics.theme_words import FUNCTION_WORDS


@dataclass(frozen=True)
class Metre:
    """A foot that comes again and again. foot: its length in syllables. strong: which of them is strong, from 0."""

    name: str
    foot: int
    strong: int

    def is_strong(self, place: int) -> bool:
        """Return whether a syllable is strong. place: from 0 at the start of the line."""
        return place % self.foot == self.strong

    def ends_strong(self, syllables: int) -> bool:
        """Return whether a line of so many syllables ends on a strong one, as most lines of song do."""
        return self.is_strong(syllables - 1)


_FEET: Mapping[str, Metre] = {
    "iambic": Metre("iambic", 2, 1),
    "trochaic": Metre("trochaic", 2, 0),
    "anapaestic": Metre("anapaestic", 3, 2),
    "dactylic": Metre("dactylic", 3, 0),
}
_METRE_HELP = "most songs are iambic"
_OTHER_NAMES = {
    "iamb": "iambic", "iambs": "iambic", "trochee": "trochaic", "trochees": "trochaic", "anapest": "anapaestic",
    "anapaest": "anapaestic", "anapestic": "anapaestic", "dactyl": "dactylic", "dactyls": "dactylic",
}  # fmt: skip


def find_metre(name: str) -> Metre:
    """Return the metre of a name, in any case; RequestError names the nearest and then all.

    >>> find_metre("Anapestic").foot
    3
    """
    wanted = name.strip().lower()
    wanted = _OTHER_NAMES.get(wanted, wanted)
    if wanted in _FEET:
        return _FEET[wanted]
    near = difflib.get_close_matches(wanted, METRES, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else _METRE_HELP
    raise RequestError(f"metre must be one of {', '.join(METRES)}, got {name[:40]!r}; {hint}")


def keeps(syllables: Sequence[Syllable], metre: Metre) -> bool:
    """Return whether a line keeps a metre: the main stress of each longer word falls on a strong place.

    Words of one syllable fit anywhere, and so does the lesser stress of a longer one (moon-light, af-ter-noon). True
    for an empty line.
    """
    return all(
        metre.is_strong(place)
        for place, syllable in enumerate(syllables)
        if syllable.stress == 1 and syllable.word_position != "single"
    )


def smoothness(syllables: Sequence[Syllable], metre: Metre) -> float:
    """Return how well the words of one syllable sit in a metre, 0 to 1: "the" on a weak place, "rain" on a strong one.

    1 where there are none.
    """
    fits = [
        metre.is_strong(place) != (_plain(syllable.text) in FUNCTION_WORDS)
        for place, syllable in enumerate(syllables)
        if syllable.word_position == "single"
    ]
    return sum(fits) / len(fits) if fits else 1.0


def _plain(text: str) -> str:
    return text.lower().strip(',.;:!?"-')


class MetreRows:
    """Which words of a lexicon fit a metre at each place of a line, found once a song."""

    def __init__(self, lexicon: Lexicon, metre: Metre) -> None:
        self._lexicon, self._metre = lexicon, metre
        stresses = [[s for s in word.sound if s[-1] in "012"] for word in lexicon.words]
        longest = max(map(len, stresses), default=1)
        # main[w, i]: whether syllable i of word w, counted from its end, has the main stress, in a word of 2 or more
        self._main = np.zeros((len(stresses), longest), dtype=bool)
        for row, vowels in enumerate(stresses):
            if len(vowels) > 1:
                self._main[row, : len(vowels)] = [vowel[-1] == "1" for vowel in reversed(vowels)]
        self._rows: dict[int, Rows] = {}
        self._starts: dict[int, np.ndarray] = {}

    def rows(self, left: int) -> Rows:
        """Return the words that may be the last of `left` syllables: bool (W,), not to be changed."""
        if left not in self._rows:
            weak = [not self._metre.is_strong(left - 1 - i) for i in range(self._main.shape[1])]
            fits = ~(self._main[:, weak].any(axis=1)) if any(weak) else np.ones(len(self._main), dtype=bool)
            self._rows[left] = fits & (self._lexicon.syllables <= left)
        return self._rows[left]

    def start_mask(self, left: int) -> np.ndarray:
        """Return which ids can start one of these words: bool (V,), not to be changed."""
        if left not in self._starts:
            self._starts[left] = self._lexicon.starts(self.rows(left))
        return self._starts[left]
