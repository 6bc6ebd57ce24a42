"""Moving the files of songs: out of the database to the place that the settings name, and back. A song at a time.

Knows nothing of who asks. Stopped in the middle and begun again, it goes on with what is left; songs may be made, read
and deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from engine.contract import Artifact
from engine.errors import OutputError
from worker.store import songs
from worker.store.artifact_files import folder_of
from worker.store.database import Store
from worker.store.tables import ArtifactRow

SONGS_AT_ONCE = 100

Report = Callable[[int, int], None]  # (songs done, songs in all, as counted at the start)


@dataclass(frozen=True)
class Moved:
    """songs: how many have their files in the new place; left: the ids of those that could not be moved, and why."""

    songs: int
    left: dict[str, str]


def move_out(store: Store, report: Report = lambda done, total: None) -> Moved:
    """Move the files that are in the database to the place where new ones go."""
    return _move(store, ArtifactRow.location.is_(None), _out, report)


def collect(store: Store, report: Report = lambda done, total: None) -> Moved:
    """Bring the files that lie outside into the database, and remove them there."""
    return _move(store, ArtifactRow.location.is_not(None), _in, report)


def _move(store: Store, which: ColumnElement[bool], one: Callable[[Store, str], None], report: Report) -> Moved:
    with store.reading() as session:
        total = session.scalar(select(func.count(func.distinct(ArtifactRow.song_id))).where(which)) or 0
    moved, left = 0, {}
    for song_id in _songs(store, which):
        try:
            one(store, song_id)
            moved += 1
        except OutputError as error:  # missing or damaged; the others need not wait for it
            left[song_id] = str(error)
        report(moved + len(left), total)
    return Moved(moved, left)


def _songs(store: Store, which: ColumnElement[bool]) -> Iterator[str]:
    """Yield the songs with such files in the order of their ids."""
    after = ""
    while True:
        with store.reading() as session:
            query = select(ArtifactRow.song_id).distinct().where(which, ArtifactRow.song_id > after)
            ids = session.scalars(query.order_by(ArtifactRow.song_id).limit(SONGS_AT_ONCE)).all()
        if not ids:
            return
        yield from ids
        after = ids[-1]


def _out(store: Store, song_id: str) -> None:
    inside = _read(store, song_id, outside=False)
    kept = store.files.keep(song_id, inside)
    with store.writing() as session:
        there = sum(_place(session, song_id, name, data=b"", location=at) for name, at in kept.locations.items())
    if there == 0:  # deleted meanwhile
        store.files.remove([folder_of(song_id)])


def _in(store: Store, song_id: str) -> None:
    outside = _read(store, song_id, outside=True)
    with store.writing() as session:
        for file in outside:
            _place(session, song_id, file.name, data=file.data, location=None)
    store.files.remove([folder_of(song_id)])


def _read(store: Store, song_id: str, *, outside: bool) -> list[Artifact]:
    with store.reading() as session:
        stored = songs.stored_artifacts(session, song_id)
    return [songs.checked(one, store.files) for one in stored if (one.location is not None) == outside]


def _place(session: Session, song_id: str, name: str, *, data: bytes, location: str | None) -> int:
    """Write where a file is now; return how many rows there are of it: 1, or 0 if the song was deleted."""
    row = update(ArtifactRow).where(ArtifactRow.song_id == song_id, ArtifactRow.name == name)
    placed = row.values(data=data, location=location).returning(ArtifactRow.name)
    return len(session.execute(placed.execution_options(synchronize_session=False)).all())
