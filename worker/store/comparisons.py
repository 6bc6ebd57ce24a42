"""Comparisons: which of two songs a person prefers. Knows nothing of how the two were shown.

A pair is stored once, with the smaller id as a; asked for the other way round, it is turned on the way in and out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.errors import RequestError
from worker.store import songs
from worker.store.tables import ComparisonRow
from worker.store.upsert import upsert

Preferred = Literal["a", "b", "same"]
_TURNED: Mapping[Preferred, Preferred] = {"a": "b", "b": "a", "same": "same"}


@dataclass(frozen=True)
class PairTally:
    """How many people prefer which, in the order in which the two songs were named."""

    a: int = 0
    b: int = 0
    same: int = 0


def prefer(session: Session, rater: str, song_a: str, song_b: str, preferred: Preferred, now: datetime) -> None:
    """Write which of two songs a person prefers, over an earlier judgement of the two."""
    if preferred not in _TURNED:
        raise RequestError(f"a comparison ends with a, b or same, got {preferred!r}")
    if song_a == song_b:
        raise RequestError("a song cannot be compared with itself; name two songs")
    if song_a > song_b:
        song_a, song_b, preferred = song_b, song_a, _TURNED[preferred]
    songs.require(session, song_a)
    songs.require(session, song_b)
    pair = {"rater": rater, "song_a": song_a, "song_b": song_b}
    judged = {"preferred": preferred, "updated_at": now}
    upsert(session, ComparisonRow, pair | judged | {"created_at": now}, changes=judged)


def tally(session: Session, song_a: str, song_b: str) -> PairTally:
    """Return how two songs were compared."""
    first, second = sorted((song_a, song_b))
    pair = (ComparisonRow.song_a == first, ComparisonRow.song_b == second)
    query = select(ComparisonRow.preferred, func.count()).where(*pair).group_by(ComparisonRow.preferred)
    stored = PairTally(**{str(preferred): count for preferred, count in session.execute(query)})
    return stored if first == song_a else PairTally(stored.b, stored.a, stored.same)
