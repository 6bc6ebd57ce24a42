"""What a song is like in numbers, for a judge that learns which of them people like. Does not know what they like.

Words: lengths, rhymes inside and at the ends of lines, what comes again, how common words are, signs, and which words keep
company (the mean of their association vectors, rare words counting more). Tune: the figures of `tune_shape`, its tempo and
mode. NaN where there is nothing to measure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from statistics import fmean, pstdev

import numpy as np

from engine.evaluation.tune_shape import DETAILS, SHAPE, chord_tones_on_strong_beats
from engine.lyrics.associations import Associations
from engine.lyrics.prosody import count_word_syllables, plain_words, word_rhyme_key
from engine.lyrics.rhyme import FREE, find_scheme
from engine.lyrics.text import parse_lyrics
from engine.music.lead_sheet import LeadSheet
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key

COMMON_WORDS = 700  # the most frequent tenth of the words with vectors
SHORTEST_SOUNDING = 3  # letters: shorter words rhyme with each other, and nobody hears it
SINGING = frozenset({"i", "me", "my", "mine", "we", "us", "our"})
SPOKEN_TO = frozenset({"you", "your", "yours"})
FREQUENT_SHARE = 0.02  # by Zipf's law: words above it in the texts weigh less than half in the mean of vectors
COMPANY = "company {}"  # the names of the association vector's values

Stanzas = Sequence[Sequence[str]]


def features_of(text: str, sheet: LeadSheet | None, associations: Associations) -> dict[str, float]:
    """Return every feature of a song by name, always the same names. text: as printed, with labels over its sections."""
    sections = sections_of(text)
    company = company_of(sections, associations)
    return {
        **_lengths(sections),
        **_sounds(sections),
        **_choice_of_words(sections, associations),
        **_signs(sections),
        **{COMPANY.format(place): float(value) for place, value in enumerate(company)},
        **_tune(sheet),
    }


def sections_of(text: str) -> list[tuple[str, ...]]:
    """Return the lines of each section, those that come again word for word once; of a text without labels all lines."""
    sections = parse_lyrics(text).sections
    labelled = [section.lines for section in sections if section.label] or [section.lines for section in sections]
    return list(dict.fromkeys(lines for lines in labelled if lines))


def company_of(sections: Stanzas, associations: Associations) -> np.ndarray:
    """Return the mean of the vectors of a song's words, weighted by rarity: (dimensions,). NaN where none has a vector.

    Weights are those of smooth inverse frequency (Arora, Liang and Ma 2017), with frequencies by Zipf's law of the rank.
    """
    known = associations.known(chain.from_iterable(plain_words(line) for line in chain.from_iterable(sections)))
    if not known:
        return np.full((associations.dimensions,), math.nan, np.float32)
    ranks = np.array([associations.rank(word) for word in known])
    weights = FREQUENT_SHARE / (FREQUENT_SHARE + 1.0 / (ranks + 3.0))
    mean: np.ndarray = weights @ associations.vectors(known) / weights.sum()
    return mean


def _lengths(sections: Stanzas) -> dict[str, float]:
    lines = list(chain.from_iterable(sections))
    words = [plain_words(line) for line in lines]
    every = list(chain.from_iterable(words))
    characters = [len(line) for line in lines]
    return {
        "characters in a line": _mean(characters),
        "spread of characters in a line": pstdev(characters) if characters else math.nan,
        "words in a line": _mean(map(len, words)),
        "letters in a word": _mean(map(len, every)),
        "syllables in a word": _mean(map(count_word_syllables, every)),
        "lines": math.log(len(lines)) if lines else math.nan,
    }


def _sounds(sections: Stanzas) -> dict[str, float]:
    ends = [letter != FREE for lines in sections for letter in find_scheme(lines)]
    inner = [found for lines in sections for found in _inner_rhymes(lines)]
    starts = [word[0] for lines in sections for line in lines for word in _sounding(line)]
    return {
        "lines that rhyme": _mean(ends),
        "words that rhyme within two lines": _mean(inner),
        "neighbours that begin alike": _mean(a == b for a, b in pairwise(starts)),
    }


def _inner_rhymes(lines: Sequence[str]) -> list[bool]:
    """Return for every sounding word whether another one of its line or of the line before or after rhymes with it."""
    keyed = [[(word_rhyme_key(word), word) for word in _sounding(line)] for line in lines]
    found = []
    for place, own in enumerate(keyed):
        near = set(chain.from_iterable(keyed[max(place - 1, 0) : place + 2]))
        found += [any(key == other and word != there for other, there in near) for key, word in own]
    return found


def _choice_of_words(sections: Stanzas, associations: Associations) -> dict[str, float]:
    lines = [plain_words(line) for line in chain.from_iterable(sections)]
    words = list(chain.from_iterable(lines))
    sounding = [word for word in words if len(word) >= SHORTEST_SOUNDING]
    ranks = [associations.rank(word) for word in associations.known(words)]
    firsts = [line[0] for line in lines if line]
    couples = list(chain.from_iterable(pairwise(line) for line in lines))
    return {
        "words that came before": 1 - len(set(sounding)) / len(sounding) if sounding else math.nan,
        "different pairs of words": len(set(couples)) / len(couples) if couples else math.nan,
        "lines that begin alike": 1 - len(set(firsts)) / len(firsts) if firsts else math.nan,
        "common words": sum(rank < COMMON_WORDS for rank in ranks) / len(words) if words else math.nan,
        "words with company": len(ranks) / len(words) if words else math.nan,
        "rarity": _mean(math.log(rank + 1) for rank in ranks),
        "I and we": _mean(word in SINGING for word in words),
        "you": _mean(word in SPOKEN_TO for word in words),
    }


def _signs(sections: Stanzas) -> dict[str, float]:
    lines = list(chain.from_iterable(sections))
    return {
        "commas in a line": _mean(line.count(",") for line in lines),
        "exclamation marks in a line": _mean(line.count("!") for line in lines),
        "question marks in a line": _mean(line.count("?") for line in lines),
        "lines without a sign at the end": _mean(line[-1:].isalnum() for line in lines),
    }


def _tune(sheet: LeadSheet | None) -> dict[str, float]:
    figures = {**SHAPE, **DETAILS, "chord tones on strong beats": chord_tones_on_strong_beats}
    found = {name: measure(sheet) if sheet is not None else math.nan for name, measure in figures.items()}
    if sheet is None:
        return found | dict.fromkeys(("notes in a quarter", "mean pitch", "tempo", "minor"), math.nan)
    quarters = sum(note.duration_ticks for note in sheet.notes) / TICKS_PER_QUARTER
    return found | {
        "notes in a quarter": len(sheet.notes) / quarters if quarters else math.nan,
        "mean pitch": _mean(note.pitch for note in sheet.notes),
        "tempo": math.log(sheet.tempo_qpm),
        "minor": float(Key.parse(sheet.key_name).mode == "minor"),
    }


def names_of(associations: Associations) -> tuple[str, ...]:
    """Return the names of all features, in order."""
    return tuple(features_of("", None, associations))


def in_order(features: Mapping[str, float], names: Sequence[str]) -> np.ndarray:
    """Return the values of these features: float64 (names,)."""
    return np.array([features[name] for name in names], dtype=np.float64)


def _sounding(line: str) -> list[str]:
    return [word for word in plain_words(line) if len(word) >= SHORTEST_SOUNDING]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else math.nan


TUNE_NAMES = frozenset(_tune(None))
