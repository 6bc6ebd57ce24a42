"""What a song is and how it was changed, in a few words of the reader's language. Knows nothing of embeds.

`change_line` and `change_text` are escaped; the rest is short text of the engine, to be shown anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.plain_text import one_line, shown
from engine.contract import SongReport
from engine.verbs import VERBS

if TYPE_CHECKING:
    from bot.translations import Words
    from worker.store.songs import Song


def stars_text(words: Words, mean_stars: float | None, votes: int) -> str:
    """Return ratings in short, "★ 4.3 (12)"; "" where there are none."""
    return words("rating.short", mean=f"{mean_stars:.1f}", votes=votes) if mean_stars is not None and votes > 0 else ""


def song_facts(words: Words, report: SongReport) -> list[str]:
    """Return what a song is, in short: style, key, tempo, meter, length; what it does not have is left out."""
    return [
        *([words.choice(report.style)] if report.style else []),
        *([key_text(words, report.key)] if report.key else []),
        *([words("song.tempo", tempo=tempo_text(report.tempo_qpm))] if report.tempo_qpm else []),
        *([report.time_signature] if report.time_signature else []),
        *([length_text(words, report.length_seconds)] if report.length_seconds else []),
    ]


def key_text(words: Words, key: str) -> str:
    """Return a key as the language says it: "A minor", "A-Moll"."""
    tonic, _, mode = key.partition(" ")
    return words(f"song.key_{mode}", tonic=tonic) if mode in ("major", "minor") else key


def tempo_text(tempo_qpm: float) -> str:
    """Return a tempo with one decimal at most: 96, 98.6."""
    return f"{round(tempo_qpm, 1):g}"


def length_text(words: Words, seconds: float) -> str:
    """Return a length as minutes and seconds, 1:42."""
    minutes, rest = divmod(round(seconds), 60)
    return words("song.length", minutes=minutes, seconds=f"{rest:02}")


def change_line(words: Words, song: Song, parent_title: str | None) -> str:
    """Return what was changed and of which song, escaped; "" for a song that was not made from another."""
    parts = [change_text(words, song.kind, song.request)] if song.kind in VERBS and VERBS[song.kind].edits else []
    if parent_title is not None and (parts or song.parent_song_id is not None):
        source = shown(one_line(parent_title), 100)
        parts.append(words("song.edit_of" if parts else "song.take_of", title=source))
    return f"↳ {' · '.join(parts)}" if parts else ""


def change_text(words: Words, kind: str, request: dict[str, Any]) -> str:
    """Return what an edit did, in a few words, escaped: "2 semitones up"."""
    match kind, request:
        case "transpose", {"semitones": int(steps)}:
            return words("edit.up" if steps > 0 else "edit.down", count=abs(steps))
        case "transpose", {"key": str(key)}:
            return words("edit.to_key", to=shown(one_line(key), 40))
        case "tempo", {"percent": int(percent)}:
            return words("edit.percent", percent=percent)
        case "tempo", {"tempo_qpm": int() | float() as tempo}:
            return words("edit.to_tempo", tempo=tempo_text(tempo))
        case "verse", {"theme": str(theme)}:
            return words("edit.verse_about", theme=shown(one_line(theme), 100))
        case "rewrite", {"line": str(line)}:
            return words("edit.rewrite_line", line=shown(one_line(line), 40))
        case "insert", {"after": int(line)}:
            return words("edit.insert_after", line=line)
        case "words-for", {"theme": str(theme)}:
            return words("edit.words_about", theme=shown(one_line(theme), 100))
        case "mute", {"part": str(part)}:
            return words("edit.without", part=shown(one_line(words.choice(part)), 40))
    if text := _music_change(words, kind, request):
        bars = request.get("bars")
        if isinstance(bars, str) and kind != "infill":
            return words("edit.in_bars", change=text, bars=shown(one_line(bars), 20))
        return text
    if words.has(f"edit.{kind}"):
        return words(f"edit.{kind}")
    return words(f"commands.{kind}.name") if words.has(f"commands.{kind}.name") else kind


def _music_change(words: Words, kind: str, request: dict[str, Any]) -> str:
    """Return what an edit of music did, whichever bars it did it in; "" for another kind of edit."""
    match kind, request:
        case "extend", {"bars": int(bars)}:
            return words("edit.more_bars", count=bars)
        case "harmonize", {"voices": "band" | "chords" | "choir" as voices}:
            return words(f"edit.harmonize_{voices}")
        case "remix", {"what": "pitch" | "rhythm" as what}:
            return words(f"edit.remix_{what}")
        case "infill", {"bars": str(bars)}:
            return words("edit.infill_bars", bars=shown(one_line(bars), 20))
        case "arrange", {"style": str(style)}:
            return words("edit.arrange_style", style=shown(one_line(words.choice(style)), 40))
        case "instrument", {"instrument": str(instrument)}:
            return words("edit.on_instrument", instrument=shown(one_line(instrument), 40))
        case ("melody" | "humanize") as plain, _:
            return words(f"edit.{plain}")
    return ""
