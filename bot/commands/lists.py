"""/history, /top, /library search and /favourites: lists of songs with pages and a menu that plays."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot import pages
from bot.access import Refusal, check_role
from bot.backend import Backend
from bot.buttons import list_view
from bot.commands.asking import asker_of
from bot.commands.verbs import BOTH_INSTALLS, EVERYWHERE
from bot.errors import answered
from bot.ladder import NO_MENTIONS
from bot.plain_text import one_line
from bot.translations import Words
from worker.store.library import Page

PAGE_SIZE = 10
MINIMUM_VOTES = 3
MOST_QUERY_CHARACTERS = 55  # a query travels in a button's custom id of 100 characters


class Lists:
    """Reads a page of a list and shows it; the state is in the buttons."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def page(
        self, interaction: discord.Interaction, which: str, number: int, query: str
    ) -> tuple[discord.Embed, discord.ui.View]:
        """Return a page of a list for this member as embed and view; beyond the last page: the last."""
        words = self._words(interaction, which)
        found = await self._read(interaction, which, max(1, number), query)
        if found.pages and number > found.pages:
            found = await self._read(interaction, which, found.pages, query)
        embed = pages.songs_page(
            words, which, found, query=query.replace("|", " ").strip(), minimum_votes=MINIMUM_VOTES
        )
        first = 1 + (found.page - 1) * PAGE_SIZE
        songs = [(item.id, f"{number}. {one_line(item.title)}") for number, item in enumerate(found.items, start=first)]
        return embed, list_view(words, which, found.page, found.pages, songs, query)

    def _words(self, interaction: discord.Interaction, which: str) -> Words:
        """Return the reader's language; for /top, which everybody sees, the server's if one is set."""
        settings = self.backend.server_settings(asker_of(interaction).server)
        return Words((which == "top" and settings.language) or interaction.locale)

    async def _read(self, interaction: discord.Interaction, which: str, number: int, query: str) -> Page:
        asker, library = asker_of(interaction), self.backend.client.library
        match which:
            case "history":
                return await self.backend.call(library.history, asker.member, page=number, size=PAGE_SIZE)
            case "favourites":
                return await self.backend.call(library.favourites, asker.member, page=number, size=PAGE_SIZE)
            case "top":
                if asker.server is None:
                    raise Refusal("access.only_in_server")
                return await self.backend.call(
                    library.top, asker.server, page=number, size=PAGE_SIZE, minimum_votes=MINIMUM_VOTES
                )
        searched, _, theme = query.partition("|")
        return await self.backend.call(
            library.search,
            asker.server,
            asker.member,
            words=searched or None,
            theme=theme or None,
            page=number,
            size=PAGE_SIZE,
        )


class ListCommands:
    """The slash commands of the lists."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists

    def all(self) -> list[app_commands.Command[Any, ..., Any] | app_commands.Group]:
        """Return the commands, each answered for the member alone, except /top."""
        library = app_commands.Group(
            name="library",
            description="Find songs by what is in them",
            allowed_contexts=EVERYWHERE,
            allowed_installs=BOTH_INSTALLS,
        )
        library.add_command(self._search())
        return [
            self._simple("history", "Your songs, the newest first", private=True),
            self._simple("top", "The best songs of this server", private=False),
            self._simple("favourites", "The songs you marked", private=True),
            library,
        ]

    def _simple(self, which: str, summary: str, *, private: bool) -> app_commands.Command[Any, ..., Any]:
        @app_commands.describe(page="which page")
        async def show(interaction: discord.Interaction, page: app_commands.Range[int, 1, 10000] = 1) -> None:
            await answered(interaction, self._show(interaction, which, page, "", private=private))

        return app_commands.Command(
            name=which,
            description=summary,
            callback=show,
            allowed_contexts=EVERYWHERE,
            allowed_installs=BOTH_INSTALLS,
        )

    def _search(self) -> app_commands.Command[Any, ..., Any]:
        @app_commands.describe(words="words that are in the song", theme="what it is about")
        async def search(
            interaction: discord.Interaction,
            words: app_commands.Range[str, 1, MOST_QUERY_CHARACTERS] | None = None,
            theme: app_commands.Range[str, 1, MOST_QUERY_CHARACTERS] | None = None,
        ) -> None:
            query = query_of(words or "", theme or "")
            await answered(interaction, self._show(interaction, "library", 1, query, private=True))

        return app_commands.Command(
            name="search", description="Find songs by their words or their theme", callback=search
        )

    async def _show(
        self, interaction: discord.Interaction, which: str, number: int, query: str, *, private: bool
    ) -> None:
        check_may_use(self._lists.backend, interaction, which)
        if which == "top" and asker_of(interaction).server is None:
            raise Refusal("access.only_in_server")
        await interaction.response.defer(ephemeral=private, thinking=True)
        embed, view = await self._lists.page(interaction, which, number, query)
        await interaction.edit_original_response(embed=embed, view=view, allowed_mentions=NO_MENTIONS)


def check_may_use(backend: Backend, interaction: discord.Interaction, command: str) -> None:
    """Refuse a command that the server keeps for others; one that only shows something works in every channel."""
    asker = asker_of(interaction)
    check_role(backend.server_settings(asker.server), command, asker.roles)


def query_of(words: str, theme: str) -> str:
    """Return a search as it travels in a custom id; a long one is cut, for a custom id has 100 characters."""
    query = "|".join(one_line(part).replace("|", " ") for part in (words, theme)).removesuffix("|")
    return query[:MOST_QUERY_CHARACTERS]
