"""How explanations word numbers, lists, notes and intervals in plain English. Does not know what is explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.music.theory import Key

_NUMBERS = "no one two three four five six seven eight nine ten eleven twelve".split()
_INTERVALS = ("repeated note", "step", "step", "third", "third", "fourth", "tritone", "fifth", "sixth", "sixth", "seventh",
              "seventh", "octave")  # fmt: skip
_SHARES = ((0.995, "all"), (0.9, "nearly all"), (0.72, "about three quarters"), (0.6, "about two thirds"), (0.45, "about half"),
           (0.29, "about a third"), (0.2, "about a quarter"), (0.05, "a small part"))  # fmt: skip


@dataclass(frozen=True)
class Topic:
    """What is told about one side of a song. name: a word for its heading. facts: the figures behind, as JSON values."""

    name: str
    paragraphs: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def number(count: int) -> str:
    """Return a count as one reads it aloud: "three", and digits from 13 on."""
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else str(count)


def counted(count: int, thing: str, things: str = "") -> str:
    """Return "one bar", "three bars"."""
    return f"{number(count)} {thing if count == 1 else things or thing + 's'}"


def times(count: int) -> str:
    """Return "once", "twice", "three times"."""
    return {1: "once", 2: "twice"}.get(count, f"{number(count)} times")


def joined(items: Sequence[str], last: str = "and") -> str:
    """Return "a", "a and b", "a, b and c"; "" for none."""
    return f" {last} ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def out_of(some: int, total: int) -> str:
    """Return "three of the eight"; both in digits where the total is."""
    return f"{number(some)} of the {number(total)}" if total < len(_NUMBERS) else f"{some} of the {total}"


def the(label: str) -> str:
    """Return a section's name as one says it: "the chorus", but "verse 1"."""
    plain = label.lower()
    return plain if plain[-1:].isdigit() else f"the {plain}"


def sentence(text: str) -> str:
    """Return the text with a capital letter at its start."""
    return text[:1].upper() + text[1:]


def quoted(text: str) -> str:
    return f"“{text.strip(' ,.;:!?—–')}”"


def duration_text(seconds: float) -> str:
    """Return "45 seconds", "2 minutes", "2 minutes and 10 seconds"."""
    minutes, rest = divmod(round(seconds), 60)
    parts = ([counted(minutes, "minute")] if minutes else []) + ([f"{rest} second{'s' * (rest != 1)}"] if rest else [])
    return joined(parts) or "no time"


def interval_name(semitones: int) -> str:
    """Return "third" for 3 or 4 semitones, in either direction; a step is one or two, a wider one than 12 is told so."""
    width = abs(semitones)
    return _INTERVALS[width] if width <= 12 else "leap of more than an octave"


def with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"


def note_name(pitch: int, key: Key) -> str:
    """Return a pitch as a key spells it, with its octave: 60 is "C4". An octave is counted from the letter C on."""
    name = key.spell(pitch % 12)
    shift = name[1:].count("#") - name[1:].count("b")
    return f"{name}{(pitch - shift) // 12 - 1}"


def share_text(share: float) -> str:
    """Return a share of 0-1 in words: "about half", "nearly all"."""
    for least, text in _SHARES:
        if share >= least:
            return text
    return "hardly any"
