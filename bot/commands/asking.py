"""From an interaction or a message to a job: check, answer at once, write the promise down. The rest is the deliverer's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp
import discord

from bot import access
from bot.backend import Backend
from bot.deliverer import Deliverer
from bot.errors import FIRST_ANSWER_AT, OUTCOME, outcome_of, sentence_of
from bot.following import log_names
from bot.ladder import NO_MENTIONS, PASSING_FAULTS, in_short
from engine.contract import Request
from engine.errors import EngineError
from worker.clock import Clock, utc_now
from worker.store.deliveries import Layout, NewDelivery
from worker.store.server_settings import ServerSettings
from worker.store.songs import Song

log = logging.getLogger(__name__)

TOKEN_LIFETIME = timedelta(minutes=15)
FIRST_ANSWER_SECONDS = 4.0  # Discord takes none after 3 seconds
ANSWERED_ALREADY = 40060
LOOKS_FOR_ANOTHER, SECONDS_BETWEEN_LOOKS = 8, 0.25


class AnsweredAlready(Exception):  # noqa: N818  # an event, not a mistake
    """Discord has had a first answer: from another bot process, or from this one and its answer to that was lost."""


@dataclass(frozen=True)
class Asker:
    """Who asks, and where: what the checks need. server is None in direct messages and for user installs."""

    member: str
    server: str | None
    channels: tuple[str, ...]  # the channel's id and, in a thread, its parent's
    roles: tuple[str, ...]
    manages_server: bool


def asker_of(interaction: discord.Interaction) -> Asker:
    """Return who uses this interaction."""
    at_home = interaction.guild_id is not None and interaction.is_guild_integration()
    parent = getattr(interaction.channel, "parent_id", None)
    channels = (interaction.channel_id, parent)
    return Asker(
        str(interaction.user.id),
        str(interaction.guild_id) if at_home else None,
        tuple(str(channel) for channel in channels if channel),
        _roles_of(interaction) if at_home else (),
        at_home and interaction.permissions.manage_guild,
    )


def _roles_of(interaction: discord.Interaction) -> tuple[str, ...]:
    # Ids; `.roles` needs the server's cache. The role @everyone has the server's id and is not listed by Discord.
    return (str(interaction.guild_id), *(str(role) for role in getattr(interaction.user, "_roles", ())))


def may_use(asker: Asker, song: Song) -> bool:
    """Return whether a member may see and change a song: their own, or one of the server where they ask."""
    return song.requested_by == asker.member or (song.server is not None and song.server == asker.server)


@dataclass(frozen=True)
class Asking:
    """Takes requests of members. One per bot."""

    backend: Backend
    deliverer: Deliverer
    clock: Clock = utc_now

    def check(self, asker: Asker, command: str, requests: Sequence[Request] = ()) -> ServerSettings:
        """Return the server's settings, or refuse; at once, from memory."""
        settings = self.backend.server_settings(asker.server)
        if asker.server is not None:
            access.check_channel(settings, asker.channels)
            access.check_role(settings, command, asker.roles)
        for request in requests:
            access.check_words(settings, request)
        return settings

    async def ask(
        self,
        interaction: discord.Interaction,
        requests: Sequence[Request],
        *,
        layout: Layout = "song",
        command: str = "",
    ) -> None:
        """Answer the interaction with "thinking ...", and submit the requests whose results will replace that."""
        asker = asker_of(interaction)
        settings = self.check(asker, command or requests[0].kind, requests)
        try:
            message_id = await first_answer(interaction)
            interaction.extras[FIRST_ANSWER_AT] = time.monotonic()
        except AnsweredAlready:
            message_id = await _original_id(interaction)
            if await self._is_written_down(message_id):
                log.info("interaction %s: another process has it", interaction.id)
                return
        locale = settings.language or str(interaction.locale)
        new = NewDelivery(
            application_id=str(interaction.application_id),
            layout=layout,
            member=asker.member,
            server=asker.server,
            channel_id=str(interaction.channel_id) if interaction.channel_id else None,
            message_id=message_id,
            interaction_token=interaction.token,
            token_expires_at=_token_end(interaction, self.clock()),
            private=False,
            reachable=_is_reachable(interaction, asker),
            locale=locale,
        )
        try:
            await self.submit(requests, new, settings, asker.roles)
        except EngineError as error:
            interaction.extras[OUTCOME] = outcome_of(error)
            await interaction.edit_original_response(
                content=sentence_of(error, interaction.locale), allowed_mentions=NO_MENTIONS
            )

    async def _is_written_down(self, message_id: str | None) -> bool:
        """Return whether another process of this bot takes care of a message; it may be just about to."""
        of_message = self.backend.client.deliveries.of_message
        for _ in range(LOOKS_FOR_ANOTHER if message_id else 0):
            try:
                if await self.backend.call(of_message, str(message_id)) is not None:
                    return True
            except EngineError:
                return False  # submitting will say what is wrong
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        return False

    async def submit(
        self, requests: Sequence[Request], new: NewDelivery, settings: ServerSettings, roles: Collection[str]
    ) -> None:
        """Write requests and their delivery down in one transaction; QuotaReached and StoreError come through."""
        delivery, _ = await self.backend.call(
            self.backend.client.submit_for,
            [access.with_avoided_words(request, settings) for request in requests],
            new,
            per_day=access.songs_per_day(settings, roles),
            waiting=settings.waiting_per_member,
        )
        log.info("delivery %s: asked for", delivery.id, extra=log_names(delivery))
        self.deliverer.wake()


async def first_answer(interaction: discord.Interaction) -> str | None:
    """Say "thinking ..." and return the message's id; None where Discord did not take it or did not say.

    A first answer that failed loses nothing: the promise is written down all the same and kept by a later step of the
    ladder. AnsweredAlready where it came from somewhere else.
    """
    if interaction.response.is_done():
        return None
    try:
        async with asyncio.timeout(FIRST_ANSWER_SECONDS):
            return await _defer(interaction)
    except PASSING_FAULTS as error:
        log.warning("interaction %s: the first answer was not taken: %s", interaction.id, in_short(error))
        if isinstance(error, discord.HTTPException) and error.code == ANSWERED_ALREADY:
            raise AnsweredAlready from error
        return None


async def _defer(interaction: discord.Interaction) -> str | None:
    try:
        response = await interaction.response.defer(thinking=True)
    except aiohttp.ClientConnectionError:  # the connection was old or broke: there is time for a second try
        try:
            response = await interaction.response.defer(thinking=True)
        except discord.HTTPException as error:
            if error.code != ANSWERED_ALREADY:
                raise
            return await _original_id(interaction)  # the first try had been taken, only the answer to it was lost
    return str(response.message_id) if response and response.message_id else None


async def _original_id(interaction: discord.Interaction) -> str | None:
    """Return the id of the first answer that Discord has; None if it does not say."""
    try:
        return str((await interaction.original_response()).id)
    except PASSING_FAULTS:
        return None


def _token_end(interaction: discord.Interaction, now: datetime) -> datetime:
    # By our own clock where Discord's differs: what counts is how long the token has been here.
    return min(interaction.created_at, now) + TOKEN_LIFETIME


def _is_reachable(interaction: discord.Interaction, asker: Asker) -> bool:
    """Return whether the bot itself, without the interaction, can read and write in this channel."""
    if asker.server is not None:
        mine = interaction.app_permissions
        in_thread = isinstance(interaction.channel, discord.Thread)
        return mine.view_channel and (mine.send_messages_in_threads if in_thread else mine.send_messages)
    return interaction.context.dm_channel
