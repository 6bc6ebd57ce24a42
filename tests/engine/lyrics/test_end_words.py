"""Promises of the words that may end a line: they are new to the song as long as there are new ones."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.errors import RequestError
from engine.lyrics.draft import Draft, WrittenLine
from engine.lyrics.end_words import USUAL_END, EndWords, onset
from engine.lyrics.lexicon import Entry, Lexicon, Rows
from engine.lyrics.pronunciation import pronounce
from tests.tiny_models import RHYMING_WORDS, tiny_tokenizer

MORE = "rained trained gained pained lanes drains brained loves loved love above dove glove of the"


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    texts = dict.fromkeys((RHYMING_WORDS + MORE).split())
    return Lexicon.from_entries([Entry(text, USUAL_END, pronounce(text)) for text in texts], tiny_tokenizer())


def draft_of(lexicon: Lexicon, sections: Sequence[Sequence[tuple[str, str]]]) -> Draft:
    """Return a draft of sections with lines of one word, (word, letter) each; the last one is under way."""
    draft = Draft(frozenset())
    for section in sections:
        draft.sections.append([])
        draft.rhyme_words.clear()
        for text, letter in section:
            word = next(w for w in lexicon.words if w.text == text)
            draft.add(WrittenLine(text, (word,), None, word.rhyme_key), letter)
    return draft


def texts_of(lexicon: Lexicon, rows: Rows) -> set[str]:
    return {word.text for word, is_one in zip(lexicon.words, rows, strict=True) if is_one}


def lines(scheme: str) -> list[tuple[int, str]]:
    return [(3, letter) for letter in scheme]


def test_a_new_section_rhymes_on_new_families(lexicon: Lexicon) -> None:
    draft = draft_of(lexicon, [[("rain", "A"), ("pain", "A"), ("night", "B"), ("light", "B")], []])
    found = texts_of(lexicon, EndWords(lexicon).of_line(lines("AABB"), 0, draft))
    assert {"day", "sea"} <= found
    assert not {"chain", "lane", "fight", "white"} & found


def test_a_form_of_an_end_word_does_not_end_a_line(lexicon: Lexicon) -> None:
    draft = draft_of(lexicon, [[("rain", "A")], []])
    found = texts_of(lexicon, EndWords(lexicon).of_line(lines("X"), 0, draft))
    assert {"trained", "loved"} <= found
    assert "rained" not in found


def test_a_rhyme_is_another_word_from_its_first_consonant_on(lexicon: Lexicon) -> None:
    draft = draft_of(lexicon, [[("light", "A")]])
    found = texts_of(lexicon, EndWords(lexicon).of_line(lines("AA"), 1, draft))
    assert {"night", "kite"} <= found
    assert "delight" not in found
    assert {onset(word) for word in lexicon.words if word.text in {"light", "delight"}} == {"L"}


def test_where_nothing_new_is_left_the_old_comes_again(lexicon: Lexicon) -> None:
    few = lexicon.with_rhyme_keys(["AY T"])
    small = Lexicon([w for w, is_kept in zip(lexicon.words, few, strict=True) if is_kept], lexicon.vocab_size)
    draft = draft_of(small, [[("light", "A"), ("night", "A")], []])
    assert "fight" in texts_of(small, EndWords(small).of_line(lines("AA"), 0, draft))
    draft = draft_of(small, [[(word.text, "A") for word in small.words], []])
    assert texts_of(small, EndWords(small).of_line(lines("AA"), 0, draft)) == {word.text for word in small.words}


def test_a_song_without_words_is_a_kind_refusal(lexicon: Lexicon) -> None:
    draft = draft_of(lexicon, [[(word.text, "X") for word in lexicon.words if word.syllables == 1]])
    with pytest.raises(RequestError, match="fewer lines"):
        EndWords(lexicon).of_line([(1, "X")], 0, draft)
