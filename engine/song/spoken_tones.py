"""Which pitches let the tones of the words be heard: where tones rise the melody does not fall, nor rise where they fall.

Does not know languages or models: the way that each syllable asks for is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.music.melody_tokens import MelodyNote
from engine.song.line_frame import SyllableFrame

Verses = Sequence[Sequence[SyllableFrame]]


def clashes(verses: Verses, notes: Sequence[MelodyNote], pitch: int) -> int:
    """Return in how many verses a pitch after these notes goes against the tones.

    verses: per verse what is sung on each note of the line. A syllable is heard against the first note of the one before
    it, and a melisma against the note that it goes on from.
    """
    return sum(move < 0 for move in _moves(verses, notes, pitch))


def fitting(verses: Verses, notes: Sequence[MelodyNote], pitches: Sequence[int], *, moving: bool = False) -> list[int]:
    """Return those of the pitches that go against the tones of the fewest verses; all where no tone asks for a way.

    moving: only those of them, if there are any, that go with the tones of the most verses; a level step goes with none.
    """
    kept = _with_least(pitches, [clashes(verses, notes, pitch) for pitch in pitches])
    if not moving:
        return kept
    return _with_least(kept, [-sum(move > 0 for move in _moves(verses, notes, pitch)) for pitch in kept])


def _with_least(pitches: Sequence[int], costs: Sequence[int]) -> list[int]:
    least = min(costs, default=0)
    return [pitch for pitch, cost in zip(pitches, costs, strict=True) if cost == least]


def _moves(verses: Verses, notes: Sequence[MelodyNote], pitch: int) -> list[int]:
    """Return for each verse by how much a pitch goes the way that its tones ask for, negative against it."""
    place = len(notes)
    moves = []
    for verse in verses if place else ():
        sung = verse[place]
        if sung.word_position == "melisma":
            way, before = verse[place - 1].glide, place - 1
        else:
            way, before = sung.way, _syllable_before(verse, place)
        moves.append(way * (pitch - notes[before].pitch))
    return moves


def share_of_clashes(verses: Verses, notes: Sequence[MelodyNote]) -> float:
    """Return how often a note goes against the tones, 0-1, among those where a tone asks for a way; 0 where none does."""
    asked = against = 0
    for place in range(1, len(notes)):
        asked += sum(
            bool(verse[place - 1].glide if verse[place].word_position == "melisma" else verse[place].way)
            for verse in verses
        )
        against += clashes(verses, notes[:place], notes[place].pitch)
    return against / asked if asked else 0.0


def _syllable_before(verse: Sequence[SyllableFrame], place: int) -> int:
    return next((n for n in range(place - 1, 0, -1) if verse[n].word_position != "melisma"), 0)
