"""How Chinese characters sound: their rhyme by the pinyin final, and their tone. Does not know lines, tunes or models.

Rhymes are those of today's Mandarin, in the fourteen classes of the 中华新韵 (2005): finals that share the main vowel and
what follows it. Song poets rhymed by the sounds of their own time, which pinyin keeps only in part.
"""

from __future__ import annotations

from functools import lru_cache

_CLASSES = (
    "a ia ua", "o e uo", "ie ve", "ai uai", "ei ui uei", "ao iao", "ou iu iou", "an ian uan van", "en in un vn uen",
    "ang iang uang", "eng ing ong iong ueng", "i er v", "-i", "u",
)  # fmt: skip
RHYMES = {final: number for number, finals in enumerate(_CLASSES) for final in finals.split()}
NAMES = tuple(finals.split()[0] for finals in _CLASSES)
_BUZZING = ("zh", "ch", "sh", "r", "z", "c", "s")  # their i is a sound of its own
LEVEL_TONES = (1, 2)
LEVEL, OBLIQUE, EITHER = "平", "仄", "？"
# Often said in two ways that do not rhyme. Dictionaries give many more characters a second reading that nobody uses.
_TWO_SOUNDS = frozenset("了着还得地的行乐觉落薄血露熟都没系削壳剥嚼给说车吓隔解仔咳哪那这谁塞择色宿翟郝澄率绿")
_IN_VERSE = {"还": (RHYMES["uan"], 2)}  # there it is to return, and only in talk "still"


@lru_cache(maxsize=20_000)
def readings(character: str) -> tuple[tuple[int, int], ...]:
    """Return (rhyme class 0-13, tone 0-4) of every reading of a character, the usual one first; () for other signs."""
    from pypinyin import Style, pinyin

    if len(character) != 1 or not is_hanzi(character):
        return ()
    sounds = pinyin(character, style=Style.TONE3, strict=True, heteronym=True)[0]
    initials = [one for one in pinyin(character, style=Style.INITIALS, strict=True, heteronym=True)[0] if one]
    found: dict[tuple[int, int], None] = {}
    for sound in sounds:
        tone = int(sound[-1]) if sound[-1:].isdigit() else 0
        final = _final_of(sound.rstrip("01234"), initials)
        if final in RHYMES:
            found[RHYMES[final], tone] = None
    usual = _IN_VERSE.get(character)
    return tuple(found) if usual is None else (usual, *(one for one in found if one != usual))


def rhyme_class(character: str) -> int | None:
    """Return the rhyme class of a character's usual reading, 0-13; None for what is no Chinese character."""
    found = readings(character)
    return found[0][0] if found else None


def rhyme_class_name(line: str) -> str:
    """Return the name of the rhyme class that a line ends in, such as "ang"; "" where it has no Chinese character."""
    sound = rhyme_class(_last(line))
    return NAMES[sound] if sound is not None else ""


def rhymes_surely(character: str) -> bool:
    """Return whether people who read a character at the end of a line will agree on its rhyme."""
    return rhyme_class(character) is not None and character not in _TWO_SOUNDS


def is_level(character: str) -> bool | None:
    """Return whether the usual reading has a level tone (平: first or second), else an oblique one; None without a tone."""
    found = readings(character)
    return found[0][1] in LEVEL_TONES if found and found[0][1] else None


def tones_of(text: str) -> str:
    """Return 平 or 仄 for each character of a text, by its usual reading today; ？ where it has no tone."""
    signs = {True: LEVEL, False: OBLIQUE, None: EITHER}
    return "".join(signs[is_level(character)] for character in text)


def tones_kept(text: str, tones: str) -> tuple[int, int]:
    """Return at how many places a line has the tone of a pattern, and how many places of the pattern have one."""
    asked = [(found, tone) for found, tone in zip(tones_of(text), tones, strict=False) if tone != EITHER]
    return sum(found == tone for found, tone in asked), len(asked)


def lines_rhyme(first: str, second: str) -> bool:
    """Return whether two lines end in different characters of one rhyme class."""
    a, b = _last(first), _last(second)
    return bool(a and b) and a != b and rhyme_class(a) == rhyme_class(b)


def is_hanzi(character: str) -> bool:
    """Return whether a character is a Chinese one of the common block."""
    return "\u4e00" <= character <= "\u9fff"


def _last(line: str) -> str:
    return next((character for character in reversed(line) if is_hanzi(character)), "")


def _final_of(sound: str, initials: list[str]) -> str:
    """Return the final of one toneless sound, as it is said and not as it is spelled: yue is ve, ju is jv."""
    initial = max((i for i in initials if sound.startswith(i)), key=len, default="")
    rest = sound[len(initial) :]
    if rest == "i" and initial in _BUZZING:
        return "-i"
    if not initial and rest[:1] in "yw":  # y and w only spell a final that has no initial before it
        spelled = {"yu": "v", "yue": "ve", "yuan": "van", "yun": "vn", "you": "iou", "yin": "in", "ying": "ing", "yi": "i",
                   "yong": "iong", "wu": "u", "wei": "uei", "wen": "uen", "weng": "ueng"}  # fmt: skip
        return spelled.get(rest, ("i" if rest[0] == "y" else "u") + rest[1:])
    if initial in ("j", "q", "x") and rest.startswith("u"):
        return "v" + rest[1:]
    return rest
