"""Which phonemes each letter of a word stands for, by the most probable alignment.

Does not know stress or how a word is pronounced: letters and phonemes are both given.
The probabilities were estimated by `engine.training.letter_to_sound`.
"""

from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from pathlib import Path

LETTERS = "'abcdefghijklmnopqrstuvwxyz"
_SPELLINGS = str.maketrans(
    {"’": "'", "æ": "ae", "œ": "oe", "ł": "l", "ø": "o", "đ": "d", "ß": "ss", "þ": "t", "ð": "d", "ı": "i"}
)
COSTS_FILE = Path(__file__).with_name("letter_alignment.json")
UNSEEN_SINGLE, UNSEEN_GROUP = -13.0, -18.0  # below log(1e-5), the least that the file holds
MOST_PHONEMES_A_LETTER = 3


def plain_letters(word: str) -> str:
    """Return the letters a-z and apostrophes of a word, without accents: "Blessèd" -> "blessed"."""
    decomposed = unicodedata.normalize("NFKD", word.lower().translate(_SPELLINGS))
    return "".join(c for c in decomposed if c in LETTERS)


def align(letters: str, phonemes: tuple[str, ...]) -> tuple[tuple[int, int], ...] | None:
    """Return for each letter the start and end of its phonemes; None if there are over three phonemes a letter.

    letters: any text, compared in lower case. phonemes: ARPAbet, with or without stress digits.
    """
    table = _log_probabilities()
    sounds = tuple(phoneme.rstrip("012") for phoneme in phonemes)
    best: dict[int, tuple[float, int]] = {0: (0.0, 0)}
    history: list[dict[int, tuple[float, int]]] = []
    for index, letter in enumerate(letters.lower()):
        least = len(sounds) - MOST_PHONEMES_A_LETTER * (len(letters) - index - 1)
        best = _extended(best, letter, sounds, table, least)
        history.append(best)
    if not letters or len(sounds) not in best:
        return None
    spans, end = [], len(sounds)
    for column in reversed(history):
        start = end - column[end][1]
        spans.append((start, end))
        end = start
    return tuple(reversed(spans))


def _extended(
    best: dict[int, tuple[float, int]], letter: str, sounds: tuple[str, ...], table: dict[str, float], least: int
) -> dict[int, tuple[float, int]]:
    """Return the best score and step for each number of phonemes used after one more letter."""
    after: dict[int, tuple[float, int]] = {}
    for used, (score, _) in best.items():
        for length in range(MOST_PHONEMES_A_LETTER + 1):
            end = used + length
            if end > len(sounds):
                break
            if end < least:
                continue
            unseen = UNSEEN_SINGLE if length < 2 else UNSEEN_GROUP * (length - 1)
            total = score + table.get(" ".join((letter, *sounds[used:end])), unseen)
            if end not in after or total > after[end][0]:
                after[end] = (total, length)
    return after


@lru_cache(maxsize=1)
def _log_probabilities() -> dict[str, float]:
    """Return log p(phonemes | letter) under "letter PHONEME PHONEME"."""
    loaded: dict[str, float] = json.loads(COSTS_FILE.read_text(encoding="utf-8"))
    return loaded
