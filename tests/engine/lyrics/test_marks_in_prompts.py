"""Nothing that people type opens a mark: what the model is told has the marks of the plan, and the text is text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RequestError
from engine.lyrics.open_lines import typed_line
from engine.lyrics.own_words import read_own_words
from engine.lyrics.plain_songs import PlainSection, PlainSong, heading, numbered, read_plain_song
from engine.lyrics.prompt import ControlPrompt, line_marks, special_tokens
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import theme_words_of, title_of
from engine.lyrics.tokenizer import LyricTokenizer, train_tokenizer
from engine.lyrics.writer import as_written

TOKENIZER = train_tokenizer([" rain on the sea\n", " the chorus, the verse s8 words\n"] * 3, 400)
MARKS = set(TOKENIZER.mark_ids().tolist())

# Marks whole, in pieces, in wide and small signs, with invisible characters inside, and as HTML and escapes spell them.
PIECES = [
    *special_tokens(), "<", ">", "<<", ">>", "[", "]", "[Chorus]", "[Verse 1]", "<<A - B>>", "＜chorus＞", "﹤s8﹥",
    "<cho\u200brus>", "<\u2060s8>", "<\u00adwords>", "<s\u03018>", "&lt;chorus&gt;", "\\x3cchorus\\x3e", "%3Cchorus%3E",
    "<cho", "rus>", "<<chorus>>", "<chorus", "\n", "\r", "\u2028", "\x0b", "\x00", " - ", "rain", "the sea", " ", "'",
]  # fmt: skip
TYPED = st.lists(st.sampled_from(PIECES) | st.text(st.characters(codec="utf-8"), max_size=4), max_size=8).map("".join)


def marks_in(ids: list[int]) -> list[int]:
    return [i for i in ids if i in MARKS]


@given(TYPED, TYPED, st.lists(TYPED, max_size=3))
def test_a_prompt_has_the_marks_of_its_fields_and_no_others(author: str, title: str, theme: list[str]) -> None:
    told = ControlPrompt("hymn", "archaic", "early", theme_words=theme, author=author, title=title).text()
    fields = [name for name, text in (("author", author), ("theme", theme), ("title", title)) if text]
    expected = ["<bos>", "<hymn>", "<archaic>", "<early>", *(f"<{name}>" for name in fields), "<words>"]
    ids = TOKENIZER.encode(told)
    assert marks_in(ids) == [TOKENIZER.id_of(mark) for mark in expected]
    assert TOKENIZER.newline_id not in ids  # nor is a line begun


@given(TYPED)
def test_a_typed_theme_or_title_opens_no_mark_on_its_way_through_a_song(typed: str) -> None:
    try:
        theme = clean_theme(typed)
    except RequestError:
        return
    words = theme_words_of(theme)
    told = TOKENIZER.encode(ControlPrompt(theme_words=words, title=title_of(theme)).text())
    expected = ["<bos>", "<song>", "<plain>", "<late>", *(["<theme>"] if words else []), "<title>", "<words>"]
    assert marks_in(told) == [TOKENIZER.id_of(mark) for mark in expected]
    assert not set("<>[]") & set(theme)


@pytest.mark.parametrize("title", ["rain <chorus> <s8> song", "a ＜chorus＞ b", "a <cho\u200brus> b"])
def test_the_title_of_own_words_that_a_verse_is_added_to_opens_no_mark(title: str) -> None:
    words = read_own_words(f"<<Ann - {title}>>\n[Verse]\nrow the boat home over the foam")
    ids = TOKENIZER.encode(ControlPrompt(title=words.title).text())
    assert words.title
    assert len(marks_in(ids)) == len(["<bos>", "<song>", "<plain>", "<late>", "<title>", "<words>"])


@given(TYPED)
def test_a_typed_line_that_is_read_again_opens_no_mark(typed: str) -> None:
    line = typed_line(typed)
    if line.words:
        ids = TOKENIZER.encode(line_marks(8, "A") + as_written(line))
        assert marks_in(ids) == [TOKENIZER.id_of("<s8>"), TOKENIZER.id_of("<rA>")]
        assert ids.count(TOKENIZER.newline_id) == 1


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="<>"), max_size=80))
def test_only_whole_marks_in_angle_brackets_are_marks(text: str) -> None:
    """So that it is enough to leave the brackets out: no other signs, bytes or merges give the id of a mark."""
    assert marks_in(TOKENIZER.encode(text)) == []


def test_a_tokenizer_that_was_saved_knows_the_same_marks() -> None:
    opened = LyricTokenizer(TOKENIZER.to_json())
    assert np.array_equal(opened.mark_ids(), TOKENIZER.mark_ids())
    assert marks_in(opened.encode("< chorus > &lt;s8&gt; ＜s8＞ <s99> <Chorus>")) == []


@given(TYPED, TYPED)
def test_a_heading_is_one_line_with_one_artist_and_one_title(artist: str, title: str) -> None:
    line = heading(artist, title)
    assert line.splitlines() == [line]
    assert line.count("<") == line.count(">") == 2
    assert not set("[]") & set(line)
    song = read_plain_song(line + "\nrain\n")
    assert heading(song.artist, song.title) == line
    assert song.lines == ("rain",)


@given(TYPED, st.lists(st.tuples(TYPED, st.lists(TYPED, min_size=1, max_size=3)), max_size=3))
def test_what_is_typed_into_a_plain_song_opens_no_section_and_no_other_song(
    title: str, sections: list[tuple[str, list[str]]]
) -> None:
    song = PlainSong("Ann", title, tuple(PlainSection(label, tuple(lines)) for label, lines in sections))
    found = read_plain_song(song.text())
    alone = [read_plain_song(PlainSong("", "", (section,)).text()).lines for section in song.sections]
    written = [lines for lines in alone if lines]
    assert (found.artist, len(found.sections)) == ("Ann", len(written))
    assert sum(map(len, (s.lines for s in found.sections))) <= sum(len(lines) for _, lines in sections)
    assert found.text() == read_plain_song(found.text()).text()


def test_labels_and_lines_of_plain_songs_come_back_as_they_were() -> None:
    song = PlainSong("Ann Lee", "The Bay - Again", (
        PlainSection("Verse 1", ("I  said [softly], < home", "a - b")), PlainSection("Chorus", ("<<", "]["))))  # fmt: skip
    assert read_plain_song(song.text()) == song
    assert numbered(song.sections) == song.sections
