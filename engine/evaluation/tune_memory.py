"""Tunes as words, so that what finds long runs of words finds tunes that are sung from memory; and the tunes learned from.

Knows nothing of models. A tune's word is a note's step and length, so that the key does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.corpus.lead_sheets import apart_from, read_foreign_works, read_sung_works, split_of
from engine.corpus.song_books import SONG_BOOKS_FILE, read_song_books
from engine.evaluation.memorisation import TrainingText
from engine.music.lead_sheet import LeadSheet
from engine.music.melody_tokens import STEP_TICKS, Melody

GRID_TICKS = 120  # of the lengths: sixteenths
LARGEST_STEP, LONGEST = 12, 25  # in semitones and grid steps; what is more counts as this
LONGEST_TUNE_RUN = 16  # notes in a row as in a tune that was learned from: four bars of quarters

TimedPitch = tuple[int, int]  # MIDI number, ticks


def sheet_as_words(sheet: LeadSheet) -> str:
    """Return the tune of a lead sheet as a word per note; "" without notes."""
    return _words((note.pitch, note.duration_ticks) for note in sheet.notes)


def melody_as_words(melody: Melody) -> str:
    """Return a melody of the corpus as the lead sheet with the same notes would be."""
    return _words((note.pitch, note.duration * STEP_TICKS) for note in melody.notes)


def _words(notes: Iterable[TimedPitch]) -> str:
    found, before = [], None
    for pitch, ticks in notes:
        step = 0 if before is None else max(-LARGEST_STEP, min(LARGEST_STEP, pitch - before))
        length = min(LONGEST, max(1, round(ticks / GRID_TICKS)))
        found.append(chr(ord("a") + step + LARGEST_STEP) + chr(ord("a") + length))
        before = pitch
    return " ".join(found)


def longest_run(sheets: Sequence[LeadSheet], learned: TrainingText) -> float:
    """Return the most notes in a row of any tune that are as in one that was learned from; 0 for none."""
    return float(max((learned.longest_run([sheet_as_words(sheet)])[0] for sheet in sheets), default=0))


def read_tunes(folder: Path) -> tuple[list[Melody], TrainingText]:
    """Return the held-out melodies of a folder of lead sheets, and an index of those that the starter learned from.

    That is what `engine.training.melody` takes: works of the train split, songs in other languages and song books, as
    far as they are apart from what is held out.
    """
    works = read_sung_works(folder)
    train = [work for work in works if split_of(work) == "train"]
    books = folder / SONG_BOOKS_FILE
    more = [*read_foreign_works(folder), *(read_song_books(books) if books.is_file() else ())]
    learned = apart_from([*train, *more], [work for work in works if split_of(work) != "train"])
    tunes = dict.fromkeys(melody_as_words(melody) for work in learned for melody in work.melodies)  # verses share one
    held_out = [work.melodies[0] for work in works if split_of(work) == "test"]
    return held_out, TrainingText.build([tune] for tune in tunes)
