"""What a mood does to music where nobody said otherwise: the mode of the key, the tempo. Does not know words."""

from __future__ import annotations

from engine.lyrics.moods import Mood
from engine.music.theory import Key
from engine.song.styles import Style

_USUAL_KEYS = {"major": ("G major", "C major", "D major"), "minor": ("E minor", "A minor", "D minor")}


def key_of_mood(mood: Mood, style: Style, chosen: str) -> str:
    """Return the key that the seed chose, or where its mode is not the mood's another of the style's, or a usual one."""
    if mood.mode is None or Key.parse(chosen).mode == mood.mode:
        return chosen
    in_mode = [key for key in style.keys if Key.parse(key).mode == mood.mode] or _USUAL_KEYS[mood.mode]
    return in_mode[style.keys.index(chosen) % len(in_mode)]


def tempo_of_mood(mood: Mood, chosen: int, slowest: int, fastest: int) -> int:
    """Return the tempo that the seed chose, in the slower or faster half of the style's for moods that go so."""
    match mood.pace:
        case "slow":
            return slowest + (chosen - slowest) // 2
        case "fast":
            return fastest - (fastest - chosen) // 2
    return chosen
