"""Turns in the queue, workers that show themselves, files outside the database, models on trial, lists that stay quick.

Revision: 0003, after 0002. Made on 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import sqrt
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

MOMENT = sa.DateTime(timezone=True)
STATES = ("candidate", "promoted", "retired")
SONGS_AT_ONCE = 1000
OLD_INDEXES = {  # of jobs
    "ix_jobs_status_created_at_id": ("status", "created_at", "id"),
    "ix_jobs_requested_by_created_at": ("requested_by", "created_at"),
    "ix_jobs_server_created_at": ("server", "created_at"),
}
INDEXES = {  # name: table, columns, condition
    "ix_jobs_status_priority_turn_created_at_id": ("jobs", ("status", "priority", "turn", "created_at", "id"), None),
    "ix_jobs_requested_by_status_turn": ("jobs", ("requested_by", "status", "turn"), None),
    "ix_jobs_server_status": ("jobs", ("server", "status"), None),
    "ix_jobs_status_kind_finished_at": ("jobs", ("status", "kind", "finished_at"), None),
    "ix_jobs_undelivered": ("jobs", ("owner_machine",), "delivered_at IS NULL"),
    "ix_jobs_upload_id": ("jobs", ("upload_id",), "upload_id IS NOT NULL"),
    "ix_jobs_words_kept": ("jobs", ("finished_at",), "words <> '' AND finished_at IS NOT NULL"),
    "ix_ratings_rater": ("ratings", ("rater",), None),
    "ix_comparisons_song_a_song_b": ("comparisons", ("song_a", "song_b"), None),
    "ix_comparisons_song_b": ("comparisons", ("song_b",), None),
    "ix_memberships_checked_at": ("memberships", ("checked_at",), None),
    "ix_memberships_left_at": ("memberships", ("left_at",), None),
    "ix_uploads_created_at": ("uploads", ("created_at",), None),
    "ix_uses_day": ("uses", ("day",), None),
    "ix_listings_requested_by_created_at_song_id": ("listings", ("requested_by", "created_at", "song_id"), None),
    "ix_listings_server_private_created_at_song_id": (
        "listings",
        ("server", "private", "created_at", "song_id"),
        None,
    ),
    "ix_listings_rated": (
        "listings",
        ("server", "private", "score", "votes", "created_at", "song_id"),
        "votes > 0",
    ),
}


def upgrade() -> None:
    """Add columns with what holds for the rows that are there; jobs that wait keep their order."""
    op.add_column("jobs", sa.Column("priority", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("jobs", sa.Column("cost_seconds", sa.Double(), nullable=False, server_default=sa.text("1.0")))
    op.add_column("jobs", sa.Column("turn", sa.Double(), nullable=False, server_default=sa.text("0.0")))
    op.add_column("jobs", sa.Column("upload_id", sa.Text()))
    jobs = sa.table("jobs", sa.column("request", sa.JSON()), sa.column("upload_id"))
    source = jobs.c.request["source"].as_string()
    op.execute(jobs.update().where(source.like("upload:%")).values(upload_id=sa.func.substr(source, 8)))
    op.add_column("servers", sa.Column("weight", sa.Double(), nullable=False, server_default=sa.text("1.0")))
    # In one statement, the same on both databases: a rule of its own would make SQLite copy every file of every song.
    op.execute(
        "ALTER TABLE artifacts ADD COLUMN location TEXT "
        "CONSTRAINT ck_artifacts_in_one_place CHECK (location IS NULL OR length(data) = 0)"
    )
    with _without_parents():
        _let_model_versions_be((*STATES, "trial"))
    with _without_parents(), op.batch_alter_table("model_versions") as versions:
        versions.add_column(sa.Column("trial_share", sa.Double()))
        versions.add_column(sa.Column("promoted_at", MOMENT))
        versions.create_check_constraint(
            op.f("ck_model_versions_share_while_on_trial"), "(state = 'trial') = (trial_share IS NOT NULL)"
        )
    op.execute("UPDATE model_versions SET promoted_at = created_at WHERE state IN ('promoted', 'retired')")
    _create_workers()
    _create_listings()
    _fill_listings()
    for name in OLD_INDEXES:
        op.drop_index(name, "jobs")
    for name, (table, columns, condition) in INDEXES.items():
        where = None if condition is None else sa.text(condition)
        op.create_index(name, table, list(columns), sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Drop what was added; a model on trial becomes a candidate. Files outside the database are refused, not lost."""
    outside = sa.select(sa.func.count()).select_from(sa.table("artifacts", sa.column("location")))
    if op.get_bind().scalar(outside.where(sa.column("location").is_not(None))):
        raise RuntimeError(
            "files of songs lie outside the database; bring them back first: songwright db collect-files"
        )
    for name, (table, _columns, _condition) in INDEXES.items():
        op.drop_index(name, table)
    op.drop_table("listings")
    op.drop_table("workers")
    with _without_parents(), op.batch_alter_table("model_versions") as versions:
        versions.drop_constraint(op.f("ck_model_versions_share_while_on_trial"), type_="check")
        versions.drop_column("trial_share")
        versions.drop_column("promoted_at")
    states = sa.table("model_versions", sa.column("state"))
    op.execute(states.update().where(states.c.state == "trial").values(state="candidate"))
    with _without_parents():
        _let_model_versions_be(STATES)
    op.drop_column("artifacts", "location")  # its rule goes with it
    op.drop_column("servers", "weight")
    for column in ("upload_id", "turn", "cost_seconds", "priority"):
        op.drop_column("jobs", column)
    for name, columns in OLD_INDEXES.items():
        op.create_index(name, "jobs", list(columns))


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


def _create_listings() -> None:
    op.create_table(
        "listings",
        sa.Column("song_id", sa.String(26), nullable=False),
        sa.Column("requested_by", sa.Text()),
        sa.Column("server", sa.Text()),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("style", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("votes", sa.Integer(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["song_id"], ["songs.id"], name=op.f("fk_listings_song_id_songs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("song_id", name=op.f("pk_listings")),
    )


def _fill_listings() -> None:
    names = ("song_id", "requested_by", "server", "title", "style", "kind", "seconds", "votes", "stars", "score")
    words: tuple[sa.ColumnClause[Any], ...] = (
        sa.column("theme"),
        sa.column("words"),
        sa.column("private", sa.Boolean()),
        sa.column("created_at", MOMENT),
    )
    listings = sa.table("listings", *(sa.column(name) for name in names), *words)
    songs, last = _songs(), ""
    while rows := op.get_bind().execute(songs, {"last": last}).mappings().all():
        last = rows[-1]["id"]
        op.bulk_insert(listings, [_listing(row) for row in rows])


def _songs() -> sa.Select[Any]:
    """Choose songs with what their jobs, deliveries and ratings say of them: the next ones after the id `last`."""
    texts: tuple[sa.ColumnClause[Any], ...] = (
        sa.column("title"),
        sa.column("theme"),
        sa.column("lyrics"),
        sa.column("created_at", MOMENT),
    )
    songs = sa.table("songs", sa.column("id"), sa.column("job_id"), sa.column("report", sa.JSON()), *texts)
    jobs = sa.table("jobs", sa.column("id"), sa.column("requested_by"), sa.column("server"), sa.column("kind"))
    ratings = sa.table("ratings", sa.column("song_id"), sa.column("stars"))
    places = sa.table("delivery_jobs", sa.column("job_id"), sa.column("delivery_id"))
    deliveries = sa.table("deliveries", sa.column("id"), sa.column("private", sa.Boolean()))
    bringing = sa.select(places).join(deliveries, deliveries.c.id == places.c.delivery_id)
    votes = sa.select(sa.func.count()).select_from(ratings).where(ratings.c.song_id == songs.c.id)
    stars = sa.select(sa.func.coalesce(sa.func.sum(ratings.c.stars), 0)).where(ratings.c.song_id == songs.c.id)
    return (
        sa.select(
            *(songs.c.id, jobs.c.requested_by, jobs.c.server, jobs.c.kind),
            *(songs.c[column.name] for column in texts),
            songs.c.report["style"].as_string().label("style"),
            songs.c.report["length_seconds"].as_float().label("seconds"),
            bringing.where(places.c.job_id == jobs.c.id, deliveries.c.private).exists().label("private"),
            votes.scalar_subquery().label("votes"),
            stars.scalar_subquery().label("stars"),
        )
        .join(jobs, jobs.c.id == songs.c.job_id)
        .where(songs.c.id > sa.bindparam("last"))
        .order_by(songs.c.id)
        .limit(SONGS_AT_ONCE)
    )


def _listing(row: Any) -> dict[str, Any]:
    """Return the row of lists; in small letters here, for not every database knows all letters."""
    same = {name: row[name] for name in ("requested_by", "server", "private", "title", "kind", "seconds", "created_at")}
    theme = row["theme"] or ""
    return same | {
        "song_id": row["id"],
        "style": row["style"] or "",
        "votes": row["votes"],
        "stars": row["stars"],
        "score": _wilson(row["votes"], row["stars"]),
        "theme": theme.lower(),
        "words": " ".join(dict.fromkeys(f"{row['title']} {theme} {row['lyrics']}".lower().split())),
    }


def _wilson(votes: int, stars: int) -> float:
    """Return the lower end of Wilson's interval, as the program of this revision computes it."""
    if votes == 0:
        return 0.0
    p, z = (stars / votes - 1) / 4, 1.96
    spread = z * sqrt(p * (1 - p) / votes + z * z / (4 * votes * votes))
    return max(0.0, (p + z * z / (2 * votes) - spread) / (1 + z * z / votes))
