"""Moods that a song may have: words that sound of them, and how their music goes. Does not know keys or tempos."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.contract import MOODS
from engine.errors import RequestError

_MOOD_HELP = "say other moods in the theme"
Pace = Literal["slow", "usual", "fast"]


@dataclass(frozen=True)
class Mood:
    """words: what its lines are full of, the most telling first. against: whose words they keep away from.

    mode: of its key; None leaves it open.
    """

    name: str
    words: tuple[str, ...]
    against: str
    mode: Literal["major", "minor"] | None
    pace: Pace = "usual"


_MOODS: Mapping[str, Mood] = {
    mood.name: mood
    for mood in (
        Mood(
            "happy", tuple("joy laughing merry glad dancing gay delight smile sunshine".split()), "sad", "major", "fast"
        ),
        Mood("sad", tuple("sorrow tears weep grief mourn sad pain sigh farewell".split()), "happy", "minor", "slow"),
        Mood(
            "tender", tuple("gentle kiss fondly sweet softly tender darling cradle".split()), "angry", "major", "slow"
        ),
        Mood("angry", tuple("rage fury wrath hate burning curse fierce scorn".split()), "tender", "minor", "fast"),
        Mood("calm", tuple("peace quiet rest still gentle serene silent sleep".split()), "angry", "major", "slow"),
        Mood("hopeful", tuple("hope dawn morning promise faith rising brighter tomorrow".split()), "sad", "major"),
        Mood("mysterious", tuple("shadow secret strange ghost mystic whisper dim haunted".split()), "happy", "minor"),
        Mood("lonely", tuple("lonely alone forsaken silence empty wander desolate".split()), "happy", "minor", "slow"),
    )
}


def find_mood(name: str) -> Mood:
    """Return the mood of a name, in any case; RequestError names the nearest and then all."""
    wanted = name.strip().lower()
    if wanted in _MOODS:
        return _MOODS[wanted]
    near = difflib.get_close_matches(wanted, MOODS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else _MOOD_HELP
    raise RequestError(f"mood must be one of {', '.join(MOODS)}, got {name[:40]!r}; {hint}")
