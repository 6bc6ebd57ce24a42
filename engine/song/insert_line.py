"""One more line after another, sung to its notes where there is music. Does not know how lines are written.

What is printed and sung before it stays; what comes after is the same, later by the bars of the line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.contract import InsertRequest, SectionReport, SongReport
from engine.errors import RequestError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.open_lines import GivenLine, OpenLine, OpenSection, typed_line
from engine.lyrics.own_words import MOST_LINES
from engine.lyrics.prosody import syllables_of
from engine.lyrics.rhyme import FREE, LETTERS, last_word, lines_rhyme
from engine.music.lead_sheet import LeadSheet, SectionSpan, SungNote
from engine.music.score import Marker, Score
from engine.song.change_words import MELODY, with_melody
from engine.song.chinese_edits import insert_chinese_line
from engine.song.chinese_singing import refuse_sung_chinese
from engine.song.chinese_source import is_chinese_song
from engine.song.edits import edited
from engine.song.insertion import Insertion, insert_chords, insert_into_band, insert_notes
from engine.song.make_song import printed_words
from engine.song.making import MadeSong, Making
from engine.song.printed_lines import (
    Place,
    check_number,
    first_sections,
    insert_notices,
    letters_of,
    new_line,
    open_section,
    printed_places,
    repeats_of,
)
from engine.song.rewrite_line import rests_inside, with_syllables
from engine.song.source_plan import notes_by_line, style_of
from engine.song.styles import find_style
from engine.song.write_lines import theme_of, with_versions, words_alone, words_of_source, write_open_lines


@dataclass(frozen=True)
class _Gap:
    """Where the line goes in.

    model: the line that it rhymes with. index: its place in the section once it is there. tune: the line to whose notes
    it is sung; where there is no music the model, whose syllables it has.
    """

    section: int
    model: int
    index: int
    tune: int


def insert_line(request: InsertRequest, making: Making) -> MadeSong:
    """Add a line after another: as many syllables, rhyming with it, and with music the same notes once more.

    In a section that comes again it is added there as well, and a notice says so. RequestError for a line that is not
    there, a song without words, and where the new line would sing into its neighbours.
    """
    if is_chinese_song(making.source):
        refuse_sung_chinese(making.source)
        return insert_chinese_line(request, making)
    with making.stage("plan"):
        sheet, report = words_of_source(making.source)
        source = making.source
        assert source is not None
        gap = _gap(request.after, report)
        told, letters = report.sections[gap.section], _letters(report.sections[gap.section], gap)
        again = repeats_of(report, gap.section)
        if sheet is not None:
            gap = replace(gap, tune=_tune_that_fits(sheet, report, gap, again))
        shown = first_sections(report)
        sections = [open_section(report.sections[s], {}) for s in shown]
        at = shown.index(gap.section)
        sections[at] = _with_gap(sections[at], told, gap, letters, _notes_like(sheet, report, gap))
        style, theme = find_style(style_of(report)), theme_of(request.theme, source)
    found = write_open_lines(
        sections, style, theme, source.title, making, request.avoid, theme_in_new_lines=request.theme is not None
    )
    line = found[at][gap.index]
    reported = tuple(
        _with_line(section, gap, line, letters) if s in again else section for s, section in enumerate(report.sections)
    )
    notices = insert_notices(reported, again, gap.index)
    if sheet is None:
        return words_alone(request, source.title, report, reported, making, notices)
    with making.stage("edit"):
        assert source.score is not None
        new_sheet, score = sheet, source.score
        for done, section in enumerate(reversed(again)):  # from the last on, so that earlier ones stay where they are
            then = report.model_copy(update={"sections": _partly(report, reported, again[len(again) - done :])})
            new_sheet, score = _sung(new_sheet, score, then, section, gap, line)
        text = printed_words(source.title, [(s.label, [told.text for told in s.lines]) for s in reported])
        changed = replace(source, text=text, report=report.model_copy(update={"sections": reported}))
    made = edited(request, changed, score, new_sheet, making)
    said = with_versions(made.report, request, making)
    return replace(made, report=said.model_copy(update={"notices": (*notices, *made.report.notices)}))


def _gap(after: int, report: SongReport) -> _Gap:
    places = printed_places(report)
    check_number(after, len(places), least=0)
    if len(places) >= MOST_LINES:
        raise RequestError(f"the song has {len(places)} lines already, which is as many as it can have")
    section, line = places[max(after, 1) - 1]
    return _Gap(repeats_of(report, section)[0], line, line + 1 if after else line, tune=line)


def _letters(told: SectionReport, gap: _Gap) -> tuple[str, str]:
    """Return the letter of the line that the new one is like and rhymes with: as printed, and as it is to be told.

    A line that rhymed with none gets a letter of its own, unless letters were found and not planned.
    """
    letters = letters_of(told)
    letter, planned = letters[gap.model], told.lines[gap.model].rhyme
    if letter != FREE:
        return letter, planned
    unused = next((one for one in LETTERS if one not in letters), LETTERS[0])
    return unused, FREE if all(line.rhyme == FREE for line in told.lines) else unused


def _notes_like(sheet: LeadSheet | None, report: SongReport, gap: _Gap) -> tuple[SungNote, ...]:
    return notes_by_line(sheet, report)[gap.section, gap.tune] if sheet is not None else ()


def _with_gap(
    section: OpenSection, told: SectionReport, gap: _Gap, letters: tuple[str, str], notes: tuple[SungNote, ...]
) -> OpenSection:
    model = told.lines[gap.model]
    wanted = OpenLine(
        _syllables(told, gap, notes),
        letters[0],
        like=syllables_of(told.lines[gap.tune].text) if notes else (),
        breaks=rests_inside(notes),
        refused=frozenset({last_word(model.text)}),
        or_free=True,
    )
    lines = list(section.lines)
    lines[gap.model] = GivenLine(typed_line(model.text), letters[0])
    return OpenSection(section.kind, (*lines[: gap.index], wanted, *lines[gap.index :]))


def _syllables(told: SectionReport, gap: _Gap, notes: tuple[SungNote, ...]) -> int:
    return sum(note.syllable is not None for note in notes) or told.lines[gap.tune].syllables_found


def _with_line(told: SectionReport, gap: _Gap, line: WrittenLine, letters: tuple[str, str]) -> SectionReport:
    """Return what is told of a section with the new line in it."""
    lines = list(told.lines)
    model = lines[gap.model]
    lines[gap.model] = model.model_copy(update={"rhyme": letters[1]})
    rhymes = lines_rhyme(model.text, line.text)
    added = new_line(line, told.lines[gap.tune].syllables_found, letters[1], rhymes)
    return SectionReport(label=told.label, lines=(*lines[: gap.index], added, *lines[gap.index :]))


def _partly(report: SongReport, reported: tuple[SectionReport, ...], done: list[int]) -> tuple[SectionReport, ...]:
    """Return the sections as they are while the line is in some of them only."""
    return tuple(reported[s] if s in done else section for s, section in enumerate(report.sections))


def _bars_of_line(sheet: LeadSheet, report: SongReport, place: Place) -> tuple[int, int]:
    """Return the first tick of the bars of a line and how many ticks they last; RequestError where it has none."""
    section, index = place
    span, count = sheet.sections[section], len(report.sections[section].lines)
    bars, left = divmod(span.duration_ticks // sheet.time_signature.bar_ticks, count)
    if left or not bars or span.duration_ticks % sheet.time_signature.bar_ticks:
        raise RequestError(
            "the lines of this part have no bars of their own, so none can be put between them; choose another part"
        )
    length = bars * sheet.time_signature.bar_ticks
    return span.onset_ticks + index * length, length


def _tune_that_fits(sheet: LeadSheet, report: SongReport, gap: _Gap, again: list[int]) -> int:
    """Return the line whose notes can be sung once more in the gap, wherever the section comes: its model, if that can.

    Of the others those with as many syllables come first. RequestError where none can.
    """
    lines = report.sections[gap.section].lines
    wanted = lines[gap.model].syllables_found
    order = sorted(range(len(lines)), key=lambda n: (n != gap.model, lines[n].syllables_found != wanted, n))
    for tune in order:
        if all(_fits(sheet, report, section, gap.index, tune) for section in again):
            return tune
    raise RequestError("the lines around this place leave no room for one more; choose another")


def _fits(sheet: LeadSheet, report: SongReport, section: int, index: int, tune: int) -> bool:
    """Return whether a line, moved to the gap, begins after what is sung before it and ends before what comes after."""
    (start, length), notes = _bars_of_line(sheet, report, (section, tune)), notes_by_line(sheet, report)
    at = start + length * (index - tune)
    sung = notes[section, tune]
    first, end = sung[0].onset_ticks - start, sung[-1].onset_ticks + sung[-1].duration_ticks - start
    before = [
        line[-1].onset_ticks + line[-1].duration_ticks for place, line in notes.items() if place < (section, index)
    ]
    after = [line[0].onset_ticks for place, line in notes.items() if place >= (section, index)]
    is_near = -sheet.time_signature.bar_ticks <= first < length  # or the bars are not those of the line
    return (
        is_near and max(before, default=0) <= at + first and at + end <= min(after, default=sheet.length_ticks) + length
    )


def _sung(
    sheet: LeadSheet, score: Score, report: SongReport, section: int, gap: _Gap, line: WrittenLine
) -> tuple[LeadSheet, Score]:
    """Return the song with the line sung once more in one section. report: of the song as it is before that."""
    start, length = _bars_of_line(sheet, report, (section, gap.tune))
    at = start + length * (gap.index - gap.tune)
    insertion = Insertion(start, start + length, at)
    notes, first_line = notes_by_line(sheet, report), printed_places(report).index((section, gap.model))
    number = first_line + gap.index - gap.model
    copied = [
        replace(note, onset_ticks=note.onset_ticks + insertion.moved_ticks)
        for note in with_syllables(notes[section, gap.tune], line, number)
    ]
    is_last = gap.index == len(report.sections[section].lines)
    longer = replace(
        sheet,
        length_ticks=sheet.length_ticks + length,
        notes=insert_notes(
            _without_section_end(sheet, number - 1) if is_last else sheet,
            tuple(copied if is_last else _inside(copied)),
            first_line=number,
            lines=1,
            moved_ticks=length,
        ),
        chords=insert_chords(sheet.chords, insertion),
        sections=tuple(_grown(span, s, section, length) for s, span in enumerate(sheet.sections)),
    )
    return longer, _played(score, insertion, longer, number)


def _grown(span: SectionSpan, index: int, section: int, length_ticks: int) -> SectionSpan:
    if index < section:
        return span
    if index == section:
        return replace(span, duration_ticks=span.duration_ticks + length_ticks)
    return replace(span, onset_ticks=span.onset_ticks + length_ticks)


def _without_section_end(sheet: LeadSheet, line: int) -> LeadSheet:
    """Return the sheet where a line is not the last of its section any more."""
    return replace(
        sheet,
        notes=tuple(
            replace(note, syllable=replace(note.syllable, section_end=False))
            if note.syllable is not None and note.syllable.line == line
            else note
            for note in sheet.notes
        ),
    )


def _inside(notes: list[SungNote]) -> list[SungNote]:
    return [replace(note, syllable=note.syllable and replace(note.syllable, section_end=False)) for note in notes]


def _played(score: Score, insertion: Insertion, sheet: LeadSheet, new: int) -> Score:
    """Return the music with the line: the band's bars copied, the melody as the sheet has it, as loud as it was.

    sheet: with the line in it. new: the number of the line among all, from 0.
    """
    loud = {note.onset_ticks: note.velocity for track in score.tracks if track.name == MELODY for note in track.notes}
    velocities, line = {}, 0
    for note in sheet.notes:
        line = note.syllable.line if note.syllable is not None else line
        moved = insertion.moved_ticks if line == new else insertion.length_ticks if line > new else 0
        if note.onset_ticks - moved in loud:
            velocities[note.onset_ticks] = loud[note.onset_ticks - moved]
    longer = insert_into_band(score, insertion, melody=MELODY)
    markers = tuple(Marker(span.onset_ticks, span.label) for span in sheet.sections)
    return with_melody(replace(longer, markers=markers), sheet, velocities)
