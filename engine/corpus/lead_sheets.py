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
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from engine.corpus.abc import AbcNote, AbcTune, read_abc
from engine.corpus.accompaniment import NATURALS, TimedChord
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
SHARED_INTERVALS = 12

KINDS = {
    "major": "major", "major-sixth": "major", "power": "major", "maj69": "major",
    "minor": "minor", "minor-sixth": "minor", "minor-major": "minor",
    "dominant": "dominant", "dominant-ninth": "dominant", "dominant-13th": "dominant", "dominant-11th": "dominant",
    "augmented-ninth": "dominant", "minor-seventh": "minor7", "minor-ninth": "minor7", "minor-11th": "minor7",
    "major-seventh": "major7", "major-ninth": "major7", "diminished": "diminished",
    "diminished-seventh": "diminished", "half-diminished": "diminished", "augmented": "augmented",
    "augmented-seventh": "augmented", "suspended-fourth": "suspended", "suspended-second": "suspended",
}  # fmt: skip
NO_CHORDS: Mapping[str, list[TimedChord]] = MappingProxyType({})


@dataclass(frozen=True)
class SungWork:
    """One work of the corpus: a melody per verse of words. group: same for works that share a tune or a title.

    has_stress: whether the stress of what is sung is known: it is not where words are not English, or missing.
    """

    id: str
    title: str
    source: str
    group: str
    melodies: tuple[Melody, ...]
    has_stress: bool = True


def read_sung_works(directory: Path, chords: Mapping[str, list[TimedChord]] = NO_CHORDS) -> list[SungWork]:
    """Read every English work under `directory` but those of fewer than 16 notes or in rare time signatures.

    chords: by the last part of a work's id, for lead sheets that have none of their own.
    """
    lead_sheets = _read_lead_sheets(directory / LEAD_SHEETS_FILE, chords, english=True)
    return _group([*lead_sheets, *_read_hymns(directory / HYMNS_FILE)])


def read_foreign_works(directory: Path, chords: Mapping[str, list[TimedChord]] = NO_CHORDS) -> list[SungWork]:
    """Read the lead sheets under `directory` whose words are not English or missing; each is a group by itself."""
    works = _read_lead_sheets(directory / LEAD_SHEETS_FILE, chords, english=False)
    return [replace(work, group=work.id) for work in works]


def apart_from(works: Iterable[SungWork], held_out: Iterable[SungWork]) -> list[SungWork]:
    """Return the works that share neither a title nor 12 intervals in a row, repeated notes aside, with those held out."""
    taken = {mark for work in held_out for mark in _marks(work)}
    return [work for work in works if taken.isdisjoint(_marks(work))]


def _marks(work: SungWork) -> Iterator[object]:
    """Yield what a work is known by: the letters of its title, and every stretch of its tune."""
    letters = _letters(work.title)
    if letters:
        yield letters
    for melody in work.melodies[:1]:
        steps = [b.pitch - a.pitch for a, b in pairwise(melody.notes) if a.pitch != b.pitch]
        for start in range(len(steps) - SHARED_INTERVALS + 1):
            yield tuple(steps[start : start + SHARED_INTERVALS])


def _letters(title: str) -> str:
    return re.sub(r"[^a-z]", "", title.lower())


def split_of(work: SungWork) -> Split:
    """Return the split that a work's group falls into by its sha1: 90 % train, 5 % valid, 5 % test."""
    share = int(hashlib.sha1(work.group.encode()).hexdigest()[:8], 16) / 2**32
    return "train" if share < 0.9 else "valid" if share < 0.95 else "test"


def _read_lead_sheets(path: Path, chords: Mapping[str, list[TimedChord]], *, english: bool) -> Iterable[SungWork]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                if (record["language"] == "en") == english:
                    melodies = melodies_of_record(record, chords.get(record["id"].rpartition("/")[2], []))
                    if melodies:
                        yield SungWork(record["id"], record["title"], record["source"], "", melodies, english)
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


def melodies_of_record(record: dict[str, Any], told: Sequence[TimedChord] = ()) -> tuple[Melody, ...]:
    """Return a melody per verse of a flattened lead sheet, in its longest stretch of one time signature.

    Where there are no words every note is taken for a syllable. told: chords, where none are printed.
    """
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
    printed = [(float(c[0]), _pitch_class(c[1]), KINDS.get(c[2], "major")) for c in record["chords"] if c[1]]
    chords = printed or told
    if not any(note[3] for note in notes):
        notes = [[*note[:3], [[1, "", "single"]]] for note in notes]
    verses = sorted({syllable[0] for note in notes for syllable in note[3]})
    melodies = []
    for verse in verses:
        raw = [
            RawNote(
                aligned(_exact(n[0])), _exact(n[1]), n[2], _syllable(n[3], verse, verses[0]), _chord_at(chords, n[0])
            )
            for n in notes
        ]
        tonic, style = 7 * record["key"][0] % 12, _style(record["source"])
        melody = melody_of_verse(raw, tonic, signature, style, frozenset(), record["language"])
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
    verses = sorted({verse for note in voice for verse in note.syllables})
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
    written, places = [start[0] for start in starts], [start[1] for start in starts]

    def aligned(onset: Fraction) -> Fraction:
        before = bisect(written, onset) - 1
        return onset if before < 0 else places[before] + onset - written[before]

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
        for mark in (tune, _letters(work.title)):
            if mark in seen:
                a, b = sorted((root(index), root(seen[mark])))
                parent[b] = a
            elif mark:
                seen[mark] = index
    return [replace(work, group=works[root(index)].id) for index, work in enumerate(works)]


def _syllable(syllables: list[list[Any]], verse: int, first: int) -> tuple[str, str] | None:
    by_verse = {number: (text, position) for number, text, position in syllables}
    return by_verse.get(verse) or by_verse.get(first)


def _chord_at(chords: Sequence[TimedChord], onset: float) -> tuple[int, str] | None:
    index = bisect(chords, onset + 1e-6, key=lambda chord: chord[0])
    return chords[index - 1][1:] if index else None


def _pitch_class(name: str) -> int:
    return (NATURALS[name[0]] + name.count("#") - name.count("b")) % 12


@lru_cache(maxsize=1 << 16)
def _exact(quarters: float) -> Fraction:
    return Fraction(quarters).limit_denominator(48)


def _style(source: str) -> Style:
    return "art song" if "Lieder" in source else "song"
