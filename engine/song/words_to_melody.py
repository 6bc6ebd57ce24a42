"""Words to a melody that is there: a syllable for every note, and no note is changed. Does not know how lines are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.contract import SectionReport, SongReport, WordsForRequest
from engine.errors import RequestError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.open_lines import OpenLine, OpenSection
from engine.lyrics.own_words import MOST_LINES
from engine.lyrics.rhyme import FREE, lines_rhyme, rhyme_pairs
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import title_of
from engine.music.lead_sheet import LeadSheet, SungNote, SungSyllable
from engine.song.alignment import metric_weight
from engine.song.edits import edited
from engine.song.form import canonical_scheme, parse_rhyme
from engine.song.make_song import printed_words
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.printed_lines import new_line
from engine.song.rewrite_line import rests_inside, with_lyrics
from engine.song.source_plan import USUAL_STYLE, style_of
from engine.song.styles import find_style
from engine.song.tunes import SungLine, Tune, tune_of_song, tune_of_upload
from engine.song.write_lines import with_versions, write_open_lines

_KINDS = ("chorus", "bridge")
PAIRS = "AABBCCDDEEFF"


def words_to_melody(request: WordsForRequest, making: Making) -> MadeSong:
    """Write words to the melody of a song or an uploaded file: as many syllables as notes, stresses on strong beats.

    Lines are the phrases of the melody and rhyme in pairs, or as asked. A chorus that comes again has its words again.
    RequestError where there is no melody, or far too much of it.
    """
    with making.stage("plan"):
        source = making.source
        assert source is not None
        theme = clean_theme(request.theme)
        title, report = title_of(theme), source.report
        tune = tune_of_song(source) if source.sheet is not None else tune_of_upload(source, request.track)
        count = sum(len(lines) for lines in tune.lines)
        if not 1 <= count <= MOST_LINES:
            raise RequestError(
                f"the melody is {count} lines of words long, and words are written for 1-{MOST_LINES}; send a shorter one"
            )
        schemes = [
            _scheme(request.rhyme, len(lines), planned) for lines, planned in zip(tune.lines, tune.letters, strict=True)
        ]
        written_at = [n for n, again in enumerate(tune.words_of) if again is None and tune.lines[n]]
        sections = [_open(tune, n, schemes[n]) for n in written_at]
        style = find_style(request.style or (style_of(report) if report is not None else USUAL_STYLE))
    found = write_open_lines(sections, style, theme, title, making, request.avoid, theme_in_new_lines=False)
    with making.stage("edit"):
        by_section = dict(zip(written_at, found, strict=True))
        words = [by_section.get(n if again is None else again, []) for n, again in enumerate(tune.words_of)]
        told = tuple(
            _told(label, lines, sung, letters)
            for label, lines, sung, letters in zip(tune.labels, words, tune.lines, schemes, strict=True)
        )
        sheet = _sung(tune, words, title)
        score = replace(tune.score, title=title)
        text = printed_words(title, [(s.label, [line.text for line in s.lines]) for s in told])
        style_told = report.style if report is not None else request.style or ""
        facts = report or SongReport(title=title, request={}, sections=(), style=style_told, seed=making.seed)
        facts = facts.model_copy(update={"title": title, "sections": told})
    changed = SourceSong(title, text, score, sheet, facts)
    made = edited(request, changed, with_lyrics(score, sheet), sheet, making)
    return replace(made, report=with_versions(made.report, request, making))


def _scheme(asked: str | None, lines: int, planned: str) -> str:
    """Return a letter per line: those asked for, over and over; else those that were there; else pairs."""
    letters = parse_rhyme(asked)[0] if asked is not None else ""
    letters = letters or (planned if planned.strip(FREE) else PAIRS)
    return canonical_scheme((letters * lines)[:lines])


def _open(tune: Tune, section: int, letters: str) -> OpenSection:
    first = tune.labels[section].lower().split(" ")[0]
    lines = tuple(_open_line(tune, line, letter) for line, letter in zip(tune.lines[section], letters, strict=True))
    return OpenSection(first if first in _KINDS else "verse", lines)


def _open_line(tune: Tune, line: SungLine, letter: str) -> OpenLine:
    carried = [note for note, held in zip(line.notes, line.held, strict=True) if not held]
    weights = tuple(metric_weight(note.onset_ticks, tune.sheet.time_signature) for note in carried)
    marked = [replace(note, syllable=None if held else _ANY) for note, held in zip(line.notes, line.held, strict=True)]
    return OpenLine(len(carried), letter, weights=weights, breaks=rests_inside(marked))


_ANY = SungSyllable("la", 0, "single", 0)


def _told(label: str, lines: Sequence[WrittenLine], sung: Sequence[SungLine], letters: str) -> SectionReport:
    partners = {later: earlier for earlier, later in rhyme_pairs(letters)}
    told = []
    for n, (line, notes) in enumerate(zip(lines, sung, strict=True)):
        rhymes = lines_rhyme(lines[partners[n]].text, line.text) if n in partners else None
        told.append(new_line(line, notes.held.count(False), letters[n], rhymes))
    return SectionReport(label=label, lines=tuple(told))


def _sung(tune: Tune, words: Sequence[Sequence[WrittenLine]], title: str) -> LeadSheet:
    """Return the lead sheet with the words under its notes, one syllable each; a held note goes on with the one before."""
    notes: list[SungNote] = []
    number = 0
    for lines, sung in zip(words, tune.lines, strict=True):
        for index, (line, phrase) in enumerate(zip(lines, sung, strict=True)):
            notes += _with_syllables(phrase, line, number, is_last=index == len(sung) - 1)
            number += 1
    return replace(tune.sheet, title=title, notes=tuple(notes), is_sung=True)


def _with_syllables(phrase: SungLine, line: WrittenLine, number: int, *, is_last: bool) -> list[SungNote]:
    carried, left = [], list(line.syllables)
    for note, held in zip(phrase.notes, phrase.held, strict=True):
        if held:
            carried.append(replace(note, syllable=None))
            continue
        said = left.pop(0)
        ends = not left
        sung = SungSyllable(said.text, said.stress, said.word_position, number, ends, ends and is_last)
        carried.append(replace(note, syllable=sung))
    assert not left, "a line has as many syllables as its notes"
    return carried
