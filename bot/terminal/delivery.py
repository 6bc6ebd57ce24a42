"""Puts the files of a song into a folder, all or none. Does not know how they were made."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.contract import Artifact
from engine.errors import OutputError

MOST_NAMES = 1000
ROOM_BYTES = 4_000_000  # the files of a long song

REASONS = {
    errno.EROFS: "is on a read-only file system",
    errno.EACCES: "may not be written to",
    errno.EPERM: "may not be written to",
    errno.ENOSPC: "is on a disk that is full",
    errno.EDQUOT: "is over its disk quota",
    errno.ENOTDIR: "is not a folder, or lies below a file",
    errno.EEXIST: "is not a folder, or lies below a file",
    errno.ENAMETOOLONG: "has a name that is too long",
}


@contextmanager
def said_plainly(folder: Path) -> Iterator[None]:
    """Turn what the system says about a folder into a sentence with the way out."""
    try:
        yield
    except OSError as error:
        reason = REASONS.get(error.errno or 0, f"cannot be written to ({error.strerror or error})")
        raise OutputError(f"the folder {folder} {reason}; nothing was written, choose another with --out") from error


def check_folder(folder: Path) -> None:
    """Prove that a song can be written to a folder, or to where it will be made; leave nothing. OutputError otherwise."""
    with said_plainly(folder):
        place = next(path for path in (folder, *folder.absolute().parents) if _is_there(path))
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
        disk = shutil.disk_usage(place)
        if disk.total and disk.free < ROOM_BYTES:  # some network drives state neither
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _is_there(path: Path) -> bool:
    """Return whether a path exists; what lies below a file or is forbidden raises, unlike in Path.exists."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def deliver(artifacts: Sequence[Artifact], folder: Path) -> dict[str, Path]:
    """Write all files, or none; return their paths by ending ("mid", "sheet.png").

    Files that are there already are kept: another take with the same title gets a number, the same take is left as it is.
    """
    with said_plainly(folder), _folder_for(folder), _draft_below(folder) as draft:
        for artifact in artifacts:
            with (draft / artifact.name).open("wb") as file:
                file.write(artifact.data)
                file.flush()
                os.fsync(file.fileno())
        targets = _free_names(artifacts, folder)
        _move([draft / artifact.name for artifact in artifacts], targets)
    return {artifact.name.partition(".")[2]: target for artifact, target in zip(artifacts, targets, strict=True)}


@contextmanager
def _folder_for(folder: Path) -> Iterator[None]:
    """Make a folder for the length of a `with` block that keeps it unless it fails."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for path in made:
            with suppress(OSError):  # somebody else's file may be in it by now
                path.rmdir()
        raise


@contextmanager
def _draft_below(folder: Path) -> Iterator[Path]:
    draft = Path(tempfile.mkdtemp(prefix=".songwright-", dir=folder))
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _move(drafts: Sequence[Path], targets: Sequence[Path]) -> None:
    """Give the files their names; if one cannot have it, take back the others."""
    placed: list[Path] = []
    try:
        for draft, target in zip(drafts, targets, strict=True):
            if not target.exists():
                placed.append(target)
                os.replace(draft, target)
    except BaseException:
        for target in placed:
            target.unlink(missing_ok=True)
        raise


def _free_names(artifacts: Sequence[Artifact], folder: Path) -> list[Path]:
    for number in range(1, MOST_NAMES):
        targets = [folder / _numbered(artifact.name, number) for artifact in artifacts]
        pairs = zip(targets, artifacts, strict=True)
        if all(not os.path.lexists(target) or _holds(target, artifact.data) for target, artifact in pairs):
            return targets
    raise OutputError(f"{folder} holds a thousand songs of this title already; choose another folder with --out")


def _holds(target: Path, data: bytes) -> bool:
    return target.is_file() and target.stat().st_size == len(data) and target.read_bytes() == data


def _numbered(name: str, number: int) -> str:
    stem, dot, ending = name.partition(".")
    return name if number == 1 else f"{stem}-{number}{dot}{ending}"
