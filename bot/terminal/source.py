"""What a change starts from: a song or a job by its id, or a MIDI file on the disk. Does not know what is changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.contract import EditRequest
from engine.errors import FileFormatError, RequestError
from worker.client import Client
from worker.store.uploads import source_of

MIDI_ENDINGS = (".mid", ".midi", ".kar")
MIDI_MAGIC = b"MThd"
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class MidiOnDisk:
    """A file that begins as a MIDI file does; whether it is one to its end is seen when it is changed."""

    name: str
    data: bytes


def read_midi(source: str) -> MidiOnDisk | None:
    """Return the MIDI file at a path, None where the text is no path; FileFormatError for a file of another kind."""
    from engine.music.midi_file import LARGEST_FILE_BYTES

    path = Path(source)
    try:
        if not path.is_file():
            if path.suffix.lower() not in MIDI_ENDINGS:
                return None
            raise RequestError(f"there is no file {_shown(source)}; give the path of a .mid file, or the id of a song")
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST_FILE_BYTES else b""
    except OSError as error:
        raise FileFormatError(f"{_shown(source)} cannot be read ({error.strerror}); give another .mid file") from error
    except ValueError:  # a NUL byte: no path, and no id either
        return None
    if size > LARGEST_FILE_BYTES:
        raise FileFormatError(f"{_shown(source)} has {size:,} bytes; a MIDI file may have up to {LARGEST_FILE_BYTES:,}")
    if not data.startswith(MIDI_MAGIC):
        raise FileFormatError(f"{_shown(source)} is not a MIDI file (it does not begin with MThd); give a .mid file")
    return MidiOnDisk(path.name, data)


def with_stored_source(client: Client, request: EditRequest, file: MidiOnDisk | None) -> EditRequest:
    """Return the request with the id of what it changes: the song's, or the upload's that the file is stored as.

    Where first lines of one's own will do as well, words are no id: they are what it starts from.
    """
    if not request.source.strip():
        return request
    if "start" in type(request).model_fields and file is None and _is_text(request.source):
        return request.model_copy(update={"source": "", "start": request.source})
    return request.model_copy(update={"source": stored_id(client, request.source, file)})


def stored_id(client: Client, named: str, file: MidiOnDisk | None) -> str:
    """Return the id of what was named: the song's, or the upload's that the file is stored as."""
    if file is not None:
        return source_of(client.uploads.add(None, file.name, file.data))
    try:
        return client.song(named.strip().lower()).id
    except RequestError as error:
        raise RequestError(
            f"there is no song {_shown(named)}; give the id that was printed with it, or the path of a .mid file"
        ) from error


def _is_text(source: str) -> bool:
    """Return whether somebody has written words: an id is one word of plain letters, and a longer one than most."""
    return len(source.split()) > 1 or "\n" in source or not source.strip().isascii()


def _shown(source: str) -> str:
    return ascii(source if len(source) <= SHOWN_CHARACTERS else "..." + source[-SHOWN_CHARACTERS:])
