"""Whether the tune of Chinese words lets their tones be heard, one pure function. Does not know who wrote tune or words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

from engine.evaluation.song_metrics import lines_of
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.syllables import chinese_syllables
from engine.lyrics.chinese.tones import movements
from engine.music.lead_sheet import LeadSheet, SungNote
from engine.song.alignment import breath_after


def tone_agreement(sheets: Iterable[LeadSheet]) -> float:
    """Return how often the tune does not go against the tones, 0-1, at neighbours whose tones ask for a way; NaN for none.

    Two syllables of a phrase ask for a way where the second tone lies higher, or lower, by its beginning or its end and by
    neither the other way (`chinese.tones.movements`, tones as said, after sandhi). The tune goes from the first note of a
    syllable to the first note of the next: the same way or level agrees, the opposite is against the tones. A pair over a
    breath, a comma or a line's end is not counted, nor are pairs whose tones ask for nothing.

    That the pitch direction of neighbours is what counts, and that a level step opposes nothing, is the finding of
    Schellenberg ("Singing in a tone language", 2009; "The realization of tone in singing in Cantonese and Mandarin", 2013)
    and the premise of Ladd and Kirby ("Tone-melody matching in tone-language singing", 2020). Chance is not a half but
    about 0.6, since a tune repeats notes.
    """
    found = [way * interval >= 0 for sheet in sheets for way, interval in _pairs(sheet) if way]
    return sum(found) / len(found) if found else math.nan


def _pairs(sheet: LeadSheet) -> Iterator[tuple[int, int]]:
    """Yield for each two neighbours of a phrase the way that their tones ask for and the interval in semitones."""
    for line in lines_of(sheet):
        sung = [note for note in line if note.syllable is not None]
        for phrase in _phrases(sung):
            ways = movements(_tones(phrase))
            for way, (before, after) in zip(ways[1:], pairwise(phrase), strict=True):
                yield way, after.pitch - before.pitch


def _phrases(notes: list[SungNote]) -> Iterator[list[SungNote]]:
    phrase: list[SungNote] = []
    for note in notes:
        phrase.append(note)
        if breath_after(_text(note)):
            yield phrase
            phrase = []
    if phrase:
        yield phrase


def _tones(phrase: list[SungNote]) -> list[int]:
    """Return the tone of each syllable; 0 for all where the printed line is not read back as so many."""
    text = "".join(t if any(map(is_hanzi, t := _text(note))) else f" {t} " for note in phrase)
    tones = [syllable.tone for syllable in chinese_syllables(text)]
    return tones if len(tones) == len(phrase) else [0] * len(phrase)


def _text(note: SungNote) -> str:
    return note.syllable.text if note.syllable is not None else ""
