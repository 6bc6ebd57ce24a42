"""Laws of metres: what fits a place keeps the metre, and words of one syllable fit anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import METRES
from engine.errors import RequestError
from engine.lyrics.lexicon import Entry, Lexicon, make_word
from engine.lyrics.metre import MetreRows, find_metre, keeps, smoothness
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import syllables_of

WORDS = "rain the harbour away butterfly understand tomorrow moonlight remember river because a".split()
LEXICON = Lexicon([make_word(Entry(w, 1, pronounce(w)), (i,)) for i, w in enumerate(WORDS)], len(WORDS))
each_metre = pytest.mark.parametrize("name", METRES)


@each_metre
@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_a_line_of_words_that_fit_their_places_keeps_the_metre_and_no_other_does(name: str, line: list[str]) -> None:
    metre, place, fits = find_metre(name), 0, []
    rows = MetreRows(LEXICON, metre)
    for text in line:
        row = next(i for i, word in enumerate(LEXICON.words) if word.text == text)
        place += LEXICON.words[row].syllables
        fits.append(bool(rows.rows(place)[row]))
    assert keeps(syllables_of(" ".join(line)), metre) == all(fits)


@each_metre
def test_words_of_one_syllable_fit_every_place(name: str) -> None:
    rows = MetreRows(LEXICON, find_metre(name))
    single = LEXICON.syllables == 1
    assert all(rows.rows(left)[single].all() for left in range(1, 15))
    assert not any(rows.rows(1)[~single])


@pytest.mark.parametrize(("line", "name"), [
    ("the curfew tolls the knell of parting day", "iambic"), ("tyger tyger burning brightly", "trochaic"),
    ("and the sheen of their spears was like stars on the river", "anapaestic"),
    ("merrily merrily under the butterfly", "dactylic"), ("", "iambic"),
])  # fmt: skip
def test_famous_lines_keep_their_metre(line: str, name: str) -> None:
    assert keeps(syllables_of(line), find_metre(name))


def test_a_line_keeps_one_of_two_opposite_metres_at_most() -> None:
    line = syllables_of("away the harbour")
    assert keeps(line, find_metre("iambic"))
    assert not keeps(line, find_metre("trochaic"))


def test_small_words_are_smooth_on_weak_places() -> None:
    iambic = find_metre("iambic")
    assert smoothness(syllables_of("the rain"), iambic) == 1
    assert smoothness(syllables_of("rain the"), iambic) == 0
    assert smoothness(syllables_of("harbour"), iambic) == 1


@each_metre
def test_a_line_that_ends_strong_ends_on_a_strong_place(name: str) -> None:
    metre = find_metre(name)
    assert {n for n in range(1, 15) if metre.ends_strong(n)} == {n for n in range(1, 15) if metre.is_strong(n - 1)}


def test_metres_have_other_spellings_and_an_unknown_one_is_told_the_nearest() -> None:
    assert find_metre(" Anapestic ").name == "anapaestic"
    assert find_metre("iamb").name == "iambic"
    with pytest.raises(RequestError, match=r"iambic, trochaic.*'iambik'; did you mean iambic\?"):
        find_metre("iambik")
    with pytest.raises(RequestError, match="most songs are iambic"):
        find_metre("xyz")
