"""Promises of labels as lyric sites print them: every line of the words is kept, and what was written reads the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.section_labels import MOST_REPEATED_LINES, MOST_REPEATS, read_stanzas, sections_of
from engine.lyrics.plain_songs import PlainSection, PlainSong, read_plain_song

WORDS = st.lists(
    st.sampled_from("rain sea harbour the night Ann's o'er twice hook café".split()), min_size=2, max_size=6
)
LINES = WORDS.map(" ".join)
LABELS = st.sampled_from(
    ["[Verse 1: Ann]", "[Verse]", "[Chorus: Ann & Bo]", "[Hook]", "[Intro]", "[Bridge - Bo]", "(Chorus)", "Verse 2:",
     "[Pre-Chorus]", "[Outro (Cy)]", "", ""]
)  # fmt: skip
SONGS = st.lists(st.tuples(LABELS, st.lists(LINES, min_size=1, max_size=4)), min_size=1, max_size=5)
PIECES = st.sampled_from(
    ["[Chorus]", "[Chorus x2]", "(x3)", "[x2]", "", "the rain", "the rain (x2)", "the sea x2", "Chorus:", "Verse 1: the sea",
     "[Ann]", "<<Ann - Rain>>", "[Produced by Bo]", "[Verse 1: Ann]", "chorus", "2x", "(Repeat chorus)", "[]", "x2 (x2)"]
)  # fmt: skip


def printed(song: list[tuple[str, list[str]]]) -> str:
    return "[Produced by Bo]\n" + "\n".join(
        f"{label}\n" * bool(label) + "\n".join(lines) + "\n" for label, lines in song
    )


@given(SONGS)
def test_a_labelled_song_keeps_every_line_of_its_words_in_order(song: list[tuple[str, list[str]]]) -> None:
    found = read_stanzas(printed(song))
    wanted = [line for _, lines in song for line in lines]
    assert [line for stanza in found.stanzas for line in stanza.lines] == wanted
    sections = sections_of(found.stanzas)
    assert PlainSong("", "", sections).lines == tuple(wanted)
    assert all(section.label for section in sections)
    assert read_plain_song(PlainSong("Ann", "Rain", sections).text()).sections == sections


@given(st.lists(PIECES, max_size=14).map("\n".join))
def test_what_was_written_reads_the_same(text: str) -> None:
    found = read_stanzas(text)
    again = read_stanzas(found.text())
    assert again.stanzas == found.stanzas
    assert (again.credits, again.notes, again.singers) == (0, 0, ())


@pytest.mark.parametrize(
    ("printed", "label", "singers"),
    [
        ("[Verse 1: Ann]", "Verse 1", ("Ann",)), ("[Verse2]", "Verse 2", ()), ("[VERSE TWO - Ann & Bo]", "Verse 2", ("Ann & Bo",)),
        ("[Pre Chorus]", "Pre-Chorus", ()), ("[prechorus (Bo)]", "Pre-Chorus", ("Bo",)), ("{Chorus}", "Chorus", ()),
        ("Refrain", "Refrain", ()), ("Verse 3", "Verse 3", ()), ("Bridge:", "Bridge", ()), ("[Guitar Solo]", "Guitar solo", ()),
        ("[Middle 8]", "Middle 8", ()), ("*Chorus*", "Chorus", ()), ("[Part II]", "Part 2", ()),
    ],
)  # fmt: skip
def test_labels_in_their_forms(printed: str, label: str, singers: tuple[str, ...]) -> None:
    found = read_stanzas(f"{printed}\nthe rain\n")
    assert found.stanzas == (PlainSection(label, ("the rain",)),)
    assert found.singers == singers


@pytest.mark.parametrize("line", ["Twice", "bridge over water", "Hooked on you", "(the bridge is down)", "Malcolm X",
                                  "verse", "part of me: gone", "x marks it", "I said chorus"])  # fmt: skip
def test_words_that_look_like_labels_are_words(line: str) -> None:
    assert read_stanzas(f"the sea\n{line}\n").stanzas == (PlainSection("", ("the sea", line)),)


def test_repeats_are_written_out() -> None:
    found = read_stanzas("[Verse 1]\nthe rain (x2)\nthe sea\n\n[Chorus x2]\nsing\n\n[Verse 2]\nnight\nx2\n\n[Chorus]\n")
    assert [(s.label, s.lines) for s in found.stanzas] == [
        ("Verse 1", ("the rain", "the rain", "the sea")), ("Chorus", ("sing",)), ("Chorus", ("sing",)),
        ("Verse 2", ("night", "night")), ("Chorus", ("sing",)),
    ]  # fmt: skip


def test_repeats_have_an_end() -> None:
    assert len(read_stanzas("the rain (x50)").stanzas[0].lines) == MOST_REPEATS
    bomb = "[Chorus]\n" + "la\n" * 40 + "[Chorus x8]\n" * 500
    assert sum(len(s.lines) for s in read_stanzas(bomb).stanzas) <= 40 + MOST_REPEATED_LINES


def test_lines_in_brackets_that_are_no_labels_are_counted() -> None:
    found = read_stanzas("[Produced by Bo]\n[Verse]\nthe rain\n[Ann]\nthe sea\n[Mixed by: Cy]\n")
    assert (found.credits, found.notes) == (2, 1)
    assert found.stanzas == (PlainSection("Verse", ("the rain", "the sea")),)


def test_blank_lines_after_every_line_part_no_stanzas() -> None:
    text = "one a\n\ntwo a\n\nthree a\n\nfour a\n\n\nfive a\n\nsix a\n\nseven a\n"
    assert [len(s.lines) for s in read_stanzas(text).stanzas] == [4, 3]


def test_sections_go_on_where_verses_are_labelled_and_are_verses_where_not() -> None:
    a, b, c = ("one", "two"), ("three", "four"), ("five",)
    goes_on = sections_of([PlainSection("Verse 1", a), PlainSection("", b), PlainSection("Bridge", c)])
    assert goes_on == (PlainSection("Verse 1", a + b), PlainSection("Bridge", c))
    plain = sections_of([PlainSection("", a), PlainSection("", b), PlainSection("", c), PlainSection("", b)])
    assert [section.label for section in plain] == ["Verse 1", "Chorus", "Verse 2", "Chorus"]
    chorus = sections_of([PlainSection("Chorus", a), PlainSection("", b)])
    assert chorus == (PlainSection("Chorus", a), PlainSection("Verse 1", b))
