"""A message as its readers see it, and as Discord sends it. Knows nothing of requests, nor of who may write."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import limits
from .places import Channel
from .world import CDN, Attachment, ClientRefused, User, now, snowflake

if TYPE_CHECKING:
    from .interaction import Interaction

DEFAULT, REPLY, SLASH_COMMAND, MENU_COMMAND = 0, 19, 20, 23
TEXT_FIELDS = ("content", "embeds", "components")


@dataclass(eq=False)
class Message:
    """``history`` keeps what every edit replaced; ``pings`` are the mentions that notify, ``mentions`` the users among them."""

    channel: Channel
    author: User
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    pings: list[str] = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    reply_to: Message | None = None
    interaction: Interaction | None = None
    nonce: str | int | None = None
    edited: str | None = None
    deleted: bool = False
    history: list[Message] = field(default_factory=list)
    watchers: list[Interaction] = field(default_factory=list)
    id: str = field(default_factory=snowflake)
    created: str = field(default_factory=now)

    @property
    def loading(self) -> bool:
        """Whether it still says "thinking"."""
        return bool(self.flags & limits.LOADING)

    @property
    def ephemeral(self) -> bool:
        """Whether only the user of its interaction sees it."""
        return bool(self.flags & limits.EPHEMERAL)

    @property
    def edits(self) -> int:
        """How often it was changed after it was first complete."""
        return len(self.history)

    @property
    def text(self) -> str:
        """All text on show: content, embeds and text components."""
        lines: list[str | None] = [self.content]
        for embed in self.embeds:
            lines += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
            lines += [f"{part['name']}: {part['value']}" for part in embed.get("fields") or []]
            lines += [(embed.get("footer") or {}).get("text")]
        lines += [self.spoken.removeprefix(self.content).lstrip("\n")]
        return "\n".join(line for line in lines if line)

    @property
    def spoken(self) -> str:
        """The text in which mentions count: content and text components, not embeds."""
        shown = [part.get("content") for _, part in limits.walk(self.components)]
        return "\n".join(text for text in (self.content, *shown) if text)

    @property
    def controls(self) -> dict[str, dict[str, Any]]:
        """Buttons and selects by custom id."""
        return {part["custom_id"]: part for _, part in limits.walk(self.components) if part.get("custom_id")}

    @property
    def labels(self) -> list[str]:
        """The labels of its buttons, in order; the emoji where there is no label."""
        parts = [part for _, part in limits.walk(self.components) if part.get("type") == limits.BUTTON]
        return [part.get("label") or (part.get("emoji") or {}).get("name") or "" for part in parts]

    def find(self, name: str) -> dict[str, Any]:
        """Return the component with a custom id, else a label, else an emoji; raise ClientRefused if there is none."""
        if part := self.controls.get(name):
            return part
        for part in self.controls.values():
            if name in (part.get("label"), part.get("placeholder"), (part.get("emoji") or {}).get("name")):
                return part
        shown = {key: part.get("label") for key, part in self.controls.items()}
        raise ClientRefused(f"no component {name!r} on the message, only {shown}")

    def snapshot(self) -> Message:
        """Return the message as it is now, without its past."""
        past = copy.copy(self)
        past.history, past.watchers = [], []
        return past

    def change(self, body: dict[str, Any], new: list[Attachment], users: dict[str, User]) -> None:
        """Apply a create or edit body that has been found good."""
        for key in TEXT_FIELDS:
            if key in body:
                setattr(self, key, body[key] or ("" if key == "content" else []))
        if body.get("attachments") is not None:
            listed = {str(item["id"]) for item in body["attachments"]}
            self.attachments = [item for item in self.attachments if item.id in listed]
        self.attachments = self.attachments + new
        for item in new:
            item.url = f"{CDN}/attachments/{self.channel.id}/{item.id}/{item.filename}?ex=0&is=0&hm=0&"
        if body.keys() & {"content", "components"}:
            self.notify(body.get("allowed_mentions"), users)

    def notify(self, allowed: dict[str, Any] | None, users: dict[str, User]) -> None:
        """Work out from the text, and from what it replies to, who is notified."""
        self.pings = pings(self.spoken, allowed)
        replied = self.reply_to.author if self.reply_to else None
        if replied and (allowed is None or allowed.get("replied_user")) and replied.mention not in self.pings:
            self.pings = [*self.pings, replied.mention]
        ids = dict.fromkeys(match[1] for ping in self.pings if (match := re.fullmatch(r"<@!?(\d+)>", ping)))
        self.mentions = [users[id] for id in ids if id in users]

    def payload(self, sees: Callable[[Message], bool] | None = None) -> dict[str, Any]:
        """Return the message as Discord sends it; with ``sees``, what it denies comes without what people wrote."""
        urls = {item.filename: item for item in self.attachments}
        written: dict[str, Any] = {"content": "", "embeds": [], "components": [], "attachments": []}
        if sees is None or sees(self):
            written = {
                "content": self.content,
                "embeds": [_embed(embed, urls) for embed in self.embeds],
                "components": _components(self.components, urls),
                "attachments": [item.payload() for item in self.attachments],
            }
        body = written | {
            "id": self.id,
            "type": DEFAULT,
            "channel_id": self.channel.id,
            "author": self.author.payload(),
            "flags": self.flags,
            "timestamp": self.created,
            "edited_timestamp": self.edited,
            "mentions": [user.payload() for user in self.mentions],
            "mention_roles": [match[1] for ping in self.pings if (match := re.fullmatch(r"<@&(\d+)>", ping))],
            "mention_everyone": bool({"@everyone", "@here"} & set(self.pings)),
            "pinned": False,
            "tts": False,
        }
        if self.nonce is not None:
            body["nonce"] = self.nonce
        if self.reply_to:
            body |= {"type": REPLY, "message_reference": self._reference(self.reply_to)}
            body["referenced_message"] = None if self.reply_to.deleted else self.reply_to.referred(sees)
        if self.interaction:
            body |= self._of_interaction(self.interaction)
        return body

    def referred(self, sees: Callable[[Message], bool] | None) -> dict[str, Any]:
        """Return the message as another one that refers to it shows it, one level deep."""
        body = self.payload(sees)
        body.pop("referenced_message", None)
        return body

    def _reference(self, target: Message) -> dict[str, Any]:
        place = {"guild_id": target.channel.guild.id} if target.channel.guild else {}
        return {"type": 0, "message_id": target.id, "channel_id": target.channel.id} | place

    def _of_interaction(self, interaction: Interaction) -> dict[str, Any]:
        is_original = self is interaction.original or interaction.original is None
        answered = {2: SLASH_COMMAND if interaction.data.get("type", 1) == 1 else MENU_COMMAND}
        return {
            "type": answered.get(interaction.kind, DEFAULT),
            "webhook_id": interaction.application_id,
            "application_id": interaction.application_id,
            "interaction_metadata": interaction.metadata(None if is_original else interaction.original),
        }


def pings(text: str, allowed: dict[str, Any] | None) -> list[str]:
    """Return the mentions in a text that would notify someone; ``allowed`` None allows all."""
    kinds = {"everyone": r"@(everyone|here)\b", "users": r"<@!?(\d+)>", "roles": r"<@&(\d+)>"}
    parse = list(kinds) if allowed is None else allowed.get("parse") or []
    listed = {str(item) for kind in ("users", "roles") for item in (allowed or {}).get(kind) or []}
    found = [(kind, match) for kind, pattern in kinds.items() for match in re.finditer(pattern, text)]
    return [match[0] for kind, match in found if kind in parse or match[1] in listed]


def _media(media: dict[str, Any], urls: dict[str, Attachment]) -> dict[str, Any]:
    item = urls.get(media["url"].removeprefix("attachment://"))
    url = item.url if item else media["url"]
    return {"id": snowflake(), "url": url, "proxy_url": url}


def _embed(embed: dict[str, Any], urls: dict[str, Attachment]) -> dict[str, Any]:
    body = {key: value for key, value in embed.items() if value is not None} | {"type": "rich"}
    for part in body.keys() & {"image", "thumbnail"}:
        item = urls.get(body[part]["url"].removeprefix("attachment://"))
        body[part] = {"url": item.url if item else body[part]["url"]}
    if "fields" in body:
        body["fields"] = [{"inline": False} | part for part in body["fields"]]
    return body


def _components(components: list[dict[str, Any]], urls: dict[str, Attachment]) -> list[dict[str, Any]]:
    """Return components as Discord answers with them: numbered, and with the defaults filled in."""
    result = copy.deepcopy(components)
    defaults: dict[int, dict[str, Any]] = {
        14: {"spacing": 1, "divider": True},
        17: {"accent_color": None, "spoiler": False},
        limits.FILE: {"spoiler": False},
        11: {"spoiler": False, "description": None},
    }
    defaults |= {kind: {"min_values": 1, "max_values": 1} for kind in limits.SELECTS}
    for number, (_, part) in enumerate(limits.walk(result), 1):
        for key in [key for key, value in part.items() if value is None]:
            del part[key]
        if emoji := part.get("emoji"):
            part["emoji"] = {key: value for key, value in emoji.items() if value is not None}
        part["id"] = part.get("id") or number
        part |= defaults.get(part["type"], {}) | part
        if part["type"] == limits.FILE:
            name = part["file"]["url"].removeprefix("attachment://")
            part |= {"name": name, "size": len(urls[name].data) if name in urls else 0}
        for key in part.keys() & {"file", "media"}:
            part[key] = _media(part[key], urls)
        for item in part.get("items", []):
            item["media"] = _media(item["media"], urls)
    return result
