"""Jobs, songs, artifacts, ratings and model versions.

Revision: 0001, the first. Made on 2026-11-21.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _create_jobs()
    _create_songs()
    _create_artifacts()
    _create_ratings()
    _create_model_versions()


def downgrade() -> None:
    """Drop the tables, and with them every song."""
    for table in ("model_versions", "ratings", "artifacts", "songs", "jobs"):
        op.drop_table(table)


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_expires_at", MOMENT),
        sa.Column("heartbeat_at", MOMENT),
        sa.Column("owner_machine", sa.Text()),
        sa.Column("owner_pid", sa.Integer()),
        sa.Column("owner_started", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("error_kind", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("requested_by", sa.Text()),
        sa.Column("server", sa.Text()),
        *_job_constraints(),
    )
    op.create_index("ix_jobs_status_created_at_id", "jobs", ["status", "created_at", "id"])
    op.create_index("ix_jobs_status_lease_expires_at", "jobs", ["status", "lease_expires_at"])
    op.create_index("ix_jobs_requested_by_created_at", "jobs", ["requested_by", "created_at"])


def _job_constraints() -> tuple[sa.Constraint, ...]:
    # op.f: the name is whole already; the naming convention must not prefix it again
    checks = {
        "status_known": "status IN ('queued', 'running', 'done', 'failed', 'cancelled')",
        "lease_while_running": "(status = 'running') = (lease_token IS NOT NULL)",
        "lease_has_end": "(lease_token IS NULL) = (lease_expires_at IS NULL)",
        "finished_when_ended": "(status IN ('queued', 'running')) = (finished_at IS NULL)",
        "error_when_failed": "(status = 'failed') = (error IS NOT NULL)",
        "attempts_not_negative": "attempts >= 0",
    }
    named = (sa.CheckConstraint(rule, name=op.f(f"ck_jobs_{name}")) for name, rule in checks.items())
    return (*named, sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")))


def _create_songs() -> None:
    op.create_table(
        "songs",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("lyrics", sa.Text(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("lead_sheet", sa.JSON()),
        sa.Column("model_versions", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("parent_song_id", sa.String(26)),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_songs_job_id_jobs")),
        sa.ForeignKeyConstraint(
            ["parent_song_id"], ["songs.id"], name=op.f("fk_songs_parent_song_id_songs"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_songs")),
        sa.UniqueConstraint("job_id", name=op.f("uq_songs_job_id")),  # one song per job, whoever writes
    )
    op.create_index("ix_songs_created_at", "songs", ["created_at"])
    op.create_index("ix_songs_parent_song_id", "songs", ["parent_song_id"])


def _create_artifacts() -> None:
    op.create_table(
        "artifacts",
        sa.Column("song_id", sa.String(26), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("size_bytes >= 0", name=op.f("ck_artifacts_size_not_negative")),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("fk_artifacts_song_id_songs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("song_id", "name", name=op.f("pk_artifacts")),
    )


def _create_ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("song_id", sa.String(26), nullable=False),
        sa.Column("rater", sa.Text(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_ratings_stars_one_to_five")),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("fk_ratings_song_id_songs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("song_id", "rater", name=op.f("pk_ratings")),
    )


def _create_model_versions() -> None:
    op.create_table(
        "model_versions",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.String(26)),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('lyrics', 'melody')", name=op.f("ck_model_versions_role_known")),
        sa.CheckConstraint("state IN ('candidate', 'promoted', 'retired')", name=op.f("ck_model_versions_state_known")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["model_versions.id"], name=op.f("fk_model_versions_parent_id_model_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_versions")),
        sa.UniqueConstraint("digest", name=op.f("uq_model_versions_digest")),
    )
    promoted = sa.text("state = 'promoted'")
    op.create_index(
        "uq_model_versions_promoted_role",
        "model_versions",
        ["role"],
        unique=True,
        sqlite_where=promoted,
        postgresql_where=promoted,
    )
