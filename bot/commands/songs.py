"""/song-info and /compare."""

from __future__ import annotations

import secrets
from typing import Any

import discord
from discord import app_commands

from bot.backend import Backend
from bot.commands.asking import Asking
from bot.commands.lists import check_may_use
from bot.commands.pressing import Presses
from bot.commands.requests import request_of
from bot.commands.verbs import BOTH_INSTALLS, EVERYWHERE, VerbCommands, known_song, slash_command, suggest_songs
from bot.errors import answered, tell
from engine.contract import SongRequest
from engine.verbs import VERBS

MAX_SEED = 2**31


class SongCommands:
    """Commands about a song, and about two takes of one request."""

    def __init__(self, backend: Backend, asking: Asking, presses: Presses, verbs: VerbCommands) -> None:
        self._backend, self._asking, self._presses, self._verbs = backend, asking, presses, verbs

    def all(self) -> list[app_commands.Command[Any, ..., Any]]:
        """Return both commands."""
        return [self._info(), self._compare()]

    def _info(self) -> app_commands.Command[Any, ..., Any]:
        @app_commands.describe(song="its title or its id")
        @app_commands.autocomplete(song=self._suggest)
        async def info(interaction: discord.Interaction, song: app_commands.Range[str, 1, 100]) -> None:
            await answered(interaction, self._show_info(interaction, song))

        return app_commands.Command(
            name="song-info",
            description="Everything that is known about a song",
            callback=info,
            allowed_contexts=EVERYWHERE,
            allowed_installs=BOTH_INSTALLS,
        )

    async def _suggest(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await suggest_songs(self._backend, interaction, typed)

    async def _show_info(self, interaction: discord.Interaction, typed: str) -> None:
        check_may_use(self._backend, interaction, "song-info")
        song = await self._presses.song(await known_song(self._backend, interaction, typed))
        await tell(interaction, "", embed=await self._presses.info_embed(interaction, song))

    def _compare(self) -> app_commands.Command[Any, ..., Any]:
        async def compare(interaction: discord.Interaction, **values: Any) -> None:
            await answered(interaction, self._ask_twice(interaction, values))

        summary = "Hear two takes of one request, and say which is better"
        return slash_command("compare", summary, compare, SongRequest, self._verbs.suggest)

    async def _ask_twice(self, interaction: discord.Interaction, values: dict[str, Any]) -> None:
        """Submit the same request with two seeds; one message shows both results."""
        first = values.get("seed")
        seeds = (secrets.randbelow(MAX_SEED) if first is None else first, secrets.randbelow(MAX_SEED))
        requests = [request_of(VERBS["song"], {**values, "seed": seed}) for seed in seeds]
        await self._asking.ask(interaction, requests, layout="comparison", command="compare")
