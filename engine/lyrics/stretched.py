"""Words that are drawn out in writing, "sooo", "looove", as the plain words that they are. Does not know how they sound."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import groupby, product

from engine.lyrics.pronouncing_dictionary import look_up

_RUN = re.compile(r"([^\W\d_])\1\1+")
# Of these the dictionary knows a name with the letter doubled as well, which nobody means: "sooo" is so, not Soo.
_SINGLE = frozenset("so no go to do yo who me he she we be the my by hi ah la na hey love home long gone".split())
_DOUBLE = frozenset("zz ss mm shh psst pfft brr grr tss hmm aah ooh".split())  # sounds that are written so
_MOST_RUNS = 4


@lru_cache(maxsize=4096)
def plain_spelling(word: str) -> str:
    """Return a lower-case word with runs of three letters or more as one or two, as a known word has them, else as one."""
    if not _RUN.search(word):
        return word
    runs = [(letter, len(list(group))) for letter, group in groupby(word)]
    long = [index for index, (_, count) in enumerate(runs) if count > 2]
    spellings = []
    for counts in product((2, 1), repeat=len(long)) if len(long) <= _MOST_RUNS else [(1,) * len(long)]:
        chosen = dict(zip(long, counts, strict=True))
        spellings.append("".join(letter * chosen.get(n, count) for n, (letter, count) in enumerate(runs)))
    if spellings[0] in _DOUBLE:
        return spellings[0]
    if spellings[-1] in _SINGLE:
        return spellings[-1]
    return next((spelling for spelling in spellings if look_up(spelling)), spellings[-1])


def drawn_out(pieces: tuple[tuple[str, int], ...], word: str) -> tuple[tuple[str, int], ...]:
    """Return the syllables of a plain spelling with the letters of the word as it is written."""
    lengths: list[int] = []
    plain = "".join(text for text, _ in pieces)
    for (_, short), (_, full) in zip(groupby(plain), groupby(word), strict=True):
        count, written = len(list(short)), len(list(full))
        lengths += [1] * (count - 1) + [written - count + 1]
    found, letter, at = [], 0, 0
    for text, stress in pieces:
        size = sum(lengths[letter : letter + len(text)])
        found.append((word[at : at + size], stress))
        letter, at = letter + len(text), at + size
    return tuple(found)
