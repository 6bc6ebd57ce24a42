"""Files of songs: read as lines whatever their encoding, and written whole or not at all. Does not know their formats."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from engine.errors import FileFormatError, OutputError, RequestError

LONGEST_LINE = 4_000_000  # bytes; a longer line comes in parts, so that no file can fill the memory
LINES_PER_REPORT = 2000
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
GZIP_MARK = b"\x1f\x8b"

BytesRead = Callable[[int], None]


def no_report(_count: int) -> None:
    """Report nothing."""


def text_lines(path: Path, report: BytesRead = no_report) -> Iterator[str]:
    """Give the lines of a text file, gzipped or not, without their ends.

    UTF-8, with or without its mark, and UTF-16 with its mark; a line that is not UTF-8 is read as Windows-1252, where
    bytes without a meaning become U+FFFD. report: told every few thousand lines how many bytes of the file were read since.
    RequestError where it cannot be opened, FileFormatError where a gzipped file is damaged.
    """
    try:
        with path.open("rb") as raw:
            yield from _decoded(raw, report)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFormatError(f"{path} is a damaged .gz file ({error}); fetch it again") from error
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}; name a file that is there") from error


def _decoded(raw: BinaryIO, report: BytesRead) -> Iterator[str]:
    mark = raw.read(2)
    raw.seek(0)
    opened: BinaryIO = gzip.GzipFile(fileobj=raw) if mark == GZIP_MARK else raw  # type: ignore[assignment]  # reads alike
    if mark in UTF_16_MARKS:
        opened = io.BytesIO(raw.read().decode("utf-16", errors="replace").encode())
    told = 0
    for number, line in enumerate(iter(lambda: opened.readline(LONGEST_LINE), b""), 1):
        if number % LINES_PER_REPORT == 0:
            report(raw.tell() - told)
            told = raw.tell()
        yield from _as_text(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).rstrip("\r\n").split("\r")
    report(raw.tell() - told)


def _as_text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for bytes, gzipped where its name ends in .gz; it takes its name when all is written.

    Where anything goes wrong, what was there before stays. OutputError says that the disk is full or the folder closed.
    The same bytes written give the same file.
    """
    draft = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
                    yield packed  # type: ignore[misc]  # writes as a BinaryIO does
            else:
                yield raw
        draft.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}; make room on the disk or name another place"
        ) from error
    finally:
        draft_gone(draft)


def draft_gone(draft: Path) -> None:
    """Remove what is left of a file that was not finished."""
    try:
        draft.unlink(missing_ok=True)
    except OSError:  # the folder is closed to us, as the error that is under way says
        return
