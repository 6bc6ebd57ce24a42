"""What has to be forgotten in time: expired tokens, servers that removed the bot, members who left.

Which members left is asked of Discord a few at a time, because the event that would tell needs a privileged intent.
"""

from __future__ import annotations

import logging
from datetime import timedelta

import discord

from bot.backend import Backend
from bot.ladder import PASSING_FAULTS
from worker.clock import Clock, utc_now

log = logging.getLogger(__name__)

CHECK_EVERY = timedelta(days=1)
CHECKED_AT_ONCE = 20
UPLOADS_KEPT = timedelta(days=7)
UNKNOWN_MEMBER = 10007


class Housekeeping:
    """Called about once a minute by the deliverer; cheap when there is nothing to do."""

    def __init__(
        self, client: discord.Client, backend: Backend, *, forget_after: timedelta, clock: Clock = utc_now
    ) -> None:
        self._client, self._backend, self._forget_after, self._clock = client, backend, forget_after, clock

    async def __call__(self) -> None:
        """Erase expired tokens, look for members who left, and forget what is due."""
        store, call = self._backend.client, self._backend.call
        await call(store.deliveries.erase_expired_tokens)
        await self._look_for_members()
        forgotten = await call(store.servers.forget_removed, after=self._forget_after)
        absent = await call(store.members.forget_absent, after=self._forget_after)
        await call(store.uploads.forget_old, after=UPLOADS_KEPT)
        await call(store.members.forget_old_uses)
        await call(store.privacy.erase_if_due)
        if forgotten or absent:
            log.info("forgotten: %d servers, %d members", forgotten, absent)

    async def _look_for_members(self) -> None:
        """Ask Discord for members that were not seen for a day."""
        store, call = self._backend.client, self._backend.call
        stale = await call(store.members.stale_memberships, unchecked_for=CHECK_EVERY, limit=CHECKED_AT_ONCE)
        for place in stale:
            try:
                there = await self._is_there(int(place.member), int(place.server))
            except PASSING_FAULTS:
                return  # another time
            await call(store.members.mark_checked, place.member, place.server, there=there)

    async def _is_there(self, member: int, server: int) -> bool | None:
        """Ask Discord whether a member is in a server; None where it does not tell this bot."""
        guild = self._client.get_guild(server)
        if guild is None:
            return None  # the server is away or has removed the bot; that has its own way
        try:
            await guild.fetch_member(member)
        except discord.NotFound as error:
            return False if error.code == UNKNOWN_MEMBER else None
        except discord.Forbidden:
            return None
        return True

    async def look_for_removals(self) -> None:
        """Find the servers that removed the bot while it was away: songs were brought there, and it is there no more."""
        store = self._backend.client
        known = await self._backend.call(store.deliveries.servers, str(self._client.application_id))
        mine = {str(guild.id) for guild in self._client.guilds}
        for server in set(known) - mine:
            if not self._is_of_our_shards(int(server)):
                continue
            await self._backend.call(store.servers.removed, server)

    def _is_of_our_shards(self, server: int) -> bool:
        """Return whether this process would hear of the server, were the bot in it; Discord's own formula."""
        shards = getattr(self._client, "shard_ids", None) or [self._client.shard_id or 0]
        return (server >> 22) % (self._client.shard_count or 1) in shards

    async def removed_from(self, guild: discord.Guild) -> None:
        """A server removed the bot: what is stored of it is forgotten after the set time."""
        await self._backend.call(self._backend.client.servers.removed, str(guild.id))

    async def added_to(self, guild: discord.Guild) -> None:
        """A server has the bot, perhaps again."""
        await self._backend.call(self._backend.client.servers.returned, str(guild.id))
        await self._backend.read_server_settings(str(guild.id))
