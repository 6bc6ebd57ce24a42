"""Scores and lead sheets moved up or down by semitones, with their key and chord symbols. Does not know requests.

Chord symbols move along the line of fifths with the key, so that going up and down again spells them as before.
"""

from __future__ import annotations

import re
from dataclasses import replace

from engine.music.lead_sheet import LeadSheet
from engine.music.score import Note, Score, Track
from engine.music.theory import Key

_LETTERS = "FCGDAEB"
_SYMBOL = re.compile(r"([A-Ga-g])(##|bb|#|b)?(.*?)(?:/([A-Ga-g])(##|bb|#|b)?)?", re.DOTALL)
_ACCIDENTALS = {None: 0, "#": 1, "##": 2, "b": -1, "bb": -2}


def possible_semitones(score: Score) -> tuple[int, int]:
    """Return how far down (0 or less) and up (0 or more) the pitched notes can go; (-127, 127) without any."""
    pitches = [note.pitch for track in score.tracks if not track.is_drum for note in track.notes]
    return -min(pitches, default=127), 127 - max(pitches, default=0)


def transpose_score(score: Score, semitones: int) -> Score:
    """Return the score so many semitones higher; drums stay. ValueError where a pitch would leave 0-127."""
    key_name = None if score.key_name is None else str(moved_key(Key.parse(score.key_name), semitones))
    return replace(score, tracks=tuple(_moved_track(track, semitones) for track in score.tracks), key_name=key_name)


def transpose_sheet(sheet: LeadSheet, semitones: int) -> LeadSheet:
    """Return the lead sheet so many semitones higher, with its key and chord symbols."""
    key = Key.parse(sheet.key_name)
    moved = moved_key(key, semitones)
    return replace(
        sheet,
        key_name=str(moved),
        notes=tuple(replace(note, pitch=note.pitch + semitones) for note in sheet.notes),
        chords=tuple(replace(c, symbol=moved_symbol(c.symbol, moved.fifths - key.fifths)) for c in sheet.chords),
    )


def moved_key(key: Key, semitones: int) -> Key:
    """Return the key so many semitones up in its usual spelling; the same key for whole octaves."""
    return key.transpose(semitones)


def moved_symbol(symbol: str, fifths: int) -> str:
    """Return a chord symbol with root and bass moved by fifths (up if positive), the rest as it is written.

    >>> moved_symbol("Am7/G", 2)
    'Bm7/A'
    """
    found = _SYMBOL.fullmatch(symbol.strip().replace("♯", "#").replace("♭", "b"))
    if found is None:
        return symbol
    letter, accidental, suffix, bass, bass_accidental = found.groups()
    moved = _moved_name(letter, accidental, fifths) + suffix
    return moved + ("/" + _moved_name(bass, bass_accidental, fifths) if bass else "")


def _moved_name(letter: str, accidental: str | None, fifths: int) -> str:
    """Return the name of a note on the line of fifths; with at most two accidentals, else spelled the other way."""
    position = _LETTERS.index(letter.upper()) - 1 + 7 * _ACCIDENTALS[accidental] + fifths
    while not -15 <= position <= 19:
        position += 12 if position < 0 else -12
    alteration, place = divmod(position + 1, 7)
    name = _LETTERS[place].lower() if letter.islower() else _LETTERS[place]
    return name + ("#" if alteration > 0 else "b") * abs(alteration)


def _moved_track(track: Track, semitones: int) -> Track:
    if track.is_drum:
        return track
    return replace(track, notes=tuple(_moved_note(note, semitones) for note in track.notes))


def _moved_note(note: Note, semitones: int) -> Note:
    return Note(note.onset_ticks, note.pitch + semitones, note.duration_ticks, note.velocity)
