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
from engine.roles import JUDGE
from worker.store.tables import JobRow, ModelVersionRow, SongRow

RECENT_JOBS = 20
LEAST_SECONDS = 0.1
USUAL_LENGTH_SECONDS, USUAL_SECTIONS, USUAL_LINES, USUAL_BARS = 115.0, 6, 24, 16  # of what is asked for without a size
MOST_SECTIONS, MOST_LINES, MOST_BARS = 40, 400, 128  # no more is taken in of what the engine may refuse anyway


@dataclass(frozen=True)
class Usual:
    """A kind of job of usual size. seconds: of work before any was done. fixed: the share that size does not change.

    chosen: the share that is done once for each take, where a judge chooses between several.
    """

    seconds: float = 5.0
    fixed: float = 0.35
    chosen: float = 0.0


@dataclass(frozen=True)
class _Done:
    """A job that was done. stated: its request. was_chosen: whether a judge chose between several takes."""

    stated: dict[str, Any]
    begin: datetime
    end: datetime
    was_chosen: bool


# As the starter models take on two cores. Edits of music by their CPU time beside a song's, at the same moment, for a song of
# 115 seconds with its picture and sound; for one of 344 seconds they take 1.0 to 1.2 songs, which nothing in a request says.
USUAL = {
    "song": Usual(4.0, chosen=0.5),  # of four takes 2.5 times as much processor time as of one
    "sing": Usual(3.5),
    "lyrics": Usual(1.8, fixed=0.4, chosen=0.9),
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


def expected_seconds(session: Session, request: Request, best_of: int = 1) -> float:
    """Return the seconds that a request will take once begun: the median of the last ones per size, times its size.

    best_of: takes that are written where a judge is promoted, and were of the songs that one chose.
    """
    usual = USUAL.get(request.kind, Usual())
    stated = request.model_dump(mode="json")
    per_size = list(_seconds_per_size(_recent(session, request.kind), request.kind, best_of))
    seconds = (median(per_size) if per_size else usual.seconds) * relative_size(request.kind, stated)
    takes = best_of if best_of > 1 and _has_judge(session, stated) else 1
    return max(seconds * _of_takes(request.kind, takes), LEAST_SECONDS)


def usual_seconds(kind: str, stated: dict[str, Any]) -> float:
    """Return the seconds that a request would take if nothing had been measured: the same for equal requests, always."""
    return USUAL.get(kind, Usual()).seconds * relative_size(kind, stated)


def relative_size(kind: str, stated: dict[str, Any]) -> float:
    """Return how much work a request is, 1 being one that states no size. stated: its fields, of any version."""
    fixed = USUAL.get(kind, Usual()).fixed
    return fixed + (1.0 - fixed) * _length(stated)


def _of_takes(kind: str, takes: int) -> float:
    """Return how much more work a request is of which so many takes are written, 1 being one take."""
    return 1.0 + USUAL.get(kind, Usual()).chosen * (takes - 1)


def _has_judge(session: Session, stated: dict[str, Any]) -> bool:
    """Return whether a judge is promoted and would choose here: it reads no Chinese."""
    if stated.get("language") not in (None, "en"):
        return False
    promoted = (ModelVersionRow.role == JUDGE, ModelVersionRow.state == "promoted")
    return session.scalar(select(ModelVersionRow.id).where(*promoted).limit(1)) is not None


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


def _recent(session: Session, kind: str) -> Iterable[_Done]:
    """Return the last done jobs of a kind."""
    judge = SongRow.model_versions[JUDGE].as_string()
    query = (
        select(JobRow.request, JobRow.started_at, JobRow.finished_at, judge)
        .outerjoin(SongRow, SongRow.job_id == JobRow.id)
        .where(JobRow.status == "done", JobRow.kind == kind)
        .order_by(JobRow.finished_at.desc())
        .limit(RECENT_JOBS)
    )
    for request, begin, end, judge_version in session.execute(query):
        if begin and end:
            yield _Done(request, begin, end, judge_version is not None)


def _seconds_per_size(recent: Iterable[_Done], kind: str, best_of: int) -> Iterable[float]:
    for done in recent:
        size = relative_size(kind, done.stated) * _of_takes(kind, best_of if done.was_chosen else 1)
        yield max((done.end - done.begin).total_seconds(), 0.0) / size
