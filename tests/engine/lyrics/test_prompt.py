"""Promises of the control prompt and of lines written backwards."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.records import clean_line
from engine.lyrics.prompt import ControlPrompt, is_archaic, line_marks, reverse_line, special_tokens


@given(st.text(max_size=60))
def test_reversing_a_cleaned_line_twice_gives_it_back(text: str) -> None:
    line = f" {clean_line(text)}"
    assert reverse_line(reverse_line(line)) == line


PIECES = "rain,sea 1st 3,000 'tis dogs' moon-beam o'er. - -- 'n' I said, 5' !? a.m. ...".split()


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(" ".join))
def test_reversing_holds_for_awkward_print(text: str) -> None:
    line = f" {clean_line(text)}"
    assert reverse_line(reverse_line(line)) == line


def test_a_line_is_written_from_its_last_word() -> None:
    assert reverse_line(" rain on the sea,") == ", sea the on rain"


@given(st.integers(-3, 40), st.sampled_from("ABCDEFX"))
def test_marks_of_a_line_are_special_tokens(syllables: int, letter: str) -> None:
    marks = line_marks(syllables, letter)
    first, second = marks[: marks.index(">") + 1], marks[marks.index(">") + 1 :]
    assert {first, second} <= set(special_tokens())


def test_special_tokens_differ_and_begin_with_padding() -> None:
    tokens = special_tokens()
    assert len(set(tokens)) == len(tokens)
    assert tokens[:3] == ["<pad>", "<bos>", "<eos>"]


def test_the_prompt_names_only_what_is_known() -> None:
    assert ControlPrompt().text() == "<bos><song><plain><late><words>"
    full = ControlPrompt("hymn", "archaic", "early", ("rain", "sea"), "Ann Lee", "Rain").text()
    assert full == "<bos><hymn><archaic><early><author> Ann Lee<theme> rain sea<title> Rain<words>"


@pytest.mark.parametrize(("word", "expected"), [("thee", True), ("singeth", True), ("o'er", True), ("lov'd", True),
                                                ("teeth", False), ("seth", False), ("they'd", False), ("rain", False)])  # fmt: skip
def test_words_of_long_ago(word: str, expected: bool) -> None:
    assert is_archaic(word) is expected
