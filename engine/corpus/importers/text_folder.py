"""A folder of .txt files, a song each: `Artist/Title.txt`, `Artist - Title.txt`, or headings inside. Knows no records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.corpus.importers.labelled_songs import artist_and_title, songs_in
from engine.corpus.importers.raw_songs import BadRow, RawSong, checked
from engine.corpus.song_files import BytesRead, no_report, text_lines
from engine.errors import FileFormatError, RequestError

LARGEST_FILE = 20_000_000  # bytes


def text_folder_songs(path: Path, report: BytesRead = no_report) -> Iterator[RawSong | BadRow]:
    """Give the songs of a folder and its folders, in the order of their names; or of one file.

    A file with `<<Artist - Title>>` headings holds as many songs. In others the artist is the folder's name, and the file's
    where it says "Artist - Title"; files of the topmost folder without a dash have no artist.
    """
    files = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
    if not files:
        raise FileFormatError(f"{path} holds no .txt files; name a folder that does")
    for file in files:
        if file.is_file() and not file.name.startswith("."):
            yield from _songs_of(path, file, report)


def _songs_of(folder: Path, file: Path, report: BytesRead) -> Iterator[RawSong | BadRow]:
    name = str(file.relative_to(folder)) if file != folder else file.name
    try:
        if file.stat().st_size > LARGEST_FILE:
            yield BadRow.of(name, 1, "", "the file is larger than 20 MB, so it is not one song")
            return
        lines = list(text_lines(file, report))
    except (RequestError, FileFormatError):
        yield BadRow.of(name, 1, "", "the file cannot be opened")
        return
    if any(line.lstrip().startswith("<<") for line in lines):
        yield from songs_in(lines, name)
        return
    artist, title = artist_and_title(file.stem.replace("_", " "))
    if not artist and file.parent != folder and file != folder:
        artist = file.parent.name.replace("_", " ")
    yield checked(RawSong(artist, title, "\n".join(lines), name, 1))
