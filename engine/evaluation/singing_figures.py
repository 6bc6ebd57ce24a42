"""Every figure of how songs are sung, beside people's and beside its goal. Does not know how songs are made or shown."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

import numpy as np

from engine.evaluation import song_metrics
from engine.evaluation.continuations import Comparison
from engine.evaluation.peoples_tunes import PeoplesTune
from engine.evaluation.read_back import READERS, read_back
from engine.evaluation.song_metrics import HUMAN_LEVEL
from engine.evaluation.sung_sections import (
    band_differs,
    chorus_repetition,
    notes_with_words,
    repeated_sections,
    sung_section_count,
    typed_chords_kept,
)
from engine.evaluation.sung_songs import LENGTH_SECONDS, SungSong
from engine.evaluation.tune_overlap import Overlap, mean_overlap, random_pitches, random_tune, shuffled
from engine.evaluation.tune_shape import SHAPE, chord_tones_on_strong_beats
from engine.music.lead_sheet import LeadSheet
from engine.music.score import TICKS_PER_QUARTER

TUNES_COMPARED = 100  # of each kind, for the overlap


@dataclass(frozen=True)
class Goal:
    """What a figure must reach. text: for people."""

    text: str
    reaches: Callable[[float], bool]


def at_least(least: float) -> Goal:
    return Goal(f">= {least:g}", lambda value: value >= least - 1e-9)


def at_most(most: float) -> Goal:
    return Goal(f"<= {most:g}", lambda value: value <= most + 1e-9)


EXACT = Goal("1", lambda value: value == 1)
NONE_AT_ALL = Goal("0", lambda value: value == 0)
FIT_GOALS: Mapping[str, Goal] = {
    "coverage of syllables": EXACT,
    "notes with words": EXACT,
    "words split by a rest": NONE_AT_ALL,
    "range": EXACT,
    "repetition of the chorus": EXACT,
    "stress on strong beat": at_least(HUMAN_LEVEL["stress on strong beat"]),
    "pair agreement": at_least(HUMAN_LEVEL["pair agreement"]),
    "longer when stressed": at_least(HUMAN_LEVEL["longer when stressed"]),
    "weak off strong": at_most(0.20),
    "chord tones on strong beats": at_least(0.85),
}


def verdict(goal: Goal | None, values: Iterable[float]) -> str:
    """Return "pass" or "short" of figures that must all reach a goal; "" without a goal or a figure."""
    there = [value for value in values if not math.isnan(value)]
    if goal is None or not there:
        return ""
    return "pass" if all(map(goal.reaches, there)) else "short"


def fit_figures(sheets: Sequence[LeadSheet]) -> dict[str, float]:
    """Return the figures of METRICS 4 that lead sheets alone decide, by name."""
    return {
        "notes with words": notes_with_words(sheets),
        "words split by a rest": song_metrics.split_words(sheets),
        "repetition of the chorus": chorus_repetition(sheets),
        "stress on strong beat": song_metrics.stress_on_strong_beat(sheets),
        "pair agreement": song_metrics.pair_agreement(sheets),
        "longer when stressed": song_metrics.longer_when_stressed(sheets),
        "weak off strong": song_metrics.weak_off_strong(sheets),
        "cadence": song_metrics.cadence(sheets),
        "chord tones on strong beats": mean(map(chord_tones_on_strong_beats, sheets)),
    }


def sung_figures(songs: Sequence[SungSong]) -> dict[str, float]:
    """Return the figures of METRICS 4 of songs, in the order of the goals: also those that need what was asked for."""
    found = fit_figures([song.sheet for song in songs]) | {
        "coverage of syllables": mean(song_metrics.coverage(song.sheet, song.syllables) for song in songs),
        "range": mean(song_metrics.inside_range([song.sheet], song.voice) for song in songs),
    }
    return {name: found[name] for name in (*FIT_GOALS, *(found.keys() - FIT_GOALS.keys()))}


def compare_shape(ours: Sequence[LeadSheet], people: Sequence[LeadSheet]) -> dict[str, Comparison]:
    """Return the median of ours beside the quartiles of people's, for each figure of SHAPE."""
    return {name: _compared(map(measure, ours), map(measure, people)) for name, measure in SHAPE.items()}


def overlap_rows(
    ours: Mapping[str, Sequence[LeadSheet]], tunes: Sequence[PeoplesTune], seed: int = 0
) -> dict[str, Overlap]:
    """Return the overlap with held-out tunes: of ours, by name, of a copy of training tunes, and of three kinds of random ones.

    The random ones have the rhythm of training tunes, except those "of random rhythm".
    """
    held_out = [tune.sheet for tune in tunes if tune.split != "train"]
    rng = random.Random(seed)
    copied = [tune.sheet for tune in tunes if tune.split == "train"]
    copied = rng.sample(copied, min(TUNES_COMPARED, len(copied)))
    return {
        **{name: mean_overlap(sheets[:TUNES_COMPARED], held_out) for name, sheets in ours.items() if sheets},
        "a copy of training tunes": mean_overlap(copied, held_out),
        "their notes shuffled": mean_overlap([shuffled(sheet, rng) for sheet in copied], held_out),
        "their rhythm, random pitches": mean_overlap([random_pitches(sheet, rng) for sheet in copied], held_out),
        "random pitches and rhythm": mean_overlap([random_tune(sheet, rng) for sheet in copied], held_out),
    }


LONG_GOALS: Mapping[str, Goal] = {
    "within one bar of 180 s": EXACT,
    "at least two sections": EXACT,
    "a section comes again": EXACT,
    "with another band": EXACT,
    "farthest from 180 s, in bars": at_most(1.0),
}


def long_figures(songs: Sequence[SungSong]) -> dict[str, float]:
    """Return shares of the songs that were asked to last three minutes, and the farthest miss in bars. NaN without songs."""
    missed = [_bars_missed(song) for song in songs]
    again = [repeated_sections(song.sheet) for song in songs]
    return {
        "within one bar of 180 s": mean(float(bars <= 1) for bars in missed),
        "at least two sections": mean(float(sung_section_count(song.sheet) >= 2) for song in songs),
        "a section comes again": mean(float(bool(pairs)) for pairs in again),
        "with another band": mean(
            float(any(band_differs(song.score, *pair) for pair in pairs))
            for song, pairs in zip(songs, again, strict=True)
        ),
        "farthest from 180 s, in bars": max(missed, default=math.nan),
    }


TYPED_GOALS: Mapping[str, Goal] = {"typed chords kept": EXACT, "chord tones on strong beats": at_least(0.85)}


def typed_figures(songs: Sequence[SungSong], typed: Sequence[Sequence[Sequence[str]]]) -> dict[str, float]:
    """Return of songs with typed chords how many bars keep them, and how often the tune keeps to them. NaN without songs."""
    kept = [typed_chords_kept(song.sheet, bars) for song, bars in zip(songs, typed, strict=True)]
    return {
        "typed chords kept": mean(kept),
        "chord tones on strong beats": mean(chord_tones_on_strong_beats(song.sheet) for song in songs),
    }


def files_figures(
    songs: Sequence[SungSong], report: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, float]:
    """Return for each reader the share of songs whose every syllable it finds at its time. NaN where it cannot read.

    report: readings done, readings in all.
    """
    found: dict[str, list[float]] = {name: [] for name in READERS}
    for done, song in enumerate(songs):
        for name, right in found.items():
            answer = read_back(name, song.sheet, song.files)
            right += [] if answer is None else [float(answer)]
        report(done + 1, len(songs))
    return {name: mean(right) for name, right in found.items()}


def mean(values: Iterable[float]) -> float:
    """Return the mean of the values that are there; NaN for none."""
    there = [value for value in values if not math.isnan(value)]
    return fmean(there) if there else math.nan


def _bars_missed(song: SungSong) -> float:
    bar_seconds = song.sheet.time_signature.bar_ticks / TICKS_PER_QUARTER * 60 / song.sheet.tempo_qpm
    seconds = song.sheet.length_ticks / TICKS_PER_QUARTER * 60 / song.sheet.tempo_qpm
    return abs(seconds - LENGTH_SECONDS) / bar_seconds


def _compared(ours: Iterable[float], people: Iterable[float]) -> Comparison:
    mine = [value for value in ours if not math.isnan(value)]
    theirs = [value for value in people if not math.isnan(value)]
    low, middle, high = map(float, np.quantile(theirs, (0.25, 0.5, 0.75))) if theirs else (math.nan,) * 3
    return Comparison(median(mine) if mine else math.nan, low, middle, high)
