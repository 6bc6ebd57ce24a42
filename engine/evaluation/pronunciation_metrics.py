"""How well unknown words are pronounced, on the dictionary words that letter-to-sound training never saw.

Does not know how the words are pronounced: any function from word to phonemes can be measured.

The held-out words are 5 % of the dictionary by SHA-1. Many are inflections or compounds of words that were
trained on, as most unknown words of lyrics are too; the `unrelated` figures leave out those that share their
first five letters with a training word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from engine.lyrics.letter_to_sound import pronounce_by_letters
from engine.lyrics.pronouncing_dictionary import dictionary_words, is_held_out, look_up
from engine.lyrics.pronunciation import pronounce_with

Sounds = tuple[str, ...]
RELATED_LETTERS = 5


def evaluate() -> dict[str, dict[str, float]]:
    """Return the figures of the letter-to-sound network alone, and of all rules with the training words known."""
    words = [word for word in dictionary_words() if word.replace("'", "").isalpha() and word.isascii()]
    held_out = [word for word in words if is_held_out(word)]
    beginnings = {word[:RELATED_LETTERS] for word in words if not is_held_out(word)}
    unrelated = [word for word in held_out if word[:RELATED_LETTERS] not in beginnings]
    return {
        "network": measure(pronounce_by_letters, held_out),
        "network_unrelated": measure(pronounce_by_letters, unrelated),
        "rules_then_network": measure(lambda word: pronounce_with(word, _known_in_training), held_out),
        "rules_then_network_unrelated": measure(lambda word: pronounce_with(word, _known_in_training), unrelated),
    }


def measure(pronounce: Callable[[str], Sounds], words: Sequence[str]) -> dict[str, float]:
    """Return shares of words (0-1) and the phoneme error rate of a pronunciation function.

    Where the dictionary lists several pronunciations, the closest counts. Stress digits are compared in
    `word_accuracy_with_stress` and `primary_stress_accuracy` only.
    """
    totals: dict[str, float] = dict.fromkeys(
        ("syllable_count", "primary_stress", "rhyme_key", "word", "word_stress"), 0
    )
    errors = reference_phonemes = 0
    for word in words:
        guess = pronounce(word)
        listed = look_up(word)
        distances = [edit_distance(_unstressed(guess), _unstressed(reference)) for reference in listed]
        errors += min(distances)
        reference_phonemes += len(listed[distances.index(min(distances))])
        totals["syllable_count"] += _syllables(guess) in map(_syllables, listed)
        totals["primary_stress"] += _primary_place(guess) in map(_primary_place, listed)
        totals["rhyme_key"] += _rhyme(guess) in map(_rhyme, listed)
        totals["word"] += min(distances) == 0
        totals["word_stress"] += guess in listed
    shares = {name: round(total / max(1, len(words)), 4) for name, total in totals.items()}
    return {
        "words": len(words),
        "syllable_count_accuracy": shares["syllable_count"],
        "primary_stress_accuracy": shares["primary_stress"],
        "rhyme_key_accuracy": shares["rhyme_key"],
        "phoneme_error_rate": round(errors / max(1, reference_phonemes), 4),
        "word_accuracy": shares["word"],
        "word_accuracy_with_stress": shares["word_stress"],
    }


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the fewest insertions, deletions and substitutions that turn one sequence into the other."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, start=1):
        above, row[0] = row[0], i
        for j, b in enumerate(second, start=1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1]


def _known_in_training(word: str) -> Sounds | None:
    found = () if is_held_out(word) else look_up(word)
    return found[0] if found else None


def _unstressed(phonemes: Sounds) -> Sounds:
    return tuple(phoneme.rstrip("012") for phoneme in phonemes)


def _syllables(phonemes: Sounds) -> int:
    return sum(phoneme[-1].isdigit() for phoneme in phonemes)


def _primary_place(phonemes: Sounds) -> tuple[int, int]:
    """Return which syllable has the primary stress (-1 for none), and of how many."""
    stresses = [phoneme[-1] for phoneme in phonemes if phoneme[-1].isdigit()]
    return (stresses.index("1") if "1" in stresses else -1, len(stresses))


def _rhyme(phonemes: Sounds) -> Sounds:
    """Return what follows from the last stressed vowel on, primary or secondary."""
    places = [i for i, phoneme in enumerate(phonemes) if phoneme[-1] in "12"]
    return _unstressed(phonemes[places[-1] :]) if places else _unstressed(phonemes)
