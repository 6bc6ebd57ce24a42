"""How lyrics are measured: METRICS section 3, one pure function each. Does not know models, songs or files.

Every figure is a share of 0-1 unless its docstring says otherwise, and NaN where there is nothing to count. Words are compared
in lower case and without punctuation. Memorisation has a file of its own, `engine.evaluation.memorisation`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from itertools import chain
from typing import Any

from engine.lyrics.lemmas import lemma as lemma
from engine.lyrics.plain_songs import HEADING, read_plain_song
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import count_syllables, syllables_of
from engine.lyrics.prosody import plain_words as plain_words
from engine.lyrics.rhyme import lines_rhyme, rhyme_pairs
from engine.lyrics.scoring import evenness

BLEU_ORDER = 4
WORDS_THAT_RHYME_NEAR = 10  # METRICS 3, rhyme density: how many words back a rhyme is looked for
SMOOTHED_COUNT = 0.1  # method 1 of Chen and Cherry, WMT 2014: what an n-gram that is never found counts


def length_accuracy(lines: Iterable[tuple[str, int]]) -> float:
    """Return the share of (line, syllables asked for) whose syllables are as many.

    Source: "length accuracy" of Songs Across Borders (ACL 2023); syllables are counted anew from the printed line.
    """
    return _share(count_syllables(line) == asked for line, asked in lines)


def rhyme_accuracy(stanzas: Iterable[tuple[Sequence[str], str]]) -> float:
    """Return the share of line pairs that rhyme, of those that the scheme says must; stanzas: (lines, scheme).

    A pair rhymes when its phonemes from the last stressed vowel on are equal and its last words differ. A line is paired with
    the last one before it that has its letter; X never pairs. Source: "rhyme accuracy" of Songs Across Borders (ACL 2023).
    """
    return _share(
        lines_rhyme(lines[first], lines[second]) for lines, scheme in stanzas for first, second in rhyme_pairs(scheme)
    )


def structure_accuracy(songs: Iterable[tuple[Sequence[object], Sequence[object]]]) -> float:
    """Return the share of songs with exactly the sections asked for, in order (METRICS 3); a song: (asked for, found).

    A section is its label, or its label and number of lines.
    """
    return _share(list(asked) == list(found) for asked, found in songs)


def theme_overlap(theme_words: Sequence[str], lines: Iterable[str]) -> float:
    """Return the share of theme lemmas that occur in the lines (METRICS 3, "overlap of theme and text lemmas")."""
    wanted = {lemma(part) for word in theme_words for part in plain_words(word)}
    found = {lemma(word) for line in lines for word in plain_words(line)}
    return len(wanted & found) / len(wanted) if wanted else math.nan


def theme_hit(songs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Return the share of (theme words, lines) in which a theme word or its lemma occurs; songs without a theme are left out."""
    overlaps = (theme_overlap(theme, lines) for theme, lines in songs)
    return _share(overlap > 0 for overlap in overlaps if not math.isnan(overlap))


def whole_theme(songs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Return the share of (theme words, lines) in which every theme word or its lemma occurs; those without are left out.

    Own definition, stricter than `theme_hit`: a song about an old smartphone that only says "old" is a hit and not whole.
    """
    overlaps = (theme_overlap(theme, lines) for theme, lines in songs)
    return _share(overlap == 1 for overlap in overlaps if not math.isnan(overlap))


def distinct(texts: Iterable[Sequence[str]], n: int) -> float:
    """Return the different n-grams over all n-grams of texts given as words (Li et al., NAACL 2016)."""
    grams = [gram for words in texts for gram in _grams(words, n)]
    return len(set(grams)) / len(grams) if grams else math.nan


def self_bleu_4(texts: Sequence[Sequence[str]]) -> float:
    """Return the mean BLEU-4 of each text against all others (Zhu et al., Texygen, SIGIR 2018); low is varied.

    Texts are given as words; NaN for fewer than two. Smoothed by method 1 of Chen and Cherry (2014).
    """
    each = self_bleu_4_of_each([words for words in texts if words])
    return sum(each) / len(each) if each else math.nan


def self_bleu_4_of_each(texts: Sequence[Sequence[str]]) -> list[float]:
    """Return the BLEU-4 of each text against all others; [] for fewer than two. No text may be empty."""
    if len(texts) < 2:
        return []
    most = [_two_most(texts, n) for n in range(1, BLEU_ORDER + 1)]
    return [_bleu(texts, index, most) for index in range(len(texts))]


def repetition(songs: Iterable[Sequence[tuple[str, Sequence[str]]]]) -> float:
    """Return the share of lines outside a chorus that repeat an earlier line of their song; a song: (label, lines) each."""
    found = []
    for sections in songs:
        seen: set[tuple[str, ...]] = set()
        for label, lines in sections:
            for line in lines:
                words = tuple(plain_words(line))
                if not label.lower().startswith("chorus"):
                    found.append(words in seen)
                seen.add(words)
    return _share(found)


def real_word_rate(lines: Iterable[str], known: Container[str]) -> float:
    """Return the share of words in `known`: the pronouncing dictionary, or three uses or more in training (METRICS 3)."""
    return _share(
        word in known or word.removesuffix("'s") in known or all(part in known for part in word.split("-"))
        for line in lines
        for word in plain_words(line)
    )


def labelled_share(texts: Iterable[str]) -> float:
    """Return the share of texts that are a `<<Artist - Title>>` line and then labelled sections with lines, and no more.

    METRICS 3, "boundary: section labels". A label without lines, or lines without a label, is a miss.
    """
    found = []
    for text in texts:
        first, _, body = text.strip().partition("\n")
        labels = re.findall(r"^\[[^\[\]\n]{1,80}\]$", body, re.MULTILINE)
        sections = read_plain_song(text).sections
        found.append(
            bool(HEADING.match(first)) and bool(labels) and [f"[{section.label}]" for section in sections] == labels
        )
    return _share(found)


def rhyme_lengths(words: Sequence[str]) -> list[int]:
    """Return for each word how many vowels it has in common with the end of one of the ten words before it.

    The text is its words' vowel phonemes, without stress. From the last vowel of a word and of an earlier one, vowels are
    compared backwards, over word ends too, until they differ, until both belong to the same word said twice, or until the
    match reaches back to the earlier word. So a word said twice counts 0; so does a match of one vowel. Source: Malmi et
    al., DopeLearning (KDD 2016), "rhyme length".

    >>> rhyme_lengths("the hungry baby saw the funny lady".split())
    [0, 0, 0, 0, 0, 2, 4]
    """
    vowels, owners, ends = [], [], []  # of all words in a row; which word a vowel is of; where each word's vowels end
    for index, word in enumerate(words):
        found = [sound.rstrip("012") for sound in pronounce(word) if sound[-1].isdigit()]
        vowels += found
        owners += [index] * len(found)
        ends.append(len(vowels))

    def match(later: int, earlier: int) -> int:
        a, b = ends[later] - 1, ends[earlier] - 1
        length = 0
        while b - length >= 0 and a - length > b:
            here, there = a - length, b - length
            if vowels[here] != vowels[there] or words[owners[here]] == words[owners[there]]:
                break
            length += 1
        return length if length > 1 else 0

    return [
        max((match(later, earlier) for earlier in range(max(0, later - WORDS_THAT_RHYME_NEAR), later)), default=0)
        for later in range(len(words))
    ]


def rhyme_density(texts: Iterable[Sequence[str]]) -> float:
    """Return the mean of `rhyme_lengths` over all words of texts given as words: vowels a word, 0 or more; NaN for none.

    Source: "rhyme density" of Malmi et al., DopeLearning (KDD 2016).
    """
    lengths = [length for words in texts for length in rhyme_lengths(words)]
    return sum(lengths) / len(lengths) if lengths else math.nan


def stress_evenness(lines: Iterable[str]) -> float:
    """Return how regularly stress alternates, 0-1, mean over lines with a word of two syllables or more; NaN for none.

    Of a line: the share of syllables of longer words that fit the better of the two alternating patterns, strong-weak or
    weak-strong. Words of one syllable fit either. Own definition; the writer prefers even lines by the same measure.
    """
    found = [evenness(syllables) for line in lines if is_stressed(syllables := syllables_of(line))]
    return sum(found) / len(found) if found else math.nan


def is_stressed(syllables: Iterable[Any]) -> bool:
    """Return whether some syllable belongs to a word of two or more."""
    return any(syllable.word_position != "single" for syllable in syllables)


def _grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _two_most(texts: Sequence[Sequence[str]], n: int) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return for each n-gram its highest count, whose it is, and the highest count of the other texts."""
    most: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for index, words in enumerate(texts):
        for gram, count in Counter(_grams(words, n)).items():
            first, owner, second = most.get(gram, (0, -1, 0))
            most[gram] = (count, index, first) if count > first else (first, owner, max(second, count))
    return most


def _bleu(
    texts: Sequence[Sequence[str]], index: int, most: Sequence[dict[tuple[str, ...], tuple[int, int, int]]]
) -> float:
    """Return BLEU-4 of one text against the others."""
    words = texts[index]
    log_precision = 0.0
    for n, of_order in enumerate(most, 1):
        counts = Counter(_grams(words, n))
        total = sum(counts.values())
        if not total:
            continue  # a text of fewer than four words is judged by the n-grams that it has
        matched = 0
        for gram, count in counts.items():
            first, owner, second = of_order[gram]
            matched += min(count, second if owner == index else first)
        log_precision += math.log((matched or SMOOTHED_COUNT) / total)
    nearest = min((abs(len(other) - len(words)), len(other)) for i, other in enumerate(texts) if i != index)[1]
    return math.exp(min(0.0, 1 - nearest / len(words)) + log_precision / min(BLEU_ORDER, len(words)))


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values) if values else math.nan


def words_of_lines(lines: Iterable[str]) -> list[str]:
    """Return the words of several lines in order, as they are compared here."""
    return list(chain.from_iterable(map(plain_words, lines)))
