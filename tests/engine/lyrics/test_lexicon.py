"""Promises of the word list, its beginnings and its rhyme families."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.lyrics.lexicon import Entry, Lexicon, read_words, write_words
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import count_word_syllables, word_rhyme_key
from engine.lyrics.tokenizer import LyricTokenizer
from tests.tiny_models import WORDS, tiny_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> LyricTokenizer:
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def lexicon(tokenizer: LyricTokenizer) -> Lexicon:
    texts = [*WORDS, "thee", "knight", "Nighting", "I", "I'll"]
    return Lexicon.from_entries([Entry(text, 500, pronounce(text)) for text in dict.fromkeys(texts)], tokenizer)


def test_every_word_is_found_by_its_ids_and_nothing_goes_on_beyond(lexicon: Lexicon) -> None:
    for row, word in enumerate(lexicon.words):
        place = None
        for i in word.ids:
            place = lexicon.beginning(i, place)
            assert place is not None
            assert place.first <= row < place.stop
        assert place is not None
        assert lexicon.words[place.first] is word
        inside = {w.ids for w in lexicon.words[place.first : place.stop]}
        assert inside == {w.ids for w in lexicon.words if w.ids[: len(word.ids)] == word.ids}


def test_no_word_begins_with_a_mark(lexicon: Lexicon, tokenizer: LyricTokenizer) -> None:
    assert all(lexicon.beginning(int(i)) is None for i in tokenizer.mark_ids())


@pytest.mark.parametrize("syllables", [1, 2, 3])
def test_starts_are_those_of_short_words(lexicon: Lexicon, syllables: int) -> None:
    expected = {word.ids[0] for word in lexicon.words if word.syllables <= syllables}
    assert set(np.flatnonzero(lexicon.start_mask(syllables)).tolist()) == expected


def test_syllables_and_rhymes_are_those_of_the_printed_word(lexicon: Lexicon) -> None:
    for word in lexicon.words:
        assert word.syllables == count_word_syllables(word.text)
        assert word.rhyme_key == word_rhyme_key(word.text)


def test_rhymes_sound_alike_at_the_end_and_not_wholly(lexicon: Lexicon) -> None:
    night = next(word for word in lexicon.words if word.text == "night")
    rhymes = [word for word, is_one in zip(lexicon.words, lexicon.rhymes_with(night), strict=True) if is_one]
    assert {"light", "delight", "tonight"} <= {word.text for word in rhymes}
    assert not {"night", "knight", "day"} & {word.text for word in rhymes}


def test_families_are_counted_by_sound(lexicon: Lexicon) -> None:
    rows = lexicon.spelled(["night", "Knight", "light", "day"])
    assert rows.sum() == 4
    found = lexicon.in_families(rows, more_than=1)
    assert {word.rhyme_key for word, is_one in zip(lexicon.words, found, strict=True) if is_one} == {"AY T"}
    assert not lexicon.in_families(rows, more_than=2).any()
    assert (found == lexicon.with_rhyme_keys(["AY T", "unheard"])).all()


def test_theme_words_join_once_in_whatever_case(lexicon: Lexicon, tokenizer: LyricTokenizer) -> None:
    assert lexicon.with_words(["Rain", "i'll", "NIGHT"], tokenizer) is lexicon
    more = lexicon.with_words(["zeppelin", "rain", "zeppelin"], tokenizer)
    assert len(more) == len(lexicon) + 1
    assert "Zeppelin" in more
    assert "zeppelin" not in lexicon


def test_a_name_is_written_as_it_is_typed_and_no_other_way(lexicon: Lexicon, tokenizer: LyricTokenizer) -> None:
    named = lexicon.with_names(["Rose", "Zeppelin", "I"], tokenizer)
    assert len(named) == len(lexicon)
    (row,) = np.flatnonzero(named.spelled(["rose"]))
    assert named.words[row].text == "Rose"
    assert list(named.words[row].ids) == tokenizer.encode(" Rose")
    assert [word.ids for word in named.words] == sorted(word.ids for word in named.words)
    assert named.with_names(["Rose"], tokenizer) is named


def test_forms_of_a_word_are_found_together(lexicon: Lexicon) -> None:
    rows = lexicon.with_lemmas(["rains", "Explained"])
    assert {word.text for word, is_one in zip(lexicon.words, rows, strict=True) if is_one} == {"rain", "explain"}
    assert not lexicon.with_lemmas(["unheard"]).any()


def test_a_word_list_comes_back_most_frequent_first(tmp_path: Path, tokenizer: LyricTokenizer) -> None:
    path = tmp_path / "words.txt.gz"
    write_words(path, {"rain": 5, "thee": 9, "o'er": 9})
    assert [(e.text, e.count) for e in read_words(path)] == [("o'er", 9), ("thee", 9), ("rain", 5)]
    assert read_words(path)[0].sound == pronounce("o'er")
    first = path.read_bytes()
    write_words(path, {"o'er": 9, "rain": 5, "thee": 9})
    assert path.read_bytes() == first
    assert len(Lexicon.open(path, tokenizer, archaic=True)) == 3
    assert [word.text for word in Lexicon.open(path, tokenizer, archaic=False).words] == ["rain"]
