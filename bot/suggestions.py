"""What is offered while a member types an option: known values that fit what is there so far. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.contract import STYLES, VOICES
from engine.music.programs import PROGRAM_NAMES

MOST = 25
MOST_CHARACTERS = 100

KNOWN: Mapping[str, tuple[str, ...]] = {
    "styles": STYLES,
    "keys": tuple(
        f"{tonic}{mode}" for mode in ("", "m") for tonic in "C G D A E B F# C# F Bb Eb Ab Db".split()
    ),
    "tunes": ("浣溪沙", "水调歌头", "菩萨蛮", "鹧鸪天", "临江仙", "满江红", "西江月", "念奴娇", "蝶恋花", "清平乐"),
    "forms": (
        "VCVC", "VCVCBC", "VVCVC", "VPCVPCBC", "VV", "VVVV", "CVCVC", "IVCVCBCO", "VBVB", "VCVCNC", "AABA", "strophic",
        "through-composed", "blues", "verse-chorus", "ballad",
    ),
    "rhymes": (
        "AABB", "ABAB", "ABCB", "AAAA", "AABA", "ABBA", "AABBA", "ABAB/AABB", "XAXA", "XXXX", "AABB internal",
        "AABB internal/ABAB",
    ),
    "syllables": ("8", "7", "6", "10", "7-9", "8,6,8,6", "8,6-7,8,6", "8,7,8,7", "8/6", "9,7,9,7", "11,10,11,10"),
    "persons": ("I", "you", "we", "he", "she", "they", "I and you", "he and she"),
    "chords": (
        "C G Am F", "Am F C G", "C Am F G", "F G Em Am", "Dm7 G7 Cmaj7 Cmaj7", "G D Em C", "Am Dm E Am",
        "C7 C7 C7 C7 F7 F7 C7 C7 G7 F7 C7 G7", "D A Bm G", "Em C G D", "ii V I", "I vi IV V", "i bVII bVI V7",
    ),
    "lengths": ("0:45", "1:00", "1:30", "2:00", "2:30", "3:00", "4:00", "5:00"),
    "programs": tuple(PROGRAM_NAMES),
    "voices": (*VOICES, "G3-D5", "C4-G5", "E3-E5", "A2-A4", "C3-G4"),
}  # fmt: skip


def suggest(typed: str, known: Iterable[str]) -> list[str]:
    """Return up to 25 values that begin with what was typed, then those that hold it; all begin where nothing was."""
    wanted = " ".join(typed.lower().split())
    values = [value for value in known if len(value) <= MOST_CHARACTERS]
    first = [value for value in values if value.lower().startswith(wanted)]
    inside = [value for value in values if wanted in value.lower() and value not in first]
    return (first + inside)[:MOST]


def suggest_for(kind: str, typed: str, *, authors: Sequence[str] = ()) -> list[str]:
    """Return what fits for a kind of value; the typed text itself comes first where any text is taken."""
    if kind == "authors":
        return suggest(typed, authors)
    return suggest(typed, KNOWN.get(kind, ()))
