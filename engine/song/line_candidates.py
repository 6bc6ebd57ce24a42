"""The ways in which one line is tried: rhythms and openings of earlier lines that come back, melismas, and slack.

Does not know models, sampling or how a line is judged.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from engine.music.melody_tokens import MelodyNote
from engine.song.line_frame import LineFrame, melismas_of
from engine.song.line_places import LinePlaces
from engine.song.melody_grammar import LineGrammar, Rhythm
from engine.song.tune_habits import LineHabits

SLACK = (0, 1, 3, 0, 1, 3, 0, 6)  # what the candidates of a line may cost beyond the least, per verse
FREE_SLACK = (4, 12, 18, 9, 12, 18, 4, 24)  # the same where words may go against the beat
OPENING_NOTES = 4  # of a line whose beginning comes back on other degrees
OWN_END = 2  # notes of a line that comes back but for its end
MELISMA_IS_WORTH = 2  # what a line may cost more for the time of its melisma, per verse
PLACES_TRIED = 2
MOST_FREE_VERSES = 2  # what one verse gains by freedom others lose


@dataclass(frozen=True)
class EarlierLine:
    """A line of the section that is written: its notes, and the step from which its onsets count."""

    notes: Sequence[MelodyNote]
    start: int

    @property
    def rhythm(self) -> Rhythm:
        return rhythm_of(self.notes, self.start)

    @property
    def melismas(self) -> frozenset[int]:
        return melismas_of(self.notes)


def rhythm_of(notes: Sequence[MelodyNote], start: int) -> Rhythm:
    """Return onset from `start` and duration of every note."""
    return tuple((note.onset - start, note.duration) for note in notes)


def grammars_of(
    frame: LineFrame, earlier: Sequence[EarlierLine], count: int, rng: random.Random, habits: LineHabits
) -> list[LineGrammar]:
    """Return a grammar for each candidate of a line: half of them try what an earlier line of the section had.

    Songs answer a line with the rhythm of the line two before it, or of the one before; some begin alike as well.
    RequestError where the line does not fit its bars.
    """
    places = LinePlaces(frame)
    answered = [line for line in _answered(earlier, len(frame.syllables)) if _has_room(places, frame, line.melismas)]
    sung_on = _melismas_to_try(frame, places, rng)
    slack = FREE_SLACK if habits.is_free and len(frame.verses) <= MOST_FREE_VERSES else SLACK
    grammars = []
    for n in range(count):
        like = answered[n % len(answered)] if answered and n < count // 2 else None
        grammars.append(
            LineGrammar(
                frame,
                places,
                slack=slack[n % len(slack)] * len(frame.verses),
                choice=n % 2,
                rhythm=like.rhythm if like else None,
                melismas=like.melismas if like else sung_on[n % len(sung_on)],
                is_calm=habits.is_calm and n % 4 != 3,
                keeps_chords=frame.colours and n % 8 == 1,
                ends_open=habits.ends_open,
                rest_steps=habits.rest_steps,
                is_breathless=habits.is_breathless,
                seeks_colour=frame.colours and n == count - 1,
                moves_with_tones=n % 4 != 1,
                opening=_degrees(like.notes[: OPENING_NOTES if n else -OWN_END], frame) if like and n % 2 == 0 else (),
            )
        )
    return grammars


def _answered(earlier: Sequence[EarlierLine], syllables: int) -> list[EarlierLine]:
    fitting = [
        line for line in (*earlier[-2:], *earlier[:-2]) if len(line.notes) - len(melismas_of(line.notes)) == syllables
    ]
    return fitting[:2]


def _degrees(notes: Sequence[MelodyNote], frame: LineFrame) -> tuple[int, ...]:
    """Return by how many degrees of the scale each note lies above the first, () where one is outside the scale."""
    if not notes or any(note.pitch % 12 not in frame.scale for note in notes):
        return ()
    first = frame.degree(notes[0].pitch)
    return tuple(frame.degree(note.pitch) - first for note in notes)


def _melismas_to_try(frame: LineFrame, places: LinePlaces, rng: random.Random) -> list[frozenset[int]]:
    """Return the sets of syllables with a second note that the candidates shall have; the empty one for most lines."""
    plain: frozenset[int] = frozenset()
    if rng.random() >= frame.melismas:
        return [plain]
    stressed = [n for n, syllable in enumerate(frame.syllables[:-1]) if syllable.stress == 1]
    tried = [frozenset({n}) for n in reversed(stressed[-PLACES_TRIED:])]
    return [one for one in tried if _has_room(places, frame, one)] or [plain]


def _has_room(places: LinePlaces, frame: LineFrame, melismas: frozenset[int]) -> bool:
    """Return whether a line can have these melismas and its stresses lie nearly as well as without."""
    if not melismas:
        return True
    usual = places.best(frozenset()).least()
    return places.best(melismas).least() <= usual + MELISMA_IS_WORTH * len(frame.verses)
