"""Pieces to train the composing model on: chorales, hymns and lead sheets, each with its work and split. Does not know models.

Chorales come without bar lines, chords or keys, and hymns without chords; what is missing is told from the notes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.corpus.abc import AbcTune
from engine.corpus.harmony import infer_chord, mode_of
from engine.corpus.lead_sheets import HYMNS_FILE, KINDS, LEAD_SHEETS_FILE, bar_alignment, hymn_tunes
from engine.corpus.records import Split
from engine.errors import FileFormatError, RequestError
from engine.music.lead_sheet import ChordSpan
from engine.music.piece import CHOIR, Bar, Piece, Voice
from engine.music.score import TICKS_PER_QUARTER, Note, TimeSignature
from engine.music.theory import Chord, Key

CHORALES_FILE = "jsb-chorales-16th.json.gz"
FOUR_FOUR = TimeSignature(4, 4)
FEWEST_BARS = 4
_QUALITY = {
    "major": "maj", "minor": "m", "dominant": "7", "minor7": "m7", "major7": "maj7", "diminished": "dim", "augmented": "aug",
    "suspended": "sus4",
}  # fmt: skip
_HYMN_VOICES: dict[str, Voice] = {"S1V1": "soprano", "S1V2": "alto", "S2V1": "tenor", "S2V2": "bass"}


@dataclass(frozen=True)
class Work:
    """style: of `part_vocabulary.STYLES`."""

    id: str
    style: str
    split: Split
    piece: Piece


def read_works(data: Path) -> list[Work]:
    """Read what there is under a data folder: chorales, hymns, lead sheets. RequestError where there is nothing of them."""
    music = data / "music" if (data / "music").is_dir() else data
    found: list[Work] = []
    for name, read in ((CHORALES_FILE, chorales), (HYMNS_FILE, hymns), (LEAD_SHEETS_FILE, lead_sheets)):
        for path in sorted(music.rglob(name)):
            found += read(path)
    if not found:
        raise RequestError(
            f"{data} has neither {CHORALES_FILE} nor {HYMNS_FILE} nor {LEAD_SHEETS_FILE}; name a folder that holds them"
        )
    return found


def split_by(name: str) -> Split:
    """Return the split of a work by its name's sha1: 90 % train, 5 % valid, 5 % test."""
    share = int(hashlib.sha1(name.encode()).hexdigest()[:8], 16) / 2**32
    return "train" if share < 0.9 else "valid" if share < 0.95 else "test"


def chorales(path: Path) -> Iterator[Work]:
    """Yield the four-part chorales of a file of sixteenths, in its own split: lists of [soprano, alto, tenor, bass]."""
    try:
        splits = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path} cannot be read as chorales: {error}") from error
    for split in ("train", "valid", "test"):
        for number, frames in enumerate(splits[split]):
            yield Work(f"chorale/{split}/{number}", "chorale", split, chorale_piece(frames))


def chorale_piece(frames: Sequence[Sequence[float]]) -> Piece:
    """Return a chorale of sixteenths; held and repeated notes are one, which the file does not tell apart."""
    sixteenth = TICKS_PER_QUARTER // 4
    raw = {voice: _held([_pitch(frame, n) for frame in frames], sixteenth) for n, voice in enumerate(CHOIR)}
    pickup = _likeliest_pickup(raw["soprano"], raw["bass"])
    bars = _regular_bars(len(frames) * sixteenth, FOUR_FOUR, pickup)
    parts: dict[Voice, tuple[Note, ...]] = dict(raw)
    key = _key_of(parts, None)
    return Piece(bars, parts, _told_chords(parts, bars, 2, key), key)


def _pitch(frame: Sequence[float], voice: int) -> int:
    return int(frame[voice]) if voice < len(frame) and frame[voice] == frame[voice] else -1  # NaN is silence


def _held(pitches: Sequence[int], frame_ticks: int) -> tuple[Note, ...]:
    notes: list[Note] = []
    start = 0
    for now in range(1, len(pitches) + 1):
        if now == len(pitches) or pitches[now] != pitches[start]:
            if pitches[start] >= 0:
                notes.append(Note(start * frame_ticks, pitches[start], (now - start) * frame_ticks))
            start = now
    return tuple(notes)


def _likeliest_pickup(soprano: Sequence[Note], bass: Sequence[Note]) -> int:
    """Return how many ticks lie before the first whole bar: the choice of quarters after which the bass changes most."""
    bar = FOUR_FOUR.bar_ticks

    def weight(pickup: int) -> float:
        at = [n for n in (*bass, *soprano) if (n.onset_ticks - pickup) % bar == 0]
        return sum(min(n.duration_ticks, 2 * TICKS_PER_QUARTER) for n in at)

    return max((0, 1, 2, 3), key=lambda quarters: weight(quarters * TICKS_PER_QUARTER)) * TICKS_PER_QUARTER


def _regular_bars(length_ticks: int, signature: TimeSignature, pickup: int) -> tuple[Bar, ...]:
    bars = [Bar(0, pickup, signature)] if pickup else []
    for onset in range(pickup, length_ticks, signature.bar_ticks):
        bars.append(Bar(onset, signature.bar_ticks, signature))
    return tuple(bars)


def hymns(path: Path) -> Iterator[Work]:
    """Yield the four-part hymns of an archive of ABC files."""
    for file_name, tune in hymn_tunes(path):
        piece = hymn_piece(tune)
        if piece is not None:
            name = re.sub(r"[^a-z]", "", tune.title.lower()) or file_name
            yield Work(f"hymn/{file_name}", "hymn", split_by(name), piece)


def hymn_piece(tune: AbcTune) -> Piece | None:
    """Return a hymn with its four voices; None where it has others, or is too short."""
    if set(tune.voices) != set(_HYMN_VOICES):
        return None
    signature = TimeSignature(*map(int, tune.time_signature.split("/")))
    aligned = bar_alignment(tune.bars, Fraction(signature.bar_ticks, TICKS_PER_QUARTER))
    parts: dict[Voice, tuple[Note, ...]] = {}
    for name, voice in _HYMN_VOICES.items():
        notes = [
            _note(aligned(n.onset), n.duration, n.pitches[0 if voice == "bass" else -1]) for n in tune.voices[name]
        ]
        parts[voice] = _one_at_a_time(n for n in notes if n is not None)
    end = max((part[-1].end_ticks for part in parts.values() if part), default=0)
    bars = _regular_bars(end, signature, 0)
    if len(bars) < FEWEST_BARS:
        return None
    key = _key_of(parts, tune.fifths)
    return Piece(bars, parts, _told_chords(parts, bars, 2 if signature.numerator % 2 == 0 else 1, key), key)


def lead_sheets(path: Path) -> Iterator[Work]:
    """Yield melodies with the chords that their sheets print, of every language; those of art songs have none."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                piece = sheet_piece(record)
                if piece is not None:
                    style = "lied" if record["id"].startswith("lieder") else "song"
                    name = re.sub(r"[^a-z]", "", record["title"].lower()) or record["id"]
                    yield Work(record["id"], style, split_by(name), piece)
    except (OSError, ValueError, KeyError) as error:
        raise FileFormatError(f"{path} cannot be read as lead sheets: {error}") from error


def sheet_piece(record: Mapping[str, Any]) -> Piece | None:
    """Return a flattened lead sheet with its own bars; None without notes, bars or a time signature, or in rare ones."""
    starts = [_ticks(onset) for onset in record["measures"]]
    if not record["time_signatures"] or len(starts) <= FEWEST_BARS:
        return None
    changes = [(_ticks(onset), TimeSignature(*map(int, name.split("/")))) for onset, name in record["time_signatures"]]
    end = max((_ticks(note[0]) + _ticks(note[1]) for note in record["notes"]), default=0)
    last = changes[-1][1].bar_ticks
    ends = [*starts[1:], max(end, starts[-1] + last)]
    bars = tuple(
        Bar(start, min(stop - start, 12 * TICKS_PER_QUARTER), _signature_at(changes, start))
        for start, stop in zip(starts, ends, strict=True)
        if stop > start
    )
    melody = _one_at_a_time(n for n in (_note(*_exact(note[:2]), note[2]) for note in record["notes"]) if n is not None)
    if not melody:
        return None
    parts: dict[Voice, tuple[Note, ...]] = {"melody": melody}
    key = _key_of(parts, record["key"][0] if record["key"] else None)
    return Piece(bars, parts, _printed_chords(record["chords"], end, key), key)


def _exact(quarters: Iterable[float]) -> tuple[Fraction, Fraction]:
    onset, duration = (Fraction(value).limit_denominator(96) for value in quarters)
    return onset, duration


def _ticks(quarters: float | Fraction) -> int:
    return round(Fraction(quarters).limit_denominator(96) * TICKS_PER_QUARTER)


def _note(onset: Fraction, duration: Fraction, pitch: int) -> Note | None:
    length = _ticks(duration)
    return Note(_ticks(onset), pitch, length) if length > 0 and 0 <= pitch <= 127 else None


def _one_at_a_time(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return a single line: of notes that begin together the highest, each ended where the next begins."""
    highest: dict[int, Note] = {}
    for note in notes:
        if note.onset_ticks not in highest or note.pitch > highest[note.onset_ticks].pitch:
            highest[note.onset_ticks] = note
    line = [highest[onset] for onset in sorted(highest)]
    following = [note.onset_ticks for note in line[1:]]
    cut = [
        Note(n.onset_ticks, n.pitch, min(n.duration_ticks, f - n.onset_ticks))
        for n, f in zip(line, following, strict=False)
    ]
    return (*cut, *line[-1:])


def _signature_at(changes: Sequence[tuple[int, TimeSignature]], onset: int) -> TimeSignature:
    return next((signature for start, signature in reversed(changes) if start <= onset), changes[0][1])


def _key_of(parts: Mapping[Voice, Sequence[Note]], fifths: int | None) -> Key:
    """Return the key by its signature, or the likeliest signature, and the mode that the notes suggest."""
    notes = [(n.pitch, n.duration_ticks / TICKS_PER_QUARTER) for part in parts.values() for n in part]
    lowest = parts.get("bass") or parts.get("melody") or ()
    last = lowest[-1].pitch % 12 if lowest else 0
    if fifths is not None:
        return Key.of_signature(fifths, mode_of(notes, 7 * fifths % 12, last))
    by_class = [sum(length for pitch, length in notes if pitch % 12 == c) for c in range(12)]

    def inside(signature: int) -> float:
        tonic = 7 * signature % 12
        scale = {(tonic + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)}
        return sum(by_class[c] for c in scale) + 0.02 * sum(by_class) * (last in (tonic, (tonic + 9) % 12))

    return _key_of(parts, max(range(-5, 7), key=inside))


def _told_chords(
    parts: Mapping[Voice, Sequence[Note]], bars: Sequence[Bar], per_bar: int, key: Key
) -> tuple[ChordSpan, ...]:
    """Return the chords that the voices make, so many to a bar; a part of a bar that is silent goes on with the last."""
    notes = sorted(note for part in parts.values() for note in part)
    spans: list[ChordSpan] = []
    for bar in bars:
        parts_of_bar = per_bar if bar.duration_ticks == bar.time_signature.bar_ticks else 1
        length = bar.duration_ticks // parts_of_bar
        for onset in range(bar.onset_ticks, bar.onset_ticks + length * parts_of_bar, length):
            sounding = [n for n in notes if n.onset_ticks < onset + length and n.end_ticks > onset]
            if sounding:
                spans.append(ChordSpan(onset, length, _chord_of(sounding, onset, onset + length, key)))
    return tuple(spans)


def _chord_of(sounding: Sequence[Note], start: int, end: int, key: Key) -> str:
    weights: dict[int, float] = {}
    for note in sounding:
        inside = min(note.end_ticks, end) - max(note.onset_ticks, start)
        weights[note.pitch % 12] = weights.get(note.pitch % 12, 0.0) + inside
    root, kind = infer_chord(weights, min(sounding, key=lambda n: n.pitch).pitch % 12)
    return Chord(root, _QUALITY[kind]).symbol_in(key)


def _printed_chords(printed: Sequence[Sequence[Any]], end: int, key: Key) -> tuple[ChordSpan, ...]:
    named = [
        (_ticks(onset), root, _QUALITY.get(KINDS.get(kind, "major"), "maj")) for onset, root, kind, _ in printed if root
    ]
    ends = [*(onset for onset, _, _ in named[1:]), end][: len(named)]
    return tuple(
        ChordSpan(onset, stop - onset, Chord(Key.parse(root).tonic, quality).symbol_in(key))
        for (onset, root, quality), stop in zip(named, ends, strict=True)
        if stop > onset
    )
