"""Promises of what makes one candidate line better than another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.associations import Associations
from engine.lyrics.draft import Draft, WrittenLine
from engine.lyrics.lexicon import Entry, Word, make_word
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.prosody import syllables_of, word_rhyme_key
from engine.lyrics.rhyme import near_family
from engine.lyrics.scoring import (
    LAST_CHANCE,
    agreement,
    commonness,
    evenness,
    repetition,
    sameness,
    score_line,
    slips,
    theme_score,
)

VOCABULARY = "rain storm harbour the a an apple over and river I am is you are falling silver night oh bread".split()
ASSOCIATIONS = Associations(["rain", "storm", "bread"], np.array([[1, 0], [0.9, 0.436], [0, 1]], np.float32))
LINE = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=8).map(" ".join)


def words_in(text: str) -> tuple[Word, ...]:
    return tuple(make_word(Entry(w, 100, pronounce(w)), (i,)) for i, w in enumerate(text.strip(",.!?").split()))


def written(text: str) -> WrittenLine:
    words = words_in(text)
    return WrittenLine(text, words, None, word_rhyme_key(words[-1].text))


def draft_with(*lines: str, theme: str = "rain") -> Draft:
    draft = Draft(frozenset(theme.split()), [[]])
    for line in lines:
        draft.add(written(line), "X")
    return draft


def score(text: str, draft: Draft, *, is_last: bool = False, is_chorus: bool = False, like: str = "") -> float:
    tune = syllables_of(like) if like else None
    return score_line(words_in(text), text, draft, ASSOCIATIONS, like=tune, is_last=is_last, is_chorus=is_chorus)


@given(LINE)
def test_shares_of_metre_lie_between_0_and_1(text: str) -> None:
    syllables = syllables_of(text)
    assert 0 <= evenness(syllables) <= 1
    assert agreement(syllables, syllables) == 1


@given(LINE, LINE)
def test_agreement_is_mutual(first: str, second: str) -> None:
    a, b = syllables_of(first), syllables_of(second)
    assert 0 <= agreement(a, b) == agreement(b, a) <= 1


@given(LINE, st.lists(LINE, max_size=4))
def test_repetition_never_gains_and_is_nothing_for_a_new_line(text: str, lines: list[str]) -> None:
    texts = text.lower().split()
    assert repetition(texts, draft_with(*lines)) >= repetition(texts, draft_with()) >= 0


def test_saying_a_line_again_costs() -> None:
    draft = draft_with("silver river over bread")
    assert (
        repetition("silver river over bread".split(), draft) > repetition("falling night and apple".split(), draft) == 0
    )
    assert repetition("river river".split(), draft_with()) > 0


def test_the_theme_is_rewarded_most_where_it_is_still_missing() -> None:
    fresh, said = draft_with(), draft_with("the rain")
    hit = theme_score(words_in("the rain"), fresh, ASSOCIATIONS, is_chorus=False)
    near = theme_score(words_in("the storm"), fresh, ASSOCIATIONS, is_chorus=False)
    far = theme_score(words_in("the bread"), fresh, ASSOCIATIONS, is_chorus=False)
    assert hit > near > far == 0
    assert theme_score(words_in("the rain"), said, ASSOCIATIONS, is_chorus=False) < hit
    assert theme_score(words_in("the rain"), fresh, ASSOCIATIONS, is_chorus=True) > hit


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an apple", 0),
        ("a apple", 1),
        ("an river", 1),
        ("I am", 0),
        ("I is", 1),
        ("you am a apple", 2),
        ("the rain", 0),
    ],
)
def test_slips_that_no_ear_forgives(text: str, expected: int) -> None:
    assert slips(words_in(text)) == expected


def test_a_section_is_closed_by_its_last_line_alone() -> None:
    draft = draft_with()
    assert score("the silver night.", draft, is_last=True) > score("the silver night,", draft, is_last=True)
    assert score("the silver night,", draft, is_last=True) < score("the silver night,", draft)
    assert score("the silver night", draft, is_last=True) < score("the silver night.", draft, is_last=True)


def test_weak_ends_and_crooked_stress_cost() -> None:
    draft = draft_with()
    assert score("the silver night and", draft) < score("and the silver night", draft)
    like = "over the river"
    assert score("falling the silver", draft, like=like) > score("the falling silver", draft, like=like)


def test_a_rhyme_that_sounds_nearly_as_an_earlier_one_costs() -> None:
    for end in ("rained", "pains", "chain"):
        assert sameness(words_in(f"the {end}"), f"the {end}", draft_with("the rain")) > sameness(
            words_in(f"the {end}"), f"the {end}", draft_with("the sea")
        )
    assert near_family("EY N D") == near_family("EY N Z") == near_family("EY N") != near_family("AY T")
    assert near_family("AY T") == "AY T"


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8), st.integers(1, 10**6))
def test_a_line_of_more_common_words_never_loses_less(counts: list[int], more: int) -> None:
    words = [make_word(Entry("rain", count, pronounce("rain")), (1,)) for count in counts]
    commoner = [make_word(Entry("rain", count + more, pronounce("rain")), (1,)) for count in counts]
    assert commonness(commoner) >= commonness(words)
    assert sameness(commoner, "rain", draft_with()) >= sameness(words, "rain", draft_with())


def test_the_last_line_of_a_chorus_brings_the_hook_that_is_missing() -> None:
    draft = draft_with("the river")
    draft.hook = frozenset({"bread"})
    with_hook, without = (score(text, draft, is_last=True, is_chorus=True) for text in ("the bread.", "the storm."))
    assert with_hook - without > LAST_CHANCE / 2
    assert score("the bread.", draft, is_chorus=True) - score("the storm.", draft, is_chorus=True) < LAST_CHANCE / 2
