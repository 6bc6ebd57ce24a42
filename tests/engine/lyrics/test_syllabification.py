"""Laws and examples of syllabification: the pieces are the word, one for each vowel phoneme."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.lyrics.pronouncing_dictionary import dictionary_words
from engine.lyrics.pronunciation import pronounce, pronunciations
from engine.lyrics.syllabification import syllabify

PHONEMES = st.lists(
    st.sampled_from(
        [
            "AH0",
            "IY1",
            "ER0",
            "AY2",
            "T",
            "S",
            "R",
            "NG",
            "K",
            "M",
            "Y",
        ]
    ),
    max_size=14,
).map(tuple)


def stresses(phonemes: tuple[str, ...]) -> list[int]:
    return [int(phoneme[-1]) for phoneme in phonemes if phoneme[-1].isdigit()]


@settings(max_examples=120, deadline=None)
@given(st.text(alphabet=string.ascii_letters + "0123456789'’-é", min_size=1, max_size=20), PHONEMES)
@example("w", ("D", "AH1", "B", "AH0", "L", "Y", "UW0"))
@example("aa", ("T", "T", "T", "T", "AH0", "IY1"))
def test_pieces_join_to_the_word_one_for_each_vowel(word: str, phonemes: tuple[str, ...]) -> None:
    pieces = syllabify(word, phonemes)
    assert "".join(text for text, _ in pieces) == word
    assert [stress for _, stress in pieces] == (stresses(phonemes) or [0])
    if len(word) >= len(pieces):
        assert all(text for text, _ in pieces)


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=string.ascii_lowercase + "'", min_size=1, max_size=16))
def test_guessed_words_split_into_as_many_pieces_as_vowels(word: str) -> None:
    phonemes = pronounce(word)
    pieces = syllabify(word, phonemes)
    assert "".join(text for text, _ in pieces) == word
    assert len(pieces) == max(1, len(stresses(phonemes)))


def test_pieces_of_listed_words_are_never_empty() -> None:
    for word in dictionary_words()[3000:120000:600]:
        for phonemes in pronunciations(word):
            pieces = syllabify(word, phonemes)
            assert "".join(text for text, _ in pieces) == word
            assert len(pieces) > len(word) or all(text for text, _ in pieces)


@pytest.mark.parametrize(
    "split",
    [
        "har-bour",
        "o-ver",
        "lit-tle",
        "fi-re",
        "ho-ur",
        "flo-urs",
        "mo-ther",
        "chick-en",
        "place-ment",
        "sis-ter",
        "sing-ing",
        "fin-ger",
        "hap-py",
        "ta-ble",
        "po-em",
        "qui-et",
        "flow-er",
        "beau-ti-ful",
        "re-mem-ber",
        "wan-der-ing",
        "love-li-est",
        "no-thing",
        "un-known",
        "cre-ate",
        "tax-i",
        "re-writ-ten",
        "eve-ning",
        "whis-per",
        "lone-ly",
        "an-gel",
        "be-ing",
    ],
)
def test_words_split_where_singers_expect_it(split: str) -> None:
    word = split.replace("-", "")
    assert "-".join(text for text, _ in syllabify(word, pronounce(word))) == split


def test_the_number_of_syllables_follows_the_pronunciation() -> None:
    assert [len(syllabify("fire", phonemes)) for phonemes in pronunciations("fire")] == [2, 1]


def test_stress_stays_with_its_syllable() -> None:
    assert syllabify("Moonbeam", pronounce("moonbeam")) == (("Moon", 1), ("beam", 2))
    assert syllabify("create", pronounce("create")) == (("cre", 0), ("ate", 1))


def test_hyphens_close_a_piece() -> None:
    assert [text for text, _ in syllabify("moon-beam", pronounce("moon-beam"))] == ["moon-", "beam"]


@pytest.mark.parametrize("word", ["tv", "42", "1969", "b2b"])
def test_digits_and_abbreviations_still_join_to_the_word(word: str) -> None:
    pieces = syllabify(word, pronounce(word))
    assert "".join(text for text, _ in pieces) == word
    assert len(pieces) == len(stresses(pronounce(word)))


def test_no_word_has_no_pieces() -> None:
    assert syllabify("", ()) == ()
    assert syllabify("...", ()) == (("...", 0),)
