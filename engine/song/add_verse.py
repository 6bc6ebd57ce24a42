"""One more verse for a song, sung to the tune of its first; all else stays. Does not know models, tokens or files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.contract import Sampling, SectionReport, SongReport, VerseRequest
from engine.errors import RequestError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.open_lines import typed_line
from engine.lyrics.rhyme import FREE, find_scheme
from engine.lyrics.theme import clean_theme
from engine.lyrics.writer import WantedSection
from engine.music.lead_sheet import LeadSheet, SectionSpan, SungNote, SungSyllable
from engine.music.score import TICKS_PER_QUARTER, Marker, Score
from engine.song.change_words import MELODY, with_melody
from engine.song.chinese_singing import refuse_sung_chinese
from engine.song.edits import edited
from engine.song.form import MOST_SECTIONS, LinePlan, canonical_scheme
from engine.song.insertion import Insertion, insert_chords, insert_into_band, insert_notes, insert_sections
from engine.song.kept_lines import with_words_sung
from engine.song.make_song import printed_words
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.song_report import written_section
from engine.song.source_plan import notes_by_line, style_of, sung_source
from engine.song.styles import find_style
from engine.song.write_words import control_prompt, write_sections

Notes = dict[tuple[int, int], tuple[SungNote, ...]]
MOST_VERSES_OF_AN_EDITED_SONG = 2 * MOST_SECTIONS
SHORTEST_LAST_TICKS = TICKS_PER_QUARTER  # to which the last note of a verse may be cut where the next line begins early
_VERSE = re.compile(r"verse(?: \d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class _Place:
    """Where a verse goes in: before the section at `index`, after a bar of the band alone if `leads_in`."""

    index: int
    leads_in: bool = False


def add_verse(request: VerseRequest, making: Making) -> MadeSong:
    """Write a verse like the first, in syllables and rhymes, and sing it to its notes, before the last chorus.

    It follows the last verse and its chorus, where another chorus comes later. RequestError for a song without verses.
    """
    with making.stage("plan"):
        sheet, report = sung_source(making.source)
        refuse_sung_chinese(making.source)
        source = making.source
        assert source is not None
        if source.score is None:
            raise RequestError("this song was made by an earlier version; ask for another take of it first")
        if len(report.sections) >= MOST_VERSES_OF_AN_EDITED_SONG:
            raise RequestError(f"the song has {len(report.sections)} parts already, which is as many as it can have")
        verse = _first_verse(report)
        notes = notes_by_line(sheet, report)
        theme = clean_theme(request.theme) if request.theme is not None else _theme_of(report, source)
    plans = _line_plans(report.sections[verse], [notes[verse, n] for n in range(len(report.sections[verse].lines))])
    written = _write(request, theme, plans, report, verse, source.title, making)
    with making.stage("edit"):
        place = _place(sheet, report, notes, verse)
        first_line = sum(len(section.lines) for section in report.sections[: place.index])
        new_sheet, insertion = _with_verse(sheet, report, notes, verse, place, written)
        score = _score(source.score, notes, verse, first_line, new_sheet, insertion)
        sections = _reported(report, place, plans, written, new_sheet)
        text = printed_words(source.title, [(s.label, [line.text for line in s.lines]) for s in sections])
        told = report.model_copy(update={"sections": sections})
    return edited(request, replace(source, text=text, report=told), score, new_sheet, making)


def _first_verse(report: SongReport) -> int:
    """Return the first section called a verse, else the first that is no chorus."""
    sung = [index for index, section in enumerate(report.sections) if section.lines]
    verses = [index for index in sung if _kind(report.sections[index]) == "verse"]
    others = [index for index in sung if _kind(report.sections[index]) not in ("chorus", "bridge", "pre-chorus")]
    if not verses and not others:
        raise RequestError("this song has no verse that another could be like; ask for a song with one (form VCVC)")
    return (verses or others)[0]


def _kind(section: SectionReport) -> str:
    return section.label.lower().split(" ")[0]


def _theme_of(report: SongReport, source: SourceSong) -> str:
    theme = report.request.get("theme")
    return clean_theme(theme) if isinstance(theme, str) and theme else source.title


def _line_plans(section: SectionReport, notes: Sequence[tuple[SungNote, ...]]) -> tuple[LinePlan, ...]:
    """Return syllables and rhymes to write: those that the verse was planned by, or else those it is found to have."""
    letters = "".join(line.rhyme for line in section.lines)
    if not letters.strip(FREE):
        letters = find_scheme([line.text for line in section.lines])
    counts = [sum(note.syllable is not None for note in line) for line in notes]
    return tuple(LinePlan(n, letter) for n, letter in zip(counts, canonical_scheme(letters), strict=True))


def _write(
    request: VerseRequest,
    theme: str,
    plans: Sequence[LinePlan],
    report: SongReport,
    verse: int,
    title: str,
    making: Making,
) -> list[WrittenLine]:
    style = find_style(style_of(report))
    wanted = WantedSection("verse", tuple((line.syllables, line.rhyme) for line in plans))
    first = [typed_line(line.text) for line in report.sections[verse].lines]
    before = [(wanted, first)] if all(line.words for line in first) else []
    like = replace(wanted, like=0) if before and _agree(first, plans) else wanted
    prompt = control_prompt(style, theme, title, request.avoid)
    return write_sections(prompt, [like], style, making, Sampling(), request.avoid, before)[0]


def _agree(lines: Sequence[WrittenLine], plans: Sequence[LinePlan]) -> bool:
    return [len(line.syllables) for line in lines] == [plan.syllables for plan in plans]


def _place(sheet: LeadSheet, report: SongReport, notes: Notes, verse: int) -> _Place:
    """Return the best place at which the verse does not sing into its neighbours, if need be after a bar of the band."""
    candidates = list(dict.fromkeys(_places(report, verse)))
    for index in candidates:
        if _fits_before(sheet, notes, verse, index) and _fits_after(sheet, notes, verse, index):
            return _Place(index)
    for index in candidates:
        if _fits_after(sheet, notes, verse, index) and sheet.sections[verse].onset_ticks:
            return _Place(index, leads_in=True)
    raise RequestError("there is no place in this song where another verse could be sung; ask for a longer song")


def _places(report: SongReport, verse: int) -> Iterator[int]:
    """Yield places from the best on: after the last verse and its chorus, before the last chorus, beside verses."""
    kinds = [_kind(section) if section.lines else "" for section in report.sections]
    verses = [index for index, kind in enumerate(kinds) if kind == kinds[verse]]
    choruses = [index for index, kind in enumerate(kinds) if kind == "chorus"]
    last, end = verses[-1], len(kinds) - 1
    following = [index for index in choruses if index > last]
    if len(following) > 1 and set(kinds[last + 1 : following[0]]) <= {"", "pre-chorus"}:
        yield following[0] + 1
    if following and last < end:
        yield last + 1
    if choruses and choruses[-1] > last:
        yield choruses[-1]
    if last < end:
        yield last + 1
    yield from reversed(verses)


def _fits_before(sheet: LeadSheet, notes: Notes, verse: int, index: int) -> bool:
    """Return whether what is sung before the place has ended when the verse begins, which may be before its bar."""
    pickup = sheet.sections[verse].onset_ticks - notes[verse, 0][0].onset_ticks
    at = _start_of(sheet, index)
    ends = [line[-1].onset_ticks + line[-1].duration_ticks for (section, _), line in notes.items() if section < index]
    return max(ends, default=0) <= at - pickup and pickup <= at


def _fits_after(sheet: LeadSheet, notes: Notes, verse: int, index: int) -> bool:
    """Return whether the verse has ended when what is sung after the place begins, if need be with a shorter last note."""
    last = max(place for place in notes if place[0] == verse)
    span = sheet.sections[verse]
    needed = min(notes[last][-1].duration_ticks, SHORTEST_LAST_TICKS)
    over = notes[last][-1].onset_ticks + needed - span.onset_ticks - span.duration_ticks
    return over <= _next_sung(sheet, notes, index) - _start_of(sheet, index)


def _next_sung(sheet: LeadSheet, notes: Notes, index: int) -> int:
    """Return the tick at which it is sung again from a section on; the end of the song if it is not."""
    starts = [line[0].onset_ticks for (section, _), line in notes.items() if section >= index]
    return min(starts, default=sheet.length_ticks)


def _start_of(sheet: LeadSheet, index: int) -> int:
    return sheet.sections[index].onset_ticks


def _with_verse(
    sheet: LeadSheet, report: SongReport, notes: Notes, verse: int, place: _Place, written: Sequence[WrittenLine]
) -> tuple[LeadSheet, Insertion]:
    """Return the lead sheet with the verse in its place, and what of the band is to be sounded once more."""
    span, at = sheet.sections[verse], _start_of(sheet, place.index)
    bar = sheet.time_signature.bar_ticks if place.leads_in else 0
    insertion = Insertion(span.onset_ticks - bar, span.onset_ticks + span.duration_ticks, at)
    first_line = sum(len(section.lines) for section in report.sections[: place.index])
    sung = tuple(
        replace(note, onset_ticks=note.onset_ticks + insertion.moved_ticks)
        for number, line in enumerate(written)
        for note in _with_syllables(notes[verse, number], line, first_line + number, is_last=number == len(written) - 1)
    )
    room = _next_sung(sheet, notes, place.index) + insertion.length_ticks - sung[-1].onset_ticks
    sung = (*sung[:-1], replace(sung[-1], duration_ticks=min(sung[-1].duration_ticks, room)))
    added = (SectionSpan("Instrumental", at, bar),) if bar else ()
    added = (*added, SectionSpan("Verse 0", at + bar, span.duration_ticks))
    sections = insert_sections(sheet.sections, place.index, added)
    labels = _numbered([section.label for section in sections], place.index + len(added) - 1)
    new = replace(
        sheet,
        length_ticks=sheet.length_ticks + insertion.length_ticks,
        notes=insert_notes(sheet, sung, first_line=first_line, lines=len(written), moved_ticks=insertion.length_ticks),
        chords=insert_chords(sheet.chords, insertion),
        sections=tuple(replace(s, label=label) for s, label in zip(sections, labels, strict=True)),
    )
    return new, insertion


def _with_syllables(notes: Sequence[SungNote], line: WrittenLine, number: int, *, is_last: bool) -> list[SungNote]:
    carried = []
    for index, syllable in enumerate(line.syllables):
        ends = index == len(line.syllables) - 1
        carried.append(
            SungSyllable(syllable.text, syllable.stress, syllable.word_position, number, ends, ends and is_last)
        )
    return with_words_sung(notes, carried)


def _numbered(labels: Sequence[str], new: int) -> list[str]:
    """Return the labels with the new verse named: the next number, or all counted anew where it is not the last."""
    numbers = [int(label.split(" ")[1]) for label in labels if re.fullmatch(r"Verse \d+", label) and label != "Verse 0"]
    after = [label for label in labels[new + 1 :] if _VERSE.fullmatch(label)]
    named = list(labels)
    if not after:
        named[new] = f"Verse {max(numbers, default=1) + 1}"
        return named
    counted: dict[str, str] = {}
    return [counted.setdefault(x, f"Verse {len(counted) + 1}") if _VERSE.fullmatch(x) else x for x in named]


def _score(score: Score, notes: Notes, verse: int, first_line: int, sheet: LeadSheet, insertion: Insertion) -> Score:
    """Return the music with the verse: the band's ticks copied, the melody as the sheet has it, as loud as it was."""
    loud = {note.onset_ticks: note.velocity for track in score.tracks if track.name == MELODY for note in track.notes}
    lines = list(notes.values())
    earlier = [note.onset_ticks for line in lines[:first_line] for note in line]
    later = [note.onset_ticks for line in lines[first_line:] for note in line]
    copied = [note.onset_ticks for (section, _), line in notes.items() if section == verse for note in line]
    moves = [(earlier, 0), (later, insertion.length_ticks), (copied, insertion.moved_ticks)]
    velocities = {onset + moved: loud[onset] for onsets, moved in moves for onset in onsets if onset in loud}
    longer = insert_into_band(score, insertion, melody=MELODY)
    markers = tuple(Marker(section.onset_ticks, section.label) for section in sheet.sections)
    return with_melody(replace(longer, markers=markers), sheet, velocities)


def _reported(
    report: SongReport, place: _Place, plans: Sequence[LinePlan], written: Sequence[WrittenLine], sheet: LeadSheet
) -> tuple[SectionReport, ...]:
    """Return what is told of each section, the new verse compared with its plan."""
    added = [SectionReport(label="", lines=())] if place.leads_in else []
    added.append(written_section("", plans, written))
    told = [*report.sections[: place.index], *added, *report.sections[place.index :]]
    return tuple(s.model_copy(update={"label": span.label}) for s, span in zip(told, sheet.sections, strict=True))
