"""Prosody of English lines: syllables, stress and rhyme keys. Does not know schemes, songs or music."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from engine.lyrics.pronunciation import pronounce
from engine.lyrics.stretched import drawn_out, plain_spelling
from engine.lyrics.syllabification import syllabify

WordPosition = Literal["single", "begin", "middle", "end"]

WORD = re.compile(r"'?[^\W_]+(?:['’-][^\W_]+)*['’]?")  # letters with accents too: "café" is one word


@dataclass(frozen=True)
class Syllable:
    """One vowel nucleus of a word. stress: 0 none, 1 primary, 2 secondary. tone: of a Chinese one 1-4, or 5 for neutral; else 0."""

    text: str
    stress: int
    word_position: WordPosition
    tone: int = 0


def words_of(line: str) -> list[str]:
    """Return the words of a line, without punctuation, as they are written."""
    return WORD.findall(line)


def plain_words(line: str) -> list[str]:
    """Return the words of a line in lower case, without the apostrophes around them, as texts are compared by them."""
    return [word.strip("'") for word in words_of(line.lower().replace("’", "'"))]


@lru_cache(maxsize=65536)
def count_word_syllables(word: str) -> int:
    """Return how many syllables a word has, at least 1."""
    return syllables_in(pronounce(word))


def syllables_in(sound: Sequence[str]) -> int:
    """Return the number of vowel phonemes, at least 1."""
    return max(1, sum(phoneme[-1] in "012" for phoneme in sound))


def count_syllables(line: str) -> int:
    """Return how many syllables a line has; 0 for a line without words."""
    return sum(count_word_syllables(word) for word in words_of(line))


@lru_cache(maxsize=65536)
def word_rhyme_key(word: str) -> str:
    """Return the phonemes of a word from its last stressed vowel on, without stress digits: night -> "AY T".

    Secondary stress counts (butterfly rhymes with sky). A word without a stressed vowel counts from its last vowel.
    """
    return rhyme_key_of(pronounce(word))


def rhyme_key_of(phonemes: Sequence[str]) -> str:
    """Return the phonemes from the last stressed vowel on; "" for none."""
    start = None
    for index in range(len(phonemes) - 1, -1, -1):
        stress = phonemes[index][-1]
        if stress in "12":
            start = index
            break
        if stress == "0" and start is None:
            start = index  # the last vowel, where none is stressed
    return " ".join(phoneme.rstrip("012") for phoneme in phonemes[start or 0 :])


def rhyme_key(line: str) -> str:
    """Return the rhyme key of a line's last word; "" for a line without words."""
    words = words_of(line)
    return word_rhyme_key(words[-1].lower()) if words else ""


def syllables_of(line: str) -> tuple[Syllable, ...]:
    """Split a line into its syllables with stress; punctuation stays with the syllable that it follows or precedes."""
    found: list[Syllable] = []
    for token in line.split():
        found.extend(_syllables_of_token(token))
    return tuple(found)


@lru_cache(maxsize=65536)
def _syllables_of_token(token: str) -> tuple[Syllable, ...]:
    words = list(WORD.finditer(token))
    found: list[Syllable] = []
    for index, match in enumerate(words):
        written = match.group().lower()
        plain = plain_spelling(written)
        pieces = syllabify(plain, pronounce(plain))
        pieces = pieces if plain == written else drawn_out(pieces, written)
        start = match.start() if index else 0  # leading punctuation belongs to the first syllable
        end = words[index + 1].start() if index + 1 < len(words) else len(token)
        found.extend(_placed(token[start:end], match.start() - start, pieces))
    return tuple(found)


def _placed(text: str, offset: int, pieces: tuple[tuple[str, int], ...]) -> list[Syllable]:
    """Cut `text` at the pieces' lengths, the word starting at `offset`; the rest goes to the last piece."""
    found, at = [], 0
    for index, (_, stress) in enumerate(pieces):
        stop = len(text) if index == len(pieces) - 1 else offset + sum(len(p) for p, _ in pieces[: index + 1])
        position: WordPosition = (
            "single" if len(pieces) == 1 else "begin" if index == 0 else "end" if index == len(pieces) - 1 else "middle"
        )
        found.append(Syllable(text[at:stop], stress, position))
        at = stop
    return found
