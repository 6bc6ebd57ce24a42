"""What the next version of a model is made from: signals beside the stars, snapshots, tuning runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.store.identifiers import ID_LENGTH
from worker.store.tables.base import Base


class SignalRow(Base):
    """What a member did with a song that says something of it without stars: once per member, song and kind.

    take: asked for another take after it. download: asked for one of its files.
    """

    __tablename__ = "signals"
    __table_args__ = (CheckConstraint("kind IN ('take', 'download')", name="kind_known"),)

    member: Mapped[str] = mapped_column(primary_key=True)
    song_id: Mapped[str] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class SnapshotRow(Base):
    """A snapshot of the judgements, which lies in a folder and never changes; see `engine.corpus.snapshots`.

    server: whose songs alone it is about; None: everybody's.
    """

    __tablename__ = "snapshots"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)
    path: Mapped[str]
    statistics: Mapped[dict[str, Any]]
    server: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


class TuningRow(Base):
    """A run that makes a candidate from a snapshot; at most one runs at a time. A lease is there while, and only while, it runs.

    request: role, objective and options. folder: where its checkpoints are, so that another process goes on. version_id:
    the candidate that it made. gate: what the comparison with the parent said.
    """

    __tablename__ = "tunings"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'running') = (lease_token IS NOT NULL)", name="lease_while_running"),
        CheckConstraint("(lease_token IS NULL) = (lease_expires_at IS NULL)", name="lease_has_end"),
        CheckConstraint("(status IN ('queued', 'running')) = (finished_at IS NULL)", name="finished_when_ended"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="error_when_failed"),
        Index(None, "status", "created_at"),
        Index(
            "uq_tunings_running",
            "status",
            unique=True,
            sqlite_where=text("status = 'running'"),
            postgresql_where=text("status = 'running'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    role: Mapped[str]
    snapshot_id: Mapped[str | None] = mapped_column(ForeignKey("snapshots.id"))
    parent_digest: Mapped[str]
    request: Mapped[dict[str, Any]]
    folder: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int]
    done: Mapped[int]
    total: Mapped[int]
    lease_token: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    error: Mapped[str | None]  # for people
    version_id: Mapped[str | None] = mapped_column(ForeignKey("model_versions.id"))
    gate: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
