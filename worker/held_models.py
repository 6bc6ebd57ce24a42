"""A model in memory: who uses it, what it has decoded, its end. Knows nothing of when it is opened or let go."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.roles import Role


@dataclass(frozen=True)
class HeldModel:
    """A model in memory. songs: how many are being made with it."""

    role: Role
    version: str
    songs: int


@dataclass(frozen=True)
class DecodingStatistics:
    """What the models of a role have decoded since the process began, those that are let go included.

    slots, slots_used: sequences that those in memory have room for, and hold now.
    """

    tokens: int = 0
    steps: int = 0
    rows: int = 0
    busy_seconds: float = 0.0
    slots: int = 0
    slots_used: int = 0

    def plus(self, other: Any) -> DecodingStatistics:
        """Return the sum with the figures of another, of any type that has these fields."""
        names = self.__dataclass_fields__
        return DecodingStatistics(**{name: getattr(self, name) + getattr(other, name) for name in names})


class Held:
    """A model that is in memory, or will be when it is first asked for. songs: how many are being made with it.

    base: of an adapter, what it lies upon.
    """

    def __init__(self, role: Role, path: Path, base: Held | None = None) -> None:
        self.role, self.path, self.base = role, path, base
        self.songs = 0
        self.model: Any = None
        self.opening = threading.Lock()

    def statistics(self) -> DecodingStatistics | None:
        """Return what a model that is shared between songs tells of its work; None for one that keeps no account."""
        statistics = getattr(getattr(self.model, "model", None), "statistics", None)
        if not callable(statistics):
            return None
        found = DecodingStatistics().plus(statistics())
        return found if self.base is None else replace(found, slots=0, slots_used=0)  # they are those of its base

    def close(self) -> None:
        """End the threads and free the memory of a model that has any of its own."""
        for part in (self.model, getattr(self.model, "model", None)):
            close = getattr(part, "close", None)
            if callable(close):
                close()
