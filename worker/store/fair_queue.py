"""Whose job comes next: every waiting job has a turn, a number that says when it would begin if all were served at once.

Start-time fair queueing. A member's jobs stand one behind the other, each as far on as the one before it takes, divided
by the weight of its server; the first stands where the queue is now, or where the member's last begun job ends. So the
first job of somebody new comes right after the job that is next anyway, however many another member has sent, and who
asks again and again comes by no more often than those who sent all at once. Short jobs of a member go before long ones.

Turns are numbers in rows: a claim takes the smallest and nothing has to be worked out. They only grow, by a second per
second of work, and hold microseconds for centuries. Knows nothing of claims, leases, or what a job is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from worker.owner import Owner
from worker.store.job_costs import usual_seconds
from worker.store.servers import USUAL_WEIGHT
from worker.store.tables import JobRow, ServerRow
from worker.store.turns import wait_for_turn

INTERACTIVE, BULK, TRAINING = 0, 1, 2  # priorities: what somebody waits for, what nobody waits for, what takes hours


@dataclass(frozen=True)
class Asker:
    """Who asks: a member, or where there is none (the terminal), the process that answers for the job."""

    member: str | None
    owner: Owner | None = None

    @property
    def name(self) -> str:
        """What tells one asker from another."""
        return self.member or f"process {self.owner}"

    def jobs(self) -> tuple[ColumnElement[bool], ...]:
        """Return the conditions that choose the asker's jobs."""
        if self.member is not None:
            return (JobRow.requested_by == self.member,)
        machine, pid, started = (self.owner.machine, self.owner.pid, self.owner.started) if self.owner else [None] * 3
        return (
            JobRow.requested_by.is_(None),
            JobRow.owner_machine == machine,
            JobRow.owner_pid == pid,
            JobRow.owner_started == started,
        )


@dataclass(frozen=True)
class Waiting:
    """A job that was never begun. cost_seconds: of work, above 0. weight: of its server, 0.1-10. turn: so far, if any.

    size: what it is short or long by; not its cost, for that moves with every song that is made, and of two equal
    requests the later one would go first whenever it moves down.
    """

    id: str
    cost_seconds: float
    weight: float
    created_at: datetime
    size: float
    turn: float | None = None


def turns(waiting: Iterable[Waiting], begin: float) -> dict[str, float]:
    """Return the turn of each of one asker's jobs: from `begin` on one after the other, the short before the long."""
    given = {}
    for job in sorted(waiting, key=lambda job: (job.size, job.created_at, job.id)):
        given[job.id] = begin
        begin += job.cost_seconds / job.weight
    return given


def give_turn(session: Session, asker: Asker, new: Waiting, *, priority: int) -> float:
    """Return the turn of a job that is about to be written; the asker's other waiting jobs get theirs anew.

    Until the transaction ends no other one writes a job of this asker.
    """
    wait_for_turn(session, asker.name)
    return _arrange(session, asker, [new], priority)[new.id]


def close_up(session: Session, asker: Asker, *, priority: int) -> None:
    """Let the asker's waiting jobs move up where one was taken away; after `wait_for_turn`."""
    _arrange(session, asker, [], priority)


def virtual_time(session: Session, priority: int) -> float:
    """Return where the queue is: the turn of the first job that was never begun, else the last that was; 0 at first.

    Jobs that were begun and given back keep their old turns. They are next, but the queue has been further on.
    """
    here = JobRow.priority == priority
    first = select(JobRow.turn).where(JobRow.status == "queued", here, JobRow.started_at.is_(None))
    next_turn = session.scalar(first.order_by(JobRow.turn, JobRow.created_at, JobRow.id).limit(1))
    if next_turn is not None:
        return next_turn
    begun = ("queued", "running", "done", "failed")
    # One by one, for each is then the last entry of an index, however many have ended.
    last = [select(func.max(JobRow.turn)).where(JobRow.status == status, here).scalar_subquery() for status in begun]
    return max((turn for turn in session.execute(select(*last)).one() if turn is not None), default=0.0)


def _arrange(session: Session, asker: Asker, new: list[Waiting], priority: int) -> Mapping[str, float]:
    """Give the asker's jobs that were never begun their turns, and return them all."""
    free = _free(session, asker, priority)
    begin = max(virtual_time(session, priority), _end_of_begun(session, asker, priority, {job.id for job in free}))
    given = turns([*free, *new], begin)
    moved: list[dict[str, Any]] = [{"id": job.id, "turn": given[job.id]} for job in free if job.turn != given[job.id]]
    if moved:
        session.execute(update(JobRow), moved)
    return given


def _free(session: Session, asker: Asker, priority: int) -> list[Waiting]:
    """Return and lock the asker's jobs that were never begun, but for those that are being claimed at this moment.

    Nothing is waited for, so that no two transactions can wait for each other.
    """
    query = (
        select(JobRow.id, JobRow.cost_seconds, _WEIGHT, JobRow.created_at, JobRow.kind, JobRow.request, JobRow.turn)
        .outerjoin(ServerRow, ServerRow.id == JobRow.server)
        .where(JobRow.status == "queued", JobRow.priority == priority, JobRow.started_at.is_(None), *asker.jobs())
        .with_for_update(skip_locked=True, of=JobRow)
    )
    return [
        Waiting(id_, cost, weight, created_at, usual_seconds(kind, request), turn)
        for id_, cost, weight, created_at, kind, request, turn in session.execute(query)
    ]


def _end_of_begun(session: Session, asker: Asker, priority: int, free: set[str]) -> float:
    """Return where the asker's last begun job ends, or one that is being claimed; 0 if there is none.

    What was taken back does not count: there was no song.
    """
    ends = (
        select(JobRow.turn + JobRow.cost_seconds / _WEIGHT)
        .outerjoin(ServerRow, ServerRow.id == JobRow.server)
        .where(JobRow.priority == priority, *asker.jobs())
    )
    found = list(session.scalars(ends.where(JobRow.status.in_(("queued", "running")), JobRow.id.not_in(free))))
    if asker.member is not None:  # there is no index by process, and a terminal asks for one thing
        for status in ("done", "failed"):
            found += session.scalars(ends.where(JobRow.status == status).order_by(JobRow.turn.desc()).limit(1))
    return max(found, default=0.0)


_WEIGHT = func.coalesce(ServerRow.weight, USUAL_WEIGHT)
