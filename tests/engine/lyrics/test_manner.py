"""What is asked of words beside their plan: moods, persons, titles, old words for new things; and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contract import MAX_TITLE_CHARACTERS, MOODS, PERSONS, LyricRequest
from engine.errors import RequestError
from engine.lyrics.associations import Associations
from engine.lyrics.draft import Draft
from engine.lyrics.kin import kin_of, of_today
from engine.lyrics.lexicon import Entry, Word, make_word
from engine.lyrics.manner import PLAIN, Manner
from engine.lyrics.moods import find_mood
from engine.lyrics.persons import parse_person
from engine.lyrics.pronunciation import pronounce
from engine.lyrics.scoring import score_line
from engine.lyrics.theme_words import names_of
from engine.lyrics.title import clean_title, words_of_title

KNOWN = Associations(["sorrow", "joy", "tears", "laughter", "rain", "coat", "berry"], np.eye(7)[[0, 1, 0, 1, 2, 3, 4]])


def words_in(text: str) -> tuple[Word, ...]:
    return tuple(make_word(Entry(w, 100, pronounce(w)), (i,)) for i, w in enumerate(text.split()))


def score(text: str, manner: Manner, theme: str = "rain", **more: bool) -> float:
    draft = Draft(frozenset(theme.split()), [[]])
    return score_line(
        words_in(text), text, draft, KNOWN, like=None, is_last=False, is_chorus=False, manner=manner, **more
    )


def test_a_mood_prefers_the_words_of_its_company() -> None:
    tears, laughter = "the tears of a man", "the laughter of a man"
    assert score(tears, Manner(mood_words=("sorrow",))) > score(laughter, Manner(mood_words=("sorrow",)))
    assert score(laughter, Manner(mood_words=("joy",))) > score(tears, Manner(mood_words=("joy",)))


def test_without_a_manner_nothing_is_added() -> None:
    assert score("the tears of a man", PLAIN) == score("the tears of a man", Manner(mood_words=("nowhere",)))


def test_the_person_counts_until_a_section_has_it() -> None:
    manner = Manner(pronouns=frozenset({"she"}))
    assert score("she sings", manner) > score("she sings", PLAIN)
    assert score("it sings", manner) == score("it sings", PLAIN)


def test_a_theme_that_was_never_said_must_come_in_the_last_line() -> None:
    gain = score("the rain is here", PLAIN, is_end=True) - score("the rain is here", PLAIN)
    assert gain > 1
    assert score("the sun is here", PLAIN, is_end=True) == score("the sun is here", PLAIN)


@pytest.mark.parametrize("name", MOODS)
def test_every_mood_has_words_and_is_found_in_any_case(name: str) -> None:
    assert find_mood(f" {name.upper()} ").words
    assert all(word == word.lower() for word in find_mood(name).words)


def test_an_unknown_mood_is_told_the_nearest() -> None:
    with pytest.raises(RequestError, match=r"mood must be one of happy, .*'hopefull'; did you mean hopeful\?"):
        find_mood("hopefull")
    with pytest.raises(RequestError, match="in the theme"):
        find_mood("xyz")


@given(st.lists(st.sampled_from(PERSONS), min_size=1, max_size=6), st.sampled_from([" and ", ", ", "+"]))
def test_persons_share_no_word_with_the_others(persons: list[str], between: str) -> None:
    telling = parse_person(between.join(persons))
    assert not telling.pronouns & telling.others
    assert telling.pronouns | telling.others == parse_person(" and ".join(PERSONS)).pronouns
    assert all(person.lower() in telling.pronouns for person in persons)
    assert not telling.others & {"it", "its", "who"}


@pytest.mark.parametrize("typed", ["it", "", "I and robot", "???"])
def test_an_unknown_person_is_refused_with_those_that_there_are(typed: str) -> None:
    with pytest.raises(RequestError, match="person must be one or more of I, you, we, he, she, they"):
        parse_person(typed)


@pytest.mark.parametrize(("typed", "kept"), [
    ("Don't Go (Yet)!", "Don't Go (Yet)!"), ("  Two\n lines ", "Two lines"), ("<verse> [Chorus] **Rain**", "verse Chorus Rain"),
    ("Zürich & 東京", "Zürich & 東京"), ("99", "99"),
])  # fmt: skip
def test_a_title_is_kept_as_typed_but_for_marks_of_formats(typed: str, kept: str) -> None:
    assert clean_title(typed) == kept


@pytest.mark.parametrize("typed", ["", "🎵", "***", "x" * (MAX_TITLE_CHARACTERS + 1), "y" * 10**6])
def test_what_is_no_title_is_refused(typed: str) -> None:
    with pytest.raises(RequestError, match="the title"):
        clean_title(typed)


@given(st.text(max_size=100))
def test_a_cleaned_title_stays_as_it_is_and_opens_no_mark(typed: str) -> None:
    try:
        title = clean_title(typed)
    except RequestError:
        return
    assert clean_title(title) == title
    assert not re.search(r"[<>\[\]\n]", title + words_of_title(title))


def test_the_model_reads_nothing_of_a_title_in_another_script() -> None:
    assert words_of_title("東京") == ""
    assert words_of_title("Ring Me (Again)") == "Ring Me Again"


def test_new_things_have_old_kin_and_known_words_have_none() -> None:
    assert kin_of(["rain"], KNOWN) == ()
    assert kin_of(["smartphone"], KNOWN) == kin_of(["smartphones"], KNOWN) == of_today("phone")[:5]
    assert kin_of(["raincoat"], KNOWN) == ("rain", "coat")
    assert kin_of(["berries"], KNOWN) == ("berry",)
    assert kin_of(["zyzzyva"], KNOWN) == ()


@pytest.mark.parametrize(("theme", "names"), [
    ("dancing with Alice in Zürich", ("Alice", "Zurich")), ("Pizza at midnight", ()), ("my WiFi", ("WiFi",)),
    ("RAIN OVER ME", ()), ("Summer Love", ()), ("tokyo rain", ("Tokyo",)), ("a walk in May", ("May",)),
    ("iPhone blues", ("iPhone",)), ("", ()),
])  # fmt: skip
def test_names_are_the_words_with_capitals(theme: str, names: tuple[str, ...]) -> None:
    assert names_of(theme) == names


def test_options_that_nobody_asked_for_are_not_written_down() -> None:
    assert not {"title", "mood", "metre", "person"} & set(LyricRequest(theme="rain").model_dump())
    asked = LyricRequest(theme="rain", title="Rain", mood="sad", metre="iambic", person="I")
    assert LyricRequest.model_validate_json(asked.model_dump_json()) == asked
