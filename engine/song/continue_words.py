"""More words for a song or after somebody's own first lines, in the same rhymes and syllables. Does not know models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.contract import (
    MORE_LINES_RANGE,
    ContinueRequest,
    LineReport,
    SectionReport,
    SongReport,
    VerseRequest,
)
from engine.errors import RequestError
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.draft import WrittenLine
from engine.lyrics.own_words import MOST_LINES, read_own_words
from engine.lyrics.rhyme import FREE, lines_rhyme, rhyme_pairs
from engine.song.add_verse import add_verse
from engine.song.chinese_continue import continue_chinese
from engine.song.chinese_singing import refuse_sung_chinese
from engine.song.chinese_source import is_chinese_song
from engine.song.coming_sections import Coming, coming_sections, open_text
from engine.song.extend_music import go_on
from engine.song.form import parse_form
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.printed_lines import new_line, new_lines_notice
from engine.song.sing import own_section_report
from engine.song.source_plan import USUAL_STYLE, style_of
from engine.song.styles import find_style
from engine.song.write_lines import theme_of, words_alone, words_of_source, write_open_lines

USUAL_MORE_BARS = 8


def continue_words(request: ContinueRequest, making: Making) -> MadeSong:
    """Go on with words. A song with music gets one more verse, to its tune; words alone get whatever is asked for.

    Music without words, such as an uploaded file, goes on as music. Own first lines stay as they were typed; their
    syllables and rhymes are kept in what comes after. RequestError where both a song and first lines are given, or neither.
    """
    _check(request)
    if any(map(is_hanzi, request.start)) or (request.source.strip() and is_chinese_song(making.source)):
        refuse_sung_chinese(making.source)
        return continue_chinese(request, making)
    if _is_music_alone(request, making.source):
        return go_on(request, USUAL_MORE_BARS, making)
    if not request.source.strip():
        report = _own_start(request, making)
        return _written(request, SourceSong(report.title, "", None, None, report), report, making)
    sheet, report = words_of_source(making.source)
    assert making.source is not None
    return _written(request, making.source, report, making) if sheet is None else _sung(request, making)


def _check(request: ContinueRequest) -> None:
    if bool(request.source.strip()) == bool(request.start.strip()):
        raise RequestError('name a song to go on with, or write first lines of your own, such as "Row the boat / home"')
    if request.form is not None and request.more is not None:
        raise RequestError("name the parts that come next, or how many lines; one of the two")
    low, high = MORE_LINES_RANGE
    if request.more is not None and not low <= request.more <= high:
        raise RequestError(f"lines must be {low}-{high}, got {request.more}; continue again for more")


def _is_music_alone(request: ContinueRequest, source: SourceSong | None) -> bool:
    """Return whether there are no words to go on with, and no more are asked for: then the music goes on."""
    if not request.source.strip() or source is None or source.score is None:
        return False
    has_words = source.sheet is not None and source.sheet.is_sung
    return not has_words and (request.form, request.more, request.theme) == (None, None, None)


def _sung(request: ContinueRequest, making: Making) -> MadeSong:
    """Return a song with music with one more verse: only words alone can go on by lines and other parts."""
    kinds = parse_form(request.form) if request.form is not None else ("verse",)
    if request.more is not None or kinds != ("verse",):
        raise RequestError("a song with music goes on by one verse at a time; leave form and lines out")
    verse = VerseRequest(source=request.source, seed=request.seed, theme=request.theme, avoid=request.avoid)
    made = add_verse(verse, making)
    return replace(made, report=made.report.model_copy(update={"request": request.model_dump(mode="json")}))


def _own_start(request: ContinueRequest, making: Making) -> SongReport:
    """Return what is told of somebody's own first lines, as if they were a song."""
    words = read_own_words(request.start)
    sections = tuple(own_section_report(section) for section in words.sections if section.lines)
    return SongReport(title=words.title, request={}, sections=sections, style=USUAL_STYLE, seed=making.seed)


def _written(request: ContinueRequest, source: SourceSong, report: SongReport, making: Making) -> MadeSong:
    with making.stage("plan"):
        coming = coming_sections(request.form, request.more, report)
        count = sum(len(section.lines) for section in report.sections)
        total = count + sum(len(one.shape or _again(report, one)) for one in coming)
        if total > MOST_LINES:
            raise RequestError(f"the song would have {total} lines, and can have at most {MOST_LINES}; ask for fewer")
        sections, places = open_text(report, coming)
        style, theme = find_style(style_of(report)), theme_of(request.theme, source)
    found = write_open_lines(
        sections, style, theme, source.title, making, request.avoid, theme_in_new_lines=request.theme is not None
    )
    told = list(report.sections)
    for one, place in zip(coming, places, strict=True):
        if one.words_of is not None:
            told.append(SectionReport(label=one.label, lines=_again(report, one)))
        elif one.before:
            told[-1] = _longer(told[-1], one, found[place][-len(one.shape) :])
        else:
            told.append(_section(one, found[place]))
    return words_alone(request, source.title, report, told, making, (new_lines_notice(count, total),))


def _again(report: SongReport, one: Coming) -> tuple[LineReport, ...]:
    return report.sections[one.words_of].lines if one.words_of is not None else ()


def _section(one: Coming, lines: Sequence[WrittenLine]) -> SectionReport:
    """Return a new section as it was asked for and found."""
    empty = SectionReport(label=one.label, lines=())
    return SectionReport(
        label=one.label, lines=_reported(empty, "".join(letter for _, letter in one.shape), one, lines)
    )


def _longer(last: SectionReport, one: Coming, lines: Sequence[WrittenLine]) -> SectionReport:
    """Return the last section with the lines that go on with it; letters that were found and not planned stay untold."""
    letters = one.before + "".join(letter for _, letter in one.shape)
    added = _reported(last, letters, one, lines)
    if all(line.rhyme == FREE for line in last.lines):
        return SectionReport(
            label=last.label, lines=(*last.lines, *(a.model_copy(update={"rhyme": FREE}) for a in added))
        )
    given = (line.model_copy(update={"rhyme": a}) for line, a in zip(last.lines, letters, strict=False))
    return SectionReport(label=last.label, lines=(*given, *added))


def _reported(before: SectionReport, letters: str, one: Coming, lines: Sequence[WrittenLine]) -> tuple[LineReport, ...]:
    texts = [*(line.text for line in before.lines), *(line.text for line in lines)]
    partners = {later: earlier for earlier, later in rhyme_pairs(letters)}
    first = len(before.lines)
    return tuple(
        new_line(
            line,
            syllables,
            letter,
            lines_rhyme(texts[partners[first + n]], line.text) if first + n in partners else None,
        )
        for n, (line, (syllables, letter)) in enumerate(zip(lines, one.shape, strict=True))
    )
