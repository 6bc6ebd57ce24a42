"""What tells one tune from another beyond its words: habits drawn with the seed, as they vary from song to song with people.

Set by hand until the figures of sixty songs lay as far apart as those of people's. Does not know notes or models.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

REPEATS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35)  # share of intervals within lines that repeat the pitch
FREE, PLAIN_FREE = (0.0, 0.4, 0.7, 1.0), (0.0, 0.3, 0.5, 0.8)  # share of lines whose words may go against the beat
OPEN_ENDS = (0.0, 0.2, 0.4, 0.6)  # share of lines inside sections that may end outside their chord
PLAIN_OPEN_ENDS = (0.0, 0.0, 0.1)
LEAPS, PLAIN_LEAPS = (0.1, 0.25, 0.4), (0.0, 0.05)  # share of intervals within lines of a fourth or more
BREATHLESS = (0.1, 0.4, 0.7)  # share of lines inside sections whose breath is taken from their last note
RESTS = (0.0, 0.0, 0.0, 0.15)  # share of lines that are followed by a rest of a beat or more
REST_STEPS = 12
EVENNESS, PLAIN_EVENNESS = (0.2, 0.4, 0.6), (0.4, 0.6, 0.8)
CALM = (0.0, 0.3, 0.6, 0.9)  # share of lines that are tried without notes shorter than a quarter
CHORD_TONES = (0.5, 0.9, 1.2)


@dataclass(frozen=True)
class LineHabits:
    """How one line shall be sung.

    is_free: whether its words may go against the beat. ends_open: whether its last note may lie outside its chord.
    rest_steps: how much silence may follow it beyond a breath. repeats: share of intervals that repeat the pitch; leaps:
    that are a fourth or more. evenness: what a place in the bar costs in the rating at which one bar has a note and the
    next has none. is_calm: whether it is tried without notes shorter than a quarter. chord_tones: what it is worth in
    the rating that all notes on strong beats belong to their chords. is_breathless: whether the breath after it is
    taken from its last note.
    """

    is_free: bool = False
    ends_open: bool = False
    rest_steps: int = 0
    repeats: float = 0.15
    leaps: float = 0.1
    evenness: float = 0.1
    is_calm: bool = False
    chord_tones: float = 0.5
    is_breathless: bool = False


@dataclass(frozen=True)
class TuneHabits:
    """How a song is sung; the fields are those of its lines, as shares where these are yes or no."""

    free: float
    open_ends: float
    rests: float
    repeats: float
    leaps: float
    evenness: float
    calm: float
    chord_tones: float
    breathless: float

    @classmethod
    def drawn(cls, seed: int, *, is_plain: bool, in_eighths: bool) -> TuneHabits:
        """is_plain: for a style that keeps to scale and chords. in_eighths: whether a beat is as short as a breath."""
        rng = random.Random(f"habits: {seed}")
        open_ends = rng.choice(PLAIN_OPEN_ENDS if is_plain else OPEN_ENDS)
        return cls(
            free=rng.choice(PLAIN_FREE if is_plain else FREE),
            open_ends=open_ends,
            rests=rng.choice(RESTS),
            repeats=rng.choice(REPEATS),
            leaps=rng.choice(PLAIN_LEAPS if is_plain else LEAPS),
            evenness=rng.choice(PLAIN_EVENNESS if is_plain else EVENNESS),
            calm=rng.choice(CALM),
            chord_tones=rng.choice(CHORD_TONES),
            breathless=1.0 if in_eighths else rng.choice(BREATHLESS),
        )

    def of_line(self, rng: random.Random, *, is_inner: bool) -> LineHabits:
        """Return the habits of one line. is_inner: whether another line of its section follows."""
        return LineHabits(
            is_free=rng.random() < self.free,
            ends_open=rng.random() < self.open_ends and is_inner,
            rest_steps=REST_STEPS if rng.random() < self.rests else 0,
            repeats=self.repeats,
            leaps=self.leaps,
            evenness=self.evenness,
            is_calm=rng.random() < self.calm,
            chord_tones=self.chord_tones,
            is_breathless=rng.random() < self.breathless and is_inner,
        )
