"""What the Discord bot keeps: deliveries, members, servers, uploads, favourites, comparisons.

Revision: 0002, after 0001. Made on 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and fill them from what is there, then make the tables."""
    op.add_column("jobs", sa.Column("delivered_at", MOMENT))
    op.create_index("ix_jobs_server_created_at", "jobs", ["server", "created_at"])
    op.add_column("songs", sa.Column("score", sa.JSON()))
    op.add_column("songs", sa.Column("theme", sa.Text()))
    _fill()
    for create in CREATED.values():
        create()


def downgrade() -> None:
    """Drop the tables and columns; songs stay."""
    for table in reversed(CREATED):
        op.drop_table(table)
    op.drop_column("songs", "theme")
    op.drop_column("songs", "score")
    op.drop_index("ix_jobs_server_created_at", "jobs")
    op.drop_column("jobs", "delivered_at")


def _fill() -> None:
    """Count what has ended as delivered, so that no later program brings it again; take the theme from the request."""
    moments = (sa.column("finished_at", MOMENT), sa.column("delivered_at", MOMENT))
    jobs = sa.table("jobs", sa.column("id"), sa.column("request", sa.JSON()), *moments)
    songs = sa.table("songs", sa.column("job_id"), sa.column("theme"))
    op.execute(jobs.update().where(jobs.c.finished_at.is_not(None)).values(delivered_at=jobs.c.finished_at))
    theme = sa.select(jobs.c.request["theme"].as_string()).where(jobs.c.id == songs.c.job_id)
    op.execute(songs.update().values(theme=theme.scalar_subquery()))


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_uploads_size_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_owner", "uploads", ["owner"])


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("server", sa.Text()),
        sa.Column("channel_id", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("interaction_token", sa.Text()),
        sa.Column("token_expires_at", MOMENT),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text()),
        sa.Column("holder", sa.Text()),
        sa.Column("held_until", MOMENT),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT),
        *_delivery_constraints(),
    )
    op.create_index("ix_deliveries_status_application_id", "deliveries", ["status", "application_id"])
    op.create_index("ix_deliveries_message_id", "deliveries", ["message_id"])
    op.create_index("ix_deliveries_member", "deliveries", ["member"])
    op.create_index("ix_deliveries_server", "deliveries", ["server"])


def _delivery_constraints() -> tuple[sa.Constraint, ...]:
    checks = {
        "status_known": "status IN ('open', 'delivered', 'undeliverable')",
        "rung_known": "rung IS NULL OR rung IN ('original', 'edit', 'channel', 'direct', 'history')",
        "held_by_somebody": "(holder IS NULL) = (held_until IS NULL)",
        "token_has_end": "(interaction_token IS NULL) = (token_expires_at IS NULL)",
        "time_when_ended": "(status = 'open') = (delivered_at IS NULL)",
    }
    named = (sa.CheckConstraint(rule, name=op.f(f"ck_deliveries_{name}")) for name, rule in checks.items())
    return (*named, sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")))


def _create_delivery_jobs() -> None:
    op.create_table(
        "delivery_jobs",
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("delivery_id", sa.String(26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _cascade("delivery_jobs", "job_id", "jobs"),
        _cascade("delivery_jobs", "delivery_id", "deliveries"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_delivery_jobs")),
    )
    op.create_index("ix_delivery_jobs_delivery_id", "delivery_jobs", ["delivery_id"])


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("training_opt_in", sa.Boolean(), nullable=False),
        sa.Column("training_decided_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
    )


def _create_servers() -> None:
    op.create_table(
        "servers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_servers")),
    )


def _create_memberships() -> None:
    op.create_table(
        "memberships",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("left_at", MOMENT),
        sa.PrimaryKeyConstraint("member", "server", name=op.f("pk_memberships")),
    )
    op.create_index("ix_memberships_server", "memberships", ["server"])


def _create_uses() -> None:
    op.create_table(
        "uses",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count >= 0", name=op.f("ck_uses_count_not_negative")),
        sa.PrimaryKeyConstraint("member", "server", "day", name=op.f("pk_uses")),
    )


def _create_favourites() -> None:
    op.create_table(
        "favourites",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("song_id", sa.String(26), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _cascade("favourites", "song_id", "songs"),
        sa.PrimaryKeyConstraint("member", "song_id", name=op.f("pk_favourites")),
    )
    op.create_index("ix_favourites_song_id", "favourites", ["song_id"])


def _create_comparisons() -> None:
    op.create_table(
        "comparisons",
        sa.Column("rater", sa.Text(), nullable=False),
        sa.Column("song_a", sa.String(26), nullable=False),
        sa.Column("song_b", sa.String(26), nullable=False),
        sa.Column("preferred", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("preferred IN ('a', 'b', 'same')", name=op.f("ck_comparisons_preferred_known")),
        sa.CheckConstraint("song_a <> song_b", name=op.f("ck_comparisons_two_songs")),
        _cascade("comparisons", "song_a", "songs"),
        _cascade("comparisons", "song_b", "songs"),
        sa.PrimaryKeyConstraint("rater", "song_a", "song_b", name=op.f("pk_comparisons")),
    )


def _create_synced_commands() -> None:
    op.create_table(
        "synced_commands",
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("tree_hash", sa.Text(), nullable=False),
        sa.Column("synced_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("application_id", "scope", name=op.f("pk_synced_commands")),
    )


def _cascade(table: str, column: str, referred: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{referred}")
    return sa.ForeignKeyConstraint([column], [f"{referred}.id"], name=name, ondelete="CASCADE")


# In the order of making; dropped the other way round.
CREATED: dict[str, Callable[[], None]] = {
    "uploads": _create_uploads,
    "deliveries": _create_deliveries,
    "delivery_jobs": _create_delivery_jobs,
    "members": _create_members,
    "servers": _create_servers,
    "memberships": _create_memberships,
    "uses": _create_uses,
    "favourites": _create_favourites,
    "comparisons": _create_comparisons,
    "synced_commands": _create_synced_commands,
}
