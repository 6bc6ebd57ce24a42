"""/similar: the songs that are most like one, with why, and a menu that plays them. Does not know how songs are compared."""

from __future__ import annotations

from typing import Any

import discord
from discord import app_commands

from bot import pages
from bot.access import Refusal
from bot.alike import COUNT, MOST_SHOWN, AlikeSongs
from bot.backend import Backend
from bot.buttons import list_view
from bot.commands.asking import asker_of
from bot.commands.lists import check_may_use
from bot.commands.verbs import BOTH_INSTALLS, EVERYWHERE, known_song, suggest_songs
from bot.errors import answered
from bot.ladder import NO_MENTIONS
from bot.plain_text import one_line
from bot.translations import Words


class SimilarCommand:
    """Looks for songs that are alike among those that the member may see, and answers for the member alone."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._alike = AlikeSongs(backend.client)

    def command(self) -> app_commands.Command[Any, ..., Any]:
        """Return the slash command."""

        @app_commands.describe(song="its title or its id", count="how many songs: 1-10")
        @app_commands.autocomplete(song=self._suggest)
        async def similar(
            interaction: discord.Interaction,
            song: app_commands.Range[str, 1, 100],
            count: app_commands.Range[int, 1, MOST_SHOWN] = COUNT,
        ) -> None:
            await answered(interaction, self._show(interaction, song, count))

        return app_commands.Command(
            name="similar",
            description="Songs that are like one, in words and music",
            callback=similar,
            allowed_contexts=EVERYWHERE,
            allowed_installs=BOTH_INSTALLS,
        )

    async def _suggest(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_songs(self._backend, interaction, typed)

    async def _show(self, interaction: discord.Interaction, typed: str, count: int) -> None:
        check_may_use(self._backend, interaction, "similar")
        asker, words = asker_of(interaction), Words(interaction.locale)
        await interaction.response.defer(ephemeral=True, thinking=True)
        song_id = await known_song(self._backend, interaction, typed)
        song = await self._backend.find_song(song_id)
        if song is None:
            raise Refusal("song.gone")
        near = await self._backend.call(
            self._alike.nearest, song.id, server=asker.server, member=asker.member, count=count
        )
        embed = pages.similar_page(words, song.title, near)
        songs = [(found.listed.id, f"{n}. {one_line(found.listed.title)}") for n, found in enumerate(near, start=1)]
        view = list_view(words, "similar", 1, 1, songs)
        await interaction.edit_original_response(embed=embed, view=view, allowed_mentions=NO_MENTIONS)
