"""From songs to what a message shows: embeds, files and notes. Knows no interactions and no store.

Plain functions of values; the same values give the same text. Everything that people or models wrote passes through
`plain_text`. Discord's limits are kept here: 2000 characters of content, 4096 of a description, 6000 in all embeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import discord

from bot.error_sentences import localise, without_dashes
from bot.lyrics_sheet import LyricsSheet, lyrics_sheet
from bot.plain_text import label, one_line, shown, split_lines
from bot.progress import cancelled_text, failed_text, progress_text
from bot.song_facts import change_line, song_facts, stars_text
from engine.contract import Artifact, SongReport

if TYPE_CHECKING:
    from bot.translations import Words
    from worker.store.ratings import Tally
    from worker.store.songs import Song

__all__ = [
    "Presented",
    "cancelled_text",
    "comparison_answer",
    "failed_text",
    "progress_text",
    "sendable",
    "song_answer",
    "tally_line",
    "with_tally",
]

MIB = 1024 * 1024
FILE_BYTES = 10 * MIB  # what Discord takes of a file where nobody has paid for more
REQUEST_BYTES = 25 * MIB - 64 * 1024  # of all files of a message, with room for the rest of the request
MOST_FILES = 10
TITLE_CHARACTERS = 256
DESCRIPTION_CHARACTERS = 4096
EMBED_CHARACTERS = 6000  # over all embeds of a message
FOOTER_CHARACTERS = 300
TALLY_CHARACTERS = 40  # kept free, so that a rating never makes a message too long
NOTE_CHARACTERS = 200

SONG_FILES = (".mid", ".ogg", ".png")
COMPARISON_FILES = (".mid", ".ogg")
EXPORT, EXPLAIN = "export", "explain"
EXPLAINED_TEXT, EXPLAINED_PICTURE = ".explained.txt", ".explained.png"
TAKE_COLOURS = (0x3B88C3, 0xE0912F)
COLOURS = {
    "pop": 0xE84393,
    "rock": 0xC0392B,
    "ballad": 0x8E5AA8,
    "folk": 0x6B8E23,
    "waltz": 0x48A9A6,
    "hymn": 0xC9A227,
    "lullaby": 0x7FB3D5,
    "country": 0xB9770E,
    "blues": 0x1F4E9E,
    "jazz": 0x5B2C6F,
    "bossa nova": 0x2E9E6B,
    "hip-hop": 0x4A4A4A,
    "electronic": 0x00B8D4,
    "chinese": 0xB71C1C,
}

_TALLY_IN_FOOTER = re.compile(r"^★ \d[^·]*(?: · |$)")
_ATTACHMENT_URL = re.compile(r"https?://[^/]+/(?:ephemeral-)?attachments/\d+/\d+/(?P<name>[\w.-]+)", re.ASCII)


@dataclass(frozen=True)
class Presented:
    """A message. content: a question, or nothing. notes: what members should know besides, a line each."""

    content: str | None
    embeds: tuple[discord.Embed, ...]
    files: tuple[Artifact, ...]
    notes: tuple[str, ...] = ()


def song_answer(
    words: Words,
    song: Song,
    artifacts: Sequence[Artifact],
    *,
    tally: Tally | None = None,
    size_limit_bytes: int = FILE_BYTES,
    parent_title: str | None = None,
) -> Presented:
    """Return a song as a message: its words, what it is, MIDI, sound and picture.

    size_limit_bytes: of one file, where it is sent. parent_title: of the song that this one was made from. Words that
    do not fit are cut at a section, and then all of them come as a .txt.
    """
    facts = song_facts(words, song.report)  # seed and id are under Details
    told = [item for item in artifacts if song.kind == EXPLAIN and item.name.endswith(EXPLAINED_TEXT)]
    sheet = lyrics_sheet(song.title, told[0].data.decode() if told else song.lyrics_text)
    card = _Card(
        title=_title(words, song.title),
        head=change_line(words, song, parent_title),
        footer=label(" · ".join(facts), FOOTER_CHARACTERS),
        colour=COLOURS.get(song.report.style),
    )
    embeds, whole = _embeds(words, card, sheet, EMBED_CHARACTERS - TALLY_CHARACTERS)
    endings = SONG_FILES if song.kind != EXPORT else ("",)  # who asked for certain files gets these
    endings = (EXPLAINED_PICTURE,) if told else endings
    files, notes = sendable(words, _files(song, artifacts, endings, with_text=not whole), size_limit_bytes)
    picture = next((item.name for item in files if item.name.endswith(".png")), None)
    if picture is not None:
        embeds[-1].set_image(url=f"attachment://{picture}")
    notes = (*_notices(words, song.report), *notes)
    return Presented(None, with_tally(embeds, words, tally), files, notes)


def comparison_answer(
    words: Words,
    song_a: Song,
    artifacts_a: Sequence[Artifact],
    song_b: Song,
    artifacts_b: Sequence[Artifact],
    *,
    size_limit_bytes: int = FILE_BYTES,
) -> Presented:
    """Return two takes of one request side by side; nothing shows which model made which."""
    sides = ((song_a, artifacts_a), (song_b, artifacts_b))
    sheets = [lyrics_sheet(song.title, song.lyrics_text) for song, _ in sides]
    cards = [
        _Card(
            title=shown(f"{words(f'compare.take_{letter}')} · {one_line(song.title)}", TITLE_CHARACTERS),
            head="",
            footer=label(" · ".join(song_facts(words, song.report)), FOOTER_CHARACTERS),
            colour=colour,
        )
        for letter, colour, (song, _) in zip("ab", TAKE_COLOURS, sides, strict=True)
    ]
    embeds: list[discord.Embed] = []
    wanted: list[Artifact] = []
    needs = [_needed_characters(words, card, sheet) for card, sheet in zip(cards, sheets, strict=True)]
    for letter, card, sheet, room, (song, artifacts) in zip(
        "ab", cards, sheets, _fair_rooms(*needs), sides, strict=True
    ):
        of_take, whole = _embeds(words, card, sheet, room)
        embeds += of_take
        of_side = _files(song, artifacts, COMPARISON_FILES, with_text=not whole)
        wanted += [replace(item, name=f"{letter}-{item.name}") for item in of_side]
    files, notes = sendable(words, wanted, size_limit_bytes)
    return Presented(words("compare.question"), tuple(embeds), files, notes)


def with_tally(embeds: Iterable[discord.Embed], words: Words, tally: Tally | None) -> tuple[discord.Embed, ...]:
    """Return copies of a song's embeds with these ratings in place of those that were shown; none for no ratings.

    Takes embeds as they were made and as Discord gives them back.
    """
    copies = tuple(_reattached(embed.copy()) for embed in embeds)
    if copies:
        rest = _TALLY_IN_FOOTER.sub("", copies[-1].footer.text or "", count=1)
        parts = [stars_text(words, tally.mean_stars, tally.count)] if tally is not None else []
        copies[-1].set_footer(text=" · ".join(part for part in (*parts, rest) if part) or None)
    return copies


def sendable(
    words: Words, files: Sequence[Artifact], size_limit_bytes: int
) -> tuple[tuple[Artifact, ...], tuple[str, ...]]:
    """Return the files that Discord takes in one message, the first first, and a note for each that it does not."""
    kept: list[Artifact] = []
    notes = []
    room = max(REQUEST_BYTES, size_limit_bytes)
    for item in files:
        if len(item.data) > min(size_limit_bytes, room) or len(kept) == MOST_FILES:
            size, most = (f"{count / MIB:.1f}" for count in (len(item.data), size_limit_bytes))
            notes.append(words("song.file_left_out", name=shown(item.name, 100), size=size, most=most))
        else:
            kept.append(item)
            room -= len(item.data)
    return tuple(kept), tuple(notes)


@dataclass(frozen=True)
class _Card:
    """What stands around the words. title, head: escaped, the head is a line above the words. footer: plain."""

    title: str
    head: str
    footer: str
    colour: int | None

    @property
    def characters(self) -> int:
        return len(self.title) + len(self.head) + 2 + len(self.footer)


def tally_line(words: Words, tally: Tally | None) -> str:
    """Return ratings as a line of its own, "★ 4.3 · 12 ratings"; that there are none where there are none."""
    if tally is None or tally.mean_stars is None or tally.count == 0:
        return words("rating.none")
    return words("rating.tally", count=tally.count, mean=f"{tally.mean_stars:.1f}")


def _title(words: Words, title: str) -> str:
    return shown(one_line(title), TITLE_CHARACTERS) or words("song.untitled")


def _embeds(words: Words, card: _Card, sheet: LyricsSheet, most_characters: int) -> tuple[list[discord.Embed], bool]:
    """Return a song's embeds, at most so many characters in all, and whether all of the words are there."""
    room = most_characters - card.characters
    whole = sheet.fits(room)
    rest = [] if whole else ["", words("song.rest_in_file")]
    lines = sheet.lines if whole else sheet.beginning(room - sum(map(len, rest)) - len(rest))
    blocks = split_lines([card.head, "", *lines, *rest], DESCRIPTION_CHARACTERS)
    embeds = [discord.Embed(description=block or None, colour=card.colour) for block in blocks or [""]]
    embeds[0].title = card.title
    embeds[-1].set_footer(text=card.footer)
    return embeds, whole


def _needed_characters(words: Words, card: _Card, sheet: LyricsSheet) -> int:
    """Return how many characters show the whole song; a torn line is followed by where the rest is."""
    rest = len(words("song.rest_in_file")) + 2 if sheet.torn else 0
    return card.characters + sheet.characters + rest


def _fair_rooms(need_a: int, need_b: int) -> tuple[int, int]:
    """Share the characters of a message between two takes: half for each, and what one does not need for the other."""
    room_a = max(EMBED_CHARACTERS // 2, EMBED_CHARACTERS - need_b)
    return room_a, EMBED_CHARACTERS - min(room_a, need_a)


def _files(song: Song, artifacts: Sequence[Artifact], endings: Sequence[str], *, with_text: bool) -> list[Artifact]:
    """Return a song's files with these endings, in their order; with_text: and its words as a text file."""
    safe = [replace(item, name=_safe_name(item.name)) for item in artifacts]
    chosen = [item for ending in endings for item in safe if item.name.endswith(ending)]
    if with_text:
        stem = PurePath(safe[0].name).stem if safe else "song"
        written = Artifact(f"{stem}.txt", "text/plain", song.lyrics_text.encode(errors="replace"))
        chosen.append(next((item for item in safe if item.name.endswith(".txt")), written))
    return chosen


def _safe_name(name: str) -> str:
    """Discord renames files with other characters, and then attachment:// does not find them."""
    stem, _, ending = re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII).rpartition(".")
    return f"{stem.strip('-.') or 'song'}.{ending}"


def _notices(words: Words, report: SongReport) -> list[str]:
    """Return the notices of the engine for members; that there is no sound is said without the host's reasons."""
    notices = []
    for notice in report.notices:
        sentence = shown(one_line(without_dashes(localise(notice, words.language))), NOTE_CHARACTERS)
        notices.append(words("song.no_audio") if notice.startswith("no .ogg") else words("song.note", note=sentence))
    return notices[:MOST_FILES]


def _reattached(embed: discord.Embed) -> discord.Embed:
    """Name an attached picture as when it was sent: with the address that Discord gives it, it would be shown twice."""
    found = _ATTACHMENT_URL.match(embed.image.url or "")
    return embed.set_image(url=f"attachment://{found['name']}") if found else embed
