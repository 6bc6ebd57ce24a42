"""The state of the sandbox's Discord, its log and its settings. Knows nothing of sockets, nor of what users do."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from . import limits
from .faults import Fault
from .gateway import GUILDS, Gateway
from .interaction import Interaction
from .messages import Message
from .places import Channel, Guild
from .pulse import Pulse, T
from .rest import Rest
from .spec import Spec
from .transcript import transcript
from .world import Attachment, Role, User

# Not documented ("rate limits should not be hard coded"): what bots commonly meet.
RATE_LIMITS = {
    "POST /channels/{channel_id}/messages": (5, 5.0),
    "PATCH /channels/{channel_id}/messages/*": (5, 5.0),
    "* /webhooks/*": (5, 2.0),
}
COMPLAINTS = {"violation", "self_check", "unimplemented", "unknown_route", "gateway_refused", "egress"}


class State:
    """Everything that outlives a request.

    Times are in seconds, ``file_size`` in bytes; ``rate_limits`` maps a route's pattern to (requests, seconds), and {} lifts
    all but the bot's own 50 a second. Without ``self_check`` the sandbox does not judge its own answers, and is twice as fast.
    """

    def __init__(
        self,
        *,
        token: str | None = None,
        spec: Spec | None = None,
        log: Path | None = None,
        ack_deadline: float = 3.0,
        token_ttl: float = 900.0,
        heartbeat: float = 41.25,
        privileged_intents: int = 0,
        file_size: int = limits.FILE_SIZE,
        rate_limits: dict[str, tuple[int, float]] | None = None,
        latency: float = 0.0,
        requests_per_second: int = 50,
        self_check: bool = True,
    ) -> None:
        self.ack_deadline, self.token_ttl, self.heartbeat = ack_deadline, token_ttl, heartbeat
        self.privileged_intents, self.file_size = privileged_intents, file_size
        self.latency, self.self_check = latency, self_check
        self.requests_per_second = requests_per_second  # of the whole bot, interactions apart
        self.rate_limits = RATE_LIMITS if rate_limits is None else rate_limits
        self.spec = spec or Spec.published()
        self.gateway_url = "wss://gateway.discord.gg"
        self.log: list[dict[str, Any]] = []
        self.pulse = Pulse()
        self._file = log.open("a", encoding="utf-8") if log else None
        self.bot, self.owner = User("songbot", bot=True), User("owner")
        self.application_id = self.bot.id
        self.token = token or f"{base64.b64encode(self.bot.id.encode()).decode().rstrip('=')}.sandbox.token"
        self.users = {user.id: user for user in (self.bot, self.owner)}
        self.guilds: list[Guild] = []
        self.dms: dict[str, Channel] = {}
        self.private_channels: list[Channel] = []
        self.interactions: dict[str, Interaction] = {}
        self.uploads: list[Attachment] = []
        self.faults: list[Fault] = []
        self.application_edits: dict[str, Any] = {}
        self.commands: dict[str | None, list[dict[str, Any]]] = defaultdict(list)  # by guild id; None is global
        self._tasks: set[asyncio.Task[Any]] = set()
        self.rest, self.gateway = Rest(self), Gateway(self)
        if self.spec.document is None:
            self.record("no_openapi", text="no OpenAPI document found: bodies are held to limits.py only")

    # The log

    def record(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Add an entry to the log, and return it."""
        entry = {"at": round(time.time(), 4), "kind": kind, **fields}
        self.log.append(entry)
        if self._file:
            self._file.write(json.dumps(entry, default=str) + "\n")
            self._file.flush()
        self.pulse.touch()
        return entry

    def events(self, kind: str, **fields: Any) -> list[dict[str, Any]]:
        """Return the log's entries of a kind that have these fields."""
        return [entry for entry in self.log if entry["kind"] == kind and entry.items() >= fields.items()]

    def requests(self, match: str, **fields: Any) -> list[dict[str, Any]]:
        """Return the requests that match, as in ``requests("PATCH /webhooks/*")``."""
        return [entry for entry in self.events("request", **fields) if Fault(match).meets(entry)]

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """All that Discord would have refused, or that the sandbox cannot do or got wrong itself."""
        refused = [entry for entry in self.log if 400 <= entry.get("status", 0) < 500 and not entry.get("injected")]
        return [entry for entry in self.log if entry["kind"] in COMPLAINTS] + refused

    async def until(self, test: Callable[[], T | None], timeout: float = 10, what: str = "change") -> T:
        """Return the first true result of ``test``, which is looked at whenever something is logged."""
        return await self.pulse.until(test, timeout, what)

    # The world

    def user(self, name: str, **options: Any) -> User:
        """Add a user; options are those of ``User``."""
        user = User(name, **options)
        self.users[user.id] = user
        return user

    def guild(self, name: str, *members: User, **options: Any) -> Guild:
        """Add a guild of the sandbox's owner with these members, and the bot unless ``installed=False``."""
        bots = [self.bot] if options.get("installed", True) else []
        self.guilds.append(Guild(name, members=[self.owner, *bots, *members], **options))
        return self.guilds[-1]

    def dm(self, user: User) -> Channel:
        """Return the direct message between a user and the bot."""
        return self.dms.setdefault(user.id, Channel(f"dm-{user.name}", recipient=user))

    def private(self, *users: User) -> Channel:
        """Add a direct message of two users, or a group of more, in which the bot is not."""
        self.private_channels.append(Channel("-".join(user.name for user in users), private=list(users)))
        return self.private_channels[-1]

    def channels(self) -> dict[str, Channel]:
        """Return every channel by id; deleted ones are gone."""
        of_guilds = [channel for guild in self.guilds for channel in guild.channels.values()]
        return {channel.id: channel for channel in (*of_guilds, *self.dms.values(), *self.private_channels)}

    def attachments(self) -> Iterator[Attachment]:
        """Yield every file, of messages and of users' options."""
        yield from self.uploads
        for channel in self.channels().values():
            for message in channel.messages.values():
                yield from message.attachments

    def readable(self, message: Message) -> bool:
        """Return whether a bot without MESSAGE_CONTENT may read it: its own, a mention of it, its direct messages."""
        in_dm = message.channel.guild is None and not message.channel.private
        return in_dm or message.author is self.bot or self.bot in message.mentions

    def may_write_to(self, user: User) -> bool:
        """Return whether the bot may open a talk with a user: a shared guild, or the app as the user's own."""
        shared = any(guild.installed and user in guild.members for guild in self.guilds)
        return shared or user.app_installed

    # What happens to it

    def fault(self, match: str, **options: Any) -> Fault:
        """Let the next requests that match go wrong; options are those of ``Fault``."""
        self.faults.append(Fault(match, **options))
        return self.faults[-1]

    async def delete(self, message: Message) -> None:
        """Delete a message, as its author or a moderator would."""
        message.deleted = True
        self.touched(message)
        if not message.ephemeral:
            await self.gateway.message("MESSAGE_DELETE", message)

    def soon(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something after the request at hand is answered."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def touched(self, message: Message) -> None:
        """Let those look again who wait for a message."""
        for interaction in message.watchers:
            interaction.touch()
        self.pulse.touch()

    async def delete_channel(self, channel: Channel) -> None:
        """Delete a guild's channel: its routes answer 404/10003."""
        if channel.guild is None:
            raise ValueError("only channels of guilds can be deleted")
        channel.deleted = True
        del channel.guild.channels[channel.id]
        if channel.reachable:
            await self.gateway.dispatch("CHANNEL_DELETE", channel.payload(), GUILDS)

    async def add_role(self, guild: Guild, name: str, permissions: int = 0) -> Role:
        """Add a role while the bot is there; before it came, ``guild.role`` does."""
        role = guild.role(name, permissions)
        await self.gateway.dispatch("GUILD_ROLE_CREATE", {"guild_id": guild.id, "role": role.payload()}, GUILDS)
        return role

    async def add_channel(self, guild: Guild, name: str, **options: Any) -> Channel:
        """Add a channel while the bot is there; before it came, ``guild.channel`` does."""
        channel = guild.channel(name, **options)
        if channel.reachable:
            await self.gateway.dispatch("CHANNEL_CREATE", channel.payload(), GUILDS)
        return channel

    async def remove_bot(self, guild: Guild) -> None:
        """Kick the bot: its channels answer 403/50001, and its guild commands are gone."""
        guild.installed = False
        guild.remove_member(self.bot)
        self.commands.pop(guild.id, None)
        await self.gateway.dispatch("GUILD_DELETE", {"id": guild.id}, GUILDS)

    async def add_bot(self, guild: Guild) -> None:
        """Install the bot in a guild."""
        guild.installed = True
        guild.add_member(self.bot)
        await self.gateway.joined(guild)

    def transcript(self, channel: Channel, folder: Path | None = None) -> list[dict[str, Any]]:
        """Return what a channel's readers see, oldest first; files are written to ``folder``."""
        return transcript(channel, folder)
