"""Promises of the words as lines: nothing lost, nothing torn, cut where a singer would breathe."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lyrics_sheet import LINE_CHARACTERS, lyrics_sheet, numbered_lines
from tests.bot.embed_limits import lyrics_texts

TWO_SECTIONS = "Rain\n\n[Verse 1]\none\ntwo\n\nthree\n\n[Chorus]\nfour"


@given(lyrics=lyrics_texts, most_characters=st.integers(-10, 6000))
@settings(max_examples=60, deadline=None)
def test_a_beginning_fits_and_is_a_beginning(lyrics: str, most_characters: int) -> None:
    sheet = lyrics_sheet("Rain", f"Rain\n\n{lyrics}")
    kept = sheet.beginning(most_characters)
    assert kept == sheet.lines[: len(kept)]
    assert len("\n".join(kept)) <= max(most_characters, 0)
    assert not sheet.fits(most_characters) or kept == sheet.lines
    assert kept[-1:] != ("",)


def test_labels_are_small_and_bold_and_the_title_is_left_out() -> None:
    lines = lyrics_sheet("Rain", TWO_SECTIONS).lines
    assert lines == ("-# **Verse 1**", "one", "two", "", "three", "", "-# **Chorus**", "four")


def test_what_does_not_fit_is_cut_at_a_section_then_a_stanza_then_a_line() -> None:
    sheet = lyrics_sheet("Rain", TWO_SECTIONS)
    assert sheet.beginning(sheet.characters - 1)[-1] == "three"
    assert sheet.beginning(27)[-1] == "two"
    assert sheet.beginning(20)[-1] == "one"
    assert sheet.beginning(10) == ()


def test_a_line_that_no_message_could_hold_is_torn_and_that_is_known() -> None:
    sheet = lyrics_sheet("Rain", "a" * 5000)
    assert sheet.torn
    assert not sheet.fits(10_000)
    assert [len(line) for line in sheet.lines] == [LINE_CHARACTERS]


def test_no_words_are_no_lines() -> None:
    assert lyrics_sheet("Rain", "Rain\n\n").lines == lyrics_sheet("", "").lines == ()


def test_lines_are_numbered_as_edits_count_them_in_chinese_by_their_marks() -> None:
    assert numbered_lines("Rain", "Rain\n\n[Verse 1]\nOne, two\nThree\n") == "-# 1 · One, two\n-# 2 · Three"
    chinese = "浣溪沙·雨\n\n[上片]\n春风，花开。\n明月。\n"
    assert numbered_lines("浣溪沙·雨", chinese) == "-# 1 · 春风，\n-# 2 · 花开。\n-# 3 · 明月。"
