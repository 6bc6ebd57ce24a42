"""Tunes that people wrote to words, as lead sheets: those held out from the melody model, and those it was trained on.

Does not know what is measured. Each is one verse of a work, in C major or A minor, without the text of its words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.corpus.lead_sheets import (
    HYMNS_FILE,
    LEAD_SHEETS_FILE,
    Split,
    SungWork,
    hymn_tunes,
    read_sung_works,
    split_of,
)
from engine.corpus.records import read_jsonl
from engine.errors import RequestError
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote, SungSyllable
from engine.music.melody_tokens import STEP_TICKS, ChordDegree, Melody, Style
from engine.music.score import TimeSignature
from engine.music.theory import NO_CHORD, Chord, Key

HELD_OUT: tuple[Split, ...] = ("valid", "test")
OPENING_LETTERS = 24  # of a first line, by which a text is told from another
TEMPO_QPM = 100.0  # printed music of the corpora rarely has one, and no figure of a tune depends on it
_QUALITY = {
    "major": "maj", "minor": "m", "dominant": "7", "minor7": "m7", "major7": "maj7", "diminished": "dim",
    "augmented": "aug", "suspended": "sus4",
}  # fmt: skip


@dataclass(frozen=True)
class PeoplesTune:
    """id: of its work. style: hymn, song (OpenEWLD) or art song (Lieder, which have no chords)."""

    id: str
    style: Style
    split: Split
    sheet: LeadSheet

    @property
    def has_chords(self) -> bool:
        return any(span.symbol != NO_CHORD for span in self.sheet.chords)


def lead_sheet_folder(data: Path) -> Path:
    """Return where the lead sheets are below a data folder; RequestError where there are none."""
    for folder in (data, data / "leadsheets", data / "music" / "leadsheets"):
        if (folder / LEAD_SHEETS_FILE).is_file() and (folder / HYMNS_FILE).is_file():
            return folder
    raise RequestError(
        f"{data} has not both {LEAD_SHEETS_FILE} and {HYMNS_FILE}; name a folder that holds them, such as data"
    )


def peoples_tunes(works: Iterable[SungWork]) -> list[PeoplesTune]:
    """Return the first verse of each work."""
    return [
        PeoplesTune(work.id, work.melodies[0].style, split_of(work), sheet_of_melody(work.melodies[0], work.title))
        for work in works
    ]


def read_works_to_compare(data: Path) -> list[SungWork]:
    """Return the sung works below a data folder; RequestError unless some are held out and some trained on."""
    works = read_sung_works(lead_sheet_folder(data))
    splits = {split_of(work) for work in works}
    if "train" not in splits or not splits & set(HELD_OUT):
        raise RequestError(f"{data} holds {len(works)} sung works, too few to hold some out; name a folder with more")
    return works


def drawn_tunes(
    tunes: Sequence[PeoplesTune], splits: Collection[Split], count: int | None = None, *, seed: int = 0
) -> list[PeoplesTune]:
    """Return the tunes of these splits, or `count` of them, drawn evenly."""
    chosen = [tune for tune in tunes if tune.split in splits]
    return chosen if count is None else random.Random(seed).sample(chosen, min(count, len(chosen)))


def sheet_of_melody(melody: Melody, title: str = "") -> LeadSheet:
    """Return a melody as a lead sheet: its notes, what is known of its syllables (not their texts), its lines and chords."""
    notes: list[SungNote] = []
    line, ended = 0, False
    for note in melody.notes:
        syllable = None
        if note.word_position != "melisma":
            line, ended = line + ended, False
            syllable = SungSyllable("", note.stress, note.word_position, line, note.line_break > 0, note.line_break > 1)
        ended = ended or note.line_break > 0
        notes.append(SungNote(note.onset * STEP_TICKS, note.duration * STEP_TICKS, note.pitch, syllable))
    numerator, denominator = map(int, melody.time_signature.split("/"))
    signature = TimeSignature(numerator, denominator)
    length = -(-(notes[-1].onset_ticks + notes[-1].duration_ticks) // signature.bar_ticks) * signature.bar_ticks
    key = Key(0, "major") if melody.mode == "major" else Key(9, "minor")
    return LeadSheet(
        title, str(key), signature, TEMPO_QPM, length, tuple(notes), _chord_spans(melody, key, length),
        (SectionSpan("Verse 1", 0, length),),
    )  # fmt: skip


def _chord_spans(melody: Melody, key: Key, length_ticks: int) -> tuple[ChordSpan, ...]:
    starts: list[tuple[int, str]] = [(0, _symbol(melody.notes[0].chord, key))]
    for note in melody.notes[1:]:
        if (symbol := _symbol(note.chord, key)) != starts[-1][1]:
            starts.append((note.onset * STEP_TICKS, symbol))
    ends = [onset for onset, _ in starts[1:]] + [length_ticks]
    return tuple(ChordSpan(onset, end - onset, symbol) for (onset, symbol), end in zip(starts, ends, strict=True))


def _symbol(chord: ChordDegree | None, key: Key) -> str:
    if chord is None:
        return NO_CHORD
    return Chord((key.tonic + chord.root) % 12, _QUALITY[chord.quality]).symbol_in(key)


@dataclass(frozen=True)
class KnownTexts:
    """Titles and openings of texts that a melody model was trained on, letters alone."""

    titles: frozenset[str]
    openings: frozenset[str]

    def knows(self, title: str, first_line: str) -> bool:
        """Return whether a text has the title, or begins as one of these does."""
        opening = letters_of(first_line)[:OPENING_LETTERS]
        return letters_of(title) in self.titles or any(
            known.startswith(opening) or opening.startswith(known) for known in self.openings if opening and known
        )


def texts_trained_on(data: Path, works: Iterable[SungWork]) -> KnownTexts:
    """Return titles and openings of every verse of those works that are in the train split. data: where they were read."""
    folder = lead_sheet_folder(data)
    trained = {work.id: work.title for work in works if split_of(work) == "train"}
    openings = set[str]()
    for name, tune in hymn_tunes(folder / HYMNS_FILE):
        if f"openhymnal/{name}" in trained:
            verses: dict[int, str] = {}
            for note in tune.voices.get("S1V1", ()):
                for verse, (text, _) in note.syllables.items():
                    verses[verse] = verses.get(verse, "") + text
            openings.update(letters_of(words)[:OPENING_LETTERS] for words in verses.values())
    for row in read_jsonl(folder / LEAD_SHEETS_FILE):
        if row["id"] in trained:
            openings.update(letters_of(words)[:OPENING_LETTERS] for words in row.get("lyrics", {}).values())
    return KnownTexts(frozenset(map(letters_of, trained.values())) - {""}, frozenset(openings) - {""})


def letters_of(text: str) -> str:
    """Return the letters of a text in lower case."""
    return re.sub(r"[^a-z]", "", text.lower())
