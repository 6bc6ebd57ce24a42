"""How much was said that no model was tuned on yet. Does not know when that is enough."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worker.store.tables import ComparisonRow, FavouriteRow, MemberRow, RatingRow, SignalRow, SnapshotRow, TuningRow


def new_judgements(session: Session) -> int:
    """Return how much members who agree to training have said since the snapshot that was tuned on last was made."""
    tuned = select(func.max(SnapshotRow.created_at)).where(SnapshotRow.id.in_(select(TuningRow.snapshot_id)))
    since = session.scalar(tuned)
    said = (
        (RatingRow.rater, RatingRow.updated_at),
        (ComparisonRow.rater, ComparisonRow.updated_at),
        (FavouriteRow.member, FavouriteRow.created_at),
        (SignalRow.member, SignalRow.created_at),
    )
    return sum(_count(session, member, at, since) for member, at in said)


def _count(session: Session, member: Any, at: Any, since: datetime | None) -> int:
    query = select(func.count()).select_from(member.class_).join(MemberRow, MemberRow.id == member)
    query = query.where(MemberRow.training_opt_in.is_(True))
    return int(session.scalar(query if since is None else query.where(at > since)) or 0)
