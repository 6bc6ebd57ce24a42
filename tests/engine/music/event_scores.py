"""Scores for tests of representations: drawn ones with everything that a file may hold, and one by our own arranger."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from engine.music.arranger import arrange
from engine.music.bands import BANDS
from engine.music.events import EventGrammar, EventVocabulary
from engine.music.lead_sheet import ChordSpan, LeadSheet, SectionSpan, SungNote
from engine.music.score import Note, Score, TempoChange, TimeSignature, TimeSignatureChange, Track

FOUR_FOUR = TimeSignature(4, 4)
time_signatures = st.builds(TimeSignature, st.integers(1, 32), st.sampled_from([1, 2, 4, 8, 16, 32]))


def notes(ticks: st.SearchStrategy[int], durations: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[Note, ...]]:
    note = st.builds(Note, ticks, st.integers(0, 127), durations, st.integers(1, 127))
    return st.lists(note, max_size=8).map(lambda drawn: tuple(sorted(drawn)))


@st.composite
def scores(draw: st.DrawFn, *, step_ticks: int = 1, most_tracks: int = 3) -> Score:
    """Draw scores whose onsets and durations are multiples of step_ticks; some notes are very long."""
    ticks = st.integers(0, 4000 // step_ticks).map(lambda step: step * step_ticks)
    durations = st.one_of(st.integers(1, 40), st.integers(1, 20_000 // step_ticks)).map(lambda step: step * step_ticks)
    track = st.builds(Track, st.just(""), st.integers(0, 3), notes(ticks, durations), st.booleans())
    tracks = tuple(draw(st.lists(track, max_size=most_tracks)))
    signatures = draw(st.dictionaries(ticks, time_signatures, max_size=4))
    tempos = draw(st.dictionaries(ticks, st.floats(4, 999), max_size=4))
    ends = [note.end_ticks for track in tracks for note in track.notes]
    return Score(
        tracks,
        max([draw(ticks), *ends]),
        tuple(TempoChange(tick, tempo) for tick, tempo in sorted(({0: 120.0} | tempos).items())),
        tuple(
            TimeSignatureChange(tick, signature)
            for tick, signature in sorted(({0: TimeSignature(3, 4)} | signatures).items())
        ),
    )


def arranged(signature: TimeSignature = FOUR_FOUR, bars: int = 16) -> tuple[Score, tuple[ChordSpan, ...]]:
    """Return a song as our arranger plays it, humanised, with drums; and its chords."""
    bar = signature.bar_ticks
    chords = tuple(ChordSpan(n * bar, bar, ("C", "Am7", "F", "G7/B")[n % 4]) for n in range(bars))
    tune = tuple(SungNote(n * bar // 2, bar // 2, 60 + n * 5 % 12, None) for n in range(2 * bars))
    section = SectionSpan("Chorus", 0, bars * bar)
    sheet = LeadSheet("Tune", "C major", signature, 100.0, bars * bar, tune, chords, (section,), is_sung=False)
    band = next(band for band in BANDS.values() if any(band.drums))
    return arrange(sheet, band, 7), chords


def random_walk(grammar: EventGrammar, generator: np.random.Generator, kinds: Sequence[int], most: int) -> list[int]:
    """Return ids that the grammar allows, chosen first by kind and then within it; `most` ids, or fewer up to the end.

    kinds: the first id of each kind, in order.
    """
    walk: list[int] = []
    while len(walk) < most:
        allowed = np.flatnonzero(grammar.allowed())
        if not allowed.size:
            break
        kind_of = np.searchsorted(kinds, allowed, side="right")
        chosen = int(generator.choice(allowed[kind_of == generator.choice(np.unique(kind_of))]))
        grammar.advance(chosen)
        walk.append(chosen)
    return walk


def accepts(vocabulary: EventVocabulary, ids: Sequence[int]) -> bool:
    """Return whether the vocabulary's grammar takes all ids and nothing behind them."""
    grammar = vocabulary.grammar()
    for token_id in ids:
        grammar.advance(token_id)
    return not grammar.allowed().any()
