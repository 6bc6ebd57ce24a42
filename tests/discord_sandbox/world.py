"""Users, roles and files of the sandbox's Discord, ids and permissions. Knows nothing of places, messages or requests."""

from __future__ import annotations

import itertools
import mimetypes
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ADMINISTRATOR, MANAGE_GUILD = 1 << 3, 1 << 5
VIEW_CHANNEL, SEND_MESSAGES, MANAGE_MESSAGES = 1 << 10, 1 << 11, 1 << 13
EMBED_LINKS, ATTACH_FILES, MENTION_EVERYONE, USE_EXTERNAL_EMOJIS = 1 << 14, 1 << 15, 1 << 17, 1 << 18
EVERY_PERMISSION = (1 << 53) - 1
MEMBER_PERMISSIONS = EVERY_PERMISSION & ~(ADMINISTRATOR | MANAGE_GUILD)
CDN = "https://cdn.discordapp.com"
_counter = itertools.count()


def snowflake() -> str:
    """Return a new id; later ones are greater."""
    return str((int(time.time() * 1000) - 1_420_070_400_000) << 22 | next(_counter) & 0x3FFFFF)


def now() -> str:
    """Return the time as Discord writes it."""
    return datetime.now(UTC).isoformat()


class ClientRefused(AssertionError):  # noqa: N818 - it says what happened, and tests read it aloud
    """The Discord client would not have let the user do this."""


class NoResponse(AssertionError):  # noqa: N818 - the same
    """What the user waited for did not come: "The application did not respond"."""


@dataclass(eq=False)
class User:
    """A person or bot; ``app_installed``: has the app as a user install, and may so be written to without a shared guild."""

    name: str
    bot: bool = False
    locale: str = "en-US"
    dms_open: bool = True
    app_installed: bool = False
    id: str = field(default_factory=snowflake)

    @property
    def mention(self) -> str:
        """The text that mentions the user."""
        return f"<@{self.id}>"

    def payload(self) -> dict[str, Any]:
        """Return the user as Discord sends it."""
        return {
            "id": self.id,
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name.title(),
            "avatar": None,
            "public_flags": 0,
            "flags": 0,
            "bot": self.bot,
            "primary_guild": None,
        }


@dataclass(eq=False)
class Role:
    """A role of a guild; ``permissions`` are added to what every member has."""

    name: str
    permissions: int = 0
    position: int = 1
    id: str = field(default_factory=snowflake)

    def payload(self) -> dict[str, Any]:
        """Return the role as Discord sends it."""
        return {
            "id": self.id,
            "name": self.name,
            "color": 0,
            "hoist": False,
            "position": self.position,
            "flags": 0,
            "icon": None,
            "unicode_emoji": None,
            "permissions": str(self.permissions),
            "managed": False,
            "mentionable": False,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        }


@dataclass(eq=False)
class Attachment:
    """A file on a message, or one that a user gives to a command."""

    filename: str
    data: bytes
    description: str | None = None
    id: str = field(default_factory=snowflake)
    url: str = ""

    @property
    def content_type(self) -> str | None:
        """The media type by the name's ending, the same on every machine; None if unknown."""
        return mimetypes.MimeTypes().guess_type(self.filename, strict=False)[0]

    def payload(self) -> dict[str, Any]:
        """Return the attachment as Discord sends it."""
        body = {
            "id": self.id,
            "filename": self.filename,
            "size": len(self.data),
            "url": self.url,
            "proxy_url": self.url,
        }
        return body | {key: getattr(self, key) for key in ("content_type", "description") if getattr(self, key)}
