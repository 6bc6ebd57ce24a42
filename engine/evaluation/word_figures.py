"""The figures of METRICS 3 for written songs, song by song and together. Does not know how songs are written.

A figure of many songs is the sum of a value of each over the sum of its weights, so that it can be worked out anew for any
choice of songs: that is what intervals are made of. Each value comes from one function of `lyric_metrics` or
`rhyme_metrics`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.evaluation import lyric_metrics
from engine.evaluation.memorisation import LONGEST_LINE_ALLOWED, LONGEST_RUN_ALLOWED, TrainingText
from engine.evaluation.rhyme_metrics import repeated_end_stems, rhyme_families
from engine.evaluation.song_figures import real_words
from engine.evaluation.word_songs import WrittenSong
from engine.lyrics.prosody import syllables_of
from engine.lyrics.rhyme import rhyme_pairs

WORDS_COMPARED = (
    60  # distinct-n and self-BLEU change with length: each song is cut to as many words, shorter ones left out
)
SONGS_COMPARED = 100  # and with the number of songs
VERBATIM = f"verbatim lines of {LONGEST_LINE_ALLOWED + 1} words or more"
LONG_RUN = f"songs with a shared run of {LONGEST_RUN_ALLOWED + 1} or more"
MEAN_RUN, LONGEST_RUN = "mean longest shared run (words)", "longest shared run (words)"
BITS, BITS_PLANNED = "bits per byte, plain text", "bits per byte, plan given"
Better = Literal["higher", "lower", "as people"]
# Of every figure: which way is good. "as people": neither more nor less than held-out songs of people.
FIGURES: Mapping[str, Better] = {
    BITS_PLANNED: "lower",
    BITS: "lower",
    "structure accuracy": "higher",
    "labels parse": "higher",
    "length accuracy": "higher",
    "rhyme accuracy": "higher",
    "theme hit": "higher",
    "whole theme": "higher",
    "theme overlap": "higher",
    "real-word rate": "higher",
    "repetition": "lower",
    "distinct-1": "as people",
    "distinct-2": "as people",
    "rhyme families": "as people",
    "end stems again": "as people",
    "rhyme density": "as people",
    "stress evenness": "as people",
    LONGEST_RUN: "lower",
    MEAN_RUN: "lower",
    LONG_RUN: "lower",
    VERBATIM: "lower",
    "distinct-1 over songs": "as people",
    "distinct-2 over songs": "as people",
    "self-BLEU-4": "as people",
}


@dataclass(frozen=True)
class Values:
    """A figure of several songs. sums, weights: float64 (songs,); their ratio is the figure, 0 / 0 where it has none."""

    sums: np.ndarray
    weights: np.ndarray

    @property
    def figure(self) -> float:
        """Return the figure of all songs; NaN where no song has a weight."""
        total = self.weights.sum()
        return float(self.sums.sum() / total) if total else math.nan

    def of(self, chosen: np.ndarray) -> np.ndarray:
        """Return the figure of each choice of songs; chosen: int (choices, songs chosen)."""
        totals = self.weights[chosen].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: np.ndarray = self.sums[chosen].sum(axis=1) / totals
        return found


@dataclass(frozen=True)
class Reference:
    """What songs are measured against. training: None leaves memorisation out."""

    known_words: frozenset[str]
    training: TrainingText | None = None

    @classmethod
    def of(cls, training: TrainingText | None) -> Reference:
        """Take the pronouncing dictionary, and the usual words of the training text where there is one."""
        return cls(real_words(training), training)


def figures_of(songs: Sequence[WrittenSong], reference: Reference) -> dict[str, float]:
    """Return every figure of `FIGURES` that these songs have, in that order."""
    found = {name: values.figure for name, values in values_of(songs, reference).items()}
    if reference.training:
        found[LONGEST_RUN] = max(reference.training.longest_run(song.written_lines)[0] for song in songs)
    return {name: found[name] for name in FIGURES if not math.isnan(found.get(name, math.nan))}


def values_of(songs: Sequence[WrittenSong], reference: Reference) -> dict[str, Values]:
    """Return the values of every song for all figures that are means or shares."""
    found: dict[str, list[tuple[float, float]]] = {}
    for song in songs:
        for name, (value, weight) in song_values(song, reference).items():
            found.setdefault(name, []).append((0.0, 0.0) if math.isnan(value) else (value * weight, weight))
    return {name: _values(pairs) for name, pairs in found.items()} | variety_values(songs)


def song_values(song: WrittenSong, reference: Reference) -> dict[str, tuple[float, float]]:
    """Return of one song (figure, weight): the weight is what the figure is a share of, 1 for means over songs."""
    words = len(song.words)
    found = _asked_values(song) if song.lyric_request else {}
    if song.part == "plain":
        found["labels parse"] = lyric_metrics.labelled_share([song.text]), 1.0
    outside = sum(len(lines) for label, lines in song.written if not label.lower().startswith("chorus"))
    cut = song.words[:WORDS_COMPARED]
    long_enough = float(len(cut) == WORDS_COMPARED)
    stanzas = [lines for _, lines in song.written]
    long_words = sum(lyric_metrics.is_stressed(syllables_of(line)) for line in song.written_lines)
    found |= {
        "real-word rate": (lyric_metrics.real_word_rate(song.written_lines, reference.known_words), words),
        "repetition": (lyric_metrics.repetition([song.written]), outside),
        "distinct-1": (lyric_metrics.distinct([cut], 1), long_enough),
        "distinct-2": (lyric_metrics.distinct([cut], 2), long_enough),
        "rhyme families": (rhyme_families(stanzas), 1.0),
        "end stems again": (repeated_end_stems(stanzas), 1.0),
        "rhyme density": (lyric_metrics.rhyme_density([song.words]), words),
        "stress evenness": (lyric_metrics.stress_evenness(song.written_lines), long_words),
    }
    return found | (_shared_values(song, reference.training) if reference.training else {})


def _asked_values(song: WrittenSong) -> dict[str, tuple[float, float]]:
    """Return what can only be measured beside a request."""
    together = list(zip(song.sections, song.asked, strict=False))
    lengths = [
        (line, plan.syllables)
        for (_, lines), section in together
        for line, plan in zip(lines, section.lines, strict=False)
    ]
    stanzas = [(lines, "".join(plan.rhyme for plan in section.lines)[: len(lines)]) for (_, lines), section in together]
    structure = [(section.label, len(section.lines)) for section in song.asked]
    return {
        "structure accuracy": (
            lyric_metrics.structure_accuracy([(structure, [(label, len(lines)) for label, lines in song.sections])]),
            1.0,
        ),
        "length accuracy": (lyric_metrics.length_accuracy(lengths), len(lengths)),
        "rhyme accuracy": (
            lyric_metrics.rhyme_accuracy(stanzas),
            sum(len(rhyme_pairs(scheme)) for _, scheme in stanzas),
        ),
        "theme hit": (lyric_metrics.theme_hit([(song.theme_words, song.lines)]), 1.0),
        "whole theme": (lyric_metrics.whole_theme([(song.theme_words, song.lines)]), 1.0),
        "theme overlap": (lyric_metrics.theme_overlap(song.theme_words, song.lines), 1.0),
    }


def _shared_values(song: WrittenSong, training: TrainingText) -> dict[str, tuple[float, float]]:
    run = training.longest_run(song.written_lines)[0]
    return {
        MEAN_RUN: (float(run), 1.0),
        LONG_RUN: (float(run > LONGEST_RUN_ALLOWED), 1.0),
        VERBATIM: (training.verbatim_line_share(song.written_lines), len(song.written_lines)),
    }


def variety_values(songs: Sequence[WrittenSong]) -> dict[str, Values]:
    """Return how varied songs are among each other: up to 100 of them, drawn evenly, each cut to its first 60 words.

    distinct-n over songs: an n-gram that is found c times in all gives 1 / c to the song each time, so that the figure is
    `lyric_metrics.distinct` of all texts. self-BLEU-4: of each song against the others. In an interval the other songs stay
    as they are. Fewer than two songs that are long enough have none.
    """
    drawn = np.random.default_rng(0).permutation(len(songs))
    chosen = [int(i) for i in drawn if len(songs[i].words) >= WORDS_COMPARED][:SONGS_COMPARED]
    if len(chosen) < 2:
        return {}
    texts = [songs[i].words[:WORDS_COMPARED] for i in chosen]
    values = {f"distinct-{n} over songs": _distinct_parts(texts, n) for n in (1, 2)}
    values["self-BLEU-4"] = [(value, 1.0) for value in lyric_metrics.self_bleu_4_of_each(texts)]
    return {name: _placed(pairs, chosen, len(songs)) for name, pairs in values.items()}


def _distinct_parts(texts: Sequence[Sequence[str]], n: int) -> list[tuple[float, float]]:
    grams = [[tuple(words[i : i + n]) for i in range(len(words) - n + 1)] for words in texts]
    counts = Counter(gram for found in grams for gram in found)
    return [(sum(1 / counts[gram] for gram in found), float(len(found))) for found in grams]


def _placed(pairs: Sequence[tuple[float, float]], places: Sequence[int], size: int) -> Values:
    """Return the values of all songs, those that were not drawn without a weight."""
    sums, weights = np.zeros(size), np.zeros(size)
    sums[list(places)], weights[list(places)] = np.array(pairs).T
    return Values(sums, weights)


def _values(pairs: Sequence[tuple[float, float]]) -> Values:
    sums, weights = np.array(pairs, np.float64).reshape(-1, 2).T
    return Values(sums, weights)


@dataclass(frozen=True)
class Bar:
    """What a figure must pass. text: for people. passes: of the figure and that of people's songs (NaN if unknown)."""

    text: str
    passes: Callable[[float, float], bool]
    needs_people: bool = False


def at_least(least: float) -> Bar:
    """Return the bar "not below"."""
    return Bar(f">= {least:g}", lambda value, people: value >= least - 1e-9)


def at_most(most: float, text: str = "") -> Bar:
    """Return the bar "not above"."""
    return Bar(text or f"<= {most:g}", lambda value, people: value <= most)


NEAR_PEOPLE = Bar("people +-10 %", lambda value, people: abs(value - people) <= 0.1 * people, needs_people=True)
NOT_ABOVE_PEOPLE = Bar("<= people", lambda value, people: value <= people, needs_people=True)
BARS: Mapping[str, Bar] = {
    "structure accuracy": at_least(1.0),
    "labels parse": at_least(1.0),
    "length accuracy": at_least(0.995),
    "rhyme accuracy": at_least(0.99),
    "theme hit": at_least(0.95),
    "real-word rate": at_least(0.995),
    "repetition": NOT_ABOVE_PEOPLE,
    "distinct-1": NEAR_PEOPLE,
    "distinct-2": NEAR_PEOPLE,
    LONGEST_RUN: at_most(LONGEST_RUN_ALLOWED, f"< {LONGEST_RUN_ALLOWED + 1}"),
    LONG_RUN: at_most(0.0, "0"),
    VERBATIM: at_most(0.0, "0"),
    "distinct-1 over songs": NEAR_PEOPLE,
    "distinct-2 over songs": NEAR_PEOPLE,
    "self-BLEU-4": NEAR_PEOPLE,
}


def verdict(name: str, value: float, people: float = math.nan) -> str:
    """Return "pass" or "short"; "" where the figure has no bar or people's figure is not known."""
    bar = BARS.get(name)
    if bar is None or math.isnan(value) or (bar.needs_people and math.isnan(people)):
        return ""
    return "pass" if bar.passes(value, people) else "short"
