"""How varied the rhymes of a song are: its rhyme families and the stems of its end words. Does not know plans or files.

Own definitions. Both change with length, so a song is cut to its first rhymes and lines. NaN where there is nothing to count.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain

from engine.lyrics.lemmas import lemma
from engine.lyrics.prosody import plain_words, rhyme_key
from engine.lyrics.rhyme import FREE, find_scheme

RHYMES_COMPARED, LINES_COMPARED = 8, 24


def rhymes_of(sections: Sequence[Sequence[str]]) -> list[str]:
    """Return the rhyme key of every rhyme: of all lines of one section that rhyme with each other, once."""
    found: list[str] = []
    for lines in sections:
        keys = {letter: rhyme_key(line) for line, letter in zip(lines, find_scheme(lines), strict=True)}
        found += [key for letter, key in keys.items() if letter != FREE]
    return found


def rhyme_families(sections: Sequence[Sequence[str]]) -> float:
    """Return the different rhyme families over the rhymes of a song, of its first 8; 1 where none comes again.

    sections: the lines of each, those that come again word for word only once. A song that rhymes rain with pain in the
    verse, and chain with lane in the chorus, has two rhymes of one family: 0.5.
    """
    rhymes = rhymes_of(sections)[:RHYMES_COMPARED]
    return len(set(rhymes)) / len(rhymes) if rhymes else math.nan


def repeated_end_stems(sections: Sequence[Sequence[str]]) -> float:
    """Return the share of lines that end in a form of an earlier end word, of the first 24 different lines of a song.

    Forms of a word share a lemma: "rained" after "rain" counts, and so does "rain" again.
    """
    texts = dict.fromkeys(tuple(plain_words(line)) for line in chain.from_iterable(sections))
    ends = [lemma(words[-1]) for words in texts if words][:LINES_COMPARED]
    return 1 - len(set(ends)) / len(ends) if ends else math.nan
