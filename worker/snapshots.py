"""Snapshots made from the store: what members who agreed said about songs of members who agreed, at one moment.

Knows nothing of what is learned from them. A member who withdraws is in no later snapshot; those that are there stay as
they are, and nothing is tuned on one that is older than the newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.contract import SectionReport
from engine.corpus.snapshots import Judgement, JudgementKind, Rules, Snapshot, Take, write_snapshot
from engine.corpus.vote_weights import weights_of_raters
from worker.store.database import Store
from worker.store.identifiers import new_id
from worker.store.members import training_songs
from worker.store.tables import (
    ComparisonRow,
    FavouriteRow,
    JobRow,
    MemberRow,
    RatingRow,
    SignalRow,
    SnapshotRow,
    SongRow,
)

JUDGED_KINDS = frozenset({"song", "lyrics", "music", "sing"})  # what models made from a request
REWRITTEN = "words"  # an edit: the member's own words instead of those that were there
SONGS_AT_ONCE = 200
USUAL = Rules()
OF_ONE_SERVER = "songs that were asked for in one server"  # said among the rules, without saying in which


@dataclass(frozen=True)
class StoredSnapshot:
    """A snapshot as the store knows it. statistics: see `engine.corpus.snapshots.count`. server: as in `make_snapshot`."""

    id: str
    digest: str
    path: str
    statistics: dict[str, Any]
    created_at: datetime
    server: str | None = None


@dataclass(frozen=True)
class _Said:
    """A judgement before its rater has a pseudonym. prefers: the other take of a pair is `rejected`."""

    member: str
    kind: JudgementKind
    song: str
    rejected: str | None
    value: float
    at: datetime


def make_snapshot(
    store: Store, folder: Path, *, now: datetime, rules: Rules = USUAL, server: str | None = None
) -> StoredSnapshot:
    """Write what people said until now as a snapshot under `folder`; the newest one again if nothing has changed.

    server: only songs that were asked for there; its id is in the store and not in the snapshot. RequestError where nobody
    who agreed has said anything.
    """
    from engine.corpus.snapshot_picture import statistics_png  # matplotlib takes long to import

    with store.reading() as session:
        agreed = frozenset(training_songs(session))
        if server is not None:
            agreed &= frozenset(session.scalars(_asked_for_in(server)))
            rules = rules.model_copy(update={"consent": f"{rules.consent}; {OF_ONE_SERVER}"})
        said = _enough_raters(list(_said(session, agreed)), rules.fewest_raters)
        takes = {take.id: take for take in _takes(session, {name for one in said for name in _songs(one)})}
    judged = _judgements([one for one in said if all(name in takes for name in _songs(one))], takes, rules)
    made = write_snapshot(folder, takes.values(), judged, rules, now.date(), statistics_png)
    return _remember(store, made, now, server)


def all_of(session: Session) -> tuple[StoredSnapshot, ...]:
    """Return the snapshots that were made, the oldest first."""
    return tuple(_stored(row) for row in session.scalars(select(SnapshotRow).order_by(SnapshotRow.created_at)))


def newest(session: Session) -> StoredSnapshot | None:
    """Return the snapshot of everybody's songs that was made last, None if there is none."""
    everybodys = select(SnapshotRow).where(SnapshotRow.server.is_(None))
    row = session.scalar(everybodys.order_by(SnapshotRow.created_at.desc(), SnapshotRow.id.desc()).limit(1))
    return None if row is None else _stored(row)


def _asked_for_in(server: str) -> Select[Any]:
    return select(SongRow.id).join(JobRow, JobRow.id == SongRow.job_id).where(JobRow.server == server)


def _remember(store: Store, made: Snapshot, now: datetime, server: str | None) -> StoredSnapshot:
    with store.writing() as session:
        row = session.scalar(select(SnapshotRow).where(SnapshotRow.digest == made.digest))
        if row is None:
            row = SnapshotRow(
                id=new_id(now), digest=made.digest, path=str(made.directory), created_at=now,
                statistics=_statistics(made), server=server,
            )  # fmt: skip
            session.add(row)
        row.created_at = now  # also of one that is there: this is what was said until now, and none is newer
        session.flush()
        return _stored(row)


def _statistics(made: Snapshot) -> dict[str, Any]:
    from engine.corpus.snapshots import count

    return count(list(made.takes.values()), made.judgements)


def _stored(row: SnapshotRow) -> StoredSnapshot:
    return StoredSnapshot(row.id, row.digest, row.path, row.statistics, row.created_at, row.server)


def _songs(said: _Said) -> Iterator[str]:
    yield said.song
    if said.rejected is not None:
        yield said.rejected


def _said(session: Session, agreed: frozenset[str]) -> Iterator[_Said]:
    """Yield everything that members who agreed said of songs that may be trained on."""
    for song, rater, stars, at in session.execute(
        _by(RatingRow.rater, RatingRow.song_id, RatingRow.stars, RatingRow.updated_at)
    ):
        if song in agreed:
            yield _Said(rater, "stars", song, None, float(stars), at)
    for song, member, at in session.execute(_by(FavouriteRow.member, FavouriteRow.song_id, FavouriteRow.created_at)):
        if song in agreed:
            yield _Said(member, "favourite", song, None, 1.0, at)
    kinds: dict[str, JudgementKind] = {"take": "another take", "download": "download"}
    signals = _by(SignalRow.member, SignalRow.song_id, SignalRow.kind, SignalRow.created_at)
    for song, member, kind, at in session.execute(signals):
        if song in agreed:
            yield _Said(member, kinds[kind], song, None, 1.0, at)
    yield from _preferred(session, agreed)
    yield from _rewritten(session, agreed)


def _by(member: Any, song: Any, *more: Any) -> Select[Any]:
    """Choose (song, member, more ...) of members who agreed to training."""
    return (
        select(song, member, *more).join(MemberRow, MemberRow.id == member).where(MemberRow.training_opt_in.is_(True))
    )


def _preferred(session: Session, agreed: frozenset[str]) -> Iterator[_Said]:
    pairs = _by(
        ComparisonRow.rater,
        ComparisonRow.song_a,
        ComparisonRow.song_b,
        ComparisonRow.preferred,
        ComparisonRow.updated_at,
    )
    for a, rater, b, preferred, at in session.execute(pairs):
        if preferred != "same" and a in agreed and b in agreed:
            chosen, rejected = (a, b) if preferred == "a" else (b, a)
            yield _Said(rater, "preference", chosen, rejected, 1.0, at)


def _rewritten(session: Session, agreed: frozenset[str]) -> Iterator[_Said]:
    """Yield the edits in which members put other words in the place of those that a model had written."""
    edits = (
        select(SongRow.id, JobRow.requested_by, SongRow.parent_song_id, SongRow.created_at)
        .join(JobRow, JobRow.id == SongRow.job_id)
        .where(JobRow.kind == REWRITTEN, SongRow.parent_song_id.is_not(None))
    )
    for song, member, parent, at in session.execute(edits):
        if member is not None and song in agreed and parent in agreed:
            yield _Said(member, "edit", song, parent, 1.0, at)


def _enough_raters(said: list[_Said], fewest: int) -> list[_Said]:
    """Return what was said without the stars of songs that too few have rated."""
    raters: dict[str, set[str]] = {}
    for one in said:
        if one.kind == "stars":
            raters.setdefault(one.song, set()).add(one.member)
    return [one for one in said if one.kind != "stars" or len(raters[one.song]) >= fewest]


def _judgements(said: Iterable[_Said], takes: Mapping[str, Take], rules: Rules) -> Iterator[Judgement]:
    """Yield what was said under pseudonyms, numbered as raters were first heard, with their weights."""
    told = sorted(said, key=lambda one: (one.at, one.member, one.kind, one.song))
    names: dict[str, str] = {}
    for one in told:
        names.setdefault(one.member, f"rater {len(names) + 1}")
    stars = [(one.member, one.song, one.value) for one in told if one.kind == "stars"]
    weights = weights_of_raters(stars) if rules.weighted else {}
    for one in told:
        if one.rejected is not None and takes[one.song].prompt != takes[one.rejected].prompt:
            continue  # two that nobody asked for as takes of one thing say little of each other
        yield Judgement(
            rater=names[one.member], kind=one.kind, take=one.song, rejected=one.rejected, value=one.value,
            weight=round(weights.get(one.member, 1.0), 6), day=one.at.date(),
        )  # fmt: skip


def _takes(session: Session, song_ids: set[str]) -> Iterator[Take]:
    """Yield the songs of these ids that models made from a request, or whose words a member replaced."""
    ordered = sorted(song_ids)
    for first in range(0, len(ordered), SONGS_AT_ONCE):
        some = ordered[first : first + SONGS_AT_ONCE]
        rows = select(SongRow, JobRow).join(JobRow, JobRow.id == SongRow.job_id).where(SongRow.id.in_(some))
        for song, job in session.execute(rows):
            asked = _asked(session, song, job)
            if asked is not None:
                yield _take(song, job, asked)


def _asked(session: Session, song: SongRow, job: JobRow) -> dict[str, Any] | None:
    """Return the request that a song goes back to; None for other edits, and where its parent is gone."""
    while job.kind == REWRITTEN:
        found = session.execute(
            select(SongRow, JobRow).join(JobRow, JobRow.id == SongRow.job_id).where(SongRow.id == song.parent_song_id)
        ).one_or_none()
        if found is None:
            return None
        song, job = found
    return job.request if job.kind in JUDGED_KINDS else None


def _take(song: SongRow, job: JobRow, asked: dict[str, Any]) -> Take:
    return Take(
        id=song.id,
        request=asked,
        seed=job.seed,
        versions={str(role): str(digest) for role, digest in song.model_versions.items()},
        title=song.title,
        text=song.lyrics,
        sections=tuple(SectionReport.model_validate(section) for section in song.report.get("sections", ())),
        sheet=song.lead_sheet,
    )
