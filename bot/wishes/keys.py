"""Keys as members name them: "in F# minor", "fis-Moll", 升F小调. Knows neither options nor songs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from bot.wishes.reading import Rule, rule
from bot.wishes.words import END, german_key
from engine.errors import RequestError
from engine.music.theory import Key


@dataclass(frozen=True)
class KeyAsked:
    """A key as a member named it; "in D" does not say which mode."""

    key: Key
    mode_named: bool


NOTE = r"(?P<tonic>[A-G])(?P<accidental>[#♯♭]|b(?![a-z])|bb|[ -]?(?:sharp|flat))?"
MODE = rf"(?:[ -]*(?P<mode>major|minor|maj|min)|(?P<m>m))?(?:[ -]key)?{END}(?![#♯♭])"
# After a bare "in A" or "in a minor" only these may follow, since "a" and "minor" are words as well.
FOLLOWS = (
    r"(?=\s*(?:$|[,.;:!?\n\x00)“”\"，。]|(?:about|with|and|at|for|rhym\w*|please|instead|on|slow\w*|fast\w*|but|"
    r"key|then|now|by|like|"
    r"bitte|mit|und|über|als|auf|without|ohne)\b))"
)


def key_of(found: re.Match[str]) -> KeyAsked | None:
    groups = found.groupdict()
    mode = groups["mode"] or groups["m"]
    try:
        accidental = (groups["accidental"] or "").lstrip(" -")
        key = Key.parse(f"{groups['tonic']}{accidental} {mode or ''}")
    except RequestError:
        return None
    return KeyAsked(key, bool(mode))


def _german_key(found: re.Match[str]) -> KeyAsked | None:
    try:
        return KeyAsked(german_key(found["note"], found["mode"]), True)
    except (RequestError, KeyError):
        return None


def _chinese_key(found: re.Match[str]) -> KeyAsked:
    sign = {"升": "#", "降": "b"}.get(found["before"] or "", found["after"] or "")
    mode = {"大": "major", "小": "minor"}.get(found["mode"] or "", "")
    return KeyAsked(Key.parse(f"{found['tonic']}{sign} {mode}"), bool(mode))


@cache
def key_rules() -> tuple[Rule, ...]:
    """Rules for keys that cannot be anything else, wherever they stand."""
    return (
        rule("key", rf"(?:in(?:to)?|key(?: of)?:?|in the key of)\s+{NOTE}{MODE}{FOLLOWS}", key_of),
        rule("key", rf"(?:in )?(?!a\b){NOTE}[ -]*(?P<mode>major|minor)(?P<m>)(?:[ -]key)?{END}", key_of),
        rule("key", rf"(?:in |nach )?(?P<note>[a-h]is|[cdfgb]es|es|as|[a-h])[ -]?(?P<mode>dur|moll){END}", _german_key),
        rule("key", r"(?P<before>[升降])?(?P<tonic>[A-G])(?P<after>[#♯b♭])?\s*(?P<mode>[大小])?调", _chinese_key),
    )  # fmt: skip
