"""What is stored about a member as a zip file: data.json, README.txt, and every file. Knows nothing of who asks."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy.orm import Session

from engine.errors import OutputError
from worker.store import privacy, songs, uploads
from worker.store.songs import SheetName

README = """Everything that Songwright stores about you.

data.json          every row: songs with their words, ratings, favourites, comparisons, servers you were seen in,
                   how many songs you asked for on which day, and what you decided about training
songs/<song id>/   the files of each of your songs
uploads/<id>/      the MIDI files that you handed in
"""
LEFT_OUT = "\nThe zip would have become too large for Discord with these files; ask for their songs one by one:\n"
UNREADABLE = "\nThese files cannot be read any more:\n"
_SPARE_BYTES = 4096  # for README.txt
_ENTRY_BYTES = 512  # what a file's name and dates take in a zip, twice, with something to spare


@dataclass(frozen=True)
class _File:
    """A file that may come into the zip. size_bytes: before packing; known without reading the file."""

    path: str
    size_bytes: int
    read: Callable[[], bytes]


def as_zip(session: Session, member: str, at_most_bytes: int | None = None) -> bytes:
    """Return the zip; files that would make it larger than `at_most_bytes` are left out and named in README.txt.

    One file at a time is in memory, beside the zip; what is left out is not read.
    """
    data = privacy.export(session, member)
    written = io.BytesIO()
    left_out: list[str] = []
    unreadable: list[str] = []
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=1))
        for file in _files(session, data):
            size = written.tell() + file.size_bytes + _ENTRY_BYTES * (len(left_out) + len(archive.filelist))
            if at_most_bytes is not None and size + _SPARE_BYTES > at_most_bytes:
                left_out.append(file.path)
            else:
                try:
                    archive.writestr(file.path, file.read())
                except OutputError as error:  # one damaged file is no reason to keep all others back
                    unreadable.append(f"{file.path}: {error}")
        archive.writestr("README.txt", README + _listed(LEFT_OUT, left_out) + _listed(UNREADABLE, unreadable))
    return written.getvalue()


def _listed(heading: str, lines: list[str]) -> str:
    return heading + "\n".join(lines) + "\n" if lines else ""


def _files(session: Session, data: dict[str, list[dict[str, Any]]]) -> Iterator[_File]:
    """Yield every file, the newest song's first."""
    of_song: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(data["files"], key=lambda row: row["position"]):
        of_song[row["song_id"]].append(row)
    for song in sorted(data["songs"], key=lambda row: (row["created_at"], row["id"]), reverse=True):
        yield from _sheets(session, song["id"])
        yield from (_artifact(session, row) for row in of_song[song["id"]])
    yield from (_upload(session, row) for row in data["uploads"])


def _sheets(session: Session, song_id: str) -> Iterator[_File]:
    for name, size in songs.sheet_sizes(session, song_id).items():
        yield _File(f"songs/{song_id}/{name}.json", size, partial(_sheet, session, song_id, name))


def _sheet(session: Session, song_id: str, name: SheetName) -> bytes:
    return songs.sheet_text(session, song_id, name).encode()


def _artifact(session: Session, row: dict[str, Any]) -> _File:
    def read() -> bytes:
        found = songs.artifact(session, row["song_id"], row["name"])
        return b"" if found is None else found.data  # deleted at this moment

    return _File(f"songs/{row['song_id']}/{_plain(row['name'])}", row["size_bytes"], read)


def _upload(session: Session, row: dict[str, Any]) -> _File:
    return _File(
        f"uploads/{row['id']}/{_plain(row['name'])}", row["size_bytes"], lambda: uploads.find(session, row["id"])[1]
    )


def _plain(name: str) -> str:
    """Return a file name that stays in its folder, whatever the member called the file."""
    return name.replace("/", "_").replace("\\", "_").lstrip(".") or "file"
