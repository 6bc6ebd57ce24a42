"""Places in the queue, and when jobs are expected to be ready, if nobody else asks meanwhile.

Knows what a job is expected to take, who works and how many jobs at once; not why jobs stand in this order.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from worker.store import workers
from worker.store.jobs import FIRST_CLAIMED, Job
from worker.store.tables import JobRow

OVERDUE_SHARE = 0.1  # of its expected time, which a job that has taken longer than that is taken to need still


@dataclass(frozen=True)
class Expected:
    """position: 1 is claimed next, 0 is running. ready_at: a guess, in the past for a running job that is overdue."""

    position: int
    ready_at: datetime


def position(session: Session, job: Job) -> int | None:
    """Return a job's place in the queue: 1 is claimed next, 0 is running, None has ended."""
    if job.status == "running":
        return 0
    if job.ended:
        return None
    earlier = tuple_(*FIRST_CLAIMED) < (job.priority, job.turn, job.created_at, job.id)
    ahead = session.scalar(select(func.count()).select_from(JobRow).where(JobRow.status == "queued", earlier))
    return (ahead or 0) + 1


def expected(session: Session, now: datetime) -> Mapping[str, Expected]:
    """Return what is to be expected of every queued and running job, by its id; three queries, whatever waits."""
    running = session.execute(
        select(JobRow.id, JobRow.started_at, JobRow.cost_seconds).where(JobRow.status == "running")
    ).all()
    queue = select(JobRow.id, JobRow.cost_seconds).where(JobRow.status == "queued").order_by(*FIRST_CLAIMED)
    queued = session.execute(queue).all()
    slots = sum(worker.slots for worker in workers.live(session, now))
    left = [_seconds_left(started_at or now, cost, now) for _id, started_at, cost in running]
    ends = seconds_until_ready(left, [cost for _id, cost in queued], slots=slots)
    known = {job_id: Expected(0, (started_at or now) + timedelta(seconds=cost)) for job_id, started_at, cost in running}
    for place, ((job_id, _cost), seconds) in enumerate(zip(queued, ends, strict=True), start=1):
        known[job_id] = Expected(place, now + timedelta(seconds=seconds))
    return known


def seconds_until_ready(running: Sequence[float], queued: Sequence[float], *, slots: int) -> list[float]:
    """Return when each of the queued jobs ends, in seconds from now: each begins in the slot that is free first.

    running: seconds that each running job needs still. queued: seconds that each takes, in their order. slots: how many
    run at once; no fewer than do, and at least one.
    """
    slots = max(slots, len(running), 1)
    free_in = sorted([*running, *[0.0] * (slots - len(running))])  # a sorted list is a heap
    ends = []
    for seconds in queued:
        end = free_in[0] + seconds
        heapq.heapreplace(free_in, end)
        ends.append(end)
    return ends


def _seconds_left(started_at: datetime, cost_seconds: float, now: datetime) -> float:
    return max(cost_seconds - (now - started_at).total_seconds(), OVERDUE_SHARE * cost_seconds)
