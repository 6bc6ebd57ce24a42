"""Importers: each reads one form of song collection. `FORMATS` names them; a new form is a file and a line here.

An importer is called with a path and a report of bytes read, and gives a `RawSong` for every song and a `BadRow` for every
row that is none. It raises only where the whole file is of another kind. None knows records, filters or licences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from engine.corpus.importers.csv_songs import csv_songs
from engine.corpus.importers.json_lines import json_line_songs
from engine.corpus.importers.labelled_songs import begins_song, labelled_songs
from engine.corpus.importers.raw_songs import BadRow, RawSong
from engine.corpus.importers.text_folder import text_folder_songs
from engine.corpus.song_files import BytesRead, text_lines
from engine.errors import FileFormatError, RequestError

Importer = Callable[[Path, BytesRead], Iterator[RawSong | BadRow]]

FORMATS: dict[str, Importer] = {
    "csv": csv_songs,
    "jsonl": json_line_songs,
    "texts": text_folder_songs,
    "labelled": labelled_songs,
}
ENDINGS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
LOOKED_AT = 200  # lines


def format_of(source: Path) -> str:
    """Return the format of a source by its name, and by its first lines where the name does not say."""
    if source.is_dir():
        return "texts"
    if not source.exists():
        raise RequestError(f"there is no {source}; name a file or a folder of songs")
    suffix = Path(source.name.removesuffix(".gz")).suffix.lower()
    if suffix in ENDINGS:
        return ENDINGS[suffix]
    first = [line.strip() for line in islice(text_lines(source), LOOKED_AT) if line.strip()]
    if first and first[0].startswith("{"):
        return "jsonl"
    if any(map(begins_song, first)):
        return "labelled"
    raise FileFormatError(
        f"{source.name} is none of the forms that are known; give --format {', '.join(FORMATS)} if it is one of them"
    )
