"""Whatever people type is shown as it is: no pings, no markup, no tricks, and never more than fits."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.plain_text import cleaned, cut, escaped, label, one_line, shown, shown_lines, split_lines

MENTIONS = re.compile(r"@everyone|@here|<@!?\d+>|<@&\d+>|<#\d+>", re.IGNORECASE)
MARKUP = re.compile(
    r"(?<!\\)<|(?<!\\)[*_~|`\[\]]|(?<!\\):[^\s:]+:|^\s*(?:#{1,3}|-#|[-+>]|\d+\.)\s|https?://",
    re.MULTILINE,
)
PIECES = [
    *"@everyone @HERE <@12> <@!12> <@&12> <#12> <t:1:R> <:a:1> </song:1> ** __ ~~ || ``` ` [a](http://b.c) :smile:".split(),
    *"# |-# |- |+ |1. |> |>>> |discord.gg/x|\\".split("|"),
    *("\n", "\r\n", "\u2028", "\t", " ", "\x00", "\ud800", "\u202e", "\u2066", "\u200b", "\u200c", "\u200d"),
    *(
        "e\u0301\u0302\u0303\u0304",
        "\u0300",
        "👨‍👩‍👧",
        "👍🏽",
        "🇩🇪",
        "❤️",
        "שלום",
        "歌",
        "한",
        "\u1112\u1161",
        "𝄞",
        "नि",
    ),
]
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=14).map("".join)
limits = st.integers(0, 80)


def unescaped(text: str) -> str:
    return re.sub(r"\\([^0-9A-Za-z\s])|\u200b", r"\1", text)


@given(texts, limits)
def test_what_is_shown_is_never_longer_than_its_limit(text: str, most: int) -> None:
    assert len(shown(text, most)) <= most
    assert len(label(text, most)) <= most


@given(texts, limits)
def test_no_mention_and_no_markup_survives(text: str, most: int) -> None:
    for result in (shown(text, 10_000), shown(text, most), *shown_lines(text)):
        assert not MENTIONS.search(result)
        assert not MARKUP.search(result.replace("\\\\", "")), result
        assert "".join(split_lines([result], 20)).find("@everyone") < 0


@given(texts)
@example("\u1fef\u0345")
def test_taking_the_escapes_away_gives_the_cleaned_text(text: str) -> None:
    assert unescaped(shown(text, 10_000)) == cleaned(text)


@given(texts | st.text())
@example("a\u200d\u0301")
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)
    assert one_line(one_line(text)) == one_line(text)


@given(texts | st.text())
def test_cleaned_text_has_no_control_marks_and_no_piles(text: str) -> None:
    plain = cleaned(text)
    assert not [c for c in plain if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") and c not in "\n\u200c\u200d"]
    marks = "".join("m" if unicodedata.category(c) in ("Mn", "Me") else "-" for c in plain)
    assert "mmm" not in marks
    assert "\n\n\n" not in plain
    assert plain == plain.strip()
    assert "\n" not in one_line(text)
    plain.encode()


@given(texts, limits)
def test_a_cut_text_is_a_beginning_with_an_ellipsis(text: str, most: int) -> None:
    whole, result = shown(text, 10_000), shown(text, most)
    if result != whole:
        assert most < len(whole)
        assert not most or (result.endswith("…") and whole.startswith(result[:-1]))
        backslashes = len(result[:-1]) - len(result[:-1].rstrip("\\"))
        assert backslashes % 2 == 0 or not most


@pytest.mark.parametrize(("text", "most", "expected"), [
    ("👨‍👩‍👧👨‍👩‍👧", 6, "👨‍👩‍👧…"),
    ("👨‍👩‍👧👨‍👩‍👧", 5, "…"),
    ("🇩🇪🇫🇷🇯🇵", 4, "🇩🇪…"),
    ("👍🏽👍🏽", 3, "👍🏽…"),
    ("**bold**", 4, "\\*…"),
    ("**bold**", 5, "\\*\\*…"),
    ("a long line", 7, "a long…"),
    ("a long line", 8, "a long…"),
    ("fits", 4, "fits"),
    ("fits", 0, ""),
    ("xe\u0316\u0324yz", 4, "x…"),
    ("xe\u0316\u0324yz", 5, "xe\u0316\u0324…"),
    ("한국어말", 3, "한국…"),
])  # fmt: skip
def test_a_cut_tears_neither_characters_nor_escapes(text: str, most: int, expected: str) -> None:
    assert shown(text, most) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("@everyone and @here", "\\@\u200beveryone and \\@\u200bhere"),
    ("<@123> <@!1> <@&2> <#3>", "\\<\\@123\\> \\<\\@!1\\> \\<\\@&2\\> \\<\\#3\\>"),
    ("# big", "\\# big"),
    ("-# small", "\\-\\# small"),
    ("- a\n  - b\n1. c", "\\- a\n  \\- b\n1\\. c"),
    ("> quote", "\\> quote"),
    ("[safe](https://evil.example)", "\\[safe\\](https\\://evil.example)"),
    ("<t:1700000000:R>", "\\<t\\:1700000000\\:R\\>"),
    (":smile: at 5: yes", "\\:smile: at 5: yes"),
    ("||secret|| ~~no~~", "\\|\\|secret\\|\\| \\~\\~no\\~\\~"),
    ("```py\nx\n```", "\\`\\`\\`py\nx\n\\`\\`\\`"),
    ("discord.gg/abc", "discord.gg\\/abc"),
    ("F#m Am7/G 4/4", "F\\#m Am7/G 4/4"),
    ("well-known", "well-known"),
    ("\u202eevil\u202c \u2067x\u2069", "evil x"),
    ("שלום עולם", "שלום עולם"),
    ("می\u200cخواهم", "می\u200cخواهم"),
    ("a\u200cb\u200d", "a\u200cb"),
    ("Z\u0351\u036b\u0343\u036a\u0302\u036balgo", "Z\u0351\u036balgo"),
    ("one\r\ntwo\u2028three\n\n\n\nfour", "one\ntwo\nthree\n\nfour"),
    ("\u3164\u2800\u200b", ""),
    ("<<Artist - Title>> [Chorus]", "\\<\\<Artist - Title\\>\\> \\[Chorus\\]"),
])  # fmt: skip
def test_tricks_are_shown_as_text(text: str, expected: str) -> None:
    assert shown(text, 1000) == expected


def test_a_label_has_no_backslashes_and_no_ping() -> None:
    assert label("**F#m**\n@everyone", 80) == "**F#m** @\u200beveryone"


def test_lines_keep_their_stanzas() -> None:
    assert shown_lines("a*\n\n\nb") == ["a\\*", "", "b"]
    assert shown_lines(" \u200b ") == []


lines = st.lists(st.sampled_from(["", "", "la", "la la la", "x" * 30, "\\*" * 12, "歌" * 9]), max_size=30)


@given(lines, st.integers(1, 60))
def test_blocks_fit_and_hold_every_line_in_order(lines: list[str], most: int) -> None:
    blocks = split_lines(lines, most)
    assert all(0 < len(block) <= most and block == block.strip() for block in blocks)
    together = [line for block in blocks for line in block.split("\n") if line]
    assert together == [cut(line, most) for line in lines if line]


@given(lines, st.integers(30, 60))
def test_a_stanza_that_fits_into_a_block_is_not_torn(lines: list[str], most: int) -> None:
    stanzas = [stanza for stanza in "\n".join(lines).replace("\n\n\n", "\n\n").split("\n\n") if stanza.strip()]
    for stanza in (stanza.strip("\n") for stanza in stanzas):
        if len(stanza) <= most:
            assert any(stanza in block for block in split_lines(lines, most))


def test_blocks_break_at_stanzas_first() -> None:
    assert split_lines(["a1", "a2", "", "b1", "b2", "", "c1"], 12) == ["a1\na2\n\nb1\nb2", "c1"]
    assert split_lines(["a1", "a2", "", "b1", "b2", "", "c1"], 11) == ["a1\na2", "b1\nb2\n\nc1"]
    assert split_lines(["x" * 10, "y"], 5) == ["xxxx…", "y"]
    assert split_lines([], 5) == split_lines(["", " "], 5) == []


def test_a_long_text_is_cleaned_in_no_time() -> None:
    assert len(shown("*e\u0301\u0301\u0301" * 20_000, 4096)) <= 4096


def test_escaping_is_for_cleaned_text_and_leaves_plain_words_alone() -> None:
    assert escaped("rain over the harbour, at 5 o'clock (again)!") == "rain over the harbour, at 5 o'clock (again)!"
