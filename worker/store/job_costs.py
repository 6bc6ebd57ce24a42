"""How many seconds of work a request is expected to be: what the last ones of its kind took, for its size.

What they took is what they took under load: where jobs share a machine, that is in it. Knows nothing of queues.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.contract import Request
from worker.store.tables import JobRow

RECENT_JOBS = 20
LEAST_SECONDS = 0.1
USUAL_LENGTH_SECONDS, USUAL_SECTIONS, USUAL_LINES, USUAL_BARS = 115.0, 6, 24, 16  # of what is asked for without a size
MOST_SECTIONS, MOST_LINES, MOST_BARS = 40, 400, 128  # no more is taken in of what the engine may refuse anyway


@dataclass(frozen=True)
class Usual:
    """A kind of job of usual size. seconds: of work before any was done. fixed: the share that size does not change."""

    seconds: float = 5.0
    fixed: float = 0.35


# As the starter models take on two cores. Edits of music by their CPU time beside a song's, at the same moment, for a song of
# 115 seconds with its picture and sound; for one of 344 seconds they take 1.0 to 1.2 songs, which nothing in a request says.
USUAL = {
    "song": Usual(4.0),
    "sing": Usual(3.5),
    "lyrics": Usual(1.8, fixed=0.4),
    "music": Usual(1.8, fixed=0.6),
    "words": Usual(3.0, fixed=0.6),
    "verse": Usual(3.0),
    **dict.fromkeys(("transpose", "tempo", "mute", "arrange", "instrument", "humanize"), Usual(1.5, fixed=1.0)),
    "rewrite": Usual(2.5, fixed=1.0),
    "insert": Usual(2.5, fixed=1.0),
    "continue": Usual(3.0, fixed=1.0),
    "words-for": Usual(3.5, fixed=1.0),
    "blend": Usual(2.2, fixed=1.0),
    "export": Usual(3.0, fixed=1.0),
    "explain": Usual(1.0, fixed=1.0),
    "extend": Usual(3.5, fixed=0.4),
    "harmonize": Usual(2.3, fixed=0.6),  # for a choir twice as much
    **dict.fromkeys(("melody", "remix", "infill"), Usual(2.0, fixed=0.8)),
}


def expected_seconds(session: Session, request: Request) -> float:
    """Return the seconds that a request will take once begun: the median of the last ones per size, times its size."""
    usual = USUAL.get(request.kind, Usual())
    stated = request.model_dump(mode="json")
    per_size = list(_seconds_per_size(_recent(session, request.kind), request.kind))
    seconds = (median(per_size) if per_size else usual.seconds) * relative_size(request.kind, stated)
    return max(seconds, LEAST_SECONDS)


def usual_seconds(kind: str, stated: dict[str, Any]) -> float:
    """Return the seconds that a request would take if nothing had been measured: the same for equal requests, always."""
    return USUAL.get(kind, Usual()).seconds * relative_size(kind, stated)


def relative_size(kind: str, stated: dict[str, Any]) -> float:
    """Return how much work a request is, 1 being one that states no size. stated: its fields, of any version."""
    fixed = USUAL.get(kind, Usual()).fixed
    return fixed + (1.0 - fixed) * _length(stated)


def _length(stated: dict[str, Any]) -> float:
    """Return how long the result will be, 1 being the usual; by the first of the fields that says so."""
    if stated.get("length_seconds"):
        return float(stated["length_seconds"]) / USUAL_LENGTH_SECONDS
    if stated.get("bars"):
        return _bars(stated["bars"]) / USUAL_BARS
    if stated.get("form"):
        sections = sum(character.isalpha() for character in str(stated["form"]))
        return min(max(sections, 1), MOST_SECTIONS) / USUAL_SECTIONS
    if stated.get("lyrics"):
        lines = [line for line in str(stated["lyrics"]).replace("/", "\n").splitlines() if line.strip()]
        return min(max(len(lines), 1), MOST_LINES) / USUAL_LINES
    return 1.0


def _bars(stated: object) -> float:
    """Return how many bars are meant by a number of them or by a stretch such as 5-8; the usual number by other texts."""
    if isinstance(stated, int | float):
        return float(stated)
    stretch = re.fullmatch(r"\s*(\d{1,4})(?:\s*-\s*(\d{1,4}))?\s*", str(stated))
    if stretch is None:
        return USUAL_BARS
    return float(min(max(int(stretch[2] or stretch[1]) - int(stretch[1]) + 1, 1), MOST_BARS))


def _recent(session: Session, kind: str) -> Iterable[tuple[dict[str, Any], datetime, datetime]]:
    """Return request, begin and end of the last done jobs of a kind."""
    query = (
        select(JobRow.request, JobRow.started_at, JobRow.finished_at)
        .where(JobRow.status == "done", JobRow.kind == kind)
        .order_by(JobRow.finished_at.desc())
        .limit(RECENT_JOBS)
    )
    return ((request, begin, end) for request, begin, end in session.execute(query) if begin and end)


def _seconds_per_size(recent: Iterable[tuple[dict[str, Any], datetime, datetime]], kind: str) -> Iterable[float]:
    for stated, begin, end in recent:
        yield max((end - begin).total_seconds(), 0.0) / relative_size(kind, stated)
