"""What a channel's readers have before them, as plain data for pictures of it. Knows nothing of drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .messages import Message
from .places import Channel
from .world import Attachment


def transcript(channel: Channel, folder: Path | None = None) -> list[dict[str, Any]]:
    """Return the messages of a channel, oldest first, as JSON can hold them; deleted ones are left out.

    With a folder (made if missing) every attachment is written to it and has its ``path``; without, ``path`` is None.
    """
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    return [_entry(message, folder) for message in channel.messages.values() if not message.deleted]


def _entry(message: Message, folder: Path | None) -> dict[str, Any]:
    shown, cause = message.payload(), message.interaction
    return {
        "id": message.id,
        "author": {"name": message.author.name, "bot": message.author.bot, "id": message.author.id},
        "created": message.created,
        "content": message.content,
        "embeds": shown["embeds"],
        "components": shown["components"],
        "attachments": [_file(item, message, folder) for item in message.attachments],
        "reply_to": message.reply_to.id if message.reply_to else None,
        "used": {"by": cause.user.name, "kind": cause.kind, "what": cause.spoken} if cause else None,
        "ephemeral": message.ephemeral,
        "loading": message.loading,
        "edits": message.edits,
        "pings": message.pings,
    }


def _file(item: Attachment, message: Message, folder: Path | None) -> dict[str, Any]:
    path = folder / f"{message.id}-{item.filename}" if folder else None
    if path:
        path.write_bytes(item.data)
    described = {key: getattr(item, key) for key in ("filename", "content_type", "description", "url")}
    return described | {"size": len(item.data), "path": str(path) if path else None}
