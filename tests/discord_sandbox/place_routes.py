"""Routes about the bot itself, users, guilds and channels. Knows nothing of messages and commands."""

from __future__ import annotations

from typing import Any

from .call import Call, Route, Routes, unknown


class PlaceRoutes(Routes):
    """Who and where the bot is."""

    def routes(self) -> list[Route]:
        """Return the routes of this file."""
        return [
            ("GET", "/gateway", lambda call: (200, {"url": self.state.gateway_url})),
            ("GET", "/gateway/bot", self.gateway_bot),
            ("GET", "/users/@me", self.me),
            ("GET", "/users/{user_id}", lambda call: (200, self.user(call).payload())),
            ("POST", "/users/@me/channels", self.open_dm),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/applications/@me", self.application),
            ("PATCH", "/applications/@me", self.edit_application),
            ("GET", "/guilds/{guild_id}", lambda call: (200, self.guild(call).payload())),
            ("GET", "/guilds/{guild_id}/roles", lambda call: (200, self.guild(call).role_payloads())),
            ("GET", "/guilds/{guild_id}/channels", self.guild_channels),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self.member),
            ("GET", "/channels/{channel_id}", lambda call: (200, self.channel(call).payload())),
            ("POST", "/channels/{channel_id}/typing", lambda call: (204, self.channel(call) and None)),
        ]

    def me(self, call: Call) -> tuple[int, Any]:
        """Return the bot's own user."""
        extra = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}
        return 200, self.state.bot.payload() | extra

    def gateway_bot(self, call: Call) -> tuple[int, Any]:
        """Return where the gateway is, and how often the bot may identify."""
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return 200, {"url": self.state.gateway_url, "shards": 1, "session_start_limit": limit}

    def application(self, call: Call) -> tuple[int, Any]:
        """Return the application."""
        body: dict[str, Any] = {
            "id": self.state.application_id,
            "name": "sandbox app",
            "icon": None,
            "description": "",
            "type": None,
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.state.owner.payload(),
            "approximate_guild_count": sum(guild.installed for guild in self.state.guilds),
            "approximate_user_install_count": sum(user.app_installed for user in self.state.users.values()),
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
            "bot_public": True,
            "bot_require_code_grant": False,
            "integration_types_config": {"0": {}, "1": {}},
            "bot": self.state.bot.payload(),
        }
        return 200, body | self.state.application_edits

    def edit_application(self, call: Call) -> tuple[int, Any]:
        """Change the application's description, tags and flags."""
        edits = {
            key: call.body[key] for key in ("tags", "flags", "custom_install_url") if call.body.get(key) is not None
        }
        if described := call.body.get("description"):
            edits["description"] = described["default"] if isinstance(described, dict) else described
        self.state.application_edits |= edits
        return self.application(call)

    def guild_channels(self, call: Call) -> tuple[int, Any]:
        """Return a guild's channels."""
        return 200, [channel.payload() for channel in self.guild(call).channels.values()]

    def member(self, call: Call) -> tuple[int, Any]:
        """Return a member; somebody who is not one is 404/10007, nobody at all 404/10013."""
        guild, user = self.guild(call), self.user(call)
        if user not in guild.members:
            raise unknown("Member", 10007)
        return 200, guild.member(user)

    def open_dm(self, call: Call) -> tuple[int, Any]:
        """Return the direct message with a user."""
        user = self.state.users.get(str(call.body.get("recipient_id")))
        if user is None:
            raise unknown("User", 10013)
        return 200, self.state.dm(user).payload()
