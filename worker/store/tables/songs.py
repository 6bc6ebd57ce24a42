"""Jobs, songs and what hangs on a song: files, listings, ratings, favourites, comparisons; uploads to be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.store.identifiers import ID_LENGTH
from worker.store.tables.base import Base, index_where


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
        index_where("ix_jobs_undelivered", "owner_machine", "delivered_at IS NULL"),
        index_where("ix_jobs_upload_id", "upload_id", "upload_id IS NOT NULL"),
        index_where("ix_jobs_words_kept", "finished_at", "words <> '' AND finished_at IS NOT NULL"),
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

    votes, stars: how many others rated it, and the sum of what they gave. score: 0-1, see store.listings.wilson.
    theme, words: in small letters, to be found by; words: those of title, theme and lyrics, each once.
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
