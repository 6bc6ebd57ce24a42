"""Signals beside the stars, snapshots of judgements, tuning runs; versions remember gate, trial, decisions, and their server.

Revision: 0006, after 0005. Made on 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)
ROLES = ("lyrics", "melody", "chinese", "music")


def upgrade() -> None:
    """Make the tables; versions that are there have no gate and no decisions, and are for everybody."""
    _let_roles_be((*ROLES, "judge"))
    for column in (
        sa.Column("gate", sa.JSON()),
        sa.Column("trial_began_at", MOMENT),
        sa.Column("decisions", sa.JSON()),
        sa.Column("server", sa.Text()),
        sa.Column("base_digest", sa.Text()),
    ):
        op.add_column("model_versions", column)
    _let_servers_have_versions()
    op.create_table(
        "signals",
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("song_id", sa.String(26), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('take', 'download')", name=op.f("ck_signals_kind_known")),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("fk_signals_song_id_songs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("member", "song_id", "kind", name=op.f("pk_signals")),
    )
    op.create_index("ix_signals_song_id", "signals", ["song_id"])
    op.create_table(
        "snapshots",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("statistics", sa.JSON(), nullable=False),
        sa.Column("server", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
        sa.UniqueConstraint("digest", name=op.f("uq_snapshots_digest")),
    )
    op.create_index("ix_snapshots_created_at", "snapshots", ["created_at"])
    _create_tunings()


def downgrade() -> None:
    """Drop what was added; the folders of snapshots and runs stay, and judges and adapters are forgotten."""
    op.drop_table("tunings")
    op.drop_table("snapshots")
    op.drop_table("signals")
    versions = sa.table("model_versions", *(sa.column(name) for name in ("id", "role", "parent_id", "server")))
    gone = sa.or_(versions.c.role == "judge", versions.c.server.is_not(None))
    orphans = versions.c.parent_id.in_(sa.select(versions.c.id).where(gone))
    op.execute(versions.update().where(sa.or_(gone, orphans)).values(parent_id=None))
    op.execute(versions.delete().where(gone))
    _let_all_be_for_everybody()
    for column in ("base_digest", "server", "decisions", "trial_began_at", "gate"):
        op.drop_column("model_versions", column)
    _let_roles_be(ROLES)


def _create_tunings() -> None:
    op.create_table(
        "tunings",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("snapshot_id", sa.String(26)),
        sa.Column("parent_digest", sa.Text(), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.Text()),
        sa.Column("lease_expires_at", MOMENT),
        sa.Column("error", sa.Text()),
        sa.Column("version_id", sa.String(26)),
        sa.Column("gate", sa.JSON()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_tunings_status_known")
        ),
        sa.CheckConstraint(
            "(status = 'running') = (lease_token IS NOT NULL)", name=op.f("ck_tunings_lease_while_running")
        ),
        sa.CheckConstraint("(lease_token IS NULL) = (lease_expires_at IS NULL)", name=op.f("ck_tunings_lease_has_end")),
        sa.CheckConstraint(
            "(status IN ('queued', 'running')) = (finished_at IS NULL)", name=op.f("ck_tunings_finished_when_ended")
        ),
        sa.CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name=op.f("ck_tunings_error_when_failed")),
        sa.ForeignKeyConstraint(["snapshot_id"], ["snapshots.id"], name=op.f("fk_tunings_snapshot_id_snapshots")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["model_versions.id"], name=op.f("fk_tunings_version_id_model_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tunings")),
    )
    op.create_index("ix_tunings_status_created_at", "tunings", ["status", "created_at"])
    running = sa.text("status = 'running'")
    op.create_index(
        "uq_tunings_running", "tunings", ["status"], unique=True, sqlite_where=running, postgresql_where=running
    )


def _let_roles_be(roles: tuple[str, ...]) -> None:
    known = ", ".join(f"'{role}'" for role in roles)
    with _without_parents(), op.batch_alter_table("model_versions") as versions:
        versions.drop_constraint(op.f("ck_model_versions_role_known"), type_="check")
        versions.create_check_constraint(op.f("ck_model_versions_role_known"), f"role IN ({known})")


def _let_servers_have_versions() -> None:
    """Let one version of a role be promoted for everybody and one for each server; those of servers are adapters."""
    op.drop_index("uq_model_versions_promoted_role", "model_versions")
    with _without_parents(), op.batch_alter_table("model_versions") as versions:
        versions.create_check_constraint(
            op.f("ck_model_versions_adapter_of_server"), "(server IS NULL) = (base_digest IS NULL)"
        )
    _promoted_once("uq_model_versions_promoted_role", ["role"], "state = 'promoted' AND server IS NULL")
    _promoted_once("uq_model_versions_promoted_server", ["role", "server"], "state = 'promoted' AND server IS NOT NULL")


def _let_all_be_for_everybody() -> None:
    for name in ("uq_model_versions_promoted_server", "uq_model_versions_promoted_role"):
        op.drop_index(name, "model_versions")
    with _without_parents(), op.batch_alter_table("model_versions") as versions:
        versions.drop_constraint(op.f("ck_model_versions_adapter_of_server"), type_="check")
    _promoted_once("uq_model_versions_promoted_role", ["role"], "state = 'promoted'")


def _promoted_once(name: str, columns: list[str], where: str) -> None:
    only = sa.text(where)
    op.create_index(name, "model_versions", columns, unique=True, sqlite_where=only, postgresql_where=only)


@contextmanager
def _without_parents() -> Iterator[None]:
    """Take the parents of the model versions away for as long as SQLite copies the table, which refers to itself."""
    bind = op.get_bind()
    versions = sa.table("model_versions", sa.column("id"), sa.column("parent_id"))
    parents = bind.execute(sa.select(versions).where(versions.c.parent_id.is_not(None))).all()
    op.execute(versions.update().values(parent_id=None))
    yield
    for version, parent in parents:
        op.execute(versions.update().where(versions.c.id == version).values(parent_id=parent))
