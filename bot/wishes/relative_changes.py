"""Options for "longer" and "sadder", which say how a new take is to differ from its song. Reads no words itself."""

from __future__ import annotations

from bot.wishes.edits import USUAL_BARS, SongFacts
from bot.wishes.options import Option, Phrase, length_text
from bot.wishes.reading import Reading
from bot.wishes.words import MODES
from engine.contract import BARS_RANGE, LENGTH_RANGE_SECONDS
from engine.music.theory import Key, Mode

_USUAL_LENGTH_SECONDS = 150.0


def mode_of(song: SongFacts) -> Mode | None:
    """Return the mode of a song's key, None where it is not known."""
    return Key.parse(song.key).mode if song.key else None


def relative_options(reading: Reading, song: SongFacts) -> tuple[list[Option], list[Phrase]]:
    """Return options for "longer" and "sadder", which say how the song is to differ, and what it is already."""
    options: list[Option] = []
    needless: list[Phrase] = []
    for one in reading.found:
        source = reading.source(one)
        if one.field == "length_factor":
            made = _longer(float(one.value), source, song)
        elif one.field == "new_mode" and mode_of(song) != one.value:
            made = _in_mode(one.value, source, song)
        elif one.field == "new_mode":
            needless.append(Phrase("wish.in_mode_already", {"key": song.key or ""}, source))
            continue
        else:
            continue
        if any(option.field == made.field for option in options):
            needless.append(Phrase("wish.said_twice", {"part": source}, source))
        else:
            options.append(made)
    return options, needless


def _longer(factor: float, source: str, song: SongFacts) -> Option:
    low, high = BARS_RANGE
    if song.kind == "music":
        bars = min(max(round(song.request.get("bars", USUAL_BARS) * factor), low), high)
        return Option("bars", bars, Phrase("understood.bars", {"bars": str(bars)}, source))
    now = song.request.get("length_seconds") or song.length_seconds or _USUAL_LENGTH_SECONDS
    low, high = LENGTH_RANGE_SECONDS
    seconds = float(min(max(round(now * factor), low), high))
    return Option("length_seconds", seconds, Phrase("understood.length", {"length": length_text(seconds)}, source))


def _in_mode(mode: str, source: str, song: SongFacts) -> Option:
    """Return the key with the song's own notes in another mode; a plain one where its key is not known."""
    key = str(Key.parse(song.key).relative) if song.key else next(name for name in MODES if name.endswith(mode))
    return Option("key", key, Phrase("understood.key", {"key": key}, source))
