"""Songs of printed song books, in LilyPond, as sung works. Does not know models or splits."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from engine.corpus.lead_sheets import SungWork, bar_alignment
from engine.corpus.lilypond import LilypondSong, read_lilypond
from engine.corpus.sung_verse import RawNote, melody_of_verse
from engine.errors import FileFormatError
from engine.music.melody_tokens import STEPS_PER_QUARTER, TIME_SIGNATURES, Melody, bar_steps

SONG_BOOKS_FILE = "pg_songbooks_ly_midi.tar.xz"
MOST_SYLLABLES_OFF = 2


def read_song_books(path: Path) -> Iterator[SungWork]:
    """Yield the songs of an archive of LilyPond files that have words and can be read; each is a group by itself."""
    try:
        with tarfile.open(path) as archive:
            for member in sorted(archive.getmembers(), key=lambda member: member.name):
                file = archive.extractfile(member)
                if file is None or not member.name.endswith(".ly"):
                    continue
                try:
                    song = read_lilypond(file.read().decode("utf-8", errors="replace"))
                except FileFormatError:
                    continue
                melodies = melodies_of_song(song)
                if melodies:
                    yield SungWork(member.name, song.title, "song books", member.name, melodies)
    except (OSError, tarfile.TarError) as error:
        raise FileFormatError(f"{path} cannot be read as an archive of song books: {error}") from error


def melodies_of_song(song: LilypondSong) -> tuple[Melody, ...]:
    """Return a melody per verse that has about a syllable for every note; others are of a repeat, or misread."""
    if song.time_signature not in TIME_SIGNATURES:
        return ()
    aligned = bar_alignment(song.bars, Fraction(bar_steps(song.time_signature), STEPS_PER_QUARTER))
    places = sum(not note.goes_on for note in song.notes)
    melodies = []
    for verse in song.verses:
        if abs(len(verse) - places) > MOST_SYLLABLES_OFF:
            continue
        syllables = iter(verse)
        raw = [
            RawNote(
                aligned(note.onset),
                note.duration,
                note.pitch,
                None if note.goes_on else next((s for s in syllables if s[0]), None),
            )
            for note in song.notes
        ]
        melody = melody_of_verse(raw, 7 * song.fifths % 12, song.time_signature, "song", frozenset())
        if melody:
            melodies.append(melody)
    return tuple(melodies)
