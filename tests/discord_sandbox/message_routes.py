"""Routes with which the bot's token reads and writes messages, and the rules for writing one. Knows nothing of interactions."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from . import limits
from .call import ApiError, Call, Route, Routes, unknown
from .gateway import MESSAGE_CONTENT
from .messages import TEXT_FIELDS, Message
from .places import Channel
from .spec import Problem
from .world import ATTACH_FILES, MANAGE_MESSAGES, SEND_MESSAGES, Attachment, now

if TYPE_CHECKING:
    from .state import State

NONCE_SECONDS = 300.0  # "the past few minutes"


class MessageRoutes(Routes):
    """Messages of channels."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._nonces: dict[str, tuple[float, Message]] = {}

    def routes(self) -> list[Route]:
        """Return the routes of this file."""
        every = "/channels/{channel_id}/messages"
        one = every + "/{message_id}"
        return [
            ("GET", every, self.list_messages),
            ("POST", every, self.create_message),
            ("GET", one, lambda call: (200, self._shown(self.message(call)))),
            ("PATCH", one, self.edit_message),
            ("DELETE", one, self.delete_message),
        ]

    def _shown(self, message: Message) -> dict[str, Any]:
        """A message as a request returns it; the content rule of the gateway is for requests too."""
        allowed = self.state.privileged_intents & MESSAGE_CONTENT
        return message.payload(None if allowed else self.state.readable)

    def write(self, message: Message, call: Call, body: dict[str, Any]) -> None:
        """Put a create or edit body on a message, or refuse it whole."""
        new = self._new_files(call, body)
        listed = {str(item["id"]): item for item in body.get("attachments") or []}
        kept = [item for item in message.attachments if "attachments" not in body or item.id in listed]
        strays = [key for key in listed if key not in new and key not in {item.id for item in kept}]
        problems = [
            Problem(("attachments",), "ATTACHMENT_NOT_FOUND", f"no file for attachment {key}") for key in strays
        ]
        if len(kept) + len(new) > limits.FILE_COUNT:
            problems.append(Problem(("attachments",), "BASE_TYPE_MAX_LENGTH", f"more than {limits.FILE_COUNT} files"))
        flags = message.flags & limits.COMPONENTS_V2 | (body.get("flags") or 0)
        whole = {key: body.get(key, getattr(message, key)) for key in TEXT_FIELDS}
        names = [item.filename for item in (*kept, *new.values())]
        problems += limits.message(whole | {"allowed_mentions": body.get("allowed_mentions")}, flags, names)
        self.judge(problems, "message")
        if not any(whole.values()) and not kept and not new and not body.get("poll"):
            raise ApiError(400, 50006, "Cannot send an empty message")
        for key, item in new.items():
            if key in listed:
                listed[key]["id"] = item.id
        fresh = message.id not in message.channel.messages
        if not fresh and not message.loading:
            message.history.append(message.snapshot())
        message.change(body, list(new.values()), self.state.users)
        message.flags = message.flags & ~limits.LOADING & ~limits.COMPONENTS_V2 | flags
        message.edited = message.edited if fresh else now()
        message.channel.messages[message.id] = message
        self.state.touched(message)
        if not message.ephemeral:
            event = "MESSAGE_CREATE" if fresh else "MESSAGE_UPDATE"
            self.state.soon(self.state.gateway.message(event, message))

    def _new_files(self, call: Call, body: dict[str, Any]) -> dict[str, Attachment]:
        new = {key: Attachment(name, data) for key, (name, data) in call.files.items()}
        if any(len(item.data) > self.state.file_size for item in new.values()):
            raise ApiError(413, 40005, "Request entity too large")
        described = {str(item["id"]): item for item in body.get("attachments") or []}
        for key, item in new.items():
            about = described.get(key, {})
            item.filename = re.sub(r"[^\w.\-]", "_", about.get("filename") or item.filename)
            item.description = about.get("description")
        return new

    def create_message(self, call: Call) -> tuple[int, Any]:
        """Write a message, once for a nonce that is to be enforced."""
        channel, body = self.channel(call), call.body
        self._may_write(channel, bool(call.files))
        nonce = body.get("nonce")
        enforced = nonce is not None and body.get("enforce_nonce")
        if enforced and (earlier := self._with_nonce(str(nonce))):
            if earlier.deleted:
                raise unknown("Message", 10008)
            self.state.record("nonce", nonce=nonce, id=earlier.id)
            return 200, earlier.payload()
        message = Message(channel, self.state.bot, reply_to=self._reference(channel, body), nonce=nonce)
        self.write(message, call, {"content": ""} | body)
        if enforced:
            self._nonces[str(nonce)] = time.monotonic(), message
        return 200, message.payload()

    def _may_write(self, channel: Channel, with_files: bool) -> None:
        needed = SEND_MESSAGES | (ATTACH_FILES if with_files else 0)
        if channel.app_permissions & needed != needed:
            raise ApiError(403, 50013, "Missing Permissions")
        if channel.recipient and not channel.recipient.dms_open:
            raise ApiError(403, 50007, "Cannot send messages to this user")
        if channel.recipient and not self.state.may_write_to(channel.recipient):
            raise ApiError(403, 50278, "Cannot send messages to this user due to having no mutual guilds")

    def _with_nonce(self, nonce: str) -> Message | None:
        at, message = self._nonces.get(nonce, (0.0, None))
        return message if message and time.monotonic() - at < NONCE_SECONDS else None

    def _reference(self, channel: Channel, body: dict[str, Any]) -> Message | None:
        """The message replied to; a missing one is refused unless ``fail_if_not_exists`` is false."""
        reference = body.get("message_reference")
        if not reference:
            return None
        target = channel.messages.get(str(reference.get("message_id")))
        if target and not target.deleted and not target.ephemeral:
            return target
        if reference.get("fail_if_not_exists", True):
            self.judge([Problem(("message_reference",), "REPLIES_UNKNOWN_MESSAGE", "Unknown message")], "message")
        return None

    def edit_message(self, call: Call) -> tuple[int, Any]:
        """Change one of the bot's messages."""
        message = self.message(call)
        if message.author is not self.state.bot:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        self.write(message, call, call.body)
        return 200, message.payload()

    def delete_message(self, call: Call) -> tuple[int, Any]:
        """Delete a message; other people's need a permission, and stay in direct messages."""
        message = self.message(call)
        if message.author is not self.state.bot:
            if message.channel.guild is None:
                raise ApiError(403, 50003, "Cannot execute action on a DM channel")
            if not message.channel.app_permissions & MANAGE_MESSAGES:
                raise ApiError(403, 50013, "Missing Permissions")
        self.remove(message)
        return 204, None

    def remove(self, message: Message) -> None:
        """Delete a message now, and tell of it after the answer."""
        message.deleted = True
        self.state.soon(self.state.delete(message))

    def list_messages(self, call: Call) -> tuple[int, Any]:
        """Return messages, newest first, with ``limit``, ``before`` and ``after``."""
        low, high = int(call.query.get("after", 0)), int(call.query.get("before", 1 << 63))
        seen = [
            message
            for message in self.channel(call).messages.values()
            if not (message.deleted or message.ephemeral) and low < int(message.id) < high
        ]
        most = int(call.query.get("limit", 50))
        part = seen[:most] if "after" in call.query else seen[-most:]
        return 200, [self._shown(message) for message in reversed(part)]
