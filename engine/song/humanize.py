"""The same notes played less evenly. Does not know models: what is early, late, loud or soft is the seed's choice."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from engine.music.bars import bars_of
from engine.music.piece import Bar
from engine.music.score import Note, Score, Track
from engine.music_edit_requests import AMOUNT_RANGE, HumanizeRequest
from engine.song.composing import checked_amount, span_of
from engine.song.edits import edited, source_and_score
from engine.song.making import MadeSong, Making
from engine.song.note_room import ended, with_words_moved
from engine.song.piece_of_score import Moment, moments_of

MOST_TICKS, MOST_VELOCITY = 24, 14  # at 100 percent; 24 ticks are 25 milliseconds at 120 quarter notes per minute
SPREAD = 0.45  # of the most: the standard deviation
SOFTEST = 20


def humanize(request: HumanizeRequest, making: Making) -> MadeSong:
    """Play every note a little early or late, louder or softer; notes that begin together stay together.

    The order of notes stays, each stays in its bar, and words go with their notes. The lead sheet stays as it is written.
    """
    with making.stage("edit"):
        source, score = source_and_score(making)
        amount = checked_amount(request.amount, AMOUNT_RANGE) / 100
        start, end = span_of(request.bars, score)
        bars = bars_of(score)
        tracks = tuple(
            _played(track, score, bars, (start, end), amount, random.Random(f"{making.seed}:{n}"))
            for n, track in enumerate(score.tracks)
        )
    return edited(request, source, replace(score, tracks=tracks), source.sheet, making)


def _played(
    track: Track, score: Score, bars: Sequence[Bar], span: tuple[int, int], amount: float, rng: random.Random
) -> Track:
    moments = moments_of(track)
    starts = [bar.onset_ticks for bar in bars]
    onsets: dict[int, int] = {}
    for n, moment in enumerate(moments):
        if span[0] <= moment.onset_ticks < span[1]:
            bar = bars[bisect_right(starts, moment.onset_ticks) - 1]
            onsets[moment.onset_ticks] = moment.onset_ticks + _shift(moments, n, bar, amount, rng)
    notes = [
        replace(note, onset_ticks=onsets[note.onset_ticks], velocity=_velocity(note, amount, rng))
        if note.onset_ticks in onsets
        else note
        for moment in moments
        for note in moment.notes
    ]
    moved = [note.onset_ticks in onsets for moment in moments for note in moment.notes]
    return replace(
        track, notes=_without_overlaps(notes, moved, score.length_ticks), lyrics=with_words_moved(track.lyrics, onsets)
    )


def _shift(moments: Sequence[Moment], n: int, bar: Bar, amount: float, rng: random.Random) -> int:
    """Return how far a moment moves: less than half the way to its neighbours in the track, and within its bar."""
    onset = moments[n].onset_ticks
    before = onset - moments[n - 1].onset_ticks if n else 2 * MOST_TICKS
    after = moments[n + 1].onset_ticks - onset if n + 1 < len(moments) else 2 * MOST_TICKS
    most = MOST_TICKS * amount
    shift = round(min(max(rng.gauss(0, SPREAD * most), -most), most))
    earliest = max(-((before - 1) // 2), bar.onset_ticks - onset)
    latest = min((after - 1) // 2, bar.end_ticks - 1 - onset)
    shift = min(max(shift, earliest), latest)
    return max(shift, 0) if _would_meet(moments, n, onset + shift) else shift


def _would_meet(moments: Sequence[Moment], n: int, onset: int) -> bool:
    """Return whether an earlier note of the same pitch sounds until after an onset."""
    pitches = {note.pitch for note in moments[n].notes}
    near = moments[max(0, n - _NEIGHBOURS) : n]
    return any(note.pitch in pitches and note.end_ticks > onset for moment in near for note in moment.notes)


_NEIGHBOURS = 64  # moments in which a note that still sounds is looked for


def _velocity(note: Note, amount: float, rng: random.Random) -> int:
    most = MOST_VELOCITY * amount
    louder = round(min(max(rng.gauss(0, SPREAD * most), -most), most))
    return min(127, max(min(SOFTEST, note.velocity), note.velocity + louder))


def _without_overlaps(notes: Sequence[Note], moved: Sequence[bool], length_ticks: int) -> tuple[Note, ...]:
    """Return the notes in order, each that moved ended where the next of its pitch begins, or the music ends."""
    following: dict[int, int] = {}
    found = []
    for note, has_moved in zip(reversed(notes), reversed(moved), strict=True):
        end = following.get(note.pitch, length_ticks)
        found.append(ended(note, min(end, length_ticks)) if has_moved else note)
        following[note.pitch] = note.onset_ticks
    return tuple(sorted(found))
