"""LRC text: every line, word or syllable at its time, as a player of LRC reads it."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings

from engine.music.lead_sheet import LeadSheet, words_of_line
from engine.music.midi_file import seconds_at
from engine.music.score import Score, TempoChange
from engine.output.karaoke import Clock, lead_sheet_to_lrc
from tests.engine.output.sheets import sung_sheets

STAMP = r"(\d\d):(\d\d)\.(\d\d)"


def seconds(stamp: tuple[str, ...]) -> float:
    return 60 * int(stamp[0]) + int(stamp[1]) + int(stamp[2]) / 100


def read_lrc(text: str) -> tuple[dict[str, str], list[tuple[float, list[tuple[float, str]]]]]:
    """Read LRC as players do: the tags, and for each line its time and its parts with theirs; no parts where none is timed."""
    tags, lines = {}, []
    for row in text.splitlines():
        if tag := re.fullmatch(r"\[([a-z]+):(.*)\]", row):
            tags[tag[1]] = tag[2]
            continue
        found = re.match(rf"\[{STAMP}\]", row)
        assert found is not None, row
        rest = row[found.end() :]
        cut = re.split(rf"<({STAMP})>", rest)
        parts = [(seconds(tuple(cut[n + 1 : n + 4])), cut[n + 4]) for n in range(1, len(cut) - 1, 5)]
        lines.append((seconds(found.groups()), parts or [(seconds(found.groups()), rest)]))
    return tags, lines


def sung_lines(sheet: LeadSheet) -> list[int]:
    return sorted({note.syllable.line for note in sheet.notes if note.syllable})


def test_lrc_of_the_first_lines_is_as_a_singer_reads_it(sheet: LeadSheet) -> None:
    rows = lead_sheet_to_lrc(sheet).splitlines()
    assert rows[:4] == ["[ti:Rain over the harbour]", "[ar:Songwright]", "[length:00:45.00]", "[re:Songwright]"]
    assert rows[4] == ("[00:05.00] <00:05.00> Rain <00:05.62> over <00:06.25> the <00:06.88> harbour <00:09.06>")
    assert rows[6].endswith("<00:17.50> name <00:18.75>")  # a melisma ends with its last note
    assert lead_sheet_to_lrc(sheet, timed="lines").splitlines()[4] == "[00:05.00] Rain over the harbour"
    syllables = lead_sheet_to_lrc(sheet, timed="syllables").splitlines()[4]
    assert syllables.startswith("[00:05.00] <00:05.00> Rain <00:05.62> o<00:05.94>ver <00:06.25> the")


@settings(max_examples=50, deadline=None)
@given(sung_sheets())
def test_every_word_is_read_at_its_time_by_the_tempos_of_the_music(sheet: LeadSheet) -> None:
    score = Score((), sheet.length_ticks, (TempoChange(0, 71.3), TempoChange(1000, 133.0)))
    _, lines = read_lrc(lead_sheet_to_lrc(sheet, score))
    assert len(lines) == len(sung_lines(sheet))
    for line, (start, parts) in zip(sung_lines(sheet), lines, strict=True):
        assert [text.strip() for _, text in parts[:-1]] == list(words_of_line(sheet, line))
        firsts = [
            note for note in sheet.notes
            if note.syllable and note.syllable.line == line and note.syllable.word_position in ("single", "begin")
        ]  # fmt: skip
        assert [at for at, _ in parts[:-1]] == pytest.approx(
            [seconds_at(score, note.onset_ticks) for note in firsts], abs=0.0051
        )
        assert start == parts[0][0]


@settings(max_examples=30, deadline=None)
@given(sung_sheets())
def test_every_syllable_is_read_at_its_time(sheet: LeadSheet) -> None:
    _, lines = read_lrc(lead_sheet_to_lrc(sheet, timed="syllables"))
    found = [(at, text.strip()) for _, parts in lines for at, text in parts if text.strip()]
    clock = 60 / (sheet.tempo_qpm * 480)
    sung = [(note.onset_ticks * clock, note.syllable.text) for note in sheet.notes if note.syllable]
    assert [text for _, text in found] == [text for _, text in sung]
    assert [at for at, _ in found] == pytest.approx([at for at, _ in sung], abs=0.0051)
    joined = ["".join(text for _, text in parts).split() for _, parts in lines]
    assert joined == [list(words_of_line(sheet, line)) for line in sung_lines(sheet)]


@settings(max_examples=20, deadline=None)
@given(sung_sheets())
def test_lines_alone_hold_the_words_and_nothing_else(sheet: LeadSheet) -> None:
    _, lines = read_lrc(lead_sheet_to_lrc(sheet, timed="lines"))
    assert [parts[0][1].split() for _, parts in lines] == [list(words_of_line(sheet, n)) for n in sung_lines(sheet)]


def test_sheet_without_words_has_tags_alone(sheet: LeadSheet) -> None:
    silent = dataclasses.replace(sheet, notes=(), title="a [b]\n<c>")
    tags, lines = read_lrc(lead_sheet_to_lrc(silent))
    assert tags == {"ti": "a (b) (c)", "ar": "Songwright", "length": "00:45.00", "re": "Songwright"}
    assert lines == []


def test_clock_carries_into_minutes() -> None:
    slow = Clock(Score((), 480 * 100, (TempoChange(0, 60.0),)))
    assert slow(480 * 60 - 1) == "01:00.00"
    assert slow(480 * 61 + 240) == "01:01.50"
