"""Which models a song is made with: those that everybody uses, what is on trial beside them, a server's own adapters.

Knows nothing of opening a model, nor where the choice is written down.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from engine.roles import Role

Key = tuple[Role, Path]


@dataclass(frozen=True)
class Trial:
    """A model that makes the songs of a share (0-1) of the members. digest: so that each trial falls to others."""

    path: Path
    share: float
    digest: str = ""


@dataclass(frozen=True)
class Adapter:
    """A small part that makes another model of the one at `base`; base None: that model, of base_digest, is gone."""

    path: Path
    base: Path | None
    base_digest: str = ""


@dataclass(frozen=True)
class ModelChoice:
    """The models that songs are made with at one moment: where that of each role is, and what is on trial beside it.

    of_servers: the adapters with which songs are made that are asked for in a server, by its id.
    """

    paths: Mapping[Role, Path]
    trials: Mapping[Role, Trial] = field(default_factory=dict)
    of_servers: Mapping[str, Mapping[Role, Adapter]] = field(default_factory=dict)

    def of(self, seed: int, member: str | None = None, server: str | None = None) -> Mapping[Role, Path | Adapter]:
        """Return what a song is made with: a server's own, else what everybody uses.

        In a trial a member, or the seed of what nobody asked for, keeps to one side. A server's own is in no trial.
        """
        return MappingProxyType({**self.everybodys(seed, member), **self._own(server)})

    def everybodys(self, seed: int, member: str | None = None) -> Mapping[Role, Path]:
        """Return the same for a server that has none of its own: whole models."""
        who = f"seed {seed}" if member is None else f"member {member}"
        on_trial = {
            role: trial.path for role, trial in self.trials.items() if place_in_trial(trial.digest, who) < trial.share
        }
        return MappingProxyType({**self.paths, **on_trial})

    def keys(self) -> set[Key]:
        """Return every model that a song may be made with; not what adapters lie upon."""
        trials = ((role, trial.path) for role, trial in self.trials.items())
        adapters = ((role, one.path) for own in self.of_servers.values() for role, one in own.items())
        return {*self.paths.items(), *trials, *adapters}

    def _own(self, server: str | None) -> Mapping[Role, Adapter]:
        return {} if server is None else self.of_servers.get(server, {})


def place_in_trial(digest: str, who: str) -> float:
    """Return a number 0-1 that is even over those who ask and the same for one on every machine, for one trial."""
    return int.from_bytes(hashlib.sha256(f"trial {digest} {who}".encode()).digest()[:8]) / 2**64
