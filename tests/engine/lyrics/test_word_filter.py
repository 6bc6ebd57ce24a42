"""Levels of the word filter: what they leave out, in every form, and what they leave alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import FilterLevel, LyricRequest
from engine.errors import RequestError
from engine.lyrics import insults
from engine.lyrics.own_words import read_own_words
from engine.lyrics.prosody import words_of
from engine.lyrics.theme import clean_theme
from engine.lyrics.word_filter import avoided, first_left_out, forms_of, list_of, words_of_level
from tests.engine.song.whole_songs import make
from tests.tiny_models import WORDS

if TYPE_CHECKING:
    from engine.song.models import SongModels

LEVELS: tuple[FilterLevel, ...] = get_args(FilterLevel)


def test_each_level_leaves_out_all_that_the_one_before_it_does() -> None:
    off, mild, strict = map(words_of_level, LEVELS)
    assert off == frozenset()
    assert off < mild < strict
    assert all(word == word.lower() and word.isalpha() for word in strict)


@pytest.mark.parametrize(("lemma", "forms"), [
    ("stab", "stabs stabbed stabbing"), ("kill", "kills killed killing"), ("murder", "murders murdered murdering"),
    ("torture", "tortures tortured torturing"), ("brandy", "brandies"), ("booze", "boozed boozing"),
    ("corpse", "corpses"), ("carcass", "carcasses"), ("lynch", "lynches lynched lynching"), ("assay", "assays assayed"),
])  # fmt: skip
def test_a_lemma_stands_for_its_forms(lemma: str, forms: str) -> None:
    assert {lemma, *forms.split()} <= set(forms_of(lemma))


INNOCENT = """
    love heart skill vine assess class pass grass bass hello shell bulletin drum rumour begin ginger pale tale wind winner
    sing blood breast bosom bed war sword shot shoot drink drank rose hang cock tit dick mist luster lusty beast host whale
    gunnel pistil rapt grape drape essex sextet nakedly-not ballad sober scarlet button button analysis title assign
"""


@pytest.mark.parametrize("word", sorted(set(INNOCENT.split())))
def test_words_that_only_look_alike_stay(word: str) -> None:
    assert not words_of_level("strict") & {word}


@given(
    st.sampled_from(sorted(words_of_level("strict"))),
    st.sampled_from(["{}", "a {}!", "X-{}", "{}'s", "“{}”", "_{}_", "no\n{}\n"]),
)
def test_a_word_is_found_wherever_it_stands_in_a_text(word: str, around: str) -> None:
    text = around.format(word.upper())
    assert first_left_out(text, "strict").removesuffix("'s") == word
    assert first_left_out(text, "off") == ""


@given(st.text(max_size=60), st.sampled_from(LEVELS))
def test_any_text_can_be_looked_at(text: str, level: FilterLevel) -> None:
    found = first_left_out(text, level)
    assert not found or first_left_out(found, level) == found


def test_lists_are_spelled_out_among_words_to_be_avoided() -> None:
    assert avoided(("mud",)) == {"mud"}
    assert avoided(("mud", *list_of("mild"))) == {"mud", "@mild"} | words_of_level("mild")
    assert [list_of(level) for level in LEVELS] == [(), ("@mild",), ("@strict",)]


def test_words_of_a_list_are_not_written_and_not_brought_in_by_a_theme(
    opened_tiny_models: SongModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.lyrics import word_filter

    listed = (
        "night",
        "the",
        "rain",
        "harbour",
        "flagon",
    )  # the last is not in the lexicon, so only a theme could bring it
    monkeypatch.setattr(word_filter, "words_of_level", lambda level: frozenset(listed if level == "strict" else ()))
    request = LyricRequest(theme="night rain flagon", rhyme="AABB", form="VC", avoid=("@strict",))
    made = make(request, opened_tiny_models)
    written = {
        word.lower() for section in made.report.sections for line in section.lines for word in words_of(line.text)
    }
    assert written
    assert not written & set(listed)
    assert set(listed) - set(WORDS) == {"flagon"}
    assert made.report.request["avoid"] == ["@strict"]  # the list's name, not its words


def test_insults_and_their_plurals_are_out_at_every_level(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insults, "NOT_SUNG", frozenset({hashlib.sha1(b"quux").hexdigest()[:10]}))
    for said in "a quux", "the QUUXES came", "quuxs", "the quux's hat":
        with pytest.raises(RequestError, match="not sung here"):
            clean_theme(said)
        with pytest.raises(RequestError, match="not sung here"):
            read_own_words(said)
    clean_theme("quuxel")
