"""The delivery ladder: five ways to bring a result to whoever asked for it, the best first.

    original   edit the first answer through the interaction's token, while it is valid
    edit       edit the same message as the bot itself
    channel    a new message in the channel
    direct     a direct message
    history    nothing is sent; /history has it

A step that Discord refuses for good leads to the next; where it is the message that Discord does not like, a plainer
one is tried first. Knows neither jobs nor when it is time to deliver.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import discord

from bot.plain_text import split_lines
from engine.contract import Artifact
from worker.store.deliveries import Delivery, Rung

log = logging.getLogger(__name__)

TOKEN_MARGIN = timedelta(minutes=1)  # a token lives 15 minutes; an edit that takes long must still be in time
NO_MENTIONS = discord.AllowedMentions.none()
MOST_CHARACTERS = 2000
ENTITY_TOO_LARGE, REQUEST_TOO_LARGE = 413, 40005
INVALID_WEBHOOK_TOKEN, ARCHIVED_THREAD = 50027, 50083
# What Discord and the network do wrong, as opposed to us.
PASSING_FAULTS = (
    discord.HTTPException,
    discord.RateLimited,
    discord.ConnectionClosed,
    aiohttp.ClientError,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True)
class Outgoing:
    """A message as it shall be: everything that is not named is taken away by an edit.

    view: made anew for every attempt, because discord.py keeps state in it. keep_files: leave attachments alone.
    left_out: says of a file that it was too large to be sent. anew: a line for a message that is not an edit, where
    nothing else says whose it is.
    """

    content: str | None = None
    embeds: tuple[discord.Embed, ...] = ()
    files: tuple[Artifact, ...] = ()
    view: Callable[[], discord.ui.View] | None = None
    keep_files: bool = False
    left_out: Callable[[Artifact], str] | None = None
    anew: str = ""

    def arguments(self, *, edit: bool) -> dict[str, Any]:
        """Return the arguments for discord.py's send or edit; file objects can be sent once, so they are new."""
        files = [discord.File(io.BytesIO(item.data), item.name) for item in self.files]
        arguments: dict[str, Any] = {"embeds": list(self.embeds), "allowed_mentions": NO_MENTIONS}
        content = self.content if edit else "\n".join(line for line in (self.anew, self.content) if line)
        arguments["content"] = content or (None if edit else "")
        if self.view is not None:
            arguments["view"] = self.view()
        elif edit:
            arguments["view"] = None
        if not edit:
            arguments["files"] = files
        elif not self.keep_files:
            arguments["attachments"] = files
        return arguments

    def without_largest_file(self) -> Outgoing:
        """Return the message without its largest file, and without a picture of an embed that was that file."""
        largest = max(self.files, key=lambda item: len(item.data))
        embeds = [embed.copy() for embed in self.embeds]
        for embed in embeds:
            if embed.image.url == f"attachment://{largest.name}":
                embed.set_image(url=None)
        note = self.left_out(largest) if self.left_out else ""
        content = "\n".join(line for line in (self.content, note) if line)
        files = tuple(item for item in self.files if item is not largest)
        fits = len(content) <= MOST_CHARACTERS
        return replace(self, content=content if fits else self.content, embeds=tuple(embeds), files=files)

    def plainer(self) -> Outgoing | None:
        """Return the same with less that can be refused: as text with files, then as text; None if it is text."""
        if self.embeds or self.view is not None:
            parts = [self.content, *(part for embed in self.embeds for part in (embed.title, embed.description))]
            blocks = split_lines("\n\n".join(part for part in parts if part).split("\n"), MOST_CHARACTERS)
            return replace(self, content=blocks[0] if blocks else None, embeds=(), view=None)
        return replace(self, files=()) if self.files and self.content else None


@dataclass(frozen=True)
class Sent:
    """Where a message is now. channel_id is None where Discord did not say."""

    channel_id: str | None
    message_id: str


@dataclass(frozen=True)
class Brought:
    """By which rung a result was brought, and where it is; sent is None, and failure says why, where only /history is left."""

    rung: Rung
    sent: Sent | None
    failure: str = ""


class RefusedForGood(Exception):  # noqa: N818  # an event, not a mistake
    """Discord will never take this step; the next may work."""


async def edit_original(client: discord.Client, delivery: Delivery, outgoing: Outgoing) -> Sent:
    """Edit the first answer through the interaction's token."""
    assert delivery.interaction_token is not None
    webhook = discord.Webhook.partial(int(delivery.application_id), delivery.interaction_token, client=client)
    webhook.proxy = client.http.proxy  # a partial webhook does not take it over from the client
    webhook.proxy_auth = client.http.proxy_auth
    original: Any = "@original"  # discord.py wants a number, Discord takes this name too
    message = await webhook.edit_message(original, **outgoing.arguments(edit=True))
    return Sent(delivery.channel_id, str(message.id))


async def edit_as_bot(client: discord.Client, delivery: Delivery, outgoing: Outgoing) -> Sent:
    """Edit the same message with the bot's own token, which does not end."""
    assert delivery.channel_id is not None
    assert delivery.message_id is not None
    channel = client.get_partial_messageable(int(delivery.channel_id))
    message = channel.get_partial_message(int(delivery.message_id))
    await message.edit(**outgoing.arguments(edit=True))
    return Sent(delivery.channel_id, delivery.message_id)


async def send_to_channel(client: discord.Client, delivery: Delivery, outgoing: Outgoing) -> Sent:
    """Post a new message where the request was made."""
    assert delivery.channel_id is not None
    channel = client.get_partial_messageable(int(delivery.channel_id))
    message = await channel.send(nonce=_nonce(delivery), **outgoing.arguments(edit=False))
    return Sent(delivery.channel_id, str(message.id))


async def send_directly(client: discord.Client, delivery: Delivery, outgoing: Outgoing) -> Sent:
    """Write to the member in private."""
    channel = await client.create_dm(discord.Object(int(delivery.member)))
    message = await channel.send(nonce=_nonce(delivery), **outgoing.arguments(edit=False))
    return Sent(str(channel.id), str(message.id))


def _nonce(delivery: Delivery) -> str:
    # Discord makes one message of two sent with the same nonce within minutes: a bot that dies between sending and
    # writing down that it has sent does not send twice. At most 25 characters; an id's first is the same for years.
    return delivery.id[1:]


Step = Callable[[discord.Client, Delivery, Outgoing], Awaitable[Sent]]


def steps(delivery: Delivery, now: datetime) -> list[tuple[Rung, Step]]:
    """Return the steps that this delivery may take now, in order; empty: only /history is left."""
    ways: list[tuple[Rung, Step]] = []
    if has_valid_token(delivery, now):
        ways.append(("original", edit_original))
    public = delivery.reachable and not delivery.private and delivery.channel_id is not None
    if public and delivery.message_id is not None:
        ways.append(("edit", edit_as_bot))
    if public:
        ways.append(("channel", send_to_channel))
    ways.append(("direct", send_directly))
    return ways


def has_valid_token(delivery: Delivery, now: datetime) -> bool:
    """Return whether the interaction's token can still be used."""
    if delivery.interaction_token is None or delivery.token_expires_at is None:
        return False
    return now < delivery.token_expires_at - TOKEN_MARGIN


async def climb(client: discord.Client, delivery: Delivery, outgoing: Outgoing, now: datetime) -> Brought:
    """Take the steps in order until one works. What may pass comes through, and the same can be tried later."""
    refused = []
    for rung, step in steps(delivery, now):
        try:
            return Brought(rung, await take_step(step, client, delivery, outgoing))
        except RefusedForGood as error:
            refused.append(f"{rung}: {error}")
            log.info("delivery %s: %s was refused (%s)", delivery.id, rung, error)
    return Brought("history", None, "; ".join(refused))


async def show(client: discord.Client, delivery: Delivery, outgoing: Outgoing, now: datetime) -> Sent | None:
    """Edit the message that shows the progress, by whichever of the first two steps there is; None if there is none."""
    for rung, step in steps(delivery, now):
        return await step(client, delivery, outgoing) if rung in ("original", "edit") else None
    return None


async def take_step(step: Step, client: discord.Client, delivery: Delivery, outgoing: Outgoing) -> Sent:
    """Take one step. Files that are too large are left out one by one; a message that is refused is made plainer.

    RefusedForGood where the next step is to be taken; any other exception passes, and the step can be tried later.
    """
    while True:
        try:
            return await step(client, delivery, outgoing)
        except discord.HTTPException as error:
            if outgoing.files and (error.status == ENTITY_TOO_LARGE or error.code == REQUEST_TOO_LARGE):
                outgoing = outgoing.without_largest_file()
                continue
            if not is_for_good(error):
                raise
            plainer = outgoing.plainer() if error.status == 400 and error.code != ARCHIVED_THREAD else None
            if plainer is None:
                raise RefusedForGood(f"{error.status} {error.code}") from error
            # The member gets a song without its looks; what is wrong with them is for the host to report.
            log.error("delivery %s: Discord refuses the message, a plainer one is tried: %s", delivery.id, error.text)
            outgoing = plainer


def is_for_good(error: discord.HTTPException) -> bool:
    """Return whether Discord would give the same answer again: no access, gone, token over, or a body it refuses.

    A bot token that is no longer right is the host's to mend: until then results wait.
    """
    if error.status == 401:
        return error.code == INVALID_WEBHOOK_TOKEN
    return error.status in (400, 403, 404, 413)


def in_short(error: BaseException) -> str:
    """Return a fault for the log without addresses, which hold the interaction's token."""
    if isinstance(error, discord.HTTPException):
        return f"{type(error).__name__} {error.status} {error.code}"
    return type(error).__name__
