"""Promises of marked training texts."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.prepare import (
    LINES_PER_CHUNK,
    LINES_PER_SECTION,
    Chunk,
    ThemeWords,
    chunks_of,
    content_words,
    cut_stanzas,
    era_of,
    group_stanzas,
    section_text,
    weigh,
)
from engine.corpus.records import LyricRecord, Stanza, split_of
from engine.lyrics.prompt import reverse_line, special_tokens
from engine.lyrics.prosody import count_syllables
from engine.lyrics.rhyme import find_scheme

LINES = ["The rain came over the harbour wall,", "and I heard the sea birds call,", "the lights went out along the bay,",
         "and the night was turning into day.", "O sing for the sailors far away,", "and the moon above them all!"]  # fmt: skip
STANZAS = st.lists(
    st.builds(Stanza, st.lists(st.sampled_from(LINES), min_size=1, max_size=20).map(tuple), st.booleans()),
    min_size=1, max_size=6,
)  # fmt: skip
THEMES = ThemeWords(Counter({"harbour": 40, "rain": 60, "sea": 2}), 1000)
KNOWN = frozenset(word for line in LINES for word in re.findall("[a-z]+", line.lower()))


def record(stanzas: list[Stanza], **more: object) -> LyricRecord:
    facts: dict[str, object] = {"id": "r", "kind": "song", "title": "Rain", "author": "Ann Lee", "work": "r",
                                "licence": "", "born": 1860, "n_lines": 8, "stanzas": tuple(stanzas)}  # fmt: skip
    return LyricRecord(**(facts | more))  # type: ignore[arg-type]


@given(STANZAS)
def test_cutting_and_grouping_keep_every_line_in_order(stanzas: list[Stanza]) -> None:
    whole = [line for stanza in stanzas for line in stanza.lines]
    cut = list(cut_stanzas(record(stanzas)))
    assert [line for stanza in cut for line in stanza.lines] == whole
    assert all(1 <= len(stanza.lines) <= LINES_PER_SECTION for stanza in cut)
    groups = list(group_stanzas(record(stanzas)))
    assert [stanza for group in groups for stanza in group] == cut
    assert all(sum(len(stanza.lines) for stanza in group) <= LINES_PER_CHUNK for group in groups)


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=8).map(tuple), st.booleans())
def test_a_marked_section_says_its_syllables_and_rhymes_and_holds_its_lines(
    lines: tuple[str, ...], chorus: bool
) -> None:
    text, rhymed, sung = section_text(Stanza(lines, chorus), marked=True)
    scheme = find_scheme(lines)
    found = re.findall(r"<s(\d+)><r([A-FX])>(.*)\n", text)
    assert [int(n) for n, _, _ in found] == [count_syllables(line) for line in lines]
    assert "".join(letter for _, letter, _ in found) == scheme
    assert tuple(reverse_line(body).strip() for _, _, body in found) == lines
    assert text.startswith("<chorus>" if chorus else "<verse>")
    assert (rhymed, sung) == (sum(letter != "X" for letter in scheme), len(lines))


def test_an_unmarked_section_has_no_marks_before_its_lines() -> None:
    assert section_text(Stanza(("the rain,",)), marked=False)[0] == "<verse>, rain the\n"


@given(STANZAS)
def test_chunks_are_texts_of_known_marks_with_their_bytes(stanzas: list[Stanza]) -> None:
    one = record(stanzas)
    chunks = list(chunks_of(one, THEMES, KNOWN))
    assert chunks == list(chunks_of(one, THEMES, KNOWN))
    for chunk in chunks:
        assert isinstance(chunk, Chunk)
        assert set(re.findall(r"<\w+>", chunk.text)) <= set(special_tokens())
        assert chunk.text.startswith("<bos><song>")
        assert chunk.text.endswith("\n<eos>")
        assert chunk.split == split_of(one.work)
        assert chunk.weight_late >= 0
        assert chunk.weight >= 0
    lines = [line for stanza in stanzas for line in stanza.lines]
    assert not chunks or sum(chunk.byte_count for chunk in chunks) == sum(len(line) + 1 for line in lines)


def test_texts_in_other_words_or_of_few_words_give_nothing() -> None:
    assert list(chunks_of(record([Stanza(tuple(LINES))]), THEMES, frozenset())) == []
    assert list(chunks_of(record([Stanza(("the rain",))]), THEMES, KNOWN)) == []
    assert len(list(chunks_of(record([Stanza(tuple(LINES))]), THEMES, KNOWN))) == 1


def test_theme_words_are_telling_and_neither_rare_nor_common() -> None:
    themes = ThemeWords(Counter({"harbour": 40, "rain": 60, "sea": 2, "love": 500}), 1000)
    assert themes.best(["rain", "sea", "love", "harbour", "rain", "unseen"]) == ["rain", "harbour"]
    assert themes.best(["rain", "harbour"], most=1) == ["harbour"]
    assert themes.best([]) == []
    assert content_words(["The RAIN, and o'er us a sea-bird sang"]) == ["rain", "sang"]


@pytest.mark.parametrize(("born", "era"), [(None, "undated"), (1564, "early"), (1700, "middle"), (1850, "late")])
def test_eras(born: int | None, era: str) -> None:
    assert era_of(born) == era


def test_weights_prefer_songs_of_late_times_that_rhyme() -> None:
    song, poem, early = record([]), record([], kind="poem", n_lines=500), record([], born=1564)
    assert weigh(song, 1.0, 1.0, False, 6) > weigh(poem, 1.0, 1.0, False, 6)
    assert weigh(song, 1.0, 1.0, False, 6) > weigh(song, 0.5, 1.0, False, 6) > weigh(early, 0.5, 1.0, False, 6)
    assert weigh(song, 0.1, 1.0, False, 6) == weigh(song, 1.0, 0.5, False, 6) == (0.0, 0.0)
    assert weigh(song, 1.0, 1.0, True, 6)[1] == 0.0
