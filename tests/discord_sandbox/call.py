"""A request that was found good, the errors it can meet, and what it is about. Knows nothing of single routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .messages import Message
from .places import Channel, Guild
from .spec import Problem
from .world import VIEW_CHANNEL, User

if TYPE_CHECKING:
    from .state import State


class ApiError(Exception):
    """An answer that refuses; ``extra`` goes into its body."""

    def __init__(self, status: int, code: int, text: str, **extra: Any) -> None:
        super().__init__(text)
        self.status = status
        self.body: dict[str, Any] = {"message": text, "code": code} | extra


def unknown(what: str, code: int) -> ApiError:
    """Return the answer for a thing that is not there."""
    return ApiError(404, code, f"Unknown {what}")


def missing_access() -> ApiError:
    """Return the answer for a place where the bot is not, or that it may not see."""
    return ApiError(403, 50001, "Missing Access")


@dataclass
class Call:
    """One request: path parameters, query, JSON body, and files by their number with name and data."""

    params: dict[str, str]
    query: dict[str, str]
    body: Any = None
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)


Handler = Callable[[Call], tuple[int, Any]]
Route = tuple[str, str, Handler]


class Routes:
    """Routes over the state; the lookups raise what Discord answers."""

    def __init__(self, state: State) -> None:
        self.state = state

    def judge(self, problems: list[Problem], route: str | None = None) -> None:
        """Refuse a body as Discord does, and note what was wrong with it."""
        if not problems:
            return
        self.state.record("violation", route=route, problems=list(map(str, problems)))
        errors: dict[str, Any] = {}
        for problem in problems:
            place = errors
            for step in problem.path:
                place = place.setdefault(str(step), {})
            place.setdefault("_errors", []).append({"code": problem.code, "message": problem.text})
        raise ApiError(400, 50035, "Invalid Form Body", errors=errors)

    def user(self, call: Call) -> User:
        """Return the user of the path."""
        if user := self.state.users.get(call.params["user_id"]):
            return user
        raise unknown("User", 10013)

    def guild(self, call: Call) -> Guild:
        """Return the guild of the path, in which the bot is."""
        guild = next((guild for guild in self.state.guilds if guild.id == call.params["guild_id"]), None)
        if guild is None:
            raise unknown("Guild", 10004)
        if not guild.installed:
            raise missing_access()
        return guild

    def channel(self, call: Call) -> Channel:
        """Return the channel of the path, which the bot may see."""
        channel = self.state.channels().get(call.params["channel_id"])
        if channel is None:
            raise unknown("Channel", 10003)
        if not channel.reachable or not channel.app_permissions & VIEW_CHANNEL:
            raise missing_access()
        return channel

    def message(self, call: Call) -> Message:
        """Return the message of the path, as the bot's token reaches it."""
        message = self.channel(call).messages.get(call.params["message_id"])
        if message is None or message.deleted or message.ephemeral:
            raise unknown("Message", 10008)
        return message
