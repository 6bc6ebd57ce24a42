"""Rhyme schemes: which lines of a stanza rhyme, found and asked for. Does not choose words."""

from __future__ import annotations

from collections.abc import Sequence

from engine.lyrics.prosody import rhyme_key, words_of

FREE = "X"
LETTERS = "ABCDEF"
ENDINGS = frozenset({"S", "Z", "D", "T"})


def last_word(line: str) -> str:
    """Return the last word of a line in lower case; "" where there is none."""
    words = words_of(line)
    return words[-1].lower() if words else ""


def lines_rhyme(first: str, second: str) -> bool:
    """Return whether two lines rhyme: equal rhyme keys, different last words."""
    return bool(rhyme_key(first)) and rhyme_key(first) == rhyme_key(second) and last_word(first) != last_word(second)


def near_family(key: str) -> str:
    """Return a rhyme key without the consonant that plurals and verb forms end in: EY N D (rained), EY N Z -> EY N.

    So "hand" is near to "man" as well. A key that would keep no consonant stays whole: "AY T" is not near to "AY".
    """
    sounds = key.split()
    return " ".join(sounds[:-1]) if len(sounds) > 2 and sounds[-1] in ENDINGS else key


def find_scheme(lines: Sequence[str]) -> str:
    """Return one letter per line; lines that rhyme share one, the others get X. Past six rhymes: X."""
    keys = [rhyme_key(line) for line in lines]
    ends: dict[str, set[str]] = {}
    for line, key in zip(lines, keys, strict=True):
        ends.setdefault(key, set()).add(last_word(line))
    letters: dict[str, str] = {}
    for key in keys:
        if key and len(ends[key]) > 1 and key not in letters and len(letters) < len(LETTERS):
            letters[key] = LETTERS[len(letters)]
    return "".join(letters.get(key, FREE) for key in keys)


def rhyme_pairs(scheme: str) -> list[tuple[int, int]]:
    """Return (earlier, later) for each line and the last line before it with the same letter; X never pairs."""
    last: dict[str, int] = {}
    pairs = []
    for index, letter in enumerate(scheme):
        if letter != FREE and letter in last:
            pairs.append((last[letter], index))
        last[letter] = index
    return pairs
