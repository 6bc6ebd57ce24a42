"""Files outside the database that no row knows: found and removed, a bounded number at a time.

They are left by a worker that was killed between file and row, and by a deletion that could not reach them. Knows
nothing of who calls it, and never touches what is younger than a day.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from worker.store.artifact_files import folder_of
from worker.store.artifact_places import Place
from worker.store.database import Store
from worker.store.identifiers import ALPHABET, ID_LENGTH, made_at
from worker.store.tables import ArtifactRow

log = logging.getLogger(__name__)

YOUNG = timedelta(days=1)  # a worker may still be about to write the row
AT_MOST = 500  # folders of songs that one call looks at
# More than this share without a row is no accident: the setting names the files of another database.
SUSPICIOUS_SHARE, SUSPICIOUS_COUNT = 0.5, 20

_DAY, _HOUR = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d\d")
_SONG = re.compile(rf"[{ALPHABET}]{{{ID_LENGTH}}}")


class ArtifactSweep:
    """Goes round the places of a store, a stretch at every call, and begins anew at the end. For one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._after = ("", "")  # where the last call stopped: the root of a place, and a folder in it

    def sweep(self, now: datetime, *, at_most: int = AT_MOST) -> int:
        """Remove the old folders without a row among the next ones; return how many were removed.

        Where so many have no row that it can be no accident, none is removed and a warning says so.
        """
        looked_at: list[str] = []
        try:
            for place, folder in self._following(now - YOUNG):
                self._after = (place.root, folder)
                looked_at.append(folder.rpartition("/")[2])
                if len(looked_at) >= at_most:
                    break
            else:
                self._after = ("", "")
        except Exception as error:  # every filesystem of fsspec has the errors of its own library
            log.warning("files without a song cannot be looked for: %s", type(error).__name__)
            return 0
        return self._remove(looked_at)

    def _remove(self, looked_at: Sequence[str]) -> int:
        orphans = without_row(self._store, looked_at)
        if len(orphans) >= SUSPICIOUS_COUNT and len(orphans) > SUSPICIOUS_SHARE * len(looked_at):
            log.warning(
                "%d of %d folders have no song in this database and are left alone; see whether SONGWRIGHT_ARTIFACTS_URL "
                "belongs to it, and if so: songwright db check --remove-orphans",
                len(orphans),
                len(looked_at),
            )
            return 0
        self._store.files.remove([folder_of(song_id) for song_id in orphans])
        return len(orphans)

    def _following(self, before: datetime) -> Iterator[tuple[Place, str]]:
        """Yield the folders of songs made before a moment, after the last one that was looked at, in order."""
        for place in sorted(self._store.files.places.reading, key=lambda place: place.root):
            if place.root >= self._after[0]:
                last = self._after[1] if place.root == self._after[0] else ""
                yield from ((place, folder) for folder in song_folders(place, before, after=last))


def remove_orphans(store: Store, now: datetime) -> int:
    """Remove all old folders without a row, however many they are; return how many. For a host who knows."""
    removed = 0
    for place in store.files.places.reading:
        folders = iter(song_folders(place, now - YOUNG))
        while some := [folder.rpartition("/")[2] for folder in islice(folders, AT_MOST)]:
            orphans = without_row(store, some)
            store.files.remove([folder_of(song_id) for song_id in orphans])
            removed += len(orphans)
    return removed


def without_row(store: Store, song_ids: Sequence[str]) -> frozenset[str]:
    """Return those of these songs that have no files.

    Those that have them in the database are left alone: `artifact_moves` writes files before it changes their rows.
    """
    known: set[str] = set()
    with store.reading() as session:
        for first in range(0, len(song_ids), AT_MOST):
            some = ArtifactRow.song_id.in_(song_ids[first : first + AT_MOST])
            known.update(session.scalars(select(ArtifactRow.song_id).where(some)))
    return frozenset(song_ids) - known


def song_folders(place: Place, before: datetime, *, after: str = "") -> Iterator[str]:
    """Yield the folders of songs made before a moment that sort after this one; an hour's are listed at once.

    Their names sort by the time of making.
    """
    for hour in _hours(place, after[:13], f"{before:%Y-%m-%d/%H}"):
        for song in _names(place, hour, _SONG):
            if (folder := f"{hour}/{song}") > after and made_at(song) < before:
                yield folder


def _hours(place: Place, first: str, last: str) -> Iterator[str]:
    for day in _names(place, "", _DAY):
        if first[:10] <= day <= last[:10]:
            yield from (hour for name in _names(place, day, _HOUR) if first <= (hour := f"{day}/{name}") <= last)


def _names(place: Place, folder: str, like: re.Pattern[str]) -> list[str]:
    """Return the names in a folder that look right, in order; none where there is no such folder."""
    try:
        paths = place.fs.ls(place.path(folder).rstrip("/"), detail=False)
    except FileNotFoundError:
        return []
    return sorted(name for path in paths if like.fullmatch(name := str(path).rstrip("/").rpartition("/")[2]))
