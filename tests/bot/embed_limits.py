"""Discord's limits of messages as a checker, and songs, pages and texts that strain them. Knows nothing of presenters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import discord
from hypothesis import strategies as st

from engine.contract import Artifact, LineReport, SectionReport, SongReport
from tests.discord_sandbox import limits
from worker.store.songs import Song

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SONG_ID = "01hzxk5v7m9qw3t4y6a8b0c2d1"
FIELDS, FIELD_NAME, FIELD_VALUE, FOOTER = 25, 256, 1024, 2048
ZALGO = "h" + "̴̡̛͈̗" * 40 + "i" + "̵̧̩" * 40
NASTY = (
    "@everyone and @here",
    "<@123456789012345678> <@&5> <#7> </song:9> <t:0:R> <:smile:3>",
    "**bold** __under__ ~~gone~~ ||spoiler|| `code`",
    "```py\nprint(1)\n```",
    "# heading",
    "> quote",
    "-# small",
    "- item\n1. one\n2. two",
    "[link](https://discord.gg/abc) https://example.com/a_b discord.gg/abc",
    "\\* \\",
    "‮drawkcab‬ שלום مرحبا",
    ZALGO,
    "\u200b\u200c\u200d\ufeff",
    "\x00\x07\x1b[31m",
    "👨‍👩‍👧‍👦🇩🇪" * 20,
    "歌" * 300,
    "_" * 700,
    "a" * 2000,
    "<<Artist - Title>>\n[Chorus]",
)
nasty_text = st.lists(st.sampled_from(NASTY) | st.text(max_size=60), max_size=4).map(" ".join) | st.text(max_size=300)
some_lines = st.lists(
    st.sampled_from(["[Verse 1]", "[**Chorus**]", "", "a quiet line", "* a_b *"]) | nasty_text, max_size=60
)
lyrics_texts = some_lines.map("\n".join) | st.tuples(nasty_text, st.integers(0, 400)).map(
    lambda pair: f"{pair[0]}\n" * pair[1]
)


def embed_characters(embeds: Iterable[discord.Embed]) -> int:
    """Return what Discord counts over all embeds of a message: titles, descriptions, fields, footers and authors."""
    total = 0
    for body in (embed.to_dict() for embed in embeds):
        parts = [body.get("title"), body.get("description"), body.get("footer", {}).get("text")]
        parts += [body.get("author", {}).get("name")]
        parts += [text for field in body.get("fields", []) for text in (field["name"], field["value"])]
        total += sum(len(part) for part in parts if part)
    return total


def faults(embeds: Iterable[discord.Embed], content: str | None = None, names: Iterable[str] = ()) -> list[str]:
    """Return what Discord would refuse in a message with these embeds and files."""
    embeds = tuple(embeds)
    bodies: list[dict[str, Any]] = [dict(embed.to_dict()) for embed in embeds]
    found = [str(problem) for problem in limits.message({"content": content, "embeds": bodies}, 0, tuple(names))]
    found += ["too many embeds"] if len(embeds) > 10 else []
    found += ["too many characters"] if embed_characters(embeds) > 6000 else []
    for body in bodies:
        fields = body.get("fields", [])
        found += ["long title"] if len(body.get("title", "")) > 256 else []
        found += ["long description"] if len(body.get("description", "")) > 4096 else []
        found += ["long footer"] if len(body.get("footer", {}).get("text", "")) > FOOTER else []
        found += ["too many fields"] if len(fields) > FIELDS else []
        found += ["bad field name"] * sum(not 1 <= len(field["name"].strip()) <= FIELD_NAME for field in fields)
        found += ["bad field value"] * sum(not 1 <= len(field["value"].strip()) <= FIELD_VALUE for field in fields)
        found += ["empty embed"] if not any(body.get(key) for key in ("title", "description", "fields")) else []
    return found


def live_markup(text: str) -> list[str]:
    """Return the signs of a text that Discord would take as markup or a mention: those without a backslash."""
    rest = re.sub(r"\\[\\*_~|`<>\[\]@#:/+.-]", "x", text)
    return re.findall(r"[*_~|`<>\[\]@#]|^\s*(?:[-+]|\d+\.)\s", rest, re.MULTILINE)


def a_song(title: str = "Rain over the harbour", lyrics: str = "", kind: str = "song", **values: Any) -> Song:
    """Return a stored song of these words, sung in A minor. values: of `Song`, and style and report (of `SongReport`)."""
    report = {
        "title": title,
        "request": {},
        "sections": (),
        "style": values.pop("style", "folk"),
        "seed": 123,
        "key": "A minor",
        "tempo_qpm": 96.0,
        "time_signature": "3/4",
        "length_seconds": 101.6,
        "model_versions": {"lyrics": "l1", "melody": "m1"},
    } | values.pop("report", {})
    facts = {
        "id": SONG_ID,
        "job_id": "j" * 26,
        "lead_sheet": None,
        "score": None,
        "theme": None,
        "model_versions": {},
        "created_at": NOW,
        "parent_song_id": None,
        "request": {"kind": kind, "theme": "rain"},
        "requested_by": "123456789012345678",
        "server": None,
    }
    text = f"{title}\n\n{lyrics}"
    return Song(title=title, lyrics_text=text, kind=kind, report=SongReport(**report), **(facts | values))


def files_of(name: str, **sizes: int) -> tuple[Artifact, ...]:
    """Return files of these endings and sizes in bytes: files_of("rain", mid=10)."""
    return tuple(Artifact(f"{name}.{ending}", "x/y", bytes(size)) for ending, size in sizes.items())


def a_section(lines: int, right: int) -> SectionReport:
    """Return a section where so many lines kept their syllables, and every second line rhymes in the right ones."""
    return SectionReport(
        label="Verse 1",
        lines=tuple(
            LineReport(
                text="x",
                syllables_asked=8,
                syllables_found=8 if index < right else 7,
                rhyme="A",
                rhyme_key_asked=None,
                rhyme_key_found="",
                rhymes=(index < right) if index % 2 else None,
            )
            for index in range(lines)
        ),
    )
