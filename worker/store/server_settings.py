"""What those who manage a server may set, with ranges and defaults. Knows nothing of Discord's objects or of SQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from pydantic import Field

from engine.contract import FilterLevel, Frozen

MAX_FILTER_WORDS = 200
MULTIPLIER_RANGE = (0.0, 100.0)

Multiplier = Annotated[float, Field(ge=MULTIPLIER_RANGE[0], le=MULTIPLIER_RANGE[1])]
FilterWord = Annotated[str, Field(min_length=1, max_length=60)]


class ServerSettings(Frozen):
    """The settings of one server; the defaults let everybody ask for songs everywhere. Ids are Discord's, as text."""

    allowed_channels: Annotated[tuple[str, ...], Field(description="where songs may be asked for; empty: all")] = ()
    songs_per_day: Annotated[int, Field(ge=1, le=1000, description="songs per member and day (UTC)")] = 40
    waiting_per_member: Annotated[int, Field(ge=1, le=20, description="songs that a member may have in the queue")] = 3
    role_multipliers: dict[str, Multiplier] = Field(
        default_factory=dict, description="role id -> how many times the songs per day; 0: none at all"
    )
    language: Annotated[str | None, Field(description="a Discord locale; None: the server's own")] = None
    filter_words: Annotated[
        tuple[FilterWord, ...], Field(max_length=MAX_FILTER_WORDS, description="words that are not to be written")
    ] = ()
    # Left out while it is off, so that processes of an earlier version read what is stored.
    filter_level: Annotated[
        FilterLevel,
        Field(description="which kinds of words are not to be written", exclude_if=lambda level: level == "off"),
    ] = "off"
    allowed_roles: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="command -> role ids that may use it; empty: everybody"
    )

    def songs_per_day_of(self, role_ids: Collection[str]) -> int:
        """Return how many songs a day a member with these roles has: the best role counts, but one with 0 forbids."""
        factors = [factor for role, factor in self.role_multipliers.items() if role in role_ids]
        if 0.0 in factors:
            return 0
        return max(1, round(self.songs_per_day * max(factors, default=1.0)))

    def allows_channel(self, *channel_ids: str | None) -> bool:
        """Return whether songs may be asked for here: in a channel, or a thread named with its parent channel."""
        return not self.allowed_channels or any(channel_id in self.allowed_channels for channel_id in channel_ids)

    def allows(self, command: str, role_ids: Collection[str]) -> bool:
        """Return whether a member with these roles may use this command."""
        roles = self.allowed_roles.get(command, ())
        return not roles or any(role in role_ids for role in roles)
