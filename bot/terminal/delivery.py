"""Puts the files of a song into a folder, all or none. Does not know how they were made."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.contract import Artifact
from engine.errors import OutputError

MOST_NAMES = 1000


@contextmanager
def said_plainly(folder: Path) -> Iterator[None]:
    """Turn what the system says about a folder into a sentence with the way out."""
    try:
        yield
    except OSError as error:
        reason = {
            errno.EROFS: "is on a read-only file system",
            errno.EACCES: "may not be written to",
            errno.EPERM: "may not be written to",
            errno.ENOSPC: "is on a disk that is full",
            errno.EDQUOT: "is over its disk quota",
            errno.ENOTDIR: "is not a folder",
            errno.EEXIST: "is not a folder",
        }.get(error.errno or 0, f"cannot be written to ({error.strerror or error})")
        raise OutputError(f"the folder {folder} {reason}; nothing was written. Choose another with --out") from error


def check_folder(folder: Path) -> None:
    """Make the folder if needed and prove that a file can be written there; OutputError otherwise."""
    with said_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
            file.flush()


def deliver(artifacts: Sequence[Artifact], folder: Path) -> dict[str, Path]:
    """Write all files, or none; return their paths by ending ("mid").

    Files that are there already are kept: another take with the same title gets a number, the same take is left as it is.
    """
    with said_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".songwright-", dir=folder))
        try:
            for artifact in artifacts:
                with (draft / artifact.name).open("wb") as file:
                    file.write(artifact.data)
                    file.flush()
                    os.fsync(file.fileno())
            targets = _free_names(artifacts, folder)
            for artifact, target in zip(artifacts, targets, strict=True):
                os.replace(draft / artifact.name, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return {target.suffix[1:]: target for target in targets}


def _free_names(artifacts: Sequence[Artifact], folder: Path) -> list[Path]:
    for number in range(1, MOST_NAMES):
        targets = [folder / _numbered(artifact.name, number) for artifact in artifacts]
        pairs = zip(targets, artifacts, strict=True)
        if all(not target.exists() or target.read_bytes() == artifact.data for target, artifact in pairs):
            return targets
    raise OutputError(f"{folder} holds a thousand songs of this title already; choose another folder with --out")


def _numbered(name: str, number: int) -> str:
    stem, dot, ending = name.rpartition(".")
    return name if number == 1 else f"{stem}-{number}{dot}{ending}"
