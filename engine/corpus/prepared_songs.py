"""A prepared corpus of plain songs: one file per split, written whole. Does not know importers, cleaning or models."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.corpus.records import Split, read_jsonl
from engine.corpus.song_files import written_whole
from engine.errors import RequestError
from engine.lyrics.plain_songs import PlainSection, PlainSong

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
ORIGINS = "origins.jsonl.gz"


@dataclass(frozen=True)
class Origin:
    """Where a prepared song comes from: its record's id, the work it is part of, its source and its licence."""

    split: Split
    id: str
    work: str
    source: str
    licence: str


def file_of(folder: Path, split: Split) -> Path:
    """Return where a split's songs are."""
    return folder / f"{split}.jsonl.gz"


def write_songs(folder: Path, split: Split, songs: Iterable[PlainSong]) -> int:
    """Write the songs of a split and return how many there were; a file that is there is replaced when all is written."""
    count = 0
    with written_whole(file_of(folder, split)) as file:
        for count, song in enumerate(songs, 1):  # noqa: B007  # the last number is the count
            sections = [[section.label, list(section.lines)] for section in song.sections]
            row = {"artist": song.artist, "title": song.title, "sections": sections}
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    return count


def read_songs(folder: Path, split: Split) -> Iterator[PlainSong]:
    """Give the songs of a split in their order. RequestError where the folder was not prepared."""
    path = file_of(folder, split)
    if not path.is_file():
        raise RequestError(f"{folder} has no {path.name}; name a folder that `songwright corpus prepare` wrote")
    for row in read_jsonl(path):
        sections = tuple(PlainSection(label, tuple(lines)) for label, lines in row["sections"])
        yield PlainSong(row["artist"], row["title"], sections)


def origins_of(folder: Path) -> Iterator[Origin]:
    """Give where each song comes from: those of train first, then valid, then test, in the order of `read_songs`."""
    path = folder / ORIGINS
    if not path.is_file():
        raise RequestError(f"{folder} has no {ORIGINS}; name a folder that `songwright corpus prepare` wrote")
    for row in read_jsonl(path):
        yield Origin(**row)


def write_origins(folder: Path, origins: Iterable[Origin]) -> None:
    """Write where each song comes from, in the order of `origins_of`."""
    with written_whole(folder / ORIGINS) as file:
        for origin in origins:
            file.write(json.dumps(asdict(origin), ensure_ascii=False).encode() + b"\n")
