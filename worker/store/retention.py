"""What is forgotten in time, so that nothing grows but songs and what hangs on them.

What bounds each table:

    jobs             with a song: the songs. Waiting: the quotas. Failed or cancelled: forgotten here after `keep`
    songs, listings, artifacts, ratings, favourites, comparisons
                     are the songs; go when a member, a server's manager or `songwright jobs` deletes them
    deliveries, delivery_jobs
                     the jobs: a delivery goes with its last job. While its song is there, so is it: buttons find the
                     song by the message. Those that nobody brought are given up here after `keep`
    uploads          forgotten here, and by the bot, `uploads_for` after they were last handed in
    uses             two days of the members who asked for something; forgotten here and by the bot
    members, memberships, servers
                     the people and places there are; the bot forgets those who left or sent it away
    workers          the processes there are; the janitor forgets those that are silent
    model_versions   what was trained
    synced_commands  the applications, and servers that have commands of their own

The words of an ended job are said again in its song, so they are emptied after `words_for`, and an interaction's token
when it has expired. Knows nothing of when it is called; any number of processes may do the same at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select, text, update
from sqlalchemy.orm import Session

from worker.clock import Clock
from worker.store import deliveries, quotas, uploads
from worker.store.database import Store
from worker.store.deletion import delete_jobs
from worker.store.tables import DeliveryJobRow, DeliveryRow, JobRow, SongRow

ROWS_AT_ONCE = 500  # deleted or changed in one transaction, for others wait to write meanwhile
MOST_BATCHES = 1000


@dataclass(frozen=True)
class Retention:
    """How long things are kept: jobs without a song, the words of ended jobs, uploads, counts of uses."""

    keep: timedelta = timedelta(days=30)
    words_for: timedelta = timedelta(days=1)
    uploads_for: timedelta = timedelta(days=7)
    uses_for: timedelta = timedelta(days=2)


def forget_old(session: Session, now: datetime, keep: Retention, at_most: int = ROWS_AT_ONCE) -> dict[str, int]:
    """Forget what is due, at most so many rows of each kind, the oldest first; return how many of which kind."""
    return {
        "jobs": _forget_jobs(session, now - keep.keep, at_most),
        "deliveries": _give_up(session, now - keep.keep, now, at_most),
        "words": _empty_words(session, now - keep.words_for, at_most),
        "uploads": uploads.forget_old(session, now - keep.uploads_for, at_most),
        "uses": quotas.forget_old(session, now - keep.uses_for, at_most),
        "tokens": deliveries.erase_expired_tokens(session, now),
    }


def forget_all_old(store: Store, clock: Clock, keep: Retention) -> dict[str, int]:
    """Forget what is due, a transaction for every few rows; return how many of which kind."""
    total: dict[str, int] = {}
    for _ in range(MOST_BATCHES):
        with store.writing() as session:
            forgotten = forget_old(session, clock(), keep)
        total = {kind: total.get(kind, 0) + count for kind, count in forgotten.items()}
        if max(forgotten.values()) < ROWS_AT_ONCE:
            break
    return total


def _forget_jobs(session: Session, before: datetime, at_most: int) -> int:
    """Delete jobs that ended without a song, with their deliveries."""
    songless = ~select(SongRow.id).where(SongRow.job_id == JobRow.id).exists()
    old = (JobRow.status.in_(("failed", "cancelled")), JobRow.finished_at < before, songless)
    ids = _chosen(session, select(JobRow.id).where(*old).order_by(JobRow.finished_at), at_most)
    return delete_jobs(session, JobRow.id.in_(ids)) if ids else 0


def _give_up(session: Session, before: datetime, now: datetime, at_most: int) -> int:
    """End the deliveries that no bot has brought since their jobs ended; the results stay in the history."""
    unfinished = (DeliveryJobRow.delivery_id == DeliveryRow.id, JobRow.status.in_(("queued", "running")))
    waits = select(JobRow.id).join(DeliveryJobRow, DeliveryJobRow.job_id == JobRow.id).where(*unfinished).exists()
    old = select(DeliveryRow.id).where(DeliveryRow.status == "open", DeliveryRow.created_at < before, ~waits)
    locked = old.limit(at_most).with_for_update(skip_locked=True)
    return sum(deliveries.let_lie(session, delivery_id, now) for delivery_id in session.scalars(locked).all())


def _empty_words(session: Session, before: datetime, at_most: int) -> int:
    """Empty the words of jobs that ended before this."""
    # In the words of the index, which has only the jobs whose words are not empty yet.
    there = text("jobs.words <> '' AND jobs.finished_at IS NOT NULL")
    old = select(JobRow.id).where(there, JobRow.finished_at < before).order_by(JobRow.finished_at)
    ids = session.scalars(old.limit(at_most).with_for_update(skip_locked=True)).all()
    if ids:
        emptied = update(JobRow).where(JobRow.id.in_(ids)).values(words="")
        session.execute(emptied.execution_options(synchronize_session=False))
    return len(ids)


def _chosen(session: Session, query: Select[Any], at_most: int) -> list[str]:
    return list(session.scalars(query.limit(at_most)))
