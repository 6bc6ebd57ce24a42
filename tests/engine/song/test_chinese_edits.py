"""Promises of edits of Chinese words: what is not named stays, byte for byte; what is new has its length and its rhyme."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract import ContinueRequest, EditRequest, InsertRequest, LyricRequest, RewriteRequest
from engine.errors import RequestError
from engine.lyrics.chinese.own_words import read_chinese_lines
from engine.lyrics.chinese.rhyme import is_hanzi, lines_rhyme
from engine.song.chinese_model import ChineseLyricModel, open_chinese_model
from engine.song.making import MadeSong, Making, SourceSong
from engine.verbs import carry_out
from tests.tiny_chinese import write_tiny_chinese_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ChineseLyricModel:
    return open_chinese_model(write_tiny_chinese_model(tmp_path_factory.mktemp("chinese") / "model"))


def write(model: ChineseLyricModel, **asked: Any) -> MadeSong:
    request = LyricRequest(**{"theme": "江南明月", **asked})
    return carry_out(request, Making(seed=1, models=SimpleNamespace(chinese=model)))  # type: ignore[arg-type]


def edit(model: ChineseLyricModel, request: EditRequest, made: MadeSong | None = None, seed: int = 2) -> MadeSong:
    source = made and SourceSong(made.report.title, made.lyrics_text, None, None, made.report)
    making = Making(seed=seed, models=SimpleNamespace(chinese=model), source=source)  # type: ignore[arg-type]
    return carry_out(request, making)


def lines_of(made: MadeSong) -> list[str]:
    return [line.text for section in made.report.sections for line in section.lines]


@pytest.fixture(scope="module")
def ci(model: ChineseLyricModel) -> MadeSong:
    return write(model, tune="浣溪沙")


@pytest.fixture(scope="module")
def song(model: ChineseLyricModel) -> MadeSong:
    return write(model, form="VCVC", syllables="7/5", rhyme="AABB/ABAB")


@pytest.mark.parametrize("number", range(1, 7))
def test_a_line_anew_has_its_length_its_rhyme_and_another_end_and_all_else_is_the_same(
    model: ChineseLyricModel, ci: MadeSong, number: int
) -> None:
    made = edit(model, RewriteRequest(source="a", line=str(number)), ci)
    old, new = lines_of(ci), lines_of(made)
    assert [n for n, (a, b) in enumerate(zip(old, new, strict=True), 1) if a != b] == [number]
    assert made.lyrics_text == ci.lyrics_text.replace(old[number - 1], new[number - 1])
    assert made.artifacts[0].data.decode() == made.lyrics_text
    before, after = old[number - 1], new[number - 1]
    assert (len(before), before[-1]) == (len(after), after[-1])
    assert before[-2] != after[-2]
    letters = [line.rhyme for section in ci.report.sections for line in section.lines]
    for letter, line in zip(letters, old, strict=True):
        if letter == letters[number - 1] == "A" and line != before:
            assert lines_rhyme(after, line)
    assert f'line {number} was "{before}" before' in made.report.notices
    assert made.report.request["kind"] == "rewrite"


def test_a_line_of_a_chorus_is_changed_wherever_it_comes(model: ChineseLyricModel, song: MadeSong) -> None:
    made = edit(model, RewriteRequest(source="a", line="6-7", theme="春风"), song)
    old, new = lines_of(song), lines_of(made)
    assert [n for n, (a, b) in enumerate(zip(old, new, strict=True), 1) if a != b] == [6, 7, 14, 15]
    assert new[4:8] == new[12:16]
    assert "春风" in new[5] + new[6]
    assert all(line.rhymes is not False for section in made.report.sections for line in section.lines)
    assert any("changed as well: 14, 15" in notice for notice in made.report.notices)


@pytest.mark.parametrize("after", [0, 1, 4, 6])
def test_a_line_more_is_like_the_one_before_it_and_the_rest_stays(
    model: ChineseLyricModel, ci: MadeSong, after: int
) -> None:
    made = edit(model, InsertRequest(source="a", after=after), ci)
    old, new = lines_of(ci), lines_of(made)
    like = old[max(after, 1) - 1]
    assert new == [*old[:after], new[after], *old[after:]]
    assert len(new[after]) == len(like)
    assert lines_rhyme(new[after], like)
    assert made.report.notices == (f"the new line is line {after + 1}",)


def test_a_tune_goes_on_in_its_rhyme_and_lengths(model: ChineseLyricModel, ci: MadeSong) -> None:
    made = edit(model, ContinueRequest(source="a"), ci)
    assert made.lyrics_text.startswith(ci.lyrics_text.rstrip("\n"))
    last, new = made.report.sections[-2:]
    assert new.label == "第三片"
    assert [len(a.text) for a in new.lines] == [len(a.text) for a in last.lines]
    assert all(lines_rhyme(new.lines[n].text, last.lines[-1].text) for n in (1, 2))
    again = edit(model, ContinueRequest(source="a", more=1), made)
    assert lines_of(again)[:-1] == lines_of(made)
    assert lines_rhyme(lines_of(again)[-1], lines_of(made)[-1])


def test_parts_of_a_form_come_next_and_a_chorus_comes_again(model: ChineseLyricModel, song: MadeSong) -> None:
    made = edit(model, ContinueRequest(source="a", form="VCB", theme="春风"), song)
    assert [section.label for section in made.report.sections[4:]] == ["主歌3", "副歌", "桥段"]
    assert made.report.sections[:4] == song.report.sections
    assert made.report.sections[5].lines == song.report.sections[1].lines
    assert [len(line.text) for line in made.report.sections[4].lines] == [8] * 4
    assert "春风" in "".join(line.text for s in (4, 6) for line in made.report.sections[s].lines)


@pytest.mark.parametrize(
    ("start", "more", "lengths"),
    [("春风又绿江南岸 / 明月何时照我还", None, [7] * 4), ("床前明月光", None, [5, 5]), ("床前明月光，", 3, [5] * 4),
     ("云破月来花弄影。\n明月，江南路\n\n春风 / 花开人不归", None, [7, 2, 3, 2, 5, 2, 5]), ("春风，花开。" * 3, 5, [2] * 11)],
)  # fmt: skip
def test_own_first_lines_stay_and_go_on_in_their_lengths(
    model: ChineseLyricModel, start: str, more: int | None, lengths: list[int]
) -> None:
    made = edit(model, ContinueRequest(start=start, more=more))
    typed = ["".join(filter(is_hanzi, part.characters)) for stanza in read_chinese_lines(start) for part in stanza]
    new = [line[:-1] for line in lines_of(made)]
    assert new[: len(typed)] == typed
    assert [len(line) for line in new] == lengths
    assert len(new) == len(typed) + (more or len(read_chinese_lines(start)[-1]))
    assert not any(line.rhymes is False for line in made.report.sections[-1].lines[-1:])
    rewritten = edit(model, RewriteRequest(source="a", line=str(len(new))), made)
    assert lines_of(rewritten)[:-1] == lines_of(made)[:-1]


@pytest.mark.parametrize(
    ("start", "sentence"),
    [("春风 in the house", "marks alone, got 'i'"), ("春" * 17, "1-16 characters, got 17"), ("支那春风", "not sung here"),
     ("春风。" * 81, "81 lines, and a song has at most 80"), ("春" * 4001, "1-4000 characters")],
)  # fmt: skip
def test_first_lines_that_cannot_be_gone_on_with_are_refused(
    model: ChineseLyricModel, start: str, sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        edit(model, ContinueRequest(start=start))


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [(RewriteRequest(source="a", line="7"), "the song has 6 lines; name 1-6, got 7"),
     (InsertRequest(source="a", after=9), "name 0-6, got 9"),
     (RewriteRequest(source="a", line="2", theme="snow"), "no Chinese characters"),
     (ContinueRequest(source="a", form="VIC"), "no intro"), (ContinueRequest(source="a", form="V" * 7), "at most 6 parts")],
)  # fmt: skip
def test_edits_that_cannot_be_are_refused(
    model: ChineseLyricModel, ci: MadeSong, request_: EditRequest, sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence):
        edit(model, request_, ci)


def test_a_song_that_fills_the_context_goes_on_with_what_the_model_can_hold(model: ChineseLyricModel) -> None:
    made = write(model, form="VVVVVV", syllables="11", rhyme="AABB")
    for _ in range(3):
        made = edit(model, ContinueRequest(source="a", form="VVV"), made)
    assert len(lines_of(made)) == 60  # of 14 ids each: more than 512


def test_words_to_be_avoided_and_those_of_other_persons_stay_out_of_new_lines(model: ChineseLyricModel) -> None:
    made = write(model, tune="长相思", person="I")
    for seed in range(4):
        new = edit(model, RewriteRequest(source="a", line="1-8", avoid=("春", "花")), made, seed=seed)
        assert not set("春花君你他") & set("".join(lines_of(new)))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="春风花月，。 /\n!?,[]x1", max_size=40))
def test_typed_lines_are_read_with_all_their_characters_or_refused(text: str) -> None:
    try:
        stanzas = read_chinese_lines(text)
    except RequestError:
        return
    assert "".join(line.characters for stanza in stanzas for line in stanza) == "".join(filter(is_hanzi, text))
    assert all(line.mark and 1 <= len(line.characters) <= 16 for stanza in stanzas for line in stanza)
