"""The bytes of a song's files outside the database: written before their rows, removed after them.

Knows nothing of jobs and rows, but for the session that carries the files and what is to be removed after its commit.
A crash between two steps leaves files without a row, never a row without its file; see store.artifact_sweep.

    2026-11-21/14/<song id>/<sha256>.mid     by the hour (UTC) in which the id was made
"""

from __future__ import annotations

import errno
import logging
import os
import re
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath

from sqlalchemy.orm import Session

from engine.contract import Artifact
from engine.errors import OutputError
from worker.store.artifact_places import Place, Places, open_places
from worker.store.identifiers import ALPHABET, ID_LENGTH, made_at
from worker.store.store_error import StoreError

log = logging.getLogger(__name__)

NO_ROOM = "there is no room for the files of songs; the host has to make some, then ask again"
NOT_ALLOWED = "the files of songs may not be written where they are kept; the host has to see to it, then ask again"
NOT_WRITTEN = "the files of songs cannot be written at the moment; ask again in a minute"
NOT_READ = "the files of songs cannot be read at the moment; try again in a minute"
NO_PLACE = "the files of this song lie in another place; the host has to name it in SONGWRIGHT_ARTIFACTS_URL"

_FOLDER = re.compile(rf"\d{{4}}-\d\d-\d\d/\d\d/[{ALPHABET}]{{{ID_LENGTH}}}")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@dataclass(frozen=True)
class KeptFiles:
    """The files of a song that lie outside the database already. song_id: the id it will have; locations: by name."""

    song_id: str
    locations: Mapping[str, str]


def folder_of(song_id: str) -> str:
    """Return the folder of a song's files, relative to the place."""
    return f"{made_at(song_id):%Y-%m-%d/%H}/{song_id}"


def location_of(song_id: str, artifact: Artifact) -> str:
    """Return where a file of a song lies, relative to the place; the same bytes are there once."""
    suffix = PurePosixPath(artifact.name).suffix
    plain = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,12}", suffix) else ""
    return f"{folder_of(song_id)}/{sha256(artifact.data).hexdigest()}{plain}"


class ArtifactFiles:
    """The places for files that the settings name. Safe to share between threads; nothing is opened before it is used.

    What could not be removed is kept in mind by this process, see `remove_again`.
    """

    def __init__(self, places: Places | None = None) -> None:
        self.places = places or Places()
        self._unremoved: set[str] = set()
        self._lock = threading.Lock()

    @classmethod
    def at(cls, artifacts_url: str | None) -> ArtifactFiles:
        """Return the files at the places of a setting; StoreError if it names none that can be used."""
        return cls(open_places(artifacts_url))

    @property
    def go_outside(self) -> bool:
        """Whether new files are written outside the database."""
        return self.places.writing is not None

    def keep(self, song_id: str, artifacts: Sequence[Artifact]) -> KeptFiles:
        """Write the files of a song that is to have this id; they are there for good when this returns.

        StoreError if there is no room (not passing) or the place does not answer (passing); what was written by then
        is left for another try or for `remove`.
        """
        assert self.places.writing is not None, "asked only where files go outside"
        locations = {artifact.name: location_of(song_id, artifact) for artifact in artifacts}
        contents = {locations[artifact.name]: artifact.data for artifact in artifacts}
        with _faults_of_writing():
            _write(self.places.writing, contents)
        return KeptFiles(song_id, locations)

    def read(self, location: str, name: str) -> bytes:
        """Return the bytes at a location, unchecked; OutputError where there are none, StoreError if nobody can tell.

        name: what the file is called in sentences for people.
        """
        fault: Exception | None = None
        for place in self.places.reading:
            try:
                data: bytes = place.fs.cat_file(place.path(location))
                return data
            except FileNotFoundError:
                continue
            except Exception as error:  # every filesystem of fsspec has the errors of its own library
                log.warning("a file at %s cannot be read: %s", place.shown, said(error))
                fault = error
        if fault is not None:
            raise StoreError(NOT_READ, passing=True) from fault
        if not self.places.reading:
            raise StoreError(NO_PLACE)
        raise OutputError(f"the stored file {name} is missing; ask for the song again with the same seed")

    def remove(self, folders: Collection[str]) -> bool:
        """Remove the folders of songs that are gone; return whether all is gone. Never raises.

        What could not be removed now is kept in mind for `remove_again`.
        """
        left = {folder for folder in folders if not self._is_removed(folder)}
        with self._lock:
            self._unremoved = (self._unremoved - set(folders)) | left
        return not left

    def remove_again(self) -> bool:
        """Try again to remove what could not be removed before; return whether nothing is left of it."""
        with self._lock:
            unremoved = frozenset(self._unremoved)
        return self.remove(unremoved)

    def _is_removed(self, folder: str) -> bool:
        assert _FOLDER.fullmatch(folder), "only a song's own folder is ever removed whole"
        if not self.places.reading:
            log.warning("files of a deleted song are still where SONGWRIGHT_ARTIFACTS_URL does not point any more")
        removed = [_remove(place, folder) for place in self.places.reading]  # from each, whatever the others say
        return bool(removed) and all(removed)


def files_of(session: Session) -> ArtifactFiles:
    """Return the files of the store that a session belongs to."""
    files: ArtifactFiles = session.info["files"]
    return files


def remove_after_commit(session: Session, song_ids: Collection[str]) -> None:
    """Have the files of these songs removed as soon as the session's transaction is written; not if it is undone."""
    doomed: set[str] = session.info.setdefault("doomed", set())
    doomed.update(folder_of(song_id) for song_id in song_ids)


def doomed_folders(session: Session) -> frozenset[str]:
    """Return what is to be removed after the commit of this session."""
    return frozenset(session.info.get("doomed", ()))


def _write(place: Place, contents: Mapping[str, bytes]) -> None:
    paths = {place.path(location): data for location, data in contents.items()}
    if place.is_local:
        for path, data in paths.items():
            _write_through(place, path, data)
        return
    try:
        place.fs.pipe(paths)  # several at once where the filesystem can
    except FileNotFoundError:  # one that wants its folders made
        for path in paths:
            place.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        place.fs.pipe(paths)


def _write_through(place: Place, path: str, data: bytes) -> None:
    """Write a file so that it outlives a power cut, as its row does."""
    folder = path.rpartition("/")[0]
    place.fs.makedirs(folder, exist_ok=True)
    with place.fs.open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    for directory in (folder, folder.rpartition("/")[0]):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _remove(place: Place, folder: str) -> bool:
    try:
        place.fs.rm(place.path(folder), recursive=True)
    except FileNotFoundError:
        return True
    except Exception as error:  # as in `read`
        log.warning("files of a deleted song are still at %s: %s", place.shown, said(error))
        return False
    return True


@contextmanager
def _faults_of_writing() -> Iterator[None]:
    """Turn whatever a filesystem raises into a sentence that names no path; the log has the kind of it."""
    try:
        yield
    except Exception as error:  # as in `read`
        number = error.errno if isinstance(error, OSError) else None
        passes = number not in _FULL | _FORBIDDEN and not isinstance(error, PermissionError)
        log.log(logging.DEBUG if passes else logging.WARNING, "files of a song cannot be written: %s", said(error))
        if number in _FULL:
            raise StoreError(NO_ROOM) from error
        if number in _FORBIDDEN or isinstance(error, PermissionError):
            raise StoreError(NOT_ALLOWED) from error
        raise StoreError(NOT_WRITTEN, passing=True) from error


def said(error: BaseException) -> str:
    """Return a fault in words; of those with a number, the words for it, without the path."""
    return error.strerror if isinstance(error, OSError) and error.strerror else f"{type(error).__name__}: {error}"
