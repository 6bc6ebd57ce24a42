"""LRC text: every word at its time, one line for each sung line."""

from __future__ import annotations

import dataclasses
import re

from engine.music.lead_sheet import LeadSheet
from engine.output.karaoke import clock, lead_sheet_to_lrc

LINE = re.compile(r"\[\d\d:\d\d\.\d\d\] (<\d\d:\d\d\.\d\d> [^<>]+ )+<\d\d:\d\d\.\d\d>")


def test_lrc_of_the_first_lines_is_as_a_singer_reads_it(sheet: LeadSheet) -> None:
    rows = lead_sheet_to_lrc(sheet).splitlines()
    assert rows[:2] == ["[ti:Rain over the harbour]", "[length:00:45.00]"]
    assert rows[2] == ("[00:05.00] <00:05.00> Rain <00:05.62> over <00:06.25> the <00:06.88> harbour <00:09.06>")
    assert rows[4].endswith("<00:17.50> name <00:18.75>")  # a melisma ends with its last note


def test_every_sung_line_is_one_row_of_the_format(sheet: LeadSheet) -> None:
    rows = lead_sheet_to_lrc(sheet).splitlines()[2:]
    assert len(rows) == 8
    assert all(LINE.fullmatch(row) for row in rows)


def test_times_never_go_back(sheet: LeadSheet) -> None:
    times = re.findall(r"<(\d\d:\d\d\.\d\d)>", lead_sheet_to_lrc(sheet))
    assert len(times) == 30 + 8
    assert times == sorted(times)


def test_words_alone_are_left_when_times_are_taken_out(sheet: LeadSheet) -> None:
    text = re.sub(r"[\[<][\d:.]+[\]>]", "", lead_sheet_to_lrc(sheet))
    assert " ".join(text.splitlines()[4].split()) == "Nobody's calling my name"


def test_sheet_without_words_has_tags_alone(sheet: LeadSheet) -> None:
    silent = dataclasses.replace(sheet, notes=(), title="a [b]\n<c>")
    assert lead_sheet_to_lrc(silent) == "[ti:a (b) (c)]\n[length:00:45.00]\n"


def test_clock_carries_into_minutes(sheet: LeadSheet) -> None:
    slow = dataclasses.replace(sheet, tempo_qpm=60.0)
    assert clock(slow, 480 * 60 - 1) == "01:00.00"
    assert clock(slow, 480 * 61 + 240) == "01:01.50"
