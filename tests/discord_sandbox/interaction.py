"""One thing a user did with the application, and all that it answered. Knows nothing of requests."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .messages import Message
from .places import Channel
from .pulse import Pulse
from .world import User, snowflake

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5


@dataclass(eq=False)
class Interaction:
    """``kind``: 2 command, 3 component, 4 autocomplete, 5 modal. ``answer``: the type of the first answer, None before it."""

    kind: int
    user: User
    channel: Channel
    data: dict[str, Any]
    application_id: str
    owners: dict[str, str]
    source: Message | None = None
    parent: Interaction | None = None
    id: str = field(default_factory=snowflake)
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    created: float = field(default_factory=time.monotonic)
    acked_after: float | None = None
    answer: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
    pulse: Pulse = field(default_factory=Pulse)

    @property
    def user_install(self) -> bool:
        """Whether only the user's own install authorises it: five follow-ups at most."""
        return "0" not in self.owners

    @property
    def age(self) -> float:
        """Seconds since the user acted."""
        return time.monotonic() - self.created

    @property
    def messages(self) -> list[Message]:
        """The messages that its token may edit."""
        return [message for message in (self.original, *self.followups) if message]

    @property
    def spoken(self) -> str:
        """What the user did, in words, as in ``/song topic:rain``."""
        if self.kind not in (COMMAND, AUTOCOMPLETE):
            return str(self.data.get("custom_id", ""))
        words, options = (
            [f"/{self.data['name']}" if self.data["type"] == 1 else self.data["name"]],
            self.data.get("options", []),
        )
        while options and options[0]["type"] in (1, 2):
            words.append(options[0]["name"])
            options = options[0].get("options", [])
        return " ".join(words + [f"{option['name']}:{option['value']}" for option in options])

    def metadata(self, original: Message | None = None) -> dict[str, Any]:
        """Return the ``interaction_metadata`` of a message; a follow-up names the original."""
        body: dict[str, Any] = {
            "id": self.id,
            "type": self.kind,
            "user": self.user.payload(),
            "authorizing_integration_owners": self.owners,
        }
        if original:
            body["original_response_message_id"] = original.id
        if self.kind == COMPONENT and self.source:
            body["interacted_message_id"] = self.source.id
        if self.kind == MODAL and self.parent:
            body["triggering_interaction_metadata"] = self.parent.metadata()
        return body

    def touch(self) -> None:
        """Let those who wait look again."""
        self.pulse.touch()

    def expire(self) -> None:
        """Make the token as old as if hours had passed."""
        self.created -= 7200

    async def ack(self, timeout: float = 3.5) -> int:
        """Return the type of the first answer, once it has come."""
        return await self.pulse.until(lambda: self.answer, timeout, "answer")

    async def final(self, timeout: float = 10, until: Callable[[Message], Any] = lambda message: True) -> Message:
        """Return the answering message, once it no longer says "thinking" and passes ``until``."""

        def ready() -> Message | None:
            message = self.original
            return message if message and not message.loading and until(message) else None

        return await self.pulse.until(ready, timeout, "final message")

    async def followup(self, number: int = 0, timeout: float = 10) -> Message:
        """Return a follow-up message, counted from zero."""
        return await self.pulse.until(lambda: next(iter(self.followups[number:]), None), timeout, "follow-up message")

    async def form(self, timeout: float = 3.5) -> dict[str, Any]:
        """Return the modal that the answer opened."""
        return await self.pulse.until(lambda: self.modal, timeout, "modal")
