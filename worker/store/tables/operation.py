"""What a host runs: worker processes, model versions, the commands that Discord was sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.store.identifiers import ID_LENGTH
from worker.store.tables.base import Base


class SyncedCommandsRow(Base):
    """The commands that Discord has from this application, as a hash; they are sent again only when it changed."""

    __tablename__ = "synced_commands"

    application_id: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)  # "" for everywhere, or a server's id
    tree_hash: Mapped[str]
    synced_at: Mapped[datetime]


class ModelVersionRow(Base):
    """A checkpoint and its state. Of a role one version is promoted for everybody at most, and one for each server.

    One on trial makes trial_share of songs. What is for one server is an adapter, on the model that base_digest names.
    """

    __tablename__ = "model_versions"
    __table_args__ = (
        CheckConstraint("role IN ('lyrics', 'melody', 'chinese', 'music', 'judge')", name="role_known"),
        CheckConstraint("state IN ('candidate', 'promoted', 'retired', 'trial')", name="state_known"),
        CheckConstraint("(state = 'trial') = (trial_share IS NOT NULL)", name="share_while_on_trial"),
        CheckConstraint("(server IS NULL) = (base_digest IS NULL)", name="adapter_of_server"),
        Index(
            "uq_model_versions_promoted_role",
            "role",
            unique=True,
            sqlite_where=text("state = 'promoted' AND server IS NULL"),
            postgresql_where=text("state = 'promoted' AND server IS NULL"),
        ),
        Index(
            "uq_model_versions_promoted_server",
            "role",
            "server",
            unique=True,
            sqlite_where=text("state = 'promoted' AND server IS NOT NULL"),
            postgresql_where=text("state = 'promoted' AND server IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    role: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    family: Mapped[str]
    state: Mapped[str]
    path: Mapped[str]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("model_versions.id"))
    card: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    trial_share: Mapped[float | None]  # 0-1
    promoted_at: Mapped[datetime | None]  # the last time; a roll-back goes to the one that was promoted before
    gate: Mapped[dict[str, Any] | None]  # what the comparison with its parent said, and who passed over it and why
    trial_began_at: Mapped[datetime | None]  # ratings since then count in the trial
    decisions: Mapped[dict[str, Any] | None]  # {"log": [{at, what, why, by}]}: promoted, stopped, rolled back
    server: Mapped[str | None]  # whose songs alone it makes; None: everybody's
    base_digest: Mapped[str | None]  # of an adapter


class WorkerRow(Base):
    """A worker process that is at work, as it last showed itself. slots: how many jobs it runs at once."""

    __tablename__ = "workers"
    __table_args__ = (
        CheckConstraint("slots >= 1", name="slots_positive"),
        CheckConstraint("running >= 0", name="running_not_negative"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    machine: Mapped[str]  # machine, pid, started: see worker.owner
    pid: Mapped[int]
    started: Mapped[str]
    device: Mapped[str]
    slots: Mapped[int]
    running: Mapped[int]
    model_versions: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime] = mapped_column(index=True)
