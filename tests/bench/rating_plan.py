"""How large a chain of ratings is, who rates what in it, and where its databases lie. Knows no bot and no worker."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from engine.contract import LyricRequest
from tests.bench.made_takes import prompts, sung

ALL_PROMPTS = 320
DATABASE = "songwright/songwright.sqlite3"
ASKED, RATED = "asked.sqlite3", "rated.sqlite3"  # copies of the database at the ends of these stages


@dataclass(frozen=True)
class Plan:
    """How large the chain is. share: of the songs, for the trial. noise: of the worse version. people: for the gate."""

    role: Literal["lyrics", "melody"] = "lyrics"
    members: int = 60
    prompts: int = 75
    ratings: int = 600
    most_ratings: int = 600
    held_out: int = 100
    share: float = 0.1
    noise: float = 1.0
    people: Path | None = None
    seed: int = 0

    @cached_property
    def requests(self) -> list[LyricRequest]:
        """All prompts there are, those that members ask for first, then those that nobody asks for, then the others."""
        found = prompts(ALL_PROMPTS, seed=self.seed)
        return list(sung(found)) if self.role == "melody" else found

    @property
    def later(self) -> list[LyricRequest]:
        """The prompts of the trial and of what comes after it."""
        return self.requests[self.prompts + self.held_out :]


def spread(members: int, songs: Sequence[tuple[str, int]], ratings: int, seed: int) -> list[tuple[int, str]]:
    """Return (member, song): as many for each member and each song as can be; nobody twice, nobody a song of its own.

    songs: (id, the member who asked for it).
    """
    chance = random.Random(f"spread {seed}")
    given: Counter[str] = Counter()
    found: dict[tuple[int, str], None] = {}
    for number in range(ratings):
        member = number % members
        left = [song for song, asker in songs if asker != member and (member, song) not in found]
        if not left:
            raise SystemExit(f"{members} members can give {len(songs)} songs no {ratings} ratings")
        song = min(left, key=lambda song: (given[song], chance.random()))
        given[song] += 1
        found[member, song] = None
    return list(found)


def copy_database(source: Path, target: Path) -> None:
    """Copy an SQLite database that others may be writing to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
