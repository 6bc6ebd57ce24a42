"""Guilds and channels of the sandbox's Discord. Knows nothing of messages' inside, or of requests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .world import (
    ADMINISTRATOR,
    ATTACH_FILES,
    EMBED_LINKS,
    EVERY_PERMISSION,
    MEMBER_PERMISSIONS,
    MENTION_EVERYONE,
    USE_EXTERNAL_EMOJIS,
    VIEW_CHANNEL,
    ClientRefused,
    Role,
    User,
    now,
    snowflake,
)

if TYPE_CHECKING:
    from .messages import Message

GUILD_TEXT, DM, GROUP_DM = 0, 1, 3
GUILD_CONTEXT, BOT_DM_CONTEXT, PRIVATE_CONTEXT = 0, 1, 2
GUILD_NULLS = (
    "description home_header icon splash discovery_splash banner application_id afk_channel_id system_channel_id widget_channel_id "
    "max_presences vanity_url_code rules_channel_id safety_alerts_channel_id public_updates_channel_id incidents_data"
).split()


@dataclass(eq=False)
class Guild:
    """A server. ``permissions`` sets a member's permissions outright, in place of those of the roles."""

    name: str
    locale: str = "en-US"
    installed: bool = True
    members: list[User] = field(default_factory=list)
    channels: dict[str, Channel] = field(default_factory=dict)
    permissions: dict[User, int] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)
    member_roles: dict[User, list[Role]] = field(default_factory=dict)
    id: str = field(default_factory=snowflake)

    def __post_init__(self) -> None:
        self.owner = self.members[0] if self.members else User("owner")

    def channel(self, name: str, **options: Any) -> Channel:
        """Add a text channel; options are those of ``Channel``."""
        channel = Channel(name, guild=self, **options)
        self.channels[channel.id] = channel
        return channel

    def role(self, name: str, permissions: int = 0) -> Role:
        """Add a role."""
        role = Role(name, permissions, position=len(self.roles) + 1)
        self.roles[role.id] = role
        return role

    def add_member(self, user: User) -> None:
        """Let a user in; no event, since without a privileged intent none is sent."""
        if user not in self.members:
            self.members.append(user)

    def remove_member(self, user: User) -> None:
        """Take a user out, with roles and permissions; no event, since without a privileged intent none is sent."""
        self.members.remove(user)
        self.member_roles.pop(user, None)
        self.permissions.pop(user, None)

    def give_role(self, user: User, role: Role) -> None:
        """Give a member a role of this guild."""
        if role.id not in self.roles or user not in self.members:
            raise ClientRefused(f"{role.name} is no role of {self.name}, or {user.name} no member")
        self.member_roles.setdefault(user, []).append(role)

    def take_role(self, user: User, role: Role) -> None:
        """Take a role away from a member."""
        self.member_roles[user].remove(role)

    def permissions_of(self, user: User) -> int:
        """Return all for the owner and administrators, else what was set, else the usual ones and those of the roles."""
        if user is self.owner:
            return EVERY_PERMISSION
        usual = MEMBER_PERMISSIONS
        for role in self.member_roles.get(user, []):
            usual |= role.permissions
        own = self.permissions.get(user, usual)
        return EVERY_PERMISSION if own & ADMINISTRATOR else own

    def member(self, user: User, *, in_interaction: bool = False) -> dict[str, Any]:
        """Return a member as Discord sends it; in an interaction it has the permissions too."""
        extra = {"permissions": str(self.permissions_of(user))} if in_interaction else {}
        return extra | {
            "user": user.payload(),
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [role.id for role in self.member_roles.get(user, [])],
            "flags": 0,
            "joined_at": "2024-01-01T00:00:00+00:00",
            "premium_since": None,
            "pending": False,
            "communication_disabled_until": None,
            "mute": False,
            "deaf": False,
        }

    def role_payloads(self) -> list[dict[str, Any]]:
        """Return all roles, @everyone first."""
        everyone = Role("@everyone", MEMBER_PERMISSIONS, position=0, id=self.id)
        return [role.payload() for role in (everyone, *self.roles.values())]

    def payload(self) -> dict[str, Any]:
        """Return the guild as a request for it is answered."""
        return dict.fromkeys(GUILD_NULLS) | {
            "id": self.id,
            "name": self.name,
            "preferred_locale": self.locale,
            "owner_id": self.owner.id,
            "roles": self.role_payloads(),
            "features": [],
            "emojis": [],
            "stickers": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "premium_tier": 0,
            "nsfw_level": 0,
            "system_channel_flags": 0,
            "afk_timeout": 300,
            "region": "local",
            "widget_enabled": False,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "nsfw": False,
            "premium_subscription_count": 0,
            "premium_progress_bar_enabled": False,
        }

    def created(self, shown: list[User]) -> dict[str, Any]:
        """Return the guild as GUILD_CREATE has it; without privileged intents only the bot is among its members."""
        return self.payload() | {
            "member_count": len(self.members),
            "members": [self.member(user) for user in shown if user in self.members],
            "channels": [channel.payload() for channel in self.channels.values()],
            "unavailable": False,
            "joined_at": now(),
            "large": False,
            "threads": [],
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
        }


@dataclass(eq=False)
class Channel:
    """A text channel of a guild, a direct message with the bot (``recipient``) or one among users (``private``)."""

    name: str
    guild: Guild | None = None
    recipient: User | None = None
    private: list[User] = field(default_factory=list)
    app_permissions: int = EVERY_PERMISSION
    nsfw: bool = False
    deleted: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    id: str = field(default_factory=snowflake)

    @property
    def context(self) -> int:
        """The interaction context: 0 guild, 1 direct message with the bot, 2 private channel."""
        if self.guild:
            return GUILD_CONTEXT
        return PRIVATE_CONTEXT if self.private else BOT_DM_CONTEXT

    @property
    def reachable(self) -> bool:
        """Whether the bot gets this channel's events and may call its routes."""
        if self.guild:
            return self.guild.installed and bool(self.app_permissions & VIEW_CHANNEL)
        return not self.private

    @property
    def people(self) -> list[User]:
        """Who can write here."""
        if self.guild:
            return self.guild.members
        return self.private or [user for user in (self.recipient,) if user]

    def interaction_permissions(self) -> int:
        """Return ``app_permissions`` as an interaction states them."""
        if self.guild:
            return self.app_permissions
        among_users = ATTACH_FILES | EMBED_LINKS | MENTION_EVERYONE
        return among_users if self.private else among_users | USE_EXTERNAL_EMOJIS

    def payload(self) -> dict[str, Any]:
        """Return the channel as Discord sends it."""
        if self.guild is None:
            recipients = [user.payload() for user in self.people]
            body = {"id": self.id, "type": DM, "flags": 0, "recipients": recipients, "last_message_id": None}
            if len(self.private) > 2:
                body |= {"type": GROUP_DM, "name": self.name, "icon": None, "owner_id": self.private[0].id}
            return body
        return {
            "id": self.id,
            "type": GUILD_TEXT,
            "flags": 0,
            "guild_id": self.guild.id,
            "name": self.name,
            "position": 0,
            "permission_overwrites": self._overwrites(self.guild),
            "nsfw": self.nsfw,
            "topic": None,
            "parent_id": None,
            "last_message_id": None,
            "rate_limit_per_user": 0,
        }

    def _overwrites(self, guild: Guild) -> list[dict[str, Any]]:
        """What the bot may not do here, so that its own reckoning agrees with ``app_permissions``."""
        denied = EVERY_PERMISSION & ~self.app_permissions
        bots = [user for user in guild.members if user.bot]
        return [{"id": bot.id, "type": 1, "allow": "0", "deny": str(denied)} for bot in bots if denied]
