"""Buttons and menus that never die: everything they need is in their custom id, everything they do is in SQL.

    sw:<act>:<song, job or list>[:<value>]

This module knows how they look and how a press finds its handler, in the cog of the bot that it came to; what a press
does is in `bot.commands`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import discord
from discord.ext.commands.bot import BotBase  # Bot and AutoShardedBot have nothing else in common

from bot.translations import Words
from engine.file_requests import FILES, USUAL_FILES
from engine.verbs import SHORTCUTS, VERBS, Shortcut
from worker.store.songs import Song

STARS = (1, 2, 3, 4, 5)
MOST_LABEL_CHARACTERS = 80
MOST_OPTION_CHARACTERS = 100
SHORTCUTS_A_ROW = 5
KINDS_OF_WORDS = frozenset({"lyrics", *(name for name, verb in VERBS.items() if verb.needs == "words")})

OF_SUNG_WORDS = frozenset({"kar", "cho", "lrc-lines", "lrc-syllables", "guide"})
SOUND_FILES = ("mp3", "stems")

COG_NAME = "Songwright"
UNKNOWN = "unknown"  # the act of a button of another version

Handler = Callable[[discord.Interaction, str, str], Awaitable[None]]  # interaction, target, value


async def _handle(interaction: discord.Interaction, act: str, target: str, value: str) -> None:
    """Hand a press to whoever deals with it; a button of a later or earlier version has nobody."""
    assert isinstance(interaction.client, BotBase), "the items were added by a cog"
    cog: Any = interaction.client.get_cog(COG_NAME)
    handlers: Mapping[str, Handler] = cog.handlers
    await handlers.get(act, handlers[UNKNOWN])(interaction, target, value)


class PressedButton(
    discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]],
    template=r"sw:(?P<act>[a-z_]+):(?P<target>[^:]*)(?::(?P<value>.*))?",
):
    """Any of our buttons, on any message, before or after a restart."""

    def __init__(self, button: discord.ui.Button[discord.ui.View], act: str, target: str, value: str) -> None:
        super().__init__(button)
        self.act, self.target, self.value = act, target, value

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> PressedButton:
        """Read a press back into act, target and value."""
        assert isinstance(item, discord.ui.Button)
        return cls(item, match["act"], match["target"], match["value"] or "")

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the press to whoever deals with it."""
        await _handle(interaction, self.act, self.target, self.value)


class ChosenOption(
    discord.ui.DynamicItem[discord.ui.Select[discord.ui.View]], template=r"swm:(?P<act>[a-z_]+):(?P<target>.*)"
):
    """Any of our menus: the chosen value goes to the handler as the target."""

    def __init__(self, menu: discord.ui.Select[discord.ui.View], act: str, target: str) -> None:
        super().__init__(menu)
        self.act, self.target = act, target

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> ChosenOption:
        """Read a choice back."""
        assert isinstance(item, discord.ui.Select)
        return cls(item, match["act"], match["target"])

    async def callback(self, interaction: discord.Interaction) -> None:
        """Hand the choice to whoever deals with it."""
        data: Mapping[str, Any] = interaction.data or {}
        values = data.get("values") or [""]
        await _handle(interaction, self.act, str(values[0]), self.target)


DYNAMIC_ITEMS = (PressedButton, ChosenOption)


def button(
    act: str,
    target: str,
    value: str = "",
    *,
    label: str | None = None,
    emoji: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    row: int | None = None,
    disabled: bool = False,
) -> PressedButton:
    """Return a button. label: at most 80 characters; value: whatever fits into a custom id of 100 characters."""
    custom_id = f"sw:{act}:{target}" + (f":{value}" if value else "")
    look: discord.ui.Button[discord.ui.View] = discord.ui.Button(
        label=label and label[:MOST_LABEL_CHARACTERS],
        emoji=emoji,
        style=style,
        custom_id=custom_id,
        row=row,
        disabled=disabled,
    )
    return PressedButton(look, act, target, value)


def view_of(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """Return a view that never times out."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view


def progress_view(words: Words, job_id: str) -> discord.ui.View:
    """Cancel, while a job waits or runs."""
    return view_of(button("cancel", job_id, label=words("buttons.cancel")))


def song_view(words: Words, song: Song) -> discord.ui.View:
    """What can be done with a song: stars, takes and edits, files, favourite, delete."""
    items = [button("rate", song.id, str(stars), label=f"★{stars}", row=0) for stars in STARS]
    items += [
        button("take", song.id, label=words("buttons.another_take"), emoji="🎲", row=1),
        button("formats", song.id, label=words("buttons.other_formats"), emoji="📄", row=1),
        button("info", song.id, label=words("buttons.info"), emoji="🔎", row=1),
        button("favourite", song.id, label=words("buttons.favourite"), emoji="💛", row=1),
        button("delete", song.id, label=words("buttons.delete"), emoji="🗑️", row=1),
    ]
    for index, shortcut in enumerate(shortcuts_for(song)):
        items.append(_shortcut_button(words, shortcut, song.id, row=2 + index // SHORTCUTS_A_ROW))
    return view_of(*items)


def shortcuts_for(song: Song) -> list[Shortcut]:
    """Return the edits that make sense for a song: no music of words alone, no words of music alone."""
    has_words = bool(song.lyrics_text.strip())
    is_words_alone = has_words and song.kind in KINDS_OF_WORDS and song.report.key is None
    has = {
        "anything": True,
        "music": not is_words_alone,
        "words": has_words,
        "sung words": has_words and not is_words_alone,
        "music alone": not has_words,
    }
    return [shortcut for verb, shortcut in SHORTCUTS.values() if has[verb.needs]]


def _shortcut_button(words: Words, shortcut: Shortcut, song_id: str, *, row: int) -> PressedButton:
    key = f"buttons.{shortcut.name}"
    label = words(key) if words.has(key) else shortcut.label
    return button("do", song_id, shortcut.name, label=label, emoji=shortcut.emoji, row=row)


def formats_view(words: Words, song: Song) -> discord.ui.View | None:
    """A menu of the files that are made when they are asked for; None for words alone.

    Of an uploaded file no lead sheet is known, so that it has sound alone.
    """
    if song.score is None:
        return None
    known = FILES if song.lead_sheet is not None else SOUND_FILES
    names = [
        name for name in known if name not in USUAL_FILES and (name not in OF_SUNG_WORDS or song.lyrics_text.strip())
    ]
    menu: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=f"swm:export:{song.id}",
        placeholder=words("buttons.another_format"),
        options=[discord.SelectOption(label=words(f"buttons.format_{n.replace('-', '_')}"), value=n) for n in names],
    )
    return view_of(ChosenOption(menu, "export", song.id))


def comparison_view(words: Words, song_a: str, song_b: str) -> discord.ui.View:
    """Which take is better, and both to be opened."""
    primary = discord.ButtonStyle.primary
    return view_of(
        button("prefer", song_a, f"{song_b}:a", label=words("buttons.take_a"), emoji="🅰️", style=primary),
        button("prefer", song_a, f"{song_b}:b", label=words("buttons.take_b"), emoji="🅱️", style=primary),
        button("prefer", song_a, f"{song_b}:same", label=words("buttons.both_the_same")),
        button("play", song_a, label=f"{words('buttons.play')} A", row=1),
        button("play", song_b, label=f"{words('buttons.play')} B", row=1),
    )


def list_view(
    words: Words, which: str, page: int, pages: int, songs: Sequence[tuple[str, str]], query: str = ""
) -> discord.ui.View:
    """A menu of the songs of a page, to be played, and the way to the pages beside it.

    which: "history", "top", "library" or "favourites". songs: (id, title), at most 25. query: kept in the custom ids,
    so at most 60 characters.
    """
    items: list[discord.ui.Item[Any]] = []
    if songs:
        menu: discord.ui.Select[discord.ui.View] = discord.ui.Select(
            custom_id=f"swm:play:{which}",
            placeholder="▶ " + words("buttons.play"),
            options=[
                discord.SelectOption(label=title[:MOST_OPTION_CHARACTERS] or "…", value=id_) for id_, title in songs
            ],
            row=0,
        )
        items.append(ChosenOption(menu, "play", which))
    if pages > 1:
        items.append(
            button("page", which, f"{page - 1}:{query}", label=words("buttons.previous"), row=1, disabled=page <= 1)
        )
        items.append(
            button("page", which, f"{page + 1}:{query}", label=words("buttons.next"), row=1, disabled=page >= pages)
        )
    return view_of(*items)
