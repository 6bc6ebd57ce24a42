"""Promises of lyrics as sections of stanzas and their text form."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.text import Lyrics, Section, parse_lyrics, render_lyrics

LINE = st.from_regex(r"[A-Za-z',.!? -]*[A-Za-z][A-Za-z',.!?]*", fullmatch=True).map(str.strip)
STANZA = st.lists(LINE, min_size=1, max_size=4).map(tuple)
LABEL = st.from_regex(r"(Verse|Chorus|Bridge|Outro)( [1-9])?(: Ann)?", fullmatch=True)
SECTION = st.builds(Section, LABEL, st.lists(STANZA, max_size=3).map(tuple))
NAME = st.sampled_from(["", "Ann", "Rain", "Rain over the Harbour"])


@given(st.lists(SECTION, max_size=4).map(tuple), NAME, NAME)
def test_reading_what_was_written_gives_the_same_lyrics(sections: tuple[Section, ...], title: str, artist: str) -> None:
    lyrics = Lyrics(sections, title, artist)
    assert parse_lyrics(render_lyrics(lyrics)) == lyrics


@given(st.lists(STANZA, min_size=1, max_size=3).map(tuple), st.lists(SECTION, max_size=2))
def test_only_the_first_section_may_have_no_label(stanzas: tuple[tuple[str, ...], ...], rest: list[Section]) -> None:
    lyrics = Lyrics((Section("", stanzas), *rest))
    assert parse_lyrics(render_lyrics(lyrics)) == lyrics


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_its_second_reading_is_the_same(text: str) -> None:
    lyrics = parse_lyrics(text)
    assert parse_lyrics(render_lyrics(lyrics)) == lyrics


def test_labels_name_their_kind_and_lines_keep_their_order() -> None:
    lyrics = parse_lyrics("<<Ann - Rain>>\n\n[Verse 1: Ann]\nOne\nTwo\n\nThree\n\n[Pre-Chorus]\nFour\n[Chorus]\n")
    assert (lyrics.artist, lyrics.title) == ("Ann", "Rain")
    assert [section.kind for section in lyrics.sections] == ["verse", "pre-chorus", "chorus"]
    assert lyrics.sections[0].stanzas == (("One", "Two"), ("Three",))
    assert lyrics.lines == ("One", "Two", "Three", "Four")


def test_an_empty_text_has_no_sections() -> None:
    assert parse_lyrics(" \n\n").sections == ()
    assert render_lyrics(Lyrics(())) == ""
