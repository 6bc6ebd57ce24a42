"""Single lines of Chinese words written anew or put in; every other line stays. Does not know how lines are written."""

from __future__ import annotations

from collections.abc import Mapping

from engine.contract import InsertRequest, RewriteRequest, SectionReport
from engine.errors import RequestError
from engine.lyrics.chinese.tokenizer import FREE
from engine.lyrics.own_words import MOST_LINES
from engine.song.chinese_lyrics import model_of
from engine.song.chinese_report import told_section
from engine.song.chinese_source import (
    edited_words,
    letters_of,
    opened,
    standing,
    telling_of,
    unused_letter,
    with_tones,
    write_open,
)
from engine.song.making import MadeSong, Making
from engine.song.printed_lines import (
    check_number,
    chosen_places,
    first_sections,
    insert_notices,
    printed_places,
    repeats_of,
    rewrite_notices,
)


def rewrite_chinese_line(request: RewriteRequest, making: Making) -> MadeSong:
    """Write the lines anew: as many characters, the same rhyme, another last character; wherever their section comes."""
    assert making.source is not None
    assert making.source.report is not None
    report, model = making.source.report, model_of(making)
    with making.stage("plan"):
        places = chosen_places(request.line, report)
        telling = telling_of(report, request.theme, request.avoid, model)
        shown = first_sections(report)
        stands = with_tones([standing(report.sections[s]) for s in shown], report, model)
        sections = {
            s: (
                report.sections[s].label,
                tuple(
                    opened(line, refused=line.given[-1]) if (s, n) in places else line for n, line in enumerate(lines)
                ),
            )
            for s, lines in zip(shown, stands, strict=True)
        }
    found = write_open(sections, telling, making, model)
    changed = {s for s, _ in places}
    new = {
        again: told_section(report.sections[again].label, standing(report.sections[s]), found[s])
        for s in changed
        for again in repeats_of(report, s)
    }
    told = _with(report.sections, new)
    everywhere = [(again, n) for s, n in places for again in repeats_of(report, s)]
    return edited_words(request, report, told, making, rewrite_notices(report, places, everywhere), model)


def insert_chinese_line(request: InsertRequest, making: Making) -> MadeSong:
    """Add a line after another, as long as that and rhyming with it, closed by the same mark; wherever its section comes."""
    assert making.source is not None
    assert making.source.report is not None
    report, model = making.source.report, model_of(making)
    with making.stage("plan"):
        places = printed_places(report)
        check_number(request.after, len(places), least=0)
        if len(places) >= MOST_LINES:
            raise RequestError(f"the song has {len(places)} lines already, which is as many as it can have")
        s, model_line = places[max(request.after, 1) - 1]
        at = model_line + (request.after > 0)
        again = repeats_of(report, s)
        told = report.sections[s]
        letters = list(letters_of(told))
        if letters[model_line] == FREE:
            letters[model_line] = unused_letter(report.sections)
        telling = telling_of(report, request.theme, request.avoid, model)
        sections = {n: (report.sections[n].label, standing(report.sections[n])) for n in first_sections(report)}
        lines = list(standing(told, "".join(letters)))
        lines.insert(at, opened(lines[model_line], refused=lines[model_line].given[-1]))
        sections[again[0]] = (told.label, tuple(lines))
    found = write_open(sections, telling, making, model)
    new = {n: told_section(report.sections[n].label, lines, found[again[0]]) for n in again}
    reported = _with(report.sections, new)
    return edited_words(request, report, reported, making, insert_notices(reported, again, at), model)


def _with(sections: tuple[SectionReport, ...], new: Mapping[int, SectionReport]) -> tuple[SectionReport, ...]:
    return tuple(new.get(number, section) for number, section in enumerate(sections))
