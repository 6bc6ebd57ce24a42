"""Pronunciation of any English word in ARPAbet phonemes with stress digits: "harbour" -> HH AA1 R B ER0.

Does not know lines, rhymes or syllable texts. Words that the dictionary lacks are derived from known ones,
and failing that guessed from their letters.
"""

from __future__ import annotations

import re
from functools import lru_cache

from engine.lyrics.derivation import LookUp, Sounds, derive, past_of, plural_of
from engine.lyrics.letter_alignment import plain_letters
from engine.lyrics.letter_to_sound import pronounce_by_letters
from engine.lyrics.number_words import number_words, ordinal_words
from engine.lyrics.pronouncing_dictionary import look_up
from engine.lyrics.stretched import plain_spelling

# Elided and dialect words that no rule yields; they come before the dictionary.
POETIC = {
    "o'er": "AO1 R",
    "e'er": "EH1 R",
    "ne'er": "N EH1 R",
    "whene'er": "W EH0 N EH1 R",
    "where'er": "W EH0 R EH1 R",
    "howe'er": "HH AW0 EH1 R",
    "e'en": "IY1 N",
    "th'": "DH AH0",
    "o'": "AH0",
    "i'": "IH1",
    "wi'": "W IH1",
    "a'": "AO1",
    "an'": "AE1 N",
    "ha'": "HH AE1",
    "gi'": "G IH1",
    "fu'": "F UW1",
    "ca'": "K AO1",
    "thro'": "TH R UW1",
    "tho'": "DH OW1",
    "altho'": "AO0 L DH OW1",
    "ta'en": "T EY1 N",
    "ev'ry": "EH1 V R IY0",
    "prythee": "P R IH1 DH IY0",
    "prithee": "P R IH1 DH IY0",
    "doth": "D AH1 TH",
    "wherefore": "W EH1 R F AO2 R",
    "methinks": "M IY0 TH IH1 NG K S",
    "'n'": "AH0 N",
    "y'all": "Y AO1 L",
    "i'd've": "AY1 D AH0 V",
}
# Sounds that are written without a vowel, or whose letters do not tell it.
POETIC |= {
    "mm": "AH1 M", "hm": "HH AH1 M", "hmm": "HH AH1 M", "mhm": "AH0 M HH AH1 M", "br": "B ER1", "brr": "B ER1",
    "gr": "G ER1", "grr": "G ER1", "sh": "SH AH1", "shh": "SH AH1", "ssh": "SH AH1", "pst": "P S AH1 T",
    "psst": "P S AH1 T", "pft": "P AH1 F T", "pfft": "P AH1 F T", "zz": "Z AH1 Z", "ts": "T AH1 S", "tss": "T AH1 S",
    "tsk": "T AH1 S K", "ss": "AH1 S", "argh": "AA1 R G", "aah": "AA1", "ooh": "UW1", "yeet": "Y IY1 T",
}  # fmt: skip
RUNS = re.compile(
    r"""[0-9]+(?:st|nd|rd|th)?(?![^\W\d_])   # 42, 42nd
    | [0-9]+                                # the 2 of b2b
    | '?[^\W\d_]+(?:'+[^\W\d_]+)*'?        # 'twas, o'er, dogs'
    """,
    re.VERBOSE,
)
_ORDINAL = re.compile(r"([0-9]+)(?:st|nd|rd|th)")


def pronounce(word: str) -> Sounds:
    """Return the usual pronunciation of a word; () for text without letters a-z (accents apart) and digits.

    Takes any spelling: "o'er", "bring'st", "wand'ring", "moon-beam", "42nd". Hyphenated parts are joined.
    """
    return pronunciations(word)[0]


@lru_cache(maxsize=65536)
def pronunciations(word: str) -> tuple[Sounds, ...]:
    """Return all pronunciations of a word, the usual one first: fire -> F AY1 ER0 and F AY1 R. Never empty."""
    plain = plain_spelling(word.lower().replace("’", "'"))
    listed = () if plain in POETIC else look_up(plain)
    return listed or (pronounce_with(plain, _usual),)


def pronounce_with(word: str, known: LookUp) -> Sounds:
    """Return the pronunciation of a word where only `known` is in the dictionary."""
    plain = plain_spelling(word.lower().replace("’", "'"))
    if plain in POETIC:
        return tuple(POETIC[plain].split())
    if (found := known(plain)) is not None:
        return found
    return tuple(phoneme for run in RUNS.findall(plain) for phoneme in _pronounce_run(run, known))


def _pronounce_run(run: str, known: LookUp) -> Sounds:
    """Return the pronunciation of digits, or of letters with apostrophes."""
    if run[0] in "0123456789":
        return tuple(phoneme for word in _number(run) for phoneme in known(word) or pronounce_by_letters(word))
    if run in POETIC:
        return tuple(POETIC[run].split())
    if run.endswith(("èd", "éd")):  # the accent says that the ending is a syllable of its own
        return (*pronounce_with(_stem_of_past(plain_letters(run), known), known), "AH0", "D")
    letters = plain_letters(run)
    for spelling in (letters, letters.strip("'")):
        if (found := known(spelling) or derive(spelling, known)) is not None:
            return found
    for ending, inflect in (("'s", plural_of), ("'d", past_of)):
        base = letters.removesuffix(ending)
        if base != letters and (stem := pronounce_by_letters(base)):
            return inflect(stem)
    return pronounce_by_letters(letters)


def _number(run: str) -> list[str]:
    ordinal = _ORDINAL.fullmatch(run)
    return ordinal_words(ordinal[1]) if ordinal else number_words(run)


def _stem_of_past(word: str, known: LookUp) -> str:
    """Return the verb of a past form: beloved -> belove, blessed -> bless."""
    base = word[:-2]
    undoubled = base[:-1] if base[-1:] == base[-2:-1] else base
    return next((stem for stem in (base, base + "e", undoubled) if known(stem)), base)


def _usual(word: str) -> Sounds | None:
    found = look_up(word)
    return found[0] if found else None
