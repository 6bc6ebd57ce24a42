"""Some lines of a song written anew; every other line and all music stay. Does not know how lines are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.contract import RewriteRequest, SectionReport, SongReport
from engine.lyrics.draft import WrittenLine
from engine.lyrics.open_lines import OpenLine
from engine.lyrics.prosody import syllables_of
from engine.lyrics.rhyme import last_word
from engine.music.lead_sheet import LeadSheet, SungNote, SungSyllable, melody_track
from engine.music.score import Score
from engine.song.change_words import MELODY
from engine.song.chinese_edits import rewrite_chinese_line
from engine.song.chinese_singing import refuse_sung_chinese
from engine.song.chinese_source import is_chinese_song
from engine.song.edits import edited
from engine.song.make_song import printed_words
from engine.song.making import MadeSong, Making
from engine.song.printed_lines import (
    Place,
    chosen_places,
    first_sections,
    letters_of,
    open_section,
    printed_places,
    repeats_of,
    rewrite_notices,
    with_new_lines,
)
from engine.song.source_plan import notes_by_line, style_of
from engine.song.styles import find_style
from engine.song.write_lines import theme_of, with_versions, words_alone, words_of_source, write_open_lines

Notes = Mapping[Place, tuple[SungNote, ...]]


def rewrite_line(request: RewriteRequest, making: Making) -> MadeSong:
    """Write the lines anew: as many syllables, the rhyme of the lines they rhymed with, another end word.

    A line whose section comes again is changed there as well, and a notice says so. Of a song with music only the words
    under those notes change. RequestError for a line that is not there, and for a song without words.
    """
    if is_chinese_song(making.source):
        refuse_sung_chinese(making.source)
        return rewrite_chinese_line(request, making)
    with making.stage("plan"):
        sheet, report = words_of_source(making.source)
        source = making.source
        assert source is not None
        places = chosen_places(request.line, report)
        notes = notes_by_line(sheet, report) if sheet is not None else {}
        shown = first_sections(report)
        gaps = {(s, n): _gap(report, (s, n), notes) for s, n in places}
        sections = [
            open_section(report.sections[s], {n: gap for (at, n), gap in gaps.items() if at == s}) for s in shown
        ]
        style, theme = find_style(style_of(report)), theme_of(request.theme, source)
    found = write_open_lines(
        sections, style, theme, source.title, making, request.avoid, theme_in_new_lines=request.theme is not None
    )
    with making.stage("edit"):
        new = {(again, n): found[shown.index(s)][n] for s, n in places for again in repeats_of(report, s)}
        told = _told(report, new)
        notices = rewrite_notices(report, places, new)
    if sheet is None:
        return words_alone(request, source.title, report, told, making, notices)
    assert source.score is not None
    new_sheet = sung_anew(sheet, report, new)
    text = printed_words(source.title, [(s.label, [line.text for line in s.lines]) for s in told])
    changed = replace(source, text=text, report=report.model_copy(update={"sections": told}))
    made = edited(request, changed, with_lyrics(source.score, new_sheet), new_sheet, making)
    said = with_versions(made.report, request, making)
    return replace(made, report=said.model_copy(update={"notices": (*notices, *made.report.notices)}))


def _gap(report: SongReport, place: Place, notes: Notes) -> OpenLine:
    section, index = place
    told = report.sections[section]
    line = told.lines[index]
    sung = notes.get(place, ())
    return OpenLine(
        sum(note.syllable is not None for note in sung) or line.syllables_found,
        letters_of(told)[index],
        like=syllables_of(line.text),
        breaks=rests_inside(sung),
        refused=frozenset({last_word(line.text)}),
    )


def rests_inside(notes: Sequence[SungNote]) -> frozenset[int]:
    """Return after how many syllables of a line there is a rest before the next."""
    found, syllables, end = set(), 0, 0
    for note in notes:
        if note.syllable is not None:
            if syllables and note.onset_ticks > end:
                found.add(syllables)
            syllables += 1
        end = note.onset_ticks + note.duration_ticks
    return frozenset(found)


def _told(report: SongReport, new: Mapping[Place, WrittenLine]) -> tuple[SectionReport, ...]:
    """Return the sections with the new lines; the others as they were."""
    told = []
    for s, section in enumerate(report.sections):
        here = {n: line for (at, n), line in new.items() if at == s}
        told.append(with_new_lines(section, here, letters_of(section)) if here else section)
    return tuple(told)


def sung_anew(sheet: LeadSheet, report: SongReport, new: Mapping[Place, WrittenLine]) -> LeadSheet:
    """Return the lead sheet with other words under the notes of some lines, and not a tick changed."""
    places = printed_places(report)
    notes: list[SungNote] = []
    for place, sung in notes_by_line(sheet, report).items():
        notes += with_syllables(sung, new[place], places.index(place)) if place in new else sung
    return replace(sheet, notes=tuple(notes))


def with_syllables(notes: Sequence[SungNote], line: WrittenLine, number: int) -> list[SungNote]:
    """Return the notes of a line with the syllables of another, one for each that was sung; melismas stay."""
    ends_section = any(note.syllable is not None and note.syllable.section_end for note in notes)
    syllables, carried = line.syllables, []
    at = -1
    for note in notes:
        if note.syllable is None:
            carried.append(note)
            continue
        at += 1
        said, ends = syllables[at], at == len(syllables) - 1
        sung = SungSyllable(said.text, said.stress, said.word_position, number, ends, ends and ends_section)
        carried.append(replace(note, syllable=sung))
    assert at == len(syllables) - 1, "a line has as many syllables as its notes"
    return carried


def with_lyrics(score: Score, sheet: LeadSheet) -> Score:
    """Return the score with the sheet's words in its melody track, and no note changed."""
    return replace(
        score,
        tracks=tuple(
            replace(track, lyrics=melody_track(sheet, track.program).lyrics) if track.name == MELODY else track
            for track in score.tracks
        ),
    )
