"""Pieces of the music corpora whose keys are known, for learning and measuring key finding. Does not know how keys are found.

Where only the signature is known, two keys are possible; of a Bach chorale the tonic is (its last bass note), not the mode.
Nottingham and the folk melodies are for measuring only: what ships has not learnt from them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from engine.corpus.abc import FIFTHS, read_abc
from engine.corpus.lead_sheets import KINDS, LEAD_SHEETS_FILE
from engine.errors import FileFormatError, RequestError
from engine.music.midi_file import midi_to_score
from engine.music.qualities import QUALITIES
from engine.music.score import TICKS_PER_QUARTER, Note, Score
from engine.music.theory import Chord, Key

TRAIN_SHARE = 0.75
QUALITY_OF_KIND = {
    "major": "maj", "minor": "m", "dominant": "7", "minor7": "m7", "major7": "maj7", "diminished": "dim",
    "augmented": "aug", "suspended": "sus4",
}  # fmt: skip
_FINE_KINDS = {"diminished-seventh": "dim7", "half-diminished": "m7b5"}


@dataclass(frozen=True)
class KnownPiece:
    """A piece with the keys that it may be in: one where it is known. melody_only: whether notes are one voice.

    chords: (onset, chord) in ticks where the source has them.
    """

    id: str
    source: str
    notes: tuple[Note, ...]
    keys: frozenset[Key]
    chords: tuple[tuple[int, Chord], ...] = ()

    @property
    def is_for_training(self) -> bool:
        return int(hashlib.sha1(self.id.encode()).hexdigest()[:8], 16) / 2**32 < TRAIN_SHARE


def read_lead_sheets(directory: Path) -> Iterator[KnownPiece]:
    """Yield the melodies of OpenEWLD and the Lieder; their mode is told by the last chord, where that is the tonic's."""
    with gzip.open(directory / "leadsheets" / LEAD_SHEETS_FILE, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            fifths = record["key"][0] if record["key"] else None
            if fifths is None or len(record["notes"]) < 16:
                continue
            notes = tuple(
                Note(_ticks(onset), pitch, max(1, _ticks(duration))) for onset, duration, pitch, _ in record["notes"]
            )
            chords = tuple((_ticks(c[0]), chord) for c in record["chords"] if (chord := _chord(c)) is not None)
            source = "OpenEWLD" if chords else "Lieder"
            yield KnownPiece(record["id"], source, tuple(sorted(notes)), _keys(fifths, chords), chords)


def read_chorales(directory: Path, split: Literal["train", "valid", "test"] = "train") -> Iterator[KnownPiece]:
    """Yield Bach's chorales in quarters, all voices; the last bass note is taken for the tonic."""
    with gzip.open(directory / "bench" / "jsb-chorales-quarter.json.gz", "rt", encoding="utf-8") as file:
        pieces = json.load(file)[split]
    for number, frames in enumerate(pieces):
        sounding = [frame for frame in frames if frame]
        notes = tuple(
            Note(at * TICKS_PER_QUARTER, pitch, TICKS_PER_QUARTER) for at, frame in enumerate(frames) for pitch in frame
        )
        tonic = min(sounding[-1]) % 12
        keys = frozenset({Key(tonic, "major"), Key(tonic, "minor")})
        yield KnownPiece(f"chorale/{split}/{number}", "chorales", tuple(sorted(notes)), keys)


def read_nottingham(directory: Path) -> Iterator[tuple[KnownPiece, Score]]:
    """Yield each tune's melody with its key, and the whole score with its chords on the second track."""
    folder = directory / "nottingham"
    with gzip.open(folder / "manifest.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = {row["midi"]: row for row in map(json.loads, lines)}
    with tarfile.open(folder / "midi.tar.xz") as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            row = rows.get(Path(member.name).name)
            if file is None or row is None:
                continue
            try:
                score = midi_to_score(file.read())
            except (FileFormatError, RequestError):
                continue
            if score.tracks and len(score.tracks[0].notes) >= 16:
                key = frozenset({_plain(Key.parse(row["key"]))})
                yield KnownPiece(row["id"], "Nottingham", score.tracks[0].notes, key), score


def read_folk_melodies(directory: Path) -> Iterator[KnownPiece]:
    """Yield the tunes of Ryan's and O'Neill's collections that are in major or minor."""
    for file in sorted((directory / "folk_melody").glob("*.abc.gz")):
        for block in gzip.decompress(file.read_bytes()).decode("utf-8", errors="replace").split("% id ")[1:]:
            found = re.search(r"^K:\s*([A-G][#b]?)(m|min|minor|maj|major)?\s*$", block, re.MULTILINE)
            if found is None:
                continue
            key = Key.parse(found[1] + (found[2] or ""))
            notes = _abc_notes(block, key)
            if len(notes) >= 16:
                yield KnownPiece(block.split("\n", 1)[0], "folk", notes, frozenset({_plain(key)}))


def _abc_notes(block: str, key: Key) -> tuple[Note, ...]:
    """Return the notes of a tune without voices, read as one voice under the signature of its key."""
    head, _, body = block.partition("\nK:")
    signature = next(name for name, fifths in FIFTHS.items() if fifths == key.fifths)
    music = [line for line in body.split("\n")[1:] if line.strip() and not re.match(r"[A-Za-z]:", line)]
    unit = "" if "\nL:" in head else "\nL: 1/8"
    text = f"{head}{unit}\nK: {signature}\n" + "\n".join(f"[V: A]{line}" for line in music)
    try:
        (voice,) = read_abc(text).voices.values()
    except (FileFormatError, ValueError, ZeroDivisionError):
        return ()
    return tuple(
        Note(_ticks(note.onset), min(max(note.pitches[-1], 0), 127), max(1, _ticks(note.duration))) for note in voice
    )


def _keys(fifths: int, chords: Sequence[tuple[int, Chord]]) -> frozenset[Key]:
    major, minor = (_plain(Key.of_signature(fifths, "major")), _plain(Key.of_signature(fifths, "minor")))
    if chords:
        last = chords[-1][1]
        if last.root == major.tonic and not last.has_minor_third:
            return frozenset({major})
        if last.root == minor.tonic:
            return frozenset({minor})
    return frozenset({major, minor})


def _chord(written: Sequence[Any]) -> Chord | None:
    _, root, kind, bass = written
    if not root or kind not in KINDS:
        return None
    quality = _FINE_KINDS.get(kind) or QUALITY_OF_KIND[KINDS[kind]]
    assert quality in QUALITIES
    return Chord(Chord.parse(root).root, quality, Chord.parse(bass).root if bass else None)


def _plain(key: Key) -> Key:
    """Return the key in its usual spelling, so that F# and Gb are the same."""
    return Key(key.tonic, key.mode)


def _ticks(quarters: float | Fraction) -> int:
    return round(quarters * TICKS_PER_QUARTER)
