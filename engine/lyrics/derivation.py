"""Pronunciation of words that follow from known ones: inflections, poetic contractions, compounds.

Does not know which words are known: a look-up is handed in. Does not guess from letters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.lyrics.letter_alignment import align

Sounds = tuple[str, ...]
LookUp = Callable[[str], Sounds | None]

VOICELESS = frozenset(["P", "T", "K", "F", "TH"])
SIBILANTS = frozenset(["S", "Z", "SH", "ZH", "CH", "JH"])
VOWEL_LETTERS = "aeiouy"
# Suffixes whose sound does not depend on the stem; those of _LINKED change the stem's spelling (love, loving).
_PLAIN = {
    "ly": "L IY0",
    "ness": "N AH0 S",
    "less": "L AH0 S",
    "ful": "F AH0 L",
    "ment": "M AH0 N T",
    "ward": "W ER0 D",
    "wards": "W ER0 D Z",
    "ship": "SH IH2 P",
    "hood": "HH UH2 D",
    "some": "S AH0 M",
}
_LINKED = {
    "ing": "IH0 NG",
    "er": "ER0",
    "est": "AH0 S T",
    "eth": "AH0 TH",
    "y": "IY0",
    "ish": "IH0 SH",
    "able": "AH0 B AH0 L",
}
# -ey, -ay, -oy are one vowel, and -ier, -oer names more often than comparatives of a listed stem.
_REFUSED_BEFORE = {"y": "aeiouyl", "er": "eou", "est": "eou", "eth": "o"}
_CONTRACTED = {"'ll": "AH0 L", "'ve": "AH0 V", "'re": "ER0", "n't": "AH0 N T", "'st": "S T", "'t": "T", "'rt": "R T"}
_PREFIXES = {"un": "AH0 N", "re": "R IY0", "non": "N AA0 N", "mis": "M IH0 S", "dis": "D IH0 S"}
SHORTEST_STEM = 3


def derive(word: str, look_up: LookUp) -> Sounds | None:
    """Return the pronunciation that a word takes from known words; None if it takes it from none.

    word: lower case with straight apostrophes. look_up: returns None for a word that it does not know.
    """
    for rule in (_dropped_g, _restored, _inflected, _suffixed, _contracted, _aphaeresis, _compounded, _prefixed):
        if (found := rule(word, look_up)) is not None:
            return found
    return None


def plural_of(stem: Sounds) -> Sounds:
    """Return a stem with the plural, possessive or third-person -s."""
    if stem[-1] in SIBILANTS:
        return (*stem, "IH0", "Z")
    return (*stem, "S" if stem[-1] in VOICELESS else "Z")


def past_of(stem: Sounds) -> Sounds:
    """Return a stem with the past -ed."""
    if stem[-1] in ("T", "D"):
        return (*stem, "IH0", "D")
    return (*stem, "T" if stem[-1] in VOICELESS or stem[-1] in ("S", "SH", "CH") else "D")


def _known(word: str, look_up: LookUp) -> Sounds | None:
    """Return a word's pronunciation from the look-up, or as an inflection of a word that is there."""
    if (found := look_up(word)) is not None:
        return found
    for rule in (_inflected, _suffixed):
        if (found := rule(word, look_up)) is not None:
            return found
    return None


def _dropped_g(word: str, look_up: LookUp) -> Sounds | None:
    """wanderin' is wandering with another last sound."""
    if not word.endswith("in'"):
        return None
    full = _known(word[:-1] + "g", look_up)
    return (*full[:-1], "N") if full and full[-1] == "NG" else None


def _restored(word: str, look_up: LookUp) -> Sounds | None:
    """heav'n is heaven without the vowel that the apostrophe stands for; wond'rous is wondrous."""
    place = word.find("'", 1, len(word) - 1)
    if place < 2 or word[place:] in ("'s", *_CONTRACTED):
        return None
    if word[place:] == "'d":
        stem = next((s for base in _stems(word[:place]) if (s := look_up(base))), None)
        return past_of(stem) if stem else None
    for letter in "eoiau":
        whole = word[:place] + letter + word[place + 1 :]
        if (found := _known(whole.replace("'", ""), look_up)) is not None:
            return _without_vowel(whole.replace("'", ""), place, found)
    return look_up(word.replace("'", ""))


def _without_vowel(word: str, place: int, phonemes: Sounds) -> Sounds:
    """Take out the unstressed vowel of the letter at `place`, or turn its ER0 into R."""
    spans = align(word, phonemes)
    if spans is None:
        return phonemes
    end = max(end for _, end in spans[place : place + 2])
    for index in range(spans[place][0], end):
        if phonemes[index] == "ER0":
            return (*phonemes[:index], "R", *phonemes[index + 1 :])
        if phonemes[index].endswith("0"):
            return phonemes[:index] + phonemes[index + 1 :]
    return phonemes


def _inflected(word: str, look_up: LookUp) -> Sounds | None:
    """Plurals and past forms, whose ending sounds as the stem's last phoneme demands."""
    if word.endswith("s'"):
        return look_up(word[:-1]) or _inflected(word[:-1], look_up)
    if word.endswith("'s"):
        stem = _known(word[:-2], look_up)
        return plural_of(stem) if stem else None
    bases: list[str] = []
    if word.endswith("s") and not word.endswith("ss"):
        bases = [
            word[:-1],
            *([word[:-2]] if word.endswith("es") else []),
            *([word[:-3] + "y"] if word.endswith("ies") else []),
        ]
    for base in bases:
        if len(base) >= SHORTEST_STEM and (stem := look_up(base) or _suffixed(base, look_up)):
            return plural_of(stem)
    if word.endswith("ed"):
        for base in _stems(word[:-2]):
            if stem := look_up(base):
                return past_of(stem)
    return None


def _suffixed(word: str, look_up: LookUp) -> Sounds | None:
    """Stems with a suffix that always sounds alike."""
    for suffix, sound in _PLAIN.items():
        base = word.removesuffix(suffix)
        if base != word and len(base) >= SHORTEST_STEM:
            bases = [base, base[:-1] + "y"] if base.endswith("i") else [base]
            bases += [base[:-2]] if word.endswith("ically") else []  # basic, basically
            if stem := next((s for b in bases if (s := look_up(b))), None):
                return stem + tuple(sound.split())
    for suffix, sound in _LINKED.items():
        base = word.removesuffix(suffix)
        if base != word and base[-1:] not in _REFUSED_BEFORE.get(suffix, ""):
            for spelled in _stems(base):
                if stem := look_up(spelled):
                    return _joined(spelled, base, stem) + tuple(sound.split())
    return None


def _joined(spelled: str, base: str, stem: Sounds) -> Sounds:
    """Drop the vowel of -le before a vowel: twinkle, twinkling."""
    if spelled == base + "e" and base.endswith("l") and stem[-2:] == ("AH0", "L"):
        return (*stem[:-2], "L")
    return stem


def _stems(base: str) -> Iterator[str]:
    """Yield how the stem of a word may be spelled, the likeliest first: hop -> hope, hopp -> hop, carri -> carry."""
    if len(base) < SHORTEST_STEM:
        return
    vowels = [letter in VOWEL_LETTERS for letter in base]
    short = not vowels[-1] and sum(vowels) == 1 and vowels[-2]
    yield from (base + "e", base) if short else (base, base + "e")
    if base[-1] == base[-2] and not vowels[-1]:
        yield base[:-1]
    if base[-1] == "i":
        yield base[:-1] + "y"


def _contracted(word: str, look_up: LookUp) -> Sounds | None:
    """we'll, bring'st: a known word and a contracted one."""
    for ending, sound in _CONTRACTED.items():
        base = word.removesuffix(ending)
        if base != word and (stem := next((s for b in (base, base + "e") if (s := _known(b, look_up))), None)):
            after_vowel = stem[-1][-1].isdigit() and ending in ("'ll", "'ve")
            return stem + tuple(sound.split())[after_vowel:]
    return None


def _aphaeresis(word: str, look_up: LookUp) -> Sounds | None:
    """'twere is t and were; 'neath is what is left of beneath; 'gainst of against."""
    if not word.startswith("'") or len(word) < 4:
        return None
    if word[1] == "t" and (rest := look_up(word[2:])):
        return ("T", *rest)
    if found := look_up(word[1:]):
        return found
    for lost, count in (("a", 1), ("be", 2), ("re", 2), ("es", 2), ("ex", 3)):
        if found := look_up(lost + word[1:]):
            return found[count:]
    return None


def _compounded(word: str, look_up: LookUp) -> Sounds | None:
    """moonbeam is moon and beam; the second part keeps a secondary stress. The most even split is taken.

    Both parts need four letters and an inflection of their own: without that, the dictionary's many surnames
    and scraps made compounds of words that are none, and letter-to-sound did better (rhymes 67 % against 39 %).
    """
    for at in sorted(range(4, len(word) - 3), key=lambda at: abs(2 * at - len(word))):
        first, second = look_up(word[:at]), _known(word[at:], look_up)
        if first and second and _inflects(word[:at], look_up) and _inflects(word[at:], look_up):
            return first + tuple(phoneme.replace("1", "2") for phoneme in second)
    return None


def _inflects(word: str, look_up: LookUp) -> bool:
    """Say whether a word is likely a noun, verb or adjective of the language, not a name."""
    if word.endswith(("ing", "ed", "er")) or (word.endswith("s") and look_up(word[:-1])):
        return True
    return any(look_up(word + ending) for ending in ("s", "es", "ing"))


def _prefixed(word: str, look_up: LookUp) -> Sounds | None:
    """unfathomed is un and fathomed."""
    for prefix, sound in _PREFIXES.items():
        base = word.removeprefix(prefix)
        if base != word and len(base) > SHORTEST_STEM and (stem := _known(base, look_up)):
            return tuple(sound.split()) + stem
    return None
