"""Songs with words aligned to notes, read from the lead sheet corpora as `Melody` values. Does not know models.

Melodies are transposed to C major or A minor, put on the token grid and bar-aligned; lines end where the metre of the
hymn, a rest or a capital letter says so; stress comes from the pronunciation of the words that the syllables make up.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from engine.corpus.abc import AbcNote, AbcTune, read_abc
from engine.corpus.harmony import infer_chord
from engine.corpus.sung_verse import FEWEST_NOTES, RawNote, breaks_from_metre, melody_of_verse
from engine.errors import FileFormatError
from engine.music.melody_tokens import (
    STEPS_PER_QUARTER,
    TIME_SIGNATURES,
    Melody,
    Style,
    bar_steps,
)

Split = Literal["train", "valid", "test"]
LEAD_SHEETS_FILE = "melody_lyrics_chords.jsonl.gz"
HYMNS_FILE = "openhymnal_abc.tar.xz"
MOST_VERSES = 3

KINDS = {
    "major": "major", "major-sixth": "major", "power": "major", "maj69": "major",
    "minor": "minor", "minor-sixth": "minor", "minor-major": "minor",
    "dominant": "dominant", "dominant-ninth": "dominant", "dominant-13th": "dominant", "dominant-11th": "dominant",
    "augmented-ninth": "dominant", "minor-seventh": "minor7", "minor-ninth": "minor7", "minor-11th": "minor7",
    "major-seventh": "major7", "major-ninth": "major7", "diminished": "diminished",
    "diminished-seventh": "diminished", "half-diminished": "diminished", "augmented": "augmented",
    "augmented-seventh": "augmented", "suspended-fourth": "suspended", "suspended-second": "suspended",
}  # fmt: skip
NATURALS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class SungWork:
    """One work of the corpus: a melody per verse of words. group: same for works that share a tune or a title."""

    id: str
    title: str
    source: str
    group: str
    melodies: tuple[Melody, ...]


def read_sung_works(directory: Path) -> list[SungWork]:
    """Read every English work under `directory` but those of fewer than 16 notes or in rare time signatures."""
    works = [*_read_lead_sheets(directory / LEAD_SHEETS_FILE), *_read_hymns(directory / HYMNS_FILE)]
    return _group(works)


def split_of(work: SungWork) -> Split:
    """Return the split that a work's group falls into by its sha1: 90 % train, 5 % valid, 5 % test."""
    share = int(hashlib.sha1(work.group.encode()).hexdigest()[:8], 16) / 2**32
    return "train" if share < 0.9 else "valid" if share < 0.95 else "test"


def _read_lead_sheets(path: Path) -> Iterable[SungWork]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if record["language"] == "en":
                    melodies = melodies_of_record(record)
                    if melodies:
                        yield SungWork(record["id"], record["title"], record["source"], "", melodies)
    except (OSError, ValueError, KeyError) as error:
        raise FileFormatError(f"{path} cannot be read as lead sheets: {error}") from error


def hymn_tunes(path: Path) -> Iterator[tuple[str, AbcTune]]:
    """Yield the file names and tunes of an archive of ABC hymns; those that have no time signature, chants, are left out."""
    try:
        with tarfile.open(path) as archive:
            for member in sorted(archive.getmembers(), key=lambda member: member.name):
                file = archive.extractfile(member)
                if file is None or not member.name.endswith(".abc"):
                    continue
                try:
                    tune = read_abc(file.read().decode("utf-8", errors="replace"))
                except FileFormatError:
                    continue
                yield member.name, tune
    except (OSError, tarfile.TarError) as error:
        raise FileFormatError(f"{path} cannot be read as an archive of hymns: {error}") from error


def _read_hymns(path: Path) -> Iterable[SungWork]:
    for name, tune in hymn_tunes(path):
        melodies = melodies_of_hymn(tune)
        if melodies:
            yield SungWork(f"openhymnal/{name}", tune.title, "openhymnal", "", melodies)


def melodies_of_record(record: dict[str, Any]) -> tuple[Melody, ...]:
    """Return a melody per English verse of a flattened lead sheet, in its longest stretch of one time signature."""
    if not record["time_signatures"] or not record["key"] or record["key"][0] is None:
        return ()
    total = max((note[0] + note[1] for note in record["notes"]), default=0.0)
    changes = [*record["time_signatures"], [total, ""]]
    start, stop, signature = max(((a[0], b[0], a[1]) for a, b in pairwise(changes)), key=lambda span: span[1] - span[0])
    if signature not in TIME_SIGNATURES:
        return ()
    bars = [_exact(onset) for onset in record["measures"] if start <= onset <= stop]
    aligned = bar_alignment(bars, Fraction(bar_steps(signature), STEPS_PER_QUARTER))
    notes = [note for note in record["notes"] if start <= note[0] < stop]
    chords = [(float(c[0]), _pitch_class(c[1]), KINDS.get(c[2], "major")) for c in record["chords"] if c[1]]
    verses = sorted({syllable[0] for note in notes for syllable in note[3]})[:MOST_VERSES]
    melodies = []
    for verse in verses:
        raw = [
            RawNote(
                aligned(_exact(n[0])), _exact(n[1]), n[2], _syllable(n[3], verse, verses[0]), _chord_at(chords, n[0])
            )
            for n in notes
        ]
        melody = melody_of_verse(raw, 7 * record["key"][0] % 12, signature, _style(record["source"]), frozenset())
        if melody:
            melodies.append(melody)
    return tuple(melodies)


def melodies_of_hymn(tune: AbcTune) -> tuple[Melody, ...]:
    """Return a melody per verse of a hymn's highest voice, with a chord per half bar told from all voices."""
    if "S1V1" not in tune.voices or tune.time_signature not in TIME_SIGNATURES:
        return ()
    bar = Fraction(bar_steps(tune.time_signature), STEPS_PER_QUARTER)
    aligned = bar_alignment(tune.bars, bar)
    voice = tune.voices["S1V1"]
    half = bar / 2 if tune.time_signature.split("/")[0] in ("2", "4", "6", "12") else bar
    chords = _hymn_chords(tune, aligned, half)
    breaks = breaks_from_metre(tune.fields.get("OHMETRICAL", ""), sum(0 in note.syllables for note in voice))
    verses = sorted({verse for note in voice for verse in note.syllables})[:MOST_VERSES]
    melodies = []
    for verse in verses:
        raw = [
            RawNote(
                aligned(note.onset),
                note.duration,
                note.pitches[-1],
                note.syllables.get(verse) or (note.syllables.get(0) if len(note.syllables) == 1 else None),
                chords.get(aligned(note.onset) // half),
            )
            for note in voice
        ]
        melody = melody_of_verse(raw, 7 * tune.fifths % 12, tune.time_signature, "hymn", breaks)
        if melody:
            melodies.append(melody)
    return tuple(melodies)


def bar_alignment(bars: Sequence[Fraction], bar: Fraction) -> Callable[[Fraction], Fraction]:
    """Return the map from written onsets to onsets whose bar lines lie at multiples of `bar`.

    A short first bar is a pickup, two short bars that fill one are one; any other odd bar starts a new bar.
    """
    starts: list[tuple[Fraction, Fraction]] = []
    now, index = Fraction(0), 0
    while index < len(bars):
        length = bars[index + 1] - bars[index] if index + 1 < len(bars) else bar
        after = bars[index + 2] - bars[index + 1] if index + 2 < len(bars) else bar
        if index == 0 and length < bar:
            starts.append((bars[index], bar - length))
            now = bar
        elif length < bar and length + after == bar:
            starts.append((bars[index], now))
            now += bar
            index += 1
        else:
            starts.append((bars[index], now))
            now += -(-length // bar) * bar
        index += 1

    def aligned(onset: Fraction) -> Fraction:
        written, place = max((start for start in starts if start[0] <= onset), default=(Fraction(0), Fraction(0)))
        return place + onset - written

    return aligned


def _hymn_chords(tune: AbcTune, aligned: Callable[[Fraction], Fraction], half: Fraction) -> dict[int, tuple[int, str]]:
    weights: dict[int, dict[int, float]] = {}
    basses: dict[int, int] = {}
    for note in (note for voice in tune.voices.values() for note in voice):
        _add_weight(note, aligned(note.onset), half, weights, basses)
    return {span: infer_chord(weight, basses[span] % 12) for span, weight in weights.items()}


def _add_weight(
    note: AbcNote, onset: Fraction, half: Fraction, weights: dict[int, dict[int, float]], basses: dict[int, int]
) -> None:
    end = onset + note.duration
    for span in range(int(onset // half), int(-(-end // half))):
        inside = min(end, (span + 1) * half) - max(onset, span * half)
        weight = weights.setdefault(span, {})
        for pitch in note.pitches:
            weight[pitch % 12] = weight.get(pitch % 12, 0.0) + float(inside)
            if pitch < basses.get(span, 128):
                basses[span] = pitch


def _group(works: list[SungWork]) -> list[SungWork]:
    """Give works that share a title or the first 16 notes of a tune the same group, so that they share a split."""
    parent = list(range(len(works)))

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    seen: dict[object, int] = {}
    for index, work in enumerate(works):
        notes = work.melodies[0].notes[:FEWEST_NOTES]
        tune = tuple(b.pitch - a.pitch for a, b in pairwise(notes))
        for mark in (tune, re.sub(r"[^a-z]", "", work.title.lower())):
            if mark in seen:
                a, b = sorted((root(index), root(seen[mark])))
                parent[b] = a
            elif mark:
                seen[mark] = index
    return [replace(work, group=works[root(index)].id) for index, work in enumerate(works)]


def _syllable(syllables: list[list[Any]], verse: int, first: int) -> tuple[str, str] | None:
    by_verse = {number: (text, position) for number, text, position in syllables}
    return by_verse.get(verse) or by_verse.get(first)


def _chord_at(chords: list[tuple[float, int, str]], onset: float) -> tuple[int, str] | None:
    before = [chord for chord in chords if chord[0] <= onset + 1e-6]
    return before[-1][1:] if before else None


def _pitch_class(name: str) -> int:
    return (NATURALS[name[0]] + name.count("#") - name.count("b")) % 12


def _exact(quarters: float) -> Fraction:
    return Fraction(quarters).limit_denominator(48)


def _style(source: str) -> Style:
    return "art song" if "Lieder" in source else "song"
