"""Turns in the queue, workers that show themselves, files outside the database, models on trial.

Revision: 0003, after 0002. Made on 2026-11-21.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)
STATES = ("candidate", "promoted", "retired")


def upgrade() -> None:
    """Add columns with what holds for the rows that are there; jobs that wait keep their order."""
    op.add_column("jobs", sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("cost_seconds", sa.Double(), nullable=False, server_default=sa.text("1.0")))
    op.add_column("jobs", sa.Column("turn", sa.Double(), nullable=False, server_default=sa.text("0.0")))
    op.drop_index("ix_jobs_status_created_at_id", "jobs")
    op.create_index(
        "ix_jobs_status_priority_turn_created_at_id", "jobs", ["status", "priority", "turn", "created_at", "id"]
    )
    op.add_column("servers", sa.Column("weight", sa.Double(), nullable=False, server_default=sa.text("1.0")))
    with op.batch_alter_table("artifacts") as artifacts:
        artifacts.add_column(sa.Column("location", sa.Text()))
        artifacts.alter_column("data", existing_type=sa.LargeBinary(), nullable=True)
        artifacts.create_check_constraint(op.f("ck_artifacts_in_one_place"), "(data IS NULL) <> (location IS NULL)")
    _let_model_versions_be((*STATES, "trial"))
    with op.batch_alter_table("model_versions") as versions:
        versions.add_column(sa.Column("trial_share", sa.Double()))
        versions.create_check_constraint(
            op.f("ck_model_versions_share_while_on_trial"), "(state = 'trial') = (trial_share IS NOT NULL)"
        )
    _create_workers()


def downgrade() -> None:
    """Drop what was added; a model on trial becomes a candidate. Files outside the database are refused, not lost."""
    outside = sa.select(sa.func.count()).select_from(sa.table("artifacts", sa.column("location")))
    if op.get_bind().scalar(outside.where(sa.column("location").is_not(None))):
        raise RuntimeError(
            "files of songs lie outside the database; bring them back first: songwright db collect-files"
        )
    op.drop_table("workers")
    with op.batch_alter_table("model_versions") as versions:
        versions.drop_constraint(op.f("ck_model_versions_share_while_on_trial"), type_="check")
        versions.drop_column("trial_share")
    states = sa.table("model_versions", sa.column("state"))
    op.execute(states.update().where(states.c.state == "trial").values(state="candidate"))
    _let_model_versions_be(STATES)
    with op.batch_alter_table("artifacts") as artifacts:
        artifacts.drop_constraint(op.f("ck_artifacts_in_one_place"), type_="check")
        artifacts.alter_column("data", existing_type=sa.LargeBinary(), nullable=False)
        artifacts.drop_column("location")
    op.drop_column("servers", "weight")
    op.drop_index("ix_jobs_status_priority_turn_created_at_id", "jobs")
    for column in ("turn", "cost_seconds", "priority"):
        op.drop_column("jobs", column)
    op.create_index("ix_jobs_status_created_at_id", "jobs", ["status", "created_at", "id"])


def _let_model_versions_be(states: tuple[str, ...]) -> None:
    """Replace the rule for states; SQLite copies the table to do so."""
    known = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("model_versions") as versions:
        versions.drop_constraint(op.f("ck_model_versions_state_known"), type_="check")
        versions.create_check_constraint(op.f("ck_model_versions_state_known"), f"state IN ({known})")


def _create_workers() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started", sa.Text(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.Column("model_versions", sa.JSON(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.CheckConstraint("slots >= 1", name=op.f("ck_workers_slots_positive")),
        sa.CheckConstraint("running >= 0", name=op.f("ck_workers_running_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index("ix_workers_seen_at", "workers", ["seen_at"])
