"""Songwright as an extension of any discord.py bot: `await my_bot.load_extension("bot.plugin")`.

Loading adds commands to the bot's own tree, listeners and one background task; unloading takes all of it away. The
bot that loads it syncs its tree as it always does.
"""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta
from typing import Any

import discord
from discord.ext import commands

from bot import buttons
from bot.answers import SongAnswers
from bot.backend import Backend
from bot.commands.admin import AdminCommands
from bot.commands.asking import Asking
from bot.commands.forms import is_form, submitted
from bot.commands.lists import ListCommands, Lists
from bot.commands.pressing import Presses
from bot.commands.privacy import PrivacyCommands
from bot.commands.similar import SimilarCommand
from bot.commands.songs import SongCommands
from bot.commands.verbs import VerbCommands
from bot.conversation import Conversation
from bot.deliverer import SECONDS_BETWEEN_EDITS, Deliverer
from bot.errors import answered
from bot.housekeeping import Housekeeping
from bot.observer import BotObserver, NoBotObserver
from bot.settings import BotSettings
from bot.translations import SlashTranslator
from worker.client import Client
from worker.settings import hosting_settings

log = logging.getLogger(__name__)

FORGET_AFTER = timedelta(days=30)
UNDER_WAY_SECONDS = 5.0  # longer than Discord waits for a first answer


class Songwright(commands.Cog, name=buttons.COG_NAME):
    """Everything that Songwright is inside a bot."""

    def __init__(
        self,
        bot: commands.Bot,
        client: Client,
        *,
        forget_after: timedelta = FORGET_AFTER,
        edit_seconds: float = SECONDS_BETWEEN_EDITS,
        observer: BotObserver | None = None,
    ) -> None:
        self.bot = bot
        self.observer = observer or NoBotObserver()
        self.backend = Backend(client)
        self.answers = SongAnswers(bot, self.backend)
        self.housekeeping = Housekeeping(bot, self.backend, forget_after=forget_after)
        self.deliverer = Deliverer(
            bot,
            self.backend,
            self.answers,
            housekeeping=self.housekeeping,
            seconds_between_edits=edit_seconds,
            observer=self.observer,
        )
        self.asking = Asking(self.backend, self.deliverer)
        self.conversation = Conversation(bot, self.backend, self.asking)
        lists, verbs, privacy = (
            Lists(self.backend),
            VerbCommands(self.backend, self.asking),
            PrivacyCommands(self.backend),
        )
        self.presses = Presses(self.backend, self.asking, self.answers, lists)
        self.commands = [
            *verbs.all(),
            *SongCommands(self.backend, self.asking, self.presses, verbs).all(),
            SimilarCommand(self.backend).command(),
            *ListCommands(lists).all(),
            *privacy.all(),
            *AdminCommands(self.backend).all(),
        ]
        self.handlers = {**self.presses.handlers(), **privacy.handlers()}
        self.translator: SlashTranslator | None = None
        self._added: list[str] = []
        self._under_way: set[asyncio.Task[Any]] = set()

    async def cog_load(self) -> None:
        """Open the store, add commands and buttons, begin to deliver; where that fails, nothing stays behind.

        discord.app_commands.CommandAlreadyRegistered where the bot has a command of the same name.
        """
        try:
            await self.backend.open()
            for command in self.commands:
                self.bot.tree.add_command(command)
                self._added.append(command.name)
        except Exception:
            self._remove_commands()
            self.backend.close()
            raise
        if self.bot.tree.translator is None:
            self.translator = SlashTranslator()
            await self.bot.tree.set_translator(self.translator)
        self.bot.add_dynamic_items(*buttons.DYNAMIC_ITEMS)
        self.deliverer.start()

    async def cog_unload(self) -> None:
        """Take everything away again; deliveries under way are finished or kept for the next time."""
        self.bot.remove_dynamic_items(*buttons.DYNAMIC_ITEMS)
        self._remove_commands()
        if self._under_way:  # what has been answered with "thinking ..." must be written down
            await asyncio.wait(self._under_way, timeout=UNDER_WAY_SECONDS)
        await self.deliverer.stop()
        if self.translator is not None and self.bot.tree.translator is self.translator:
            await self.bot.tree.set_translator(None)
        await asyncio.to_thread(self.backend.close)  # which waits for calls under way, and a bot must not

    def note_under_way(self) -> None:
        """Remember the current task until it is done: unloading waits for it."""
        task = asyncio.current_task()
        if task is not None:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def _remove_commands(self) -> None:
        """Remove the commands that were added, never one of the bot's own that has the same name."""
        while self._added:
            self.bot.tree.remove_command(self._added.pop())

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        await self.housekeeping.look_for_removals()

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self.housekeeping.added_to(guild)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self.housekeeping.added_to(guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self.housekeeping.removed_from(guild)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        self.note_under_way()
        if not (await self.bot.get_context(message)).valid:  # else it is for a command of the bot that loaded us
            await self.conversation.read(message)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction) -> None:
        # Forms are read here and not by discord.py, which forgets those that were open at a restart.
        if is_form(interaction):
            await answered(interaction, self._take_form(interaction))

    async def _take_form(self, interaction: discord.Interaction) -> None:
        await self.presses.form(interaction, submitted(interaction))


async def setup(bot: commands.Bot) -> None:
    """Add Songwright to a bot; called by `load_extension`. Settings come from the environment; see `.env.example`."""
    own = BotSettings.from_environment(os.environ, needs_token=False)
    client = Client(hosting_settings(os.environ))
    await bot.add_cog(
        Songwright(bot, client, forget_after=timedelta(days=own.forget_after_days), edit_seconds=own.edit_seconds)
    )
