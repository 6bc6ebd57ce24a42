"""What users do, as far as a Discord client lets them. Knows nothing of the connection to the bot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import limits, typed
from .interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from .messages import Message
from .places import Channel
from .state import State
from .world import EVERY_PERMISSION, Attachment, Role, User, snowflake

SLASH, USER_MENU, MESSAGE_MENU = 1, 2, 3
QUIET = {"parse": ["users", "roles", "everyone"], "replied_user": False}


class People(State):
    """Users' actions. Each raises ClientRefused where a client would not offer it."""

    async def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        *,
        reply_to: Message | None = None,
        mention: bool = False,
        ping: bool = True,
        files: Sequence[Attachment] = (),
    ) -> Message:
        """Write a message; ``mention`` puts the bot's mention before it, ``ping`` notifies the author replied to."""
        self._present(user, channel)
        if reply_to and (reply_to.deleted or reply_to.ephemeral or reply_to.channel is not channel):
            typed.refuse("this message cannot be replied to")
        text = f"{self.bot.mention} {text}".strip() if mention else text
        if not (text.strip() or files) or len(text) > limits.CONTENT:
            typed.refuse(f"a message has 1 to {limits.CONTENT} characters, not {len(text)}")
        message = Message(channel, user, reply_to=reply_to)
        message.change({"content": text, "allowed_mentions": None if ping else QUIET}, list(files), self.users)
        channel.messages[message.id] = message
        await self.gateway.message("MESSAGE_CREATE", message)
        return message

    async def next_message(
        self,
        channel: Channel,
        *,
        after: Message | None = None,
        until: Callable[[Message], Any] = lambda message: True,
        timeout: float = 10,
    ) -> Message:
        """Return the bot's next message here that passes ``until`` and is no "thinking"; after a message, or from now on."""
        first = int(after.id) if after else int(snowflake())

        def found() -> Message | None:
            for message in channel.messages.values():
                ours = message.author is self.bot and int(message.id) > first
                if ours and not message.deleted and not message.loading and until(message):
                    return message
            return None

        return await self.until(found, timeout, f"message in #{channel.name}")

    async def slash(
        self, user: User, channel: Channel, command: str, /, *, user_install: bool = False, **options: Any
    ) -> Interaction:
        """Send ``/song topic:rain`` as ``slash(user, channel, "/song", topic="rain")``; options that are None are left out."""
        data = self._command(user, channel, command, options, None, user_install)
        return await self._interact(COMMAND, user, channel, data, user_install=user_install)

    async def autocomplete(
        self,
        user: User,
        channel: Channel,
        command: str,
        /,
        *,
        focused: str,
        user_install: bool = False,
        **options: Any,
    ) -> list[dict[str, Any]]:
        """Return the choices offered while ``focused`` is being typed."""
        data = self._command(user, channel, command, options, focused, user_install)
        interaction = await self._interact(AUTOCOMPLETE, user, channel, data, user_install=user_install)
        await interaction.ack()
        return interaction.choices or []

    async def menu(
        self, user: User, channel: Channel, name: str, target: User | Message, *, user_install: bool = False
    ) -> Interaction:
        """Pick an app's entry from the menu of a user or message."""
        kind = USER_MENU if isinstance(target, User) else MESSAGE_MENU
        command = self._registered(user, channel, name, kind, user_install)
        resolved = typed.Resolved(channel, self.uploads)
        if isinstance(target, User):
            resolved.add(target)
        else:
            resolved.data["messages"] = {target.id: target.payload()}
        data = {"id": command["id"], "name": name, "type": kind, "target_id": target.id}
        return await self._interact(COMMAND, user, channel, resolved.beside(data), user_install=user_install)

    async def press(self, user: User, message: Message, button: str) -> Interaction:
        """Press a button, by custom id, label or emoji."""
        part = self._usable(user, message, button, {limits.BUTTON})
        return await self._component(user, message, part, {})

    async def select(
        self, user: User, message: Message, menu: str, *values: str | User | Role | Channel
    ) -> Interaction:
        """Choose from a menu, by custom id or placeholder: strings by value or label, else users, roles or channels."""
        part = self._usable(user, message, menu, limits.SELECTS)
        resolved = typed.Resolved(message.channel, self.uploads)
        return await self._component(
            user, message, part, resolved.beside({"values": typed.chosen(part, values, resolved)})
        )

    async def submit_modal(self, interaction: Interaction, values: dict[str, Any]) -> Interaction:
        """Fill in the modal that an answer opened, by custom id or label, and send it."""
        modal = await interaction.form()
        data = typed.form(modal, values, typed.Resolved(interaction.channel, self.uploads))
        return await self._interact(MODAL, interaction.user, interaction.channel, data, interaction.source, interaction)

    def _present(self, user: User, channel: Channel) -> None:
        if channel.deleted or user not in channel.people:
            typed.refuse(f"{user.name} is not in {channel.name}")

    def _registered(self, user: User, channel: Channel, name: str, kind: int, user_install: bool) -> dict[str, Any]:
        """The command that a client offers here, the guild's own before a global one."""
        self._present(user, channel)
        guild = channel.guild
        as_users = user_install or channel.context == 2
        if guild and not guild.installed and not as_users:
            typed.refuse(f"the app is not in {guild.name}")
        scopes = [guild.id, None] if guild and guild.installed else [None]
        for command in (command for scope in scopes for command in self.commands.get(scope, [])):
            if (command["type"], command["name"]) != (kind, name):
                continue
            if "guild_id" not in command and int(as_users) not in (command.get("integration_types") or [0, 1]):
                typed.refuse(f"{name!r} is not for {'users' if as_users else 'servers'} who installed the app")
            if command.get("contexts") is not None and channel.context not in command["contexts"]:
                typed.refuse(f"{name!r} is not for context {channel.context}")
            needed = int(command["default_member_permissions"] or 0)
            if guild and needed & ~guild.permissions_of(user):
                typed.refuse(f"{user.name} may not use {name!r}")
            if command.get("nsfw") and guild and not channel.nsfw:
                typed.refuse(f"{name!r} is for age-restricted channels")
            return command
        return typed.refuse(f"no command {name!r} here")

    def _command(
        self, user: User, channel: Channel, text: str, given: dict[str, Any], focused: str | None, user_install: bool
    ) -> dict[str, Any]:
        name, *path = text.removeprefix("/").split()
        command = self._registered(user, channel, name, SLASH, user_install)
        resolved = typed.Resolved(channel, self.uploads)
        data: dict[str, Any] = {"id": command["id"], "name": name, "type": SLASH}
        data |= {"guild_id": command["guild_id"]} if "guild_id" in command else {}
        level, place = command, data
        for step in path:
            inner = {part["name"]: part for part in level.get("options", [])}
            level = inner.get(step) or typed.refuse(f"/{text} has no {step}")
            place["options"] = [{"name": step, "type": level["type"]}]
            place = place["options"][0]
        known = level.get("options", [])
        if subcommands := [part["name"] for part in known if part["type"] in (1, 2)]:
            typed.refuse(f"/{text} alone is no command, only with one of {subcommands}")
        place["options"] = typed.options(known, given, focused, resolved)
        return resolved.beside(data)

    def _usable(self, user: User, message: Message, name: str, kinds: set[int] | frozenset[int]) -> dict[str, Any]:
        self._present(user, message.channel)
        part = message.find(name)
        if part["type"] not in kinds or part.get("disabled") or message.deleted or message.loading:
            typed.refuse(f"{name} cannot be used now")
        if message.ephemeral and message.interaction and user is not message.interaction.user:
            typed.refuse(f"{user.name} cannot see this message")
        return part

    async def _component(
        self, user: User, message: Message, part: dict[str, Any], extra: dict[str, Any]
    ) -> Interaction:
        # numbered as the bot was told, since a payload's components have ids that it may not have given
        numbered = {
            key["custom_id"]: key["id"] for _, key in limits.walk(message.payload()["components"]) if "custom_id" in key
        }
        data = {"custom_id": part["custom_id"], "component_type": part["type"], "id": numbered[part["custom_id"]]}
        return await self._interact(COMPONENT, user, message.channel, data | extra, message)

    def _owners(self, user: User, channel: Channel, source: Message | None, user_install: bool) -> dict[str, str]:
        """Who installed the app that is used: "0" a guild (or "0" in the bot's direct messages), "1" a user."""
        if source and source.interaction and source.interaction.user_install:
            return source.interaction.owners
        if user_install or channel.context == 2:
            user.app_installed = True
            return {"1": user.id}
        owners = {"0": channel.guild.id if channel.guild else "0"}
        return owners | ({"1": user.id} if user.app_installed else {})

    async def _interact(
        self,
        kind: int,
        user: User,
        channel: Channel,
        data: dict[str, Any],
        source: Message | None = None,
        parent: Interaction | None = None,
        user_install: bool = False,
    ) -> Interaction:
        owners = parent.owners if parent else self._owners(user, channel, source, user_install)
        interaction = Interaction(kind, user, channel, data, self.application_id, owners, source, parent)
        self.interactions[interaction.token] = interaction
        await self.gateway.dispatch("INTERACTION_CREATE", self._interaction_body(interaction))
        return interaction

    def _interaction_body(self, interaction: Interaction) -> dict[str, Any]:
        user, channel, guild = interaction.user, interaction.channel, interaction.channel.guild
        body: dict[str, Any] = {
            "id": interaction.id,
            "application_id": self.application_id,
            "type": interaction.kind,
            "token": interaction.token,
            "version": 1,
            "data": interaction.data,
            "channel_id": channel.id,
            "channel": channel.payload() | {"permissions": str(EVERY_PERMISSION)},
            "locale": user.locale,
            "app_permissions": str(channel.interaction_permissions()),
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": self.file_size,
            "context": channel.context,
            "authorizing_integration_owners": interaction.owners,
        }
        if interaction.source:
            body["message"] = interaction.source.payload()
        if guild is None:
            return body | {"user": user.payload()}
        return body | {
            "guild_id": guild.id,
            "guild_locale": guild.locale,
            "member": guild.member(user, in_interaction=True),
            "guild": {"id": guild.id, "locale": guild.locale, "features": []},
        }
