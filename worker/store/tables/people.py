"""Members, servers, what they have used, and what is to be brought to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.store.identifiers import ID_LENGTH
from worker.store.tables.base import Base


class DeliveryRow(Base):
    """The promise to bring a result to one place in Discord, once. One or more jobs are brought together.

    holder, held_until: the bot process that is bringing it at this moment. rung: by which step of the ladder it was
    brought. The interaction's token is erased when it has expired or the result was brought, the note with the latter.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'delivered', 'undeliverable')", name="status_known"),
        CheckConstraint(
            "rung IS NULL OR rung IN ('original', 'edit', 'channel', 'direct', 'history')", name="rung_known"
        ),
        CheckConstraint("(holder IS NULL) = (held_until IS NULL)", name="held_by_somebody"),
        CheckConstraint("(interaction_token IS NULL) = (token_expires_at IS NULL)", name="token_has_end"),
        CheckConstraint("(status = 'open') = (delivered_at IS NULL)", name="time_when_ended"),
        Index(None, "status", "application_id"),
        Index(None, "message_id"),
        Index(None, "member"),
        Index(None, "server"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    application_id: Mapped[str]
    layout: Mapped[str]  # how the result is shown: "song", "comparison"
    member: Mapped[str]
    server: Mapped[str | None]
    channel_id: Mapped[str | None]
    message_id: Mapped[str | None]  # the message that shows progress, and in the end the result
    interaction_token: Mapped[str | None]
    token_expires_at: Mapped[datetime | None]
    private: Mapped[bool]  # only the member can see the message
    reachable: Mapped[bool]  # whether the bot itself can write in the channel (not so for user installs)
    locale: Mapped[str]
    note: Mapped[str]  # stands above progress and result: what was understood of a message
    status: Mapped[str]
    rung: Mapped[str | None]
    holder: Mapped[str | None]
    held_until: Mapped[datetime | None]
    attempts: Mapped[int]
    failure: Mapped[str | None]  # why the last step did not work, for the host
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class DeliveryJobRow(Base):
    """Which jobs a delivery brings; a job is brought by one delivery only. position: 0 is shown first."""

    __tablename__ = "delivery_jobs"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]


class MemberRow(Base):
    """A person who has used Songwright, with what they decided about training. Absent: the defaults, nothing known."""

    __tablename__ = "members"

    id: Mapped[str] = mapped_column(primary_key=True)
    training_opt_in: Mapped[bool]
    training_decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ServerRow(Base):
    """A Discord server and its settings. removed_at: when it sent the bot away; forgotten some time later.

    weight: the host's; members of a server of weight 2 come to their turn twice as often.
    """

    __tablename__ = "servers"

    id: Mapped[str] = mapped_column(primary_key=True)
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    weight: Mapped[float] = mapped_column(server_default=text("1.0"))


class MembershipRow(Base):
    """When a member was last seen in a server, and since when they are known to be gone from it."""

    __tablename__ = "memberships"

    member: Mapped[str] = mapped_column(primary_key=True)
    server: Mapped[str] = mapped_column(primary_key=True, index=True)
    seen_at: Mapped[datetime]
    checked_at: Mapped[datetime] = mapped_column(index=True)  # when Discord was last asked
    left_at: Mapped[datetime | None] = mapped_column(index=True)


class UseRow(Base):
    """How many songs a member asked for on one day (UTC) in one server; "" where there is none. For quotas."""

    __tablename__ = "uses"
    __table_args__ = (CheckConstraint("count >= 0", name="count_not_negative"),)

    member: Mapped[str] = mapped_column(primary_key=True)
    server: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True, index=True)  # 2026-11-21
    count: Mapped[int]
