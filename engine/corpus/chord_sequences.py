"""Chords of real songs, section by section, as the ids of `engine.music.chord_model`. Does not know how it learns.

McGill Billboard: chords and section labels of songs in the charts from 1958 to 1991, annotations under CC0. OpenEWLD: chords
of public domain lead sheets, without labels; each is one section of the kind "song".
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from engine.corpus.lead_sheets import KINDS as KINDS_OF_LEAD_SHEETS
from engine.corpus.lead_sheets import LEAD_SHEETS_FILE, NATURALS, Split
from engine.errors import FileFormatError
from engine.music.chord_model import NO_CHORD_ID, QUALITIES, id_of
from engine.music.theory import Chord, Key, Mode

BILLBOARD_FILE = "mcgill_billboard.jsonl.gz"
FEWEST_SLOTS = 4
_KIND_OF_LABEL = (
    ("pre-chorus", "prechorus"), ("prechorus", "prechorus"), ("pre chorus", "prechorus"), ("chorus", "chorus"),
    ("refrain", "chorus"), ("pre-intro", "intro"), ("verse", "verse"), ("bridge", "bridge"), ("intro", "intro"),
    ("solo", "instrumental"), ("interlude", "instrumental"), ("instrumental", "instrumental"),
    ("trans", "instrumental"), ("outro", "outro"), ("fadeout", "outro"), ("coda", "outro"), ("ending", "outro"),
)  # fmt: skip
_SLOTS_OF_METRE = {"4/4": 2, "12/8": 2, "6/8": 2, "2/4": 1, "3/4": 1}
_QUALITY_OF_KIND = {
    "major": "maj", "minor": "m", "dominant": "7", "minor7": "m7", "major7": "maj7", "diminished": "dim",
    "augmented": "aug", "suspended": "sus4",
}  # fmt: skip


@dataclass(frozen=True)
class SectionChords:
    """kind: of `chord_model.KINDS`. ids: one per slot from the start of the section on."""

    kind: str
    ids: tuple[int, ...]


@dataclass(frozen=True)
class SongChords:
    """The chords of one song over its tonic. source: billboard or openewld."""

    title: str
    source: Literal["billboard", "openewld"]
    mode: Mode
    sections: tuple[SectionChords, ...]

    @property
    def split(self) -> Split:
        """The split that the letters of its title put it in, so that all versions of a work are on one side."""
        name = re.sub(r"[^a-z0-9]", "", self.title.lower())
        share = int(hashlib.sha1(name.encode()).hexdigest()[:8], 16) / 2**32
        return "train" if share < 0.8 else "valid" if share < 0.9 else "test"


def read_song_chords(directory: Path) -> list[SongChords]:
    """Read the songs of both corpora below the folder `music` of the data. FileFormatError where they are not there."""
    try:
        billboard = list(read_billboard(directory / "chords" / BILLBOARD_FILE))
        return billboard + list(read_lead_sheet_chords(directory / "leadsheets" / LEAD_SHEETS_FILE))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileFormatError(
            f"{directory} has no chords that can be read: {error}; name the folder `music`"
        ) from error


def read_billboard(path: Path) -> Iterator[SongChords]:
    """Yield songs with at least one labelled section of 4 slots."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            slots = _SLOTS_OF_METRE[record["metre"]]
            tonics = _tonics(record["raw"], len(record["sections"]), record["tonic"])
            sections = []
            for section, tonic in zip(record["sections"], tonics, strict=True):
                kind = _kind(section["label"])
                ids = _ids(section["bars"], slots, tonic)
                if kind and len(ids) >= FEWEST_SLOTS:
                    sections.append(SectionChords(kind, ids))
            if sections:
                yield SongChords(record["title"], "billboard", _mode(sections), tuple(sections))


def read_lead_sheet_chords(path: Path) -> Iterator[SongChords]:
    """Yield lead sheets that have chords and one time signature, from their first whole bar on."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            metres = {metre for _, metre in record["time_signatures"]}
            if not record["chords"] or not record["key"] or record["key"][0] is None or len(metres) != 1:
                continue
            slots = _SLOTS_OF_METRE.get(metres.pop(), 0)
            ids = _lead_sheet_ids(record, slots) if slots else ()
            if len(ids) >= FEWEST_SLOTS:
                section = SectionChords("song", ids)
                yield SongChords(record["title"], "openewld", _mode_of_lead_sheet(record), (section,))


def _kind(label: str | None) -> str:
    return next((kind for name, kind in _KIND_OF_LABEL if name in (label or "")), "")


def _tonics(raw: str, sections: int, tonic: str) -> list[int]:
    """Return the tonic of each section; that of the song where the text does not have as many sections."""
    found, now = [], _pitch_class(tonic)
    for line in raw.split("\n"):
        if line.startswith("# tonic:"):
            now = _pitch_class(line.split(":")[1].strip())
        elif "\t" in line and "|" in line and line.split("\t")[1].split("|")[0].strip():
            found.append(now)
    return found if len(found) == sections else [_pitch_class(tonic)] * sections


def _ids(bars: Sequence[str], slots: int, tonic: int) -> tuple[int, ...]:
    """Return the chord at each slot: `.` and signs that are no chord hold the one before."""
    ids: list[int] = []
    for bar in bars:
        shares: list[int] = []
        for word in bar.split():
            if word.startswith("("):
                continue  # a bar of another length, which is taken for one like the others
            last = shares[-1] if shares else ids[-1] if ids else NO_CHORD_ID
            shares.append(_billboard_id(word, tonic, last))
        shares = shares or ids[-1:] or [NO_CHORD_ID]
        ids += [shares[len(shares) * slot // slots] for slot in range(slots)]
    return tuple(ids)


def _billboard_id(word: str, tonic: int, last: int) -> int:
    if word == "N":
        return NO_CHORD_ID
    root, colon, quality = word.partition(":")
    return id_of(Chord(_pitch_class(root), _quality(quality.split("/")[0])), tonic) if colon else last


def _quality(harte: str) -> str:
    """Return the nearest of `chord_model.QUALITIES` to a quality as Harte writes it: "min9" -> "m7", "sus4(b7)" -> "sus4"."""
    for name, quality in (
        ("hdim", "m7b5"), ("dim7", "dim7"), ("dim", "dim"), ("aug", "aug"), ("sus4", "sus4"), ("minmaj", "m"),
        ("min6", "m"), ("min(", "m"), ("min7", "m7"), ("min9", "m7"), ("min11", "m7"), ("min13", "m7"), ("min", "m"),
        ("maj7", "maj7"), ("maj9", "maj7"), ("maj13", "maj7"), ("maj", "maj"), ("7", "7"), ("9", "7"), ("11", "7"),
        ("13", "7"), ("5(b7)", "7"), ("1(b7)", "7"), ("1(b3", "m7"),
    ):  # fmt: skip
        if harte.startswith(name):
            return quality
    return "maj"  # bare fifths and single notes, and seconds instead of thirds


def _mode(sections: Sequence[SectionChords]) -> Mode:
    """Return minor where the chord on the tonic is more often minor."""
    on_tonic = [QUALITIES[id_] for section in sections for id_ in section.ids if id_ < len(QUALITIES)]
    minor = sum(quality in ("m", "m7", "dim", "m7b5") for quality in on_tonic)
    return "minor" if 2 * minor > len(on_tonic) else "major"


def _mode_of_lead_sheet(record: dict[str, Any]) -> Mode:
    return "minor" if _last_is_minor(record) else "major"


def _last_is_minor(record: dict[str, Any]) -> bool:
    """Return whether the last chord is the minor tonic of the signature; if not, the song is taken to be in major."""
    chord = _chord(record["chords"][-1])
    return (
        chord is not None and chord.has_minor_third and chord.root == Key.of_signature(record["key"][0], "minor").tonic
    )


def _lead_sheet_ids(record: dict[str, Any], slots: int) -> tuple[int, ...]:
    tonic = Key.of_signature(record["key"][0], _mode_of_lead_sheet(record)).tonic
    bars = record["measures"]
    whole = max((b - a for a, b in pairwise(bars)), default=0.0)
    while len(bars) > 1 and bars[1] - bars[0] < whole:
        bars = bars[1:]  # a pickup
    first = record["chords"][0][0]
    starts = [bar + whole * slot / slots for bar in bars for slot in range(slots) if bar + whole > first]
    ids, place = [], 0
    for start in starts:
        while place + 1 < len(record["chords"]) and record["chords"][place + 1][0] <= start + 1e-6:
            place += 1
        ids.append(id_of(_chord(record["chords"][place]), tonic))
    return tuple(ids)


def _chord(written: Sequence[Any]) -> Chord | None:
    _, root, kind, _ = written
    fine = {"diminished-seventh": "dim7", "half-diminished": "m7b5"}
    if not root or kind not in KINDS_OF_LEAD_SHEETS:
        return None
    return Chord(_pitch_class(root), fine.get(kind) or _QUALITY_OF_KIND[KINDS_OF_LEAD_SHEETS[kind]])


def _pitch_class(name: str) -> int:
    return (NATURALS[name[0]] + name.count("#") - name[1:].count("b")) % 12
