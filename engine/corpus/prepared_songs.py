"""A prepared corpus of plain songs: one file per split, written whole. Does not know importers, cleaning or models."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.corpus.records import Split, read_jsonl
from engine.errors import RequestError
from engine.lyrics.plain_songs import PlainSection, PlainSong

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


def file_of(folder: Path, split: Split) -> Path:
    """Return where a split's songs are."""
    return folder / f"{split}.jsonl.gz"


def write_songs(folder: Path, split: Split, songs: Iterable[PlainSong]) -> int:
    """Write the songs of a split and return how many there were; a file that is there is replaced when all is written."""
    folder.mkdir(parents=True, exist_ok=True)
    path, count = file_of(folder, split), 0
    draft = path.with_name(f".{path.name}")
    with gzip.GzipFile(draft, "wb", mtime=0) as file:
        for count, song in enumerate(songs, 1):  # noqa: B007  # the last number is the count
            sections = [[section.label, list(section.lines)] for section in song.sections]
            row = {"artist": song.artist, "title": song.title, "sections": sections}
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    draft.replace(path)
    return count


def read_songs(folder: Path, split: Split) -> Iterator[PlainSong]:
    """Give the songs of a split in their order. RequestError where the folder was not prepared."""
    path = file_of(folder, split)
    if not path.is_file():
        raise RequestError(f"{folder} has no {path.name}; name a folder that `songwright corpus prepare` wrote")
    for row in read_jsonl(path):
        sections = tuple(PlainSection(label, tuple(lines)) for label, lines in row["sections"])
        yield PlainSong(row["artist"], row["title"], sections)
