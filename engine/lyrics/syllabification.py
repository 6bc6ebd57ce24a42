"""The letters of a word split into the syllables that are sung, by the letters that its vowels are spelled with.

Does not know how a word is pronounced: its phonemes are given. The cuts are for reading under notes ("har-bour",
"lit-tle"); they follow the sound and are not always a dictionary's hyphens ("ri-ver").
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from engine.lyrics.letter_alignment import LETTERS, align

Sounds = tuple[str, ...]
Spans = tuple[tuple[int, int], ...]

_SINGLE = "B CH D DH F G HH JH K L M N P R S SH T TH V W Y Z ZH"
_PAIRS = (
    "P L,P R,B L,B R,K L,K R,G L,G R,T R,D R,F L,F R,TH R,SH R,S P,S T,S K,S M,S N,S L,S W,S F,T W,D W,K W,G W,TH W,"
    "HH W,P Y,B Y,K Y,G Y,F Y,V Y,M Y,N Y,L Y,T Y,D Y,HH Y,S P L,S P R,S T R,S K R,S K L,S K W,S K Y,S P Y"
)
ONSETS = frozenset([(), *((c,) for c in _SINGLE.split()), *(tuple(pair.split()) for pair in _PAIRS.split(","))])
LAX_VOWELS = frozenset(["AE1", "EH1", "IH1", "AA1", "AH1", "UH1"])
_CONTRACTED = re.compile(r"n't|'ve|'ll")
SILENT_BEFORE = ("kn", "wr", "sh", "th", "ch", "ph")  # the first letter goes with the second even if it is silent


@lru_cache(maxsize=65536)
def syllabify(word: str, phonemes: Sounds) -> tuple[tuple[str, int], ...]:
    """Return the text and stress (0 none, 1 primary, 2 secondary) of each syllable: over -> ("o", 1), ("ver", 0).

    There is one piece for each vowel phoneme, or one for the whole word without any; joined they are the word.
    Pieces are empty only where there are fewer letters than syllables, as in "w" or "7". () for no word.
    """
    stresses = [int(phoneme[-1]) for phoneme in phonemes if phoneme[-1].isdigit()]
    if len(stresses) < 2:
        return ((word, stresses[0] if stresses else 0),) if word else ()
    letters = "".join(_plain_letter(letter) for letter in word)
    spans = None if any(letter.isdigit() for letter in word) else align(letters, phonemes)
    cuts = _even_cuts(len(word), len(stresses)) if spans is None else _cuts(letters, word, phonemes, spans)
    cuts = _at_contractions(cuts, word)
    edges = [0, *cuts, len(word)]
    return tuple((word[edges[i] : edges[i + 1]], stress) for i, stress in enumerate(stresses))


def _at_contractions(cuts: list[int], word: str) -> list[int]:
    """Move cuts to where a contracted word begins: should-n't, would-'ve, it-'ll, c'-mon."""
    starts = [found.start() for found in _CONTRACTED.finditer(word)] + [2] * word.startswith(("c'", "y'"))
    near = [[start for start in starts if abs(start - cut) <= 2] for cut in cuts]
    moved = [
        min(found, key=lambda start: abs(start - cut)) if found else cut for found, cut in zip(near, cuts, strict=True)
    ]
    return moved if len({0, *moved, len(word)}) == len(moved) + 2 and moved == sorted(moved) else cuts


def _plain_letter(letter: str) -> str:
    """Return the letter a-z that a letter is a form of; an apostrophe for any other sign, for it is silent too."""
    base = unicodedata.normalize("NFKD", letter.lower())[:1]
    return base if base in LETTERS else "'"


def _even_cuts(letter_count: int, syllable_count: int) -> list[int]:
    """Return cuts into pieces of about equal length, for digits and abbreviations."""
    if letter_count < syllable_count:
        return [min(i, letter_count) for i in range(1, syllable_count)]
    return [i * letter_count // syllable_count for i in range(1, syllable_count)]


def _cuts(letters: str, word: str, phonemes: Sounds, spans: Spans) -> list[int]:
    """Return where each syllable but the first begins, in letters."""
    letter_of = [index for index, (start, end) in enumerate(spans) for _ in range(start, end)]
    vowels = [index for index, phoneme in enumerate(phonemes) if phoneme[-1].isdigit()]
    cuts: list[int] = []
    for first, second in pairwise(vowels):
        low = max(letter_of[first] + 1, cuts[-1] + 1 if cuts else 1)
        high = min(max(letter_of[second], low), len(letters))
        hyphen = word.rfind("-", low, high)
        cut = hyphen + 1 if hyphen >= 0 else _onset_letter(letters, phonemes, spans, letter_of, (first, second))
        cuts.append(min(max(cut, low), high))
    return _with_vowels(_with_letters(cuts, len(letters)), letters)


def _with_letters(cuts: list[int], letter_count: int) -> list[int]:
    """Move cuts to the left where a piece would be left without letters, if there are letters enough."""
    last = letter_count
    for index in range(len(cuts) - 1, -1, -1):
        cuts[index] = last = max(min(cuts[index], last - 1), 0)
    return cuts if cuts[0] > 0 else _even_cuts(letter_count, len(cuts) + 1)


def _with_vowels(cuts: list[int], letters: str) -> list[int]:
    """Move cuts to the left where r or w would be left without a vowel letter, if the piece before has two: ho-ur, not hou-r."""
    edges = [0, *cuts, len(letters)]
    for place in range(len(cuts), 0, -1):
        begin, cut, end = edges[place - 1 : place + 2]
        if letters[cut:end].startswith(("r", "w")) and not _has_vowel(letters[cut:end]):
            moved = (
                c for c in range(cut - 1, begin, -1) if _has_vowel(letters[c:end]) and _has_vowel(letters[begin:c])
            )
            edges[place] = next(moved, cut)
    return edges[1:-1]


def _has_vowel(letters: str) -> bool:
    return any(letter in "aeiouy" for letter in letters)


def _onset_letter(letters: str, phonemes: Sounds, spans: Spans, letter_of: list[int], vowels: tuple[int, int]) -> int:
    """Return the letter that begins the longest onset English allows between two vowels."""
    first, second = vowels
    low, high = letter_of[first] + 1, letter_of[second]
    start = first + 1
    while start < second and not (
        phonemes[start:second] in ONSETS and letter_of[start] >= low and spans[letter_of[start]][0] == start
    ):
        start += 1
    if second - start > 1 and phonemes[start] == "S" and phonemes[first] in LAX_VOWELS:
        start += 1  # sis-ter, whis-per
    if start == second:
        return _vowel_letter(letters, spans, low, high)
    return _spelled_onset(letters, spans, letter_of[start], low, high)


def _vowel_letter(letters: str, spans: Spans, low: int, high: int) -> int:
    """Return the letter a syllable without an onset begins with; "er", "le" keep a silent vowel letter before."""
    silent_vowel = high - 1 >= low and spans[high - 1][0] == spans[high - 1][1] and letters[high - 1] in "aeiou"
    return high - 1 if silent_vowel and letters[high] in "rlnm" else high


def _spelled_onset(letters: str, spans: Spans, cut: int, low: int, high: int) -> int:
    """Move a cut to where people write it: between doubled letters, after ck and x, after a silent e."""
    silent = [start == end for start, end in spans]
    pair = letters[cut : cut + 2]
    if cut - 1 >= low and silent[cut - 1] and letters[cut - 1 : cut + 1] in SILENT_BEFORE:
        return cut - 1
    if cut + 1 < high and silent[cut + 1] and pair[0] == pair[1]:
        return cut + 1
    if letters[cut] == "x" or (letters[cut - 1 : cut + 1] == "ck" and silent[cut - 1]):
        return cut + 1
    for index in range(cut + 1, high - 1):
        if letters[index] == "e" and silent[index] and not silent[index + 1] and letters[index + 1] not in "aeiour":
            return index + 1  # place-ment
    return cut
