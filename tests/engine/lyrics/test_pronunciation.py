"""Laws and examples of pronunciation: every word gets phonemes, known words the dictionary's."""

from __future__ import annotations

import string
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.lyrics.letter_alignment import LETTERS, align
from engine.lyrics.letter_to_sound import pronounce_by_letters
from engine.lyrics.number_words import number_words, ordinal_words
from engine.lyrics.pronouncing_dictionary import dictionary_words, is_held_out, look_up
from engine.lyrics.pronunciation import pronounce, pronunciations

VOWELS = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])
CONSONANTS = frozenset(
    [
        "B",
        "CH",
        "D",
        "DH",
        "F",
        "G",
        "HH",
        "JH",
        "K",
        "L",
        "M",
        "N",
        "NG",
        "P",
        "R",
        "S",
        "SH",
        "T",
        "TH",
        "V",
        "W",
        "Y",
        "Z",
        "ZH",
    ]
)
WORDS = st.text(alphabet=string.ascii_letters + "'’-", min_size=1, max_size=24)


def is_vowel(phoneme: str) -> bool:
    return phoneme[-1].isdigit()


def syllables(word: str) -> int:
    return sum(map(is_vowel, pronounce(word)))


@settings(max_examples=80, deadline=None)
@given(WORDS)
@example("'s")
@example("x'")
@example("zzz'd")
@example("a" * 300)
def test_every_word_with_letters_has_a_vowel_and_only_arpabet(word: str) -> None:
    phonemes = pronounce(word)
    assert any(map(is_vowel, phonemes)) == any(letter.isalpha() for letter in word)
    for phoneme in phonemes:
        assert (phoneme[:-1] in VOWELS and phoneme[-1] in "012") if is_vowel(phoneme) else phoneme in CONSONANTS


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=20))
@example("¹ ½ ٣ ﬁ 東京")
def test_no_text_raises(text: str) -> None:
    assert all(phoneme.rstrip("012") in VOWELS | CONSONANTS for phoneme in pronounce(text))


@settings(max_examples=60, deadline=None)
@given(WORDS)
def test_case_does_not_matter(word: str) -> None:
    assert pronounce(word.upper()) == pronounce(word.lower())


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=LETTERS.strip("'"), min_size=1, max_size=20))
def test_a_guess_has_exactly_one_primary_stress(letters: str) -> None:
    assert sum(phoneme.endswith("1") for phoneme in pronounce_by_letters(letters)) == 1


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(CONSONANTS)), st.lists(st.sampled_from(["AH0", "T", "IY1", "S", "R"]), max_size=12))
def test_an_alignment_gives_every_phoneme_to_one_letter(first: str, rest: list[str]) -> None:
    phonemes = (first, *rest)
    spans = align("abcdef", phonemes)
    assert spans is not None
    assert (spans[0][0], spans[-1][1]) == (0, len(phonemes))
    assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_an_alignment_is_refused_where_phonemes_are_too_many() -> None:
    assert align("w", ("D", "AH1", "B", "AH0")) is None
    assert align("", ()) is None


def test_listed_words_keep_the_dictionarys_pronunciation() -> None:
    for word in dictionary_words()[5000:60000:2500]:
        assert pronounce(word) == look_up(word)[0]
        assert pronunciations(word) == look_up(word)


def test_remarks_of_the_dictionary_are_no_phonemes() -> None:
    assert not any("#" in phoneme for word in dictionary_words()[:300] for phoneme in pronounce(word))


def test_five_per_cent_of_the_dictionary_are_held_out() -> None:
    words = dictionary_words()[:20000]
    assert 0.045 < sum(map(is_held_out, words)) / len(words) < 0.055


def test_a_word_with_variants_lists_them_all_the_usual_one_first() -> None:
    assert pronunciations("fire") == (("F", "AY1", "ER0"), ("F", "AY1", "R"))
    assert len(pronunciations("every")) == 2


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [
        ("harbour", "HH AA1 R B ER0"),
        ("Harbour", "HH AA1 R B ER0"),
        ("o'er", "AO1 R"),
        ("heav’n", "HH EH1 V N"),
        ("wand'ring", "W AA1 N D R IH0 NG"),
        ("Rememb'ring", "R IH0 M EH1 M B R IH0 NG"),
        ("pow'r", "P AW1 R"),
        ("lov'd", "L AH1 V D"),
        ("bring'st", "B R IH1 NG S T"),
        ("loveth", "L AH1 V AH0 TH"),
        ("wanderin'", "W AA1 N D ER0 IH0 N"),
        ("'twere", "T W ER1"),
        ("'neath", "N IY1 TH"),
        ("blessèd", "B L EH1 S AH0 D"),
        ("moon-beam", "M UW1 N B IY1 M"),
        ("hearthstone", "HH AA1 R TH S T OW2 N"),
        ("loveliest", "L AH1 V L IY0 AH0 S T"),
        ("42", "F AO1 R T IY0 T UW1"),
        ("2nd", "S EH1 K AH0 N D"),
    ],
)
def test_pronunciation_of_words_in_songs(word: str, phonemes: str) -> None:
    assert " ".join(pronounce(word)) == phonemes


@pytest.mark.parametrize(
    ("stem", "endings"),
    [
        ("zorp", {"'s": "S"}),
        ("zorb", {"'s": "Z"}),
        ("brosh", {"'s": "IH0 Z"}),
    ],
)
def test_endings_of_unknown_words_agree_with_the_last_sound(stem: str, endings: dict[str, str]) -> None:
    for ending, sound in endings.items():
        assert pronounce(stem + ending) == pronounce(stem) + tuple(sound.split())


@pytest.mark.parametrize("word", ["", "!?", "-", "'", "…"])
def test_text_without_letters_has_no_phonemes(word: str) -> None:
    assert pronounce(word) == ()


@pytest.mark.parametrize(
    ("word", "count"), [("gaed", 1), ("lassie", 2), ("murm'ring", 2), ("firelight", 3), ("thou'rt", 1)]
)
def test_syllables_of_old_and_dialect_words(word: str, count: int) -> None:
    assert syllables(word) == count


@pytest.mark.parametrize(
    ("digits", "words"),
    [
        ("0", "zero"),
        ("14", "fourteen"),
        ("100", "one hundred"),
        ("1969", "nineteen sixty nine"),
        ("1905", "nineteen oh five"),
        ("2024", "two thousand twenty four"),
        ("1000000", "one million"),
        ("007", "zero zero seven"),
    ],
)
def test_numbers_are_read_as_sung(digits: str, words: str) -> None:
    assert " ".join(number_words(digits)) == words


def test_ordinals_end_as_spoken() -> None:
    assert [ordinal_words(n)[-1] for n in ("1", "12", "20", "33", "104")] == [
        "first",
        "twelfth",
        "twentieth",
        "third",
        "fourth",
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(min_value=0, max_value=10**16))
def test_every_number_is_read_in_listed_words(number: int) -> None:
    assert all(look_up(word) for word in number_words(str(number)))
