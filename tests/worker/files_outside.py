"""Places for files of songs that fail, wait or forget as a test wants. Knows nothing of what is tested with them."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from fsspec.implementations.memory import MemoryFileSystem

from worker.store.artifact_files import ArtifactFiles
from worker.store.artifact_places import Place, Places, open_places
from worker.store.database import Store


class AwayError(Exception):
    """What a library raises when its bucket does not answer; no OSError, as with botocore."""


class WilfulFileSystem(MemoryFileSystem):
    """In memory; before each act it calls what the test has put there. written: how many files came in."""

    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self.before_write: Callable[[], None] = lambda: None
        self.before_read: Callable[[], None] = lambda: None
        self.before_remove: Callable[[], None] = lambda: None
        self.written = 0

    def pipe_file(self, path, value, mode="overwrite", **kwargs):
        self.before_write()
        super().pipe_file(path, value, mode=mode, **kwargs)
        self.written += 1

    def cat_file(self, path, start=None, end=None, **kwargs):
        self.before_read()
        return super().cat_file(path, start=start, end=end, **kwargs)

    def rm(self, path, recursive=False, maxdepth=None):
        self.before_remove()
        super().rm(path, recursive=recursive, maxdepth=maxdepth)


def wilful() -> tuple[WilfulFileSystem, ArtifactFiles]:
    """Return a filesystem that does what it is told, and the files on it."""
    fs = WilfulFileSystem()
    place = Place(fs, f"/{uuid4().hex}", False, "a bucket")
    return fs, ArtifactFiles(Places(place, (place,)))


def with_files(store: Store, files: ArtifactFiles | str | None) -> Store:
    """Return the same database with its files there; a text is what SONGWRIGHT_ARTIFACTS_URL would be."""
    return Store(store.engine, files if isinstance(files, ArtifactFiles) else ArtifactFiles(open_places(files)))


def files_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def away() -> None:
    raise AwayError("cannot connect to /home/somebody/secret")


def full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/home/somebody/secret")


def away_for(times: int) -> Callable[[], None]:
    """Return an act that fails so often and then no more."""
    left = [times]

    def act() -> None:
        if left[0] > 0:
            left[0] -= 1
            away()

    return act


def held_up(until: threading.Event, begun: threading.Event) -> Callable[[], None]:
    """Return an act that takes as long as the test likes."""

    def act() -> None:
        begun.set()
        assert until.wait(10)

    return act
