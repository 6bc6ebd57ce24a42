"""Alignment of letters with phonemes by expectation maximisation: how each letter of a word sounds.

Does not know stress, dictionaries or files; many words of one shape are aligned at once with numpy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.lyrics.letter_alignment import LETTERS

Sounds = tuple[str, ...]
Word = tuple[str, Sounds]  # letters, phonemes without stress
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def align_by_expectation_maximisation(
    words: Sequence[Word], rounds: int = 6
) -> tuple[dict[tuple[str, Sounds], float], dict[Word, tuple[Sounds, ...]]]:
    """Return the log probability of each (letter, its 0-2 phonemes), and the best alignment of each word.

    Words that have more than two phonemes a letter cannot be aligned and are absent from the second result.
    """
    sounds = sorted({sound for _, phonemes in words for sound in phonemes})
    shapes = list(_by_shape(words, sounds))
    table = _first_guess(len(sounds))
    for _ in range(rounds):
        counts = np.full_like(table, 1e-4)
        for _, letters, phonemes in shapes:
            _count_expected(table, letters, phonemes, len(sounds), counts)
        table = counts / counts.sum(axis=1, keepdims=True)
    aligned: dict[Word, tuple[Sounds, ...]] = {}
    for group, letters, phonemes in shapes:
        lengths = _best_lengths(table, letters, phonemes, len(sounds))
        for word, row in zip(group, lengths, strict=True):
            ends = np.cumsum(row)
            aligned[word] = tuple(tuple(word[1][end - n : end]) for end, n in zip(ends, row, strict=True))
    return _named_costs(table, sounds), aligned


def _by_shape(words: Sequence[Word], sounds: list[str]) -> Iterator[tuple[list[Word], Integers, Integers]]:
    """Yield words with equally many letters and phonemes together: words, letters (N, L), phonemes (N, P)."""
    groups: dict[tuple[int, int], list[Word]] = defaultdict(list)
    for word in words:
        if 0 < len(word[1]) <= 2 * len(word[0]):
            groups[len(word[0]), len(word[1])].append(word)
    number = {sound: i for i, sound in enumerate(sounds)}
    for _, group in sorted(groups.items()):
        letters = np.array([[LETTERS.index(c) for c in word] for word, _ in group])  # (N, L)
        phonemes = np.array([[number[sound] for sound in p] for _, p in group])  # (N, P)
        yield group, letters, phonemes


def _first_guess(sound_count: int) -> Floats:
    """Return p(phonemes | letter) that favours one phoneme a letter: columns are none, single, then pairs."""
    guess = np.full((len(LETTERS), 1 + sound_count + sound_count**2), 0.02 / sound_count**2)
    guess[:, 0] = 0.15
    guess[:, 1 : 1 + sound_count] = 1.0 / sound_count
    return guess / guess.sum(axis=1, keepdims=True)


def _columns(phonemes: Integers, position: int, length: int, sound_count: int) -> Integers:
    """Return the table column of the `length` phonemes that end before `position`, for each word."""
    if length == 0:
        return np.zeros(len(phonemes), dtype=np.int64)
    if length == 1:
        return 1 + phonemes[:, position - 1]
    return 1 + sound_count + phonemes[:, position - 2] * sound_count + phonemes[:, position - 1]


def _steps(letter_count: int, phoneme_count: int) -> Iterator[tuple[int, int, int]]:
    """Yield (letter, phonemes used after it, how many of them it takes), where an alignment can pass."""
    for letter in range(letter_count):
        remaining = letter_count - letter - 1
        for used in range(max(0, phoneme_count - 2 * remaining), min(phoneme_count, 2 * letter + 2) + 1):
            for length in range(min(2, used) + 1):
                yield letter, used, length


def _count_expected(table: Floats, letters: Integers, phonemes: Integers, sound_count: int, counts: Floats) -> None:
    """Add to `counts` how often each letter is expected to take each group of phonemes."""
    (n, letter_count), phoneme_count = letters.shape, phonemes.shape[1]
    forward = np.zeros((letter_count + 1, phoneme_count + 1, n))
    backward = np.zeros_like(forward)
    forward[0, 0] = backward[letter_count, phoneme_count] = 1.0
    steps = list(_steps(letter_count, phoneme_count))
    cells = [(letters[:, i], _columns(phonemes, used, length, sound_count)) for i, used, length in steps]
    for (i, used, length), cell in zip(steps, cells, strict=True):
        forward[i + 1, used] += forward[i, used - length] * table[cell]
    for (i, used, length), cell in zip(reversed(steps), reversed(cells), strict=True):
        backward[i, used - length] += backward[i + 1, used] * table[cell]
    total = forward[letter_count, phoneme_count]
    for (i, used, length), cell in zip(steps, cells, strict=True):
        expected = forward[i, used - length] * table[cell] * backward[i + 1, used] / total
        np.add.at(counts, cell, expected)


def _best_lengths(table: Floats, letters: Integers, phonemes: Integers, sound_count: int) -> Integers:
    """Return how many phonemes each letter takes in the most probable alignment, (N, L)."""
    (n, letter_count), phoneme_count = letters.shape, phonemes.shape[1]
    best = np.full((letter_count + 1, phoneme_count + 1, n), -np.inf)
    taken = np.zeros((letter_count + 1, phoneme_count + 1, n), dtype=np.int64)
    best[0, 0] = 0.0
    logs = np.log(table)
    for i, used, length in _steps(letter_count, phoneme_count):
        score = best[i, used - length] + logs[letters[:, i], _columns(phonemes, used, length, sound_count)]
        better = score > best[i + 1, used]
        best[i + 1, used] = np.where(better, score, best[i + 1, used])
        taken[i + 1, used] = np.where(better, length, taken[i + 1, used])
    lengths = np.zeros((n, letter_count), dtype=np.int64)
    position, everyone = np.full(n, phoneme_count), np.arange(n)
    for i in range(letter_count, 0, -1):
        lengths[:, i - 1] = taken[i, position, everyone]
        position = position - lengths[:, i - 1]
    return lengths


def _named_costs(table: Floats, sounds: list[str]) -> dict[tuple[str, Sounds], float]:
    """Return the log probabilities above 1e-5 of the table under their names."""
    groups: list[Sounds] = [(), *((a,) for a in sounds), *((a, b) for a in sounds for b in sounds)]
    return {
        (LETTERS[row], groups[column]): float(np.log(table[row, column]))
        for row, column in np.argwhere(table > 1e-5).tolist()
    }
