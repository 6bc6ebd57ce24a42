"""Typed words: read into lines that can be sung, shown as typed, or refused with a sentence."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.own_words import LONGEST_TITLE, MOST_SYLLABLES, OwnWords, read_own_words


def sung(text: str) -> list[list[str]]:
    return [[line.sung for line in section.lines] for section in read_own_words(text).sections]


def labels(words: OwnWords) -> list[str]:
    return [section.label for section in words.sections]


def test_a_slash_parts_the_lines_of_a_single_line() -> None:
    assert sung("Row the boat home / over the foam") == [["Row the boat home", "over the foam"]]
    assert sung("one / two // three") == [["one", "two"], ["three"]]
    assert labels(read_own_words("[Verse] a / b [Chorus] c")) == ["Verse", "Chorus"]
    assert sung("either / or\nboth")[0][1] == "both"


def test_labels_headers_and_blank_lines_are_read() -> None:
    words = read_own_words("<<Ann - Night Boat>>\n**[chorus: Ann]**\nla la\n\n[Solo]\n[Verse 2]\nfa fa")
    assert words.title == "Night Boat"
    assert labels(words) == ["Chorus", "Solo", "Verse 2"]
    assert labels(read_own_words("a b\n\nc d")) == ["", ""]
    assert read_own_words("My Title\n\n[Verse]\nabc").title == "My Title"
    assert read_own_words("My Title\n\n[Verse]\nabc").sections[0].label == "Verse"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("24 men", "twenty four men"),
        ("the 42nd street", "the forty second street"),
        ("the 1990s", "the nineteen nineties"),
        ("1,000 times", "one thousand times"),
        ("you & me", "you and me"),
        ("100% true", "one hundred percent true"),
        ("mp3", "m p three"),
        ("w", "double-u"),
        ("love❤ ❤️", "love"),
        ("h̷̡̛̤e̴l̶̛̦lo", "hello"),
        ("\u202erain\u202c <@123> https://x.y :smile:", "rain"),
        ("it’s “here”", "it's here"),
        ("१२ men", "twelve men"),
    ],
)
def test_numbers_and_signs_are_said_and_the_rest_is_silent(typed: str, said: str) -> None:
    assert sung(typed) == [[said]]


def test_what_is_shown_is_what_was_typed() -> None:
    line = read_own_words("At half past 7, love ❤ & \x07*joy*").sections[0].lines[0]
    assert line.shown == "At half past 7, love ❤ & *joy*"
    assert [syllable.text for syllable in line.syllables] == ["At", "half", "past", "se", "ven", "love", "and", "joy"]


def test_long_lines_are_cut_between_words_and_after_commas() -> None:
    lines = sung("It's two late, baby, now it's too late; though we really did try to make it, yes we did")[0]
    assert lines[0].endswith("too late;")
    assert lines[1].startswith("though")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "no words"),
        (" \n\n", "no words"),
        ("❤️ ...", "no words"),
        ("[Chorus]", "no words"),
        ("привет", "Cyrillic"),
        ("ひらがな", "Hiragana"),
        ("x" * 4001, "1-4000 characters"),
        ("a\n" * 81, "81 lines"),
        ("9" * 16, "too long"),
        ("banana" * 20, "too long"),
    ],
)
def test_what_cannot_be_sung_is_refused(typed: str, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        read_own_words(typed)


SCRIPTS = st.text("我的月亮儿一不了，。！？「」 a'é1%$:.-/#@\n❤привカ々〇", max_size=120)


@given(st.text(max_size=300) | SCRIPTS | st.text("aw é'’-0129 ,.!?%&/\n[]<>*:", max_size=200))
def test_every_line_has_syllables_that_join_to_its_words(text: str) -> None:
    try:
        words = read_own_words(text)
    except RequestError:
        return
    assert 1 <= len(words.title) <= LONGEST_TITLE or "<<" in text or "[" in text
    for section in words.sections:
        for line in section.lines:
            assert 1 <= len(line.syllables) <= MOST_SYLLABLES
            assert "".join(s.text for s in line.syllables) == "".join(line.sung.split())
            assert all(is_hanzi(next(filter(str.isalpha, s.text))) == bool(s.tone) for s in line.syllables)
            assert all(any(c.isalpha() for c in s.text) for s in line.syllables)


@given(st.text(max_size=120) | SCRIPTS)
def test_the_words_are_printed_as_they_were_typed(text: str) -> None:
    """Every sign that is shown was typed, in its order; what is left out is markup, invisible, or a line without words."""
    try:
        words = read_own_words(text)
    except RequestError:
        return
    typed = iter(unicodedata.normalize("NFC", text))
    shown = "".join(line.shown for section in words.sections for line in section.lines)
    assume(not re.search(r"[A-Za-z0-9]", shown))  # a long number is shown as it is said
    assert all(sign in typed for sign in shown if not sign.isspace())


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("love ❤ you 🎵", "signs without a sound are not sung: ❤ 🎵"),
        ("look https://a.b/c now", "web addresses are not sung: https://a.b/c"),
        ("привет my friend", "words in the Cyrillic script are not sung, only English and Chinese for now: привет"),
        ("こんにちは world", "words in the Hiragana script are not sung, only English and Chinese for now: こんにちは"),
    ],
)
def test_what_is_left_out_is_told(typed: str, told: str) -> None:
    assert read_own_words(typed).notices == (told,)
    assert read_own_words("nothing strange").notices == ()
