"""The bot by itself: a discord.py bot with nothing but the plugin, its intents and its command sync."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import signal
from datetime import timedelta
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.deliverer import SECONDS_BETWEEN_EDITS
from bot.observer import BotObserver
from bot.operation import BotWatch
from bot.plugin import FORGET_AFTER, Songwright
from bot.settings import BotSettings
from engine.errors import EngineError, RequestError
from worker.client import Client
from worker.settings import Settings

log = logging.getLogger(__name__)

# How long no further server has arrived before the bot is called ready; one that comes later is taken in as it comes.
QUIET_SECONDS = 0.5

CONNECTIONS = 100  # each costs memory and a handshake; a hundred first answers a second leave time for all of a rush
INVITE_PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
)


def intents() -> discord.Intents:
    """Return the events that are asked for: none of them is privileged. Message texts come only where we are meant."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


class SongwrightBot(commands.Bot):
    """A bot that only sings. connector: for tests; see discord.Client."""

    def __init__(
        self,
        settings: Settings,
        *,
        proxy: str | None = None,
        connector: aiohttp.BaseConnector | None = None,
        sync_to: int | None = None,
        forget_after: timedelta = FORGET_AFTER,
        edit_seconds: float = SECONDS_BETWEEN_EDITS,
        observer: BotObserver | None = None,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=QUIET_SECONDS,
            proxy=proxy,
            connector=connector,
        )
        self._sync_to = discord.Object(sync_to) if sync_to else None
        self._songwright = Songwright(
            self, Client(settings), forget_after=forget_after, edit_seconds=edit_seconds, observer=observer
        )

    async def setup_hook(self) -> None:
        """Load the plugin, and tell Discord the commands if they are others than last time."""
        await self.add_cog(self._songwright)
        await sync_if_changed(self, self._songwright, self._sync_to)

    async def on_message(self, message: discord.Message, /) -> None:
        """Leave messages to the plugin's listener: there are no prefix commands."""

    async def on_ready(self) -> None:
        """Say that the bot is there."""
        log.info("ready: %d servers", len(self.guilds))


async def sync_if_changed(bot: commands.Bot, cog: Songwright, scope: discord.Object | None) -> bool:
    """Send the tree's commands to Discord if their hash is not the stored one; return whether they were sent.

    Discord allows 200 new commands a day; a bot that restarts often must not send them every time.
    """
    if scope is not None:
        bot.tree.copy_global_to(guild=scope)
    tree_hash = await hash_of(bot.tree, scope)
    application, place = str(bot.application_id), str(scope.id) if scope else ""
    store = cog.backend.client.commands
    if await cog.backend.call(store.stored_hash, application, place) == tree_hash:
        return False
    await bot.tree.sync(guild=scope)
    await cog.backend.call(store.store_hash, application, place, tree_hash)
    log.info("commands were sent to Discord")
    return True


async def hash_of(tree: app_commands.CommandTree[Any], scope: discord.Object | None = None) -> str:
    """Return a hash of everything that Discord would be sent, translations included."""
    translator = tree.translator
    payload = [
        await command.get_translated_payload(tree, translator) if translator else command.to_dict(tree)
        for command in sorted(tree.get_commands(guild=scope), key=lambda command: command.name)
    ]
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def run(settings: Settings, bot_settings: BotSettings) -> None:
    """Run the bot until it is told to stop. RequestError where Discord refuses the token."""
    asyncio.run(_run(settings, bot_settings))


async def _run(settings: Settings, bot_settings: BotSettings) -> None:
    assert bot_settings.token is not None, "without a token from_environment has refused"
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody here speaks in voice channels
    watch = BotWatch(settings)
    bot = SongwrightBot(
        settings,
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        proxy=bot_settings.proxy,
        sync_to=bot_settings.server,
        forget_after=timedelta(days=bot_settings.forget_after_days),
        edit_seconds=bot_settings.edit_seconds,
        observer=watch.observer,
    )
    with watch.serving(bot):
        await _run_until_stopped(bot, bot_settings.token.get_secret_value())


async def _run_until_stopped(bot: SongwrightBot, token: str) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    started = asyncio.create_task(bot.start(token))
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({started, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if started.done():
            started.result()
    except discord.LoginFailure as error:
        raise RequestError(
            "Discord refuses the token; copy it again from the developer portal into DISCORD_TOKEN"
        ) from error
    except (aiohttp.ClientError, OSError, discord.HTTPException) as error:
        raise EngineError(f"Discord cannot be reached ({type(error).__name__}); start the bot again") from error
    finally:
        await bot.close()
        started.cancel()
        stopped.cancel()
        await asyncio.gather(started, stopped, return_exceptions=True)
