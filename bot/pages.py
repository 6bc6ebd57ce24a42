"""Lists of songs, what is known about a song, settings, figures and privacy as embeds. Knows no interactions and no store.

Plain functions of values, within Discord's limits whatever the values are. Everything that people or models wrote passes
through `plain_text`; live mentions are made here only of ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import discord
from discord.utils import format_dt

from bot.alike import MOST_COMPARED, AlikeSong, reasons_text
from bot.plain_text import ELLIPSIS, label, one_line, shown
from bot.presenters import COLOURS, DESCRIPTION_CHARACTERS, TITLE_CHARACTERS
from bot.song_facts import change_line, length_text, song_facts, stars_text
from engine.contract import LineReport, Sampling
from engine.verbs import VERBS

if TYPE_CHECKING:
    from bot.translations import Words
    from worker.store.library import Listed, Page
    from worker.store.ratings import Tally
    from worker.store.server_settings import ServerSettings
    from worker.store.songs import Song

FIELD_CHARACTERS = 1024
LISTED_TITLE_CHARACTERS = 80
VALUE_CHARACTERS = 150
REASON_CHARACTERS = 250
PART_CHARACTERS = 800  # of one setting that may name many channels, roles or words
MOST_STARS = 5
# What is not said of a request: where it shows elsewhere on the page, or is the server's own.
NOT_SHOWN = frozenset({"kind", "seed", "source", "other", "avoid", "lyrics", "sampling"})


def songs_page(words: Words, heading_key: str, page: Page, *, query: str = "", minimum_votes: int = 1) -> discord.Embed:
    """Return a page of songs, one per line, with their places in the whole list; an empty one says what to do.

    heading_key: "history", "top", "favourites" or "library". query: what was looked for. minimum_votes: of "top".
    """
    looked_for = shown(one_line(query), VALUE_CHARACTERS)
    heading = "library.all" if heading_key == "library" and not looked_for else f"{heading_key}.title"
    first = 1 + (page.total - len(page.items) if page.page == page.pages else (page.page - 1) * len(page.items))
    lines = [_song_line(words, max(first, 1) + index, item) for index, item in enumerate(page.items)]
    empty = f"{heading_key}.empty" if words.has(f"{heading_key}.empty") else "found.nothing"
    embed = page_of(words(heading, words=looked_for), lines or [words(empty, count=minimum_votes)])
    if page.items:
        counted = words("found.count", count=page.total)
        embed.set_footer(text=f"{words('found.page', page=page.page, pages=page.pages)} · {counted}")
    return embed


def similar_page(words: Words, title: str, near: Sequence[AlikeSong]) -> discord.Embed:
    """Return the songs that are most like one, each with why; that there is none where there is none."""
    lines = []
    for place, found in enumerate(near, start=1):
        why = shown(one_line(reasons_text(words, found.reasons)), REASON_CHARACTERS)
        lines.append("\n".join(filter(None, (_song_line(words, place, found.listed), why and f"-# {why}"))))
    heading = words("similar.title", title=shown(one_line(title), 180) or words("song.untitled"))
    return page_of(heading, lines or [words("similar.empty")]).set_footer(
        text=words("similar.compared", count=MOST_COMPARED)
    )


def song_info(words: Words, song: Song, tally: Tally | None, mine: int | None, favourite: bool) -> discord.Embed:
    """Return all that is known about a song. mine: the stars that the reader gave it, None for none."""
    report = song.report
    about = [
        words("info.made", when=f"{format_dt(song.created_at, 'f')} ({format_dt(song.created_at, 'R')})"),
        *([words("song.asked_by", member=f"<@{song.requested_by}>")] if _is_id(song.requested_by) else []),
        *([change_line(words, song, None)] if change_line(words, song, None) else []),
        *([words("info.parent", song=shown(song.parent_song_id, 40))] if song.parent_song_id else []),
    ]
    asked = [words("info.option", name=name, value=value) for name, value in _settings(words, song)]
    title = words("info.title", title=shown(one_line(song.title), 180) or words("song.untitled"))
    embed = page_of(title, [*about, *(["", f"**{words('info.request')}**", *asked] if asked else [])])
    embed.colour = discord.Colour(COLOURS[report.style]) if report.style in COLOURS else None
    facts = [*song_facts(words, report), words("song.seed", seed=report.seed)]
    _add_field(embed, words("info.music"), [" · ".join(shown(one_line(fact), 100) for fact in facts)])
    _add_field(embed, words("info.kept"), _kept(words, [line for part in report.sections for line in part.lines]))
    _add_field(embed, words("info.rating"), _rating(words, tally, mine, favourite))
    versions = [words("info.option", name=role_name(words, role), value=v) for role, v in report.model_versions.items()]
    _add_field(embed, words("info.models"), [shown(one_line(version), VALUE_CHARACTERS) for version in versions])
    return embed.set_footer(text=label(song.id, 40))


def settings_page(words: Words, settings: ServerSettings) -> discord.Embed:
    """Return the settings of a server, for those who manage it."""
    channels = _joined([f"<#{channel}>" for channel in settings.allowed_channels if _is_id(channel)])
    language = words.choice(settings.language) if settings.language else words("admin.language_members")
    multipliers = {role: factor for role, factor in settings.role_multipliers.items() if _is_id(role)}
    roles_of = [
        words("admin.allow", command=shown(one_line(command), 40), roles=_roles(words, roles))
        for command, roles in settings.allowed_roles.items()
    ]
    filtered = [shown(one_line(word), 60) for word in settings.filter_words]
    lines = [
        words("admin.channels", channels=channels or words("admin.channels_all")),
        words("admin.quota", count=settings.songs_per_day),
        _joined(
            [words("admin.role", role=f"<@&{role}>", multiplier=f"{factor:g}") for role, factor in multipliers.items()],
            "\n",
        ),
        words("admin.waiting", count=settings.waiting_per_member),
        words("admin.language", language=shown(one_line(language), 60)),
        _joined(roles_of, "\n"),
        words("admin.filter_level", level=words.choice(settings.filter_level)),
        words("admin.filter_words", words=_joined(filtered)) if filtered else words("admin.filter_empty"),
    ]
    return page_of(words("admin.title"), [line for line in lines if line])


def statistics_page(words: Words, figures: Mapping[str, int]) -> discord.Embed:
    """Return a server's figures, one per line, in the order given; one without a text of its own is left out."""
    return page_of(words("admin.stats_title"), _counted(words, "stats", figures))


def privacy_page(words: Words, counts: Mapping[str, int], training: tuple[bool, datetime | None]) -> discord.Embed:
    """Return how much of what is stored about a member, and what they decided about training and when."""
    stored = [f"• {line}" for line in _counted(words, "privacy", {name: n for name, n in counts.items() if n})]
    opted_in, decided_at = training
    when = format_dt(decided_at, "D") if decided_at is not None else "–"
    decided = words("privacy.training_is_on", when=when) if opted_in else words("privacy.training_is_off")
    lines = [*(stored or [words("privacy.nothing")]), "", decided, "", words("privacy.explanation")]
    return page_of(words("privacy.title"), lines)


def page_of(title: str, lines: Sequence[str]) -> discord.Embed:
    """Return a title and as many whole lines as fit."""
    return discord.Embed(title=title[:TITLE_CHARACTERS], description=_whole_lines(lines, DESCRIPTION_CHARACTERS))


def _add_field(embed: discord.Embed, name: str, lines: Sequence[str]) -> None:
    if any(lines):
        embed.add_field(name=name, value=_whole_lines(lines, FIELD_CHARACTERS), inline=False)


def _whole_lines(lines: Iterable[str], most_characters: int) -> str:
    """Return as many of the lines as fit, and an ellipsis where some do not."""
    kept: list[str] = []
    room = most_characters - len(ELLIPSIS)
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*kept, ELLIPSIS])
        kept.append(line)
    return "\n".join(kept)


def _joined(items: Sequence[str], between: str = ", ") -> str:
    """Return as many items as one setting has room for, and how many more there are."""
    kept: list[str] = []
    room = PART_CHARACTERS
    for item in items:
        room -= len(item) + len(between)
        if room < 0:
            return between.join([*kept, f"{ELLIPSIS} (+{len(items) - len(kept)})"])
        kept.append(item)
    return between.join(kept)


def _song_line(words: Words, place: int, item: Listed) -> str:
    title = shown(one_line(item.title), LISTED_TITLE_CHARACTERS) or words("song.untitled")
    parts = [
        f"**{place}. {title}**",
        shown(one_line(words.choice(item.style)), 40),
        *([length_text(words, item.seconds)] if item.seconds else []),
        stars_text(words, item.mean_stars, item.votes),
        format_dt(item.created_at, "R"),
    ]
    return " · ".join(part for part in parts if part)


def _settings(words: Words, song: Song) -> Iterable[tuple[str, str]]:
    """Give what was asked for by name: options as the commands call them, without those that were left open."""
    fields = VERBS[song.kind].request.model_fields if song.kind in VERBS else {}
    usual = Sampling().model_dump()
    sampling = {name: value for name, value in (song.request.get("sampling") or {}).items() if value != usual.get(name)}
    plain = {name: value for name, value in song.request.items() if name not in NOT_SHOWN}
    for name, value in {**plain, **sampling}.items():
        if value is None or value in ("", [], ()):
            continue
        extra = fields[name].json_schema_extra if name in fields else None
        option = str(extra.get("option", name)) if isinstance(extra, dict) else name
        key = f"options.{option}.name"
        called = words(key) if words.has(key) else option.replace("_", " ")
        yield shown(one_line(called), 60), shown(one_line(_value(words, name, value)), VALUE_CHARACTERS)


def _value(words: Words, name: str, value: object) -> str:
    if name == "length_seconds" and isinstance(value, int | float):
        return length_text(words, value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return words.choice(value) if name in ("style", "voice", "part") else str(value)


def _kept(words: Words, lines: Sequence[LineReport]) -> list[str]:
    """Return in how many lines the syllables asked for were kept, and in how many of those that rhyme the rhyme."""
    rhyming = [line for line in lines if line.rhymes is not None]
    right = sum(line.syllables_asked == line.syllables_found for line in lines)
    return [
        *([words("info.syllables_kept", kept=right, lines=len(lines))] if lines else []),
        *(
            [words("info.rhymes_kept", kept=sum(map(bool, (r.rhymes for r in rhyming))), lines=len(rhyming))]
            if rhyming
            else []
        ),
    ]


def role_name(words: Words, role: str) -> str:
    """Return what a model does, "lyrics", in the reader's language; the role itself where it has no other name."""
    return words(f"info.model_{role}") if words.has(f"info.model_{role}") else role


def _rating(words: Words, tally: Tally | None, mine: int | None, favourite: bool) -> list[str]:
    found = stars_text(words, tally.mean_stars, tally.count) if tally is not None else ""
    own = "★" * mine + "☆" * (MOST_STARS - mine) if mine else ""
    return [
        found or words("rating.none"),
        *([words("info.own_rating", stars=own)] if own else []),
        *([words("info.is_favourite")] if favourite else []),
    ]


def _counted(words: Words, table: str, counts: Mapping[str, int]) -> list[str]:
    named = {f"{table}.{name}": count for name, count in counts.items()}
    return [words(key, count=count) for key, count in named.items() if words.has(key)]


def _roles(words: Words, roles: Sequence[str]) -> str:
    return _joined([f"<@&{role}>" for role in roles if _is_id(role)]) or words("admin.allow_everyone")


def _is_id(text: str | None) -> bool:
    """Only digits become a mention: whatever else is stored is not shown as one."""
    return text is not None and text.isascii() and text.isdecimal()
