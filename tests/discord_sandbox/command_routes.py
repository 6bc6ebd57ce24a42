"""Routes with which an application registers its commands. Knows nothing of how they are used."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from . import limits
from .call import ApiError, Call, Route, Routes, unknown
from .world import snowflake

if TYPE_CHECKING:
    from .state import State

LOCALISED = ("name_localizations", "description_localizations")


def _without_localisations(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_localisations(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_localisations(value) for key, value in node.items() if key not in LOCALISED}
    return node


class CommandRoutes(Routes):
    """Commands of the application, global and for a guild."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.creates: dict[str | None, int] = defaultdict(int)

    def routes(self) -> list[Route]:
        """Return the routes of this file."""
        every: list[Route] = []
        for place in ("", "/guilds/{guild_id}"):
            scope = "/applications/{application_id}" + place + "/commands"
            every += [
                ("GET", scope, self.list_commands),
                ("PUT", scope, self.set_commands),
                ("POST", scope, self.add_command),
                ("GET", scope + "/{command_id}", lambda call: (200, self._command(call))),
                ("DELETE", scope + "/{command_id}", self.delete_command),
            ]
        return every

    def _scope(self, call: Call) -> str | None:
        """The guild's id, or None for global commands; refuses another application's id, and a guild without the bot."""
        if call.params["application_id"] != self.state.application_id:
            raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
        return self.guild(call).id if "guild_id" in call.params else None

    def _command(self, call: Call) -> dict[str, Any]:
        for command in self.state.commands[self._scope(call)]:
            if command["id"] == call.params["command_id"]:
                return command
        raise unknown("application command", 10063)

    def list_commands(self, call: Call) -> tuple[int, Any]:
        """Return the commands; names in other languages only where ``with_localizations`` asks for them."""
        commands = self.state.commands[self._scope(call)]
        asked = call.query.get("with_localizations", "").lower() in ("1", "true")
        return 200, commands if asked else _without_localisations(commands)

    def set_commands(self, call: Call) -> tuple[int, Any]:
        """Put these commands in the place of all others."""
        bodies, scope = call.body or [], self._scope(call)
        self.judge(limits.commands(bodies))
        self.state.commands[scope] = [self._stored(body, scope) for body in bodies]
        self.state.record("commands", guild_id=scope, names=[body["name"] for body in bodies])
        return 200, self.state.commands[scope]

    def add_command(self, call: Call) -> tuple[int, Any]:
        """Add a command, or put it in the place of the one with its name."""
        scope = self._scope(call)
        key = (call.body.get("type") or 1, call.body["name"])
        others = [old for old in self.state.commands[scope] if (old["type"], old["name"]) != key]
        self.judge(limits.commands([call.body]))
        stored, is_new = self._stored(call.body, scope), len(others) == len(self.state.commands[scope])
        self.state.commands[scope] = [*others, stored]
        return 201 if is_new else 200, stored

    def delete_command(self, call: Call) -> tuple[int, Any]:
        """Remove a command."""
        self.state.commands[self._scope(call)].remove(self._command(call))
        return 204, None

    def _stored(self, body: dict[str, Any], scope: str | None) -> dict[str, Any]:
        body = {"type": 1, "description": ""} | {key: value for key, value in body.items() if value is not None}
        known = {(old["type"], old["name"]): old["id"] for old in self.state.commands[scope]}
        id = known.get((body["type"], body["name"]))
        self.creates[scope] += id is None
        if self.creates[scope] > limits.CREATES_A_DAY:
            text = f"Maximum number of daily application command creates has been reached ({limits.CREATES_A_DAY})"
            raise ApiError(400, 30034, text)
        permissions = body.get("default_member_permissions")
        body["default_member_permissions"] = None if permissions is None else str(permissions)
        body |= {"id": id or snowflake(), "version": snowflake(), "application_id": self.state.application_id}
        return body | ({"guild_id": scope} if scope else {})
