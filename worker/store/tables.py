"""The tables: jobs, songs, files, deliveries, members, servers and model versions, as SQLAlchemy classes.

Knows nothing of what is done with the rows; migrations/ holds the same tables in steps, and a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from worker.store.identifiers import ID_LENGTH

# Named constraints can be altered and dropped by a later migration on every database.
NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python on every database; a naive one is refused rather than guessed at."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn into UTC. SQLite drops the zone and keeps text that sorts by time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must have a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of the tables. JSON is stored as text (not JSONB): what was written is read back in the same order."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        str: Text(),
        bytes: LargeBinary(),
    }


def _index_where(name: str, column: str, condition: str) -> Index:
    """Return an index of the few rows that a condition chooses; a query must say it in the same words."""
    return Index(name, column, sqlite_where=text(condition), postgresql_where=text(condition))


class JobRow(Base):
    """The promise to carry out a request. A lease token is there while, and only while, a worker holds the job."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="status_known"),
        CheckConstraint("(status = 'running') = (lease_token IS NOT NULL)", name="lease_while_running"),
        CheckConstraint("(lease_token IS NULL) = (lease_expires_at IS NULL)", name="lease_has_end"),
        CheckConstraint("(status IN ('queued', 'running')) = (finished_at IS NULL)", name="finished_when_ended"),
        CheckConstraint("(status = 'failed') = (error IS NOT NULL)", name="error_when_failed"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(None, "status", "priority", "turn", "created_at", "id"),  # the claim and the place in the queue
        Index(None, "status", "lease_expires_at"),  # expired leases
        Index(None, "requested_by", "status", "turn"),  # what one person waits for, and had last
        Index(None, "server", "status"),
        Index(None, "status", "kind", "finished_at"),  # how long the last ones took; the old ones without a song
        _index_where("ix_jobs_undelivered", "owner_machine", "delivered_at IS NULL"),
        _index_where("ix_jobs_upload_id", "upload_id", "upload_id IS NOT NULL"),
        _index_where("ix_jobs_words_kept", "finished_at", "words <> '' AND finished_at IS NOT NULL"),
    )

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    kind: Mapped[str]  # the request's own tag
    request: Mapped[dict[str, Any]]
    seed: Mapped[int]  # kept from the start, so that a second attempt gives the same song
    status: Mapped[str]
    stage: Mapped[str]
    done: Mapped[int]
    total: Mapped[int]
    words: Mapped[str]  # all words written so far in this attempt
    attempts: Mapped[int]
    cancel_requested: Mapped[bool]
    lease_token: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    owner_machine: Mapped[str | None]  # the process that answers for the job; see worker.owner
    owner_pid: Mapped[int | None]
    owner_started: Mapped[str | None]
    error: Mapped[str | None]  # for people
    error_kind: Mapped[str | None]  # for counting
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    requested_by: Mapped[str | None]
    server: Mapped[str | None]
    delivered_at: Mapped[datetime | None]  # when the person who asked had the result; see DeliveryRow
    priority: Mapped[int] = mapped_column(server_default=text("0"))  # 0 before 1 before 2; see store.fair_queue
    cost_seconds: Mapped[float] = mapped_column(
        server_default=text("1.0")
    )  # of work, as expected when it was asked for
    turn: Mapped[float] = mapped_column(server_default=text("0.0"))  # the smaller, the sooner; see store.fair_queue
    upload_id: Mapped[str | None]  # the upload that the request changes


class SongRow(Base):
    """The one result of a job."""

    __tablename__ = "songs"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id"), unique=True)
    title: Mapped[str]
    lyrics: Mapped[str]
    report: Mapped[dict[str, Any]]
    lead_sheet: Mapped[dict[str, Any] | None]
    score: Mapped[dict[str, Any] | None]
    theme: Mapped[str | None]  # what was asked for, to be found by
    model_versions: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
    parent_song_id: Mapped[str | None] = mapped_column(ForeignKey("songs.id", ondelete="SET NULL"), index=True)


class ListingRow(Base):
    """What lists show of a song and find it by, apart from it: lists pass over thousands, and songs are large.

    stars: the sum of its ratings. score: 0-1, see store.listings.wilson. theme, words: in small letters, to be found
    by; words: those of title, theme and lyrics, each once.
    """

    __tablename__ = "listings"
    __table_args__ = (
        Index(None, "requested_by", "created_at", "song_id"),  # one person's history
        Index(None, "server", "private", "created_at", "song_id"),  # what a server has made
        Index(
            "ix_listings_rated",  # a server's best
            *("server", "private", "score", "votes", "created_at", "song_id"),
            sqlite_where=text("votes > 0"),
            postgresql_where=text("votes > 0"),
        ),
    )

    song_id: Mapped[str] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"), primary_key=True)
    requested_by: Mapped[str | None]
    server: Mapped[str | None]
    private: Mapped[bool]  # only the member could see the answer
    title: Mapped[str]
    style: Mapped[str]
    kind: Mapped[str]
    seconds: Mapped[float | None]
    created_at: Mapped[datetime]
    votes: Mapped[int]
    stars: Mapped[int]
    score: Mapped[float]
    theme: Mapped[str]
    words: Mapped[str] = mapped_column(deferred=True)


class ArtifactRow(Base):
    """A file of a song with its checksum. position: its place in the order of making.

    data: the bytes, empty where location says where they are in the host's folder or bucket; see store.artifact_files.
    """

    __tablename__ = "artifacts"
    __table_args__ = (
        CheckConstraint("size_bytes >= 0", name="size_not_negative"),
        CheckConstraint("location IS NULL OR length(data) = 0", name="in_one_place"),
    )

    song_id: Mapped[str] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    media_type: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    data: Mapped[bytes] = mapped_column(deferred=True)
    location: Mapped[str | None]


class RatingRow(Base):
    """One person's value for one song."""

    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", name="stars_one_to_five"),)

    song_id: Mapped[str] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"), primary_key=True)
    rater: Mapped[str] = mapped_column(primary_key=True, index=True)
    stars: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class UploadRow(Base):
    """A MIDI file that a member handed in to be changed. Forgotten when nothing needs it any more."""

    __tablename__ = "uploads"
    __table_args__ = (CheckConstraint("size_bytes >= 0", name="size_not_negative"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True)
    owner: Mapped[str | None] = mapped_column(index=True)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    data: Mapped[bytes] = mapped_column(deferred=True)
    created_at: Mapped[datetime] = mapped_column(index=True)


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


class FavouriteRow(Base):
    """A song that a member wants to find again."""

    __tablename__ = "favourites"

    member: Mapped[str] = mapped_column(primary_key=True)
    song_id: Mapped[str] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"), primary_key=True, index=True)
    created_at: Mapped[datetime]


class ComparisonRow(Base):
    """One person's judgement of two takes of one request: which is better, or neither."""

    __tablename__ = "comparisons"
    __table_args__ = (
        CheckConstraint("preferred IN ('a', 'b', 'same')", name="preferred_known"),
        CheckConstraint("song_a <> song_b", name="two_songs"),
        Index(None, "song_a", "song_b"),
    )

    rater: Mapped[str] = mapped_column(primary_key=True)
    song_a: Mapped[str] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"), primary_key=True)
    song_b: Mapped[str] = mapped_column(ForeignKey("songs.id", ondelete="CASCADE"), primary_key=True, index=True)
    preferred: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SyncedCommandsRow(Base):
    """The commands that Discord has from this application, as a hash; they are sent again only when it changed."""

    __tablename__ = "synced_commands"

    application_id: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)  # "" for everywhere, or a server's id
    tree_hash: Mapped[str]
    synced_at: Mapped[datetime]


class ModelVersionRow(Base):
    """A checkpoint and its state. At most one version of a role is promoted; one on trial makes trial_share of songs."""

    __tablename__ = "model_versions"
    __table_args__ = (
        CheckConstraint("role IN ('lyrics', 'melody')", name="role_known"),
        CheckConstraint("state IN ('candidate', 'promoted', 'retired', 'trial')", name="state_known"),
        CheckConstraint("(state = 'trial') = (trial_share IS NOT NULL)", name="share_while_on_trial"),
        Index(
            "uq_model_versions_promoted_role",
            "role",
            unique=True,
            sqlite_where=text("state = 'promoted'"),
            postgresql_where=text("state = 'promoted'"),
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
