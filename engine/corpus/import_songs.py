"""Importing a collection of songs: from any form to records with source and licence, in one file. Knows no cleaning.

Songs stream through, so that the memory needed does not grow with the collection.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.corpus.artist_choice import artist_key, most_heard, unknown_artists
from engine.corpus.importers import FORMATS, BadRow, RawSong, format_of
from engine.corpus.section_labels import Stanzas, read_stanzas
from engine.corpus.song_files import BytesRead, no_report, written_whole
from engine.errors import RequestError

QUOTED = 5  # bad rows of each reason
KIND = "song"
VERSION = re.compile(
    r"\s*[(\[][^()\[\]]*[)\]]\s*$|\s+-\s+(?:live|remix|remaster(?:ed)?|demo|acoustic)\b.*$", re.IGNORECASE
)


@dataclass(frozen=True)
class ImportRequest:
    """licence, source_name: for songs that do not bring their own; source_name is the file's name if None.

    artists: names that are wanted, () for all. top_artists: only those with most songs, 0 for all. language: of songs that
    do not say theirs.
    """

    source: Path
    out: Path
    licence: str
    format: str = "auto"
    source_name: str | None = None
    language: str = "en"
    artists: tuple[str, ...] = ()
    top_artists: int = 0

    def __post_init__(self) -> None:
        if not self.licence.strip():
            raise RequestError('every song needs a licence; give --licence, such as "CC0-1.0" or "private use"')
        if self.format not in ("auto", *FORMATS):
            raise RequestError(f"there is no format {self.format!r}; known are {', '.join(FORMATS)}")
        if self.artists and self.top_artists:
            raise RequestError("--artists and --top-artists exclude each other; give one of them")
        if not self.out.name.endswith((".jsonl", ".jsonl.gz")):
            raise RequestError(f"{self.out} must end in .jsonl or .jsonl.gz")
        if self.source.exists() and self.out.resolve() == self.source.resolve():
            raise RequestError(f"{self.out} is what is read; name another file to write")


@dataclass
class ImportReport:
    """What became of the rows. rows = imported + left_out + bad. bad: counts by reason, quotes: the first five of each.

    credit_lines, note_lines: lines in brackets that are no labels, and were left out. artists: with a song that was imported.
    """

    rows: int = 0
    imported: int = 0
    left_out: int = 0
    artists: int = 0
    credit_lines: int = 0
    note_lines: int = 0
    bad: dict[str, int] = field(default_factory=dict)
    quotes: list[BadRow] = field(default_factory=list)
    unknown_artists: dict[str, list[str]] = field(default_factory=dict)

    def reject(self, row: BadRow) -> None:
        self.bad[row.why] = self.bad.get(row.why, 0) + 1
        if self.bad[row.why] <= QUOTED:
            self.quotes.append(row)

    def as_object(self) -> dict[str, Any]:
        return asdict(self)


def import_songs(request: ImportRequest, report: BytesRead = no_report) -> ImportReport:
    """Write the songs of a source as records; the file is whole or not there. `report` is told bytes read.

    RequestError where none of the wanted artists has a song, or no row is one: then nothing is written.
    """
    read = FORMATS[format_of(request.source) if request.format == "auto" else request.format]
    wanted = frozenset(map(artist_key, request.artists))
    if request.top_artists:
        rows = read(request.source, report)
        wanted = most_heard((row.artist for row in rows if isinstance(row, RawSong)), request.top_artists)
    found = ImportReport()
    seen: dict[str, str] = {}
    imported: set[str] = set()
    with written_whole(request.out) as file:
        for row in read(request.source, report):
            found.rows += 1
            if isinstance(row, RawSong):
                seen.setdefault(artist_key(row.artist), row.artist)
            for record in _records(request, row, wanted, found):
                imported.add(artist_key(record["author"]))
                file.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
        found.unknown_artists = unknown_artists(request.artists, seen.values())
        found.artists = len(imported - {""})
        _check_any(request, found)
    return found


def record_of(request: ImportRequest, song: RawSong, stanzas: Stanzas) -> dict[str, Any]:
    """Return the record of a song; what it says of itself goes before what the request says."""
    facts, text = dict(song.facts), stanzas.text()
    own = {
        "id": facts.pop("id", "") or identity(song.artist, song.title, text),
        "title": song.title,
        "author": song.artist,
        "kind": facts.pop("kind", "") or KIND,
        "work": facts.pop("work", "") or work_of(song.artist, song.title),
        "language": facts.pop("language", "") or request.language,
        "source": facts.pop("source", "") or request.source_name or request.source.name,
        "licence": facts.pop("licence", "") or facts.pop("license", "") or request.licence.strip(),
    }
    own = {name: str(value) for name, value in own.items()}
    own["work"] = own["work"] or own["id"]
    singers = {"singers": list(stanzas.singers)} if stanzas.singers else {}
    return own | facts | singers | {"text": text}


def identity(artist: str, title: str, text: str) -> str:
    """Return an id that the same words by the same artist under the same title always have: 16 hexadecimal digits."""
    return hashlib.sha256("\0".join((artist, title, text)).encode(errors="replace")).hexdigest()[:16]


def work_of(artist: str, title: str) -> str:
    """Return the name of a work, shared by its versions: "Ann" and "Rain (Live)" -> "ann - rain"; "" without a title."""
    plain = title
    while (shorter := VERSION.sub("", plain)) != plain and shorter.strip():
        plain = shorter
    words = " ".join(re.findall(r"[^\W_]+", plain.casefold()))
    return f"{artist_key(artist)} - {words}" if words else ""


def _records(
    request: ImportRequest, row: RawSong | BadRow, wanted: frozenset[str], found: ImportReport
) -> Iterator[dict[str, Any]]:
    """Give the record of a row, or none, and count what became of it."""
    if isinstance(row, BadRow):
        found.reject(row)
        return
    if wanted and artist_key(row.artist) not in wanted:
        found.left_out += 1
        return
    stanzas = read_stanzas(row.text)
    found.credit_lines += stanzas.credits
    found.note_lines += stanzas.notes
    if not stanzas.stanzas:
        found.reject(BadRow.of(row.file, row.line, f"{row.artist}, {row.title}: {row.text}", "it has no words"))
        return
    found.imported += 1
    yield record_of(request, row, stanzas)


def _check_any(request: ImportRequest, found: ImportReport) -> None:
    if found.imported:
        return
    if request.artists and found.left_out:
        near = sorted({name for names in found.unknown_artists.values() for name in names})
        hint = f"; known are {', '.join(near)}" if near else "; look at the names in the source"
        raise RequestError(f"none of the wanted artists has a song in {request.source.name}{hint}")
    why = Counter(found.bad).most_common(1)
    said = f": {why[0][1]} of {found.rows} rows are left out because {why[0][0]}" if why else ""
    raise RequestError(f"{request.source.name} holds no song{said}; look at its form, or name another --format")
