"""More Chinese words for a song or after somebody's own first lines: same lengths, same rhymes. Does not know models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from engine.contract import ContinueRequest, SectionReport, SongReport
from engine.errors import RequestError
from engine.lyrics.chinese.own_words import read_chinese_lines
from engine.lyrics.chinese.prompt import PlannedLine, WantedLine, letters_of
from engine.lyrics.chinese.rhyme import rhyme_class
from engine.lyrics.chinese.tokenizer import FREE, LETTERS
from engine.lyrics.own_words import MOST_LINES
from engine.song.chinese_lyrics import MOST_TITLE_CHARACTERS, model_of
from engine.song.chinese_plan import LABELS, is_of_tune
from engine.song.chinese_report import told_section
from engine.song.chinese_source import edited_words, opened, standing, telling_of, unused_letter, write_open
from engine.song.coming_sections import MOST_MORE_SECTIONS
from engine.song.form import parse_form
from engine.song.making import MadeSong, Making
from engine.song.printed_lines import first_sections, new_lines_notice
from engine.song.source_plan import USUAL_STYLE

FEWEST_OF_STANZA = 4  # lines; fewer of one's own are the beginning of a stanza
_NUMERALS = "一二三四五六七八九十"


@dataclass(frozen=True)
class _Coming:
    """lines: open, to be written. joins: whether they go on with the last section. words_of: whose words come again."""

    label: str
    lines: tuple[WantedLine, ...] = ()
    joins: bool = False
    words_of: int | None = None


def continue_chinese(request: ContinueRequest, making: Making) -> MadeSong:
    """Go on with Chinese words: one more part like the last verse, so many lines, or the parts of a form.

    In a tune, and after own first lines, the rhyme goes on; a part of a form has its own.
    """
    model = model_of(making)
    with making.stage("plan"):
        if request.start.strip():
            report = _own_start(request.start, making.seed)
        else:
            assert making.source is not None
            assert making.source.report is not None
            report = making.source.report
        telling = telling_of(report, request.theme, request.avoid, model)
        coming = _coming(request, report)
        count = sum(len(section.lines) for section in report.sections)
        total = count + sum(len(one.lines or _again(report, one).lines) for one in coming)
        if total > MOST_LINES:
            raise RequestError(f"the song would have {total} lines, and can have at most {MOST_LINES}; ask for fewer")
        sections = {n: (report.sections[n].label, standing(report.sections[n])) for n in first_sections(report)}
        last = len(report.sections) - 1
        for number, one in enumerate(coming, start=last + 1):
            if one.joins:
                sections[last] = (report.sections[last].label, (*_joined(report, one), *one.lines))
            elif one.words_of is None:
                sections[number] = (one.label, one.lines)
    found = write_open(sections, telling, making, model)
    told = list(report.sections)
    for number, one in enumerate(coming, start=last + 1):
        if one.joins:
            told[last] = told_section(told[last].label, sections[last][1], found[last])
        elif one.words_of is not None:
            told.append(_again(report, one))
        else:
            told.append(told_section(one.label, one.lines, found[number]))
    return edited_words(request, report, told, making, (new_lines_notice(count, total),), model)


def _again(report: SongReport, one: _Coming) -> SectionReport:
    return report.sections[one.words_of] if one.words_of is not None else SectionReport(label="", lines=())


def _own_start(text: str, seed: int) -> SongReport:
    """Return what is told of somebody's own first lines, as if they were a song."""
    stanzas = read_chinese_lines(text)
    ends = [rhyme_class(line.characters[-1]) for stanza in stanzas for line in stanza]
    letters = letters_of(ends)
    if not letters.strip(FREE):  # in Chinese verse the last line of a couplet rhymes with what follows
        letters = letters[:-1] + LETTERS[0]
    given = iter(letters)
    sections = tuple(
        told_section("", [PlannedLine(len(line.characters), next(given), line.mark) for line in stanza], stanza)
        for stanza in stanzas
    )
    title = stanzas[0][0].characters[:MOST_TITLE_CHARACTERS]
    return SongReport(title=title, request={}, sections=sections, style=USUAL_STYLE, seed=seed)


def _coming(request: ContinueRequest, report: SongReport) -> list[_Coming]:
    verse = _open_lines(report.sections[_model_verse(report)])
    if request.form is not None:
        return _named(request.form, report, verse)
    last = report.sections[-1]
    if not report.request and len(report.sections) == 1 and len(last.lines) < FEWEST_OF_STANZA:
        return [_Coming("", _cut(verse, request.more or len(verse)), joins=True)]
    if request.more == 1:
        return [_one_more(report)]
    coming: list[_Coming] = []
    labels = [section.label for section in report.sections]
    left = len(verse) if request.more is None else request.more
    while left > 0:
        labels.append(_next_label("verse", labels))
        coming.append(_Coming(labels[-1], _cut(verse, min(left, len(verse)))))
        left -= len(verse)
    return coming


def _model_verse(report: SongReport) -> int:
    """Return the last verse of a form, the last part of a tune."""
    shown = first_sections(report)
    verses = [s for s in shown if report.sections[s].label.startswith(LABELS["verse"])]
    return (verses or shown)[-1]


def _open_lines(section: SectionReport) -> tuple[WantedLine, ...]:
    return tuple(opened(line) for line in standing(section))


def _cut(lines: Sequence[WantedLine], count: int) -> tuple[WantedLine, ...]:
    """Return so many lines, over and over in order; the last one ends a sentence."""
    found = list(islice(cycle(lines), count))
    if found[-1].mark in "，、":
        found[-1] = replace(found[-1], mark="。")
    return tuple(found)


def _one_more(report: SongReport) -> _Coming:
    """Return one line that rhymes with the last."""
    last = standing(report.sections[-1])[-1]
    letter = last.rhyme if last.rhyme != FREE else unused_letter(report.sections)
    return _Coming("", (replace(opened(last), rhyme=letter),), joins=True)


def _joined(report: SongReport, one: _Coming) -> tuple[WantedLine, ...]:
    """Return the lines of the last section as those that join it see them: its last one rhymes with a single one more."""
    lines = list(standing(report.sections[-1]))
    if len(one.lines) == 1 and lines[-1].rhyme == FREE:
        lines[-1] = replace(lines[-1], rhyme=one.lines[0].rhyme)
    return tuple(lines)


def _named(form: str, report: SongReport, verse: tuple[WantedLine, ...]) -> list[_Coming]:
    """Return the parts of a form: a chorus that is there comes again, any other is like the one there is."""
    kinds = parse_form(form)
    if len(kinds) > MOST_MORE_SECTIONS:
        raise RequestError(
            f"at most {MOST_MORE_SECTIONS} parts can be added at once, got {len(kinds)}; continue again for more"
        )
    if silent := [kind for kind in kinds if kind not in LABELS]:
        raise RequestError(f"words alone have no {silent[0]}; name parts with words: V, P, C or B")
    coming: list[_Coming] = []
    labels = [section.label for section in report.sections]
    for kind in kinds:
        like = next((s for s in first_sections(report) if labels[s].startswith(LABELS[kind])), None)
        labels.append(_next_label(kind, labels))
        if kind == "chorus" and like is not None:
            coming.append(_Coming(labels[like], words_of=like))
            continue
        model = verse if like is None or kind == "verse" else _open_lines(report.sections[like])
        coming.append(_Coming(labels[-1], _cut(model, len(model))))
    return coming


def _next_label(kind: str, labels: Sequence[str]) -> str:
    """Return "主歌3" after two verses, "第三片" after two parts of a tune, and "" where nothing has a label."""
    if kind != "verse":
        return LABELS[kind]
    if not any(labels):
        return ""
    if all(map(is_of_tune, labels)):
        return f"第{_NUMERALS[len(labels)]}片" if len(labels) < len(_NUMERALS) else ""
    return f"{LABELS['verse']}{sum(label.startswith(LABELS['verse']) for label in labels) + 1}"
