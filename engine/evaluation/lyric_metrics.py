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

from engine.lyrics.prosody import count_syllables, words_of
from engine.lyrics.rhyme import lines_rhyme, rhyme_pairs

BLEU_ORDER = 4
SMOOTHED_COUNT = 0.1  # method 1 of Chen and Cherry, WMT 2014: what an n-gram that is never found counts


def plain_words(line: str) -> list[str]:
    """Return the words of a line in lower case, without the apostrophes around them."""
    return [word.strip("'") for word in words_of(line.lower().replace("’", "'"))]


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


def lemma(word: str) -> str:
    """Cut the endings of plurals, possessives and verb forms off: rains, rained, raining -> rain; ponies, pony -> poni.

    The plural rules are Harman's S stemmer (1991). What is left need not be a word: it is only compared with itself.
    """
    stem = re.sub(r"'s?$", "", word.lower())
    if len(stem) > 4 and stem.endswith("ies") and not stem.endswith(("eies", "aies")):
        stem = stem[:-2]
    elif len(stem) > 3 and stem.endswith("s") and not stem.endswith(("us", "ss", "aes", "ees", "oes")):
        stem = stem[:-1]
    cut = re.sub(r"(?<=[a-z]{2})(?:ing|in'|ed)$", "", stem)
    if cut != stem and re.search(r"[aeiouy]", cut):
        stem = re.sub(r"([bdgmnprt])\1$", r"\1", cut)
    return re.sub(r"y$", "i", re.sub(r"(?<=[a-z]{2})e$", "", stem))


def theme_overlap(theme_words: Sequence[str], lines: Iterable[str]) -> float:
    """Return the share of theme lemmas that occur in the lines (METRICS 3, "overlap of theme and text lemmas")."""
    wanted = {lemma(part) for word in theme_words for part in plain_words(word)}
    found = {lemma(word) for line in lines for word in plain_words(line)}
    return len(wanted & found) / len(wanted) if wanted else math.nan


def theme_hit(songs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> float:
    """Return the share of (theme words, lines) in which a theme word or its lemma occurs; songs without a theme are left out."""
    overlaps = (theme_overlap(theme, lines) for theme, lines in songs)
    return _share(overlap > 0 for overlap in overlaps if not math.isnan(overlap))


def distinct(texts: Iterable[Sequence[str]], n: int) -> float:
    """Return the different n-grams over all n-grams of texts given as words (Li et al., NAACL 2016)."""
    grams = [gram for words in texts for gram in _grams(words, n)]
    return len(set(grams)) / len(grams) if grams else math.nan


def self_bleu_4(texts: Sequence[Sequence[str]]) -> float:
    """Return the mean BLEU-4 of each text against all others (Zhu et al., Texygen, SIGIR 2018); low is varied.

    Texts are given as words; NaN for fewer than two. Smoothed by method 1 of Chen and Cherry (2014).
    """
    kept = [words for words in texts if words]
    if len(kept) < 2:
        return math.nan
    most = [_two_most(kept, n) for n in range(1, BLEU_ORDER + 1)]
    return sum(_bleu(kept, index, most) for index in range(len(kept))) / len(kept)


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
