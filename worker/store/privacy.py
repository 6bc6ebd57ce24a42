"""What is stored about a member: counted, handed out, deleted. Knows nothing of who asks.

Every table that can name a member is in `TRACES`; a test looks for one that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, delete, func, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from worker.store import listings
from worker.store.deletion import delete_jobs
from worker.store.tables import (
    ArtifactRow,
    Base,
    ComparisonRow,
    DeliveryRow,
    FavouriteRow,
    JobRow,
    ListingRow,
    MemberRow,
    MembershipRow,
    RatingRow,
    SignalRow,
    SongRow,
    UploadRow,
    UseRow,
)
from worker.store.turns import FORGETTING, wait_for_turn

# What a kind of thing is called, its table, and the column that names the member.
TRACES: Mapping[str, tuple[type[Base], InstrumentedAttribute[Any]]] = MappingProxyType(
    {
        "jobs": (JobRow, JobRow.requested_by),
        "listings": (ListingRow, ListingRow.requested_by),
        "ratings": (RatingRow, RatingRow.rater),
        "comparisons": (ComparisonRow, ComparisonRow.rater),
        "signals": (SignalRow, SignalRow.member),
        "favourites": (FavouriteRow, FavouriteRow.member),
        "uploads": (UploadRow, UploadRow.owner),
        "deliveries": (DeliveryRow, DeliveryRow.member),
        "memberships": (MembershipRow, MembershipRow.member),
        "uses": (UseRow, UseRow.member),
        "members": (MemberRow, MemberRow.id),
    }
)
COPIES = frozenset({"listings"})  # of what songs and ratings say; neither counted nor handed out twice
# Secrets of the program, and what is large: files, lead sheets and scores are handed out beside the rows.
NOT_EXPORTED = frozenset(
    {"interaction_token", "lease_token", "owner_machine", "owner_pid", "owner_started", "holder"}
    | {"data", "lead_sheet", "score"}
)


def stored_about(session: Session, member: str) -> dict[str, int]:
    """Return how many things of each kind are stored about a member; all zero for somebody who is not known."""
    counts = {
        "songs": _count(session, SongRow, _songs_of(member)),
        "files": _count(session, ArtifactRow, _files(member)),
    }
    return counts | {name: _count(session, table, column == member) for name, (table, column) in _originals()}


def export(session: Session, member: str) -> dict[str, list[dict[str, Any]]]:
    """Return everything that is stored about a member as rows of JSON, by kind. Files are named, not included."""
    rows = {"songs": _rows(session, SongRow, _songs_of(member)), "files": _rows(session, ArtifactRow, _files(member))}
    return rows | {name: _rows(session, table, column == member) for name, (table, column) in _originals()}


def forget(session: Session, member: str) -> int:
    """Delete everything that is stored about a member; return how many rows that were, 0 for somebody who is not known.

    What others made from their songs stays with the others. A job of theirs that is running loses its row, and with it
    its worker's lease. Call `Store.erase_traces` after the transaction.
    """
    # Two who rated each other's songs would wait for each other for ever.
    wait_for_turn(session, FORGETTING)
    # What the member asks for at this moment either is there already, or waits until all is gone.
    wait_for_turn(session, member)
    deleted = delete_jobs(session, JobRow.requested_by == member)
    rated = session.scalars(select(RatingRow.song_id).where(RatingRow.rater == member)).all()
    listings.hold(session, rated)
    for name, (table, column) in TRACES.items():
        if name != "jobs":
            gone = delete(table).where(column == member).returning(column)
            deleted += len(session.scalars(gone.execution_options(synchronize_session=False)).all())
    listings.count_ratings(session, rated)
    return deleted


def _originals() -> Iterator[tuple[str, tuple[type[Base], InstrumentedAttribute[Any]]]]:
    return ((name, where) for name, where in TRACES.items() if name not in COPIES)


def _songs_of(member: str) -> ColumnElement[bool]:
    return SongRow.job_id.in_(select(JobRow.id).where(JobRow.requested_by == member))


def _files(member: str) -> ColumnElement[bool]:
    return ArtifactRow.song_id.in_(select(SongRow.id).where(_songs_of(member)))


def _count(session: Session, table: type[Base], which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(which)) or 0


def _rows(session: Session, table: type[Base], which: ColumnElement[bool]) -> list[dict[str, Any]]:
    columns = [column for column in inspect(table).columns if column.name not in NOT_EXPORTED]
    keys = inspect(table).primary_key
    return [_as_json(dict(row._mapping)) for row in session.execute(select(*columns).where(which).order_by(*keys))]


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
