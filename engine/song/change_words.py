"""Other words to the same music: lines keep their notes where they can. Does not know how words are read or notes chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.contract import TEMPO_RANGE_QPM, Progress, SectionReport, SingRequest, SongReport, WordsRequest
from engine.errors import RequestError
from engine.lyrics.own_words import OwnLine, OwnSection, OwnWords, read_own_words
from engine.music.lead_sheet import LeadSheet, SungNote, melody_track
from engine.music.score import Score, Track
from engine.music.spoken_rhythm import SPOKEN_RHYTHM, SPOKEN_VELOCITY, spoken_rhythm
from engine.song.edits import edited
from engine.song.form import LinePlan
from engine.song.length import bar_seconds
from engine.song.make_song import printed_words
from engine.song.making import MadeSong, Making
from engine.song.plan import SectionPlan, SongPlan
from engine.song.rap_writer import write_sung_and_rapped
from engine.song.sing import own_section_report, sing
from engine.song.source_plan import notes_by_line, plan_of_source, style_of, sung_source, voice_of

MELODY = "Melody"
LEAST_SECONDS_PER_SYLLABLE = 0.13
ANEW = "the words have other sections or lines than the song had, so all of it was set to music anew"


def change_words(request: WordsRequest, making: Making) -> MadeSong:
    """Sing other words to the song. A line with as many syllables as before keeps its notes; another gets new ones.

    The band plays as before. Where sections or their lines are not those of the song, or a line has far too many
    syllables for its bars, everything is set to music anew, in the song's style, key and tempo, and a notice says so.
    """
    with making.stage("plan"):
        sheet, report = sung_source(making.source)
        words = read_own_words(request.lyrics)
        making.notices.extend(notice for notice in words.notices if notice not in making.notices)
        sections = _matched(words, report)
        plan = plan_of_source(sheet, report)
    if sections is not None:
        lines = [[line.syllables for line in section.lines] for section in sections]
        kept = _kept(sheet, report, lines)
        plan = _with_repeats(plan, sections, kept)
        if _have_room(plan, kept):
            try:
                return _sung_to_the_tune(request, words.title, sections, plan, kept, making)
            except RequestError:  # what is left between the lines that stay is too short for a line
                pass
    return _sung_anew(request, words, sheet, report, making)


def _matched(words: OwnWords, report: SongReport) -> list[OwnSection] | None:
    """Return the song's sections with the new words, or None where they do not match in number or lines.

    A section that is left out, is a label alone, or still has its old words where those it repeated have changed,
    follows the earlier section whose words it had.
    """
    typed = [section for section in words.sections if section.lines or section.label]
    sung = [index for index, section in enumerate(report.sections) if section.lines]
    by_place = _placed(typed, report, sung)
    if by_place is None:
        return None
    found: list[OwnSection] = []
    for index, section in enumerate(report.sections):
        own, like = by_place.get(index), _said_before(report, index)
        if like is not None and (own is None or not own.lines or _is_unchanged(own, section)):
            own = OwnSection(section.label, found[like].lines)
        if len(own.lines if own else ()) != len(section.lines):
            return None
        found.append(OwnSection(section.label, own.lines if own else ()))
    return found


def _placed(typed: Sequence[OwnSection], report: SongReport, sung: Sequence[int]) -> dict[int, OwnSection] | None:
    """Return which section of the song each typed one is for: all sung ones in order, or without those that repeat."""
    with_words = [section for section in typed if section.lines or _is_label_of_repeat(section, report)]
    first = [index for index in sung if _said_before(report, index) is None]
    for places in (sung, first):
        if len(with_words) == len(places):
            return dict(zip(places, with_words, strict=True))
    return None


def _is_label_of_repeat(section: OwnSection, report: SongReport) -> bool:
    labels = [told.label.lower() for told in report.sections if told.lines]
    return not section.lines and labels.count(section.label.lower()) > 1


def _said_before(report: SongReport, index: int) -> int | None:
    """Return the first earlier section with the same words, or None."""
    texts = [tuple(line.text for line in section.lines) for section in report.sections]
    return next((i for i in range(index) if texts[index] and texts[i] == texts[index]), None)


def _is_unchanged(own: OwnSection, told: SectionReport) -> bool:
    return [line.shown for line in own.lines] == [line.text for line in told.lines]


def _kept(
    sheet: LeadSheet, report: SongReport, lines: Sequence[Sequence[tuple[object, ...]]]
) -> dict[tuple[int, int], tuple[SungNote, ...]]:
    """Return the notes of the lines that have as many syllables as before; melismas stay where they were."""
    return {
        (section, line): notes
        for (section, line), notes in notes_by_line(sheet, report).items()
        if sum(note.syllable is not None for note in notes) == len(lines[section][line])
    }


def _with_repeats(
    plan: SongPlan, sections: Sequence[OwnSection], kept: dict[tuple[int, int], tuple[SungNote, ...]]
) -> SongPlan:
    """Return the plan with the new syllables; words that come again are sung as they were first."""
    planned: list[SectionPlan] = []
    for index, (section, own) in enumerate(zip(plan.sections, sections, strict=True)):
        same = [i for i in range(index) if own.lines and sections[i].lines == own.lines]
        words_of = next((i for i in same if planned[i].bars == section.bars and planned[i].words_of is None), None)
        lines = tuple(LinePlan(len(line.syllables), "X") for line in own.lines)
        planned.append(replace(section, lines=lines, words_of=words_of))
    return replace(plan, sections=tuple(planned))


def _have_room(plan: SongPlan, kept: dict[tuple[int, int], tuple[SungNote, ...]]) -> bool:
    one_bar = bar_seconds(plan.time_signature, plan.tempo_qpm)
    return all(
        section.bars_per_line * one_bar >= LEAST_SECONDS_PER_SYLLABLE * line.syllables
        for index, section in enumerate(plan.sections)
        for number, line in enumerate(section.lines)
        if (index, number) not in kept
    )


def _sung_to_the_tune(
    request: WordsRequest,
    title: str,
    sections: Sequence[OwnSection],
    plan: SongPlan,
    kept: dict[tuple[int, int], tuple[SungNote, ...]],
    making: Making,
) -> MadeSong:
    source = making.source
    assert source is not None
    assert source.sheet is not None
    assert source.report is not None
    title = source.title if _is_first_line(title, sections) else title
    lines = [[line.syllables for line in section.lines] for section in sections]
    with making.stage("melody", sum(map(len, lines))):
        written = write_sung_and_rapped(
            making.models.melody.model,
            plan,
            lines,
            title,
            seed=making.seed,
            report=lambda done, of: making.report(Progress(stage="melody", done=done, total=of)),
            cancelled=making.cancelled,
            kept=kept,
        )
    sheet = replace(written, key_name=source.sheet.key_name, chords=source.sheet.chords)
    score = source.score and with_melody(replace(source.score, title=title), sheet)
    if score is None:
        raise RequestError("this song was made by an earlier version; ask for another take of it first")
    text = printed_words(title, [(s.label, [line.shown for line in s.lines]) for s in sections])
    reported = tuple(own_section_report(section) for section in sections)
    told = source.report.model_copy(update={"title": title, "sections": reported})
    return edited(request, replace(source, title=title, text=text, report=told), score, sheet, making)


def _is_first_line(title: str, sections: Sequence[OwnSection]) -> bool:
    first: OwnLine = next(line for section in sections for line in section.lines)
    return first.shown.lower().startswith(title.lower())


def with_melody(score: Score, sheet: LeadSheet, velocities: Mapping[int, int] | None = None) -> Score:
    """Return the score with the sheet's melody and words in its melody track, each note as loud as the one it replaces.

    velocities: of the notes by onset, where they do not stand where they stood. A muted melody stays muted.
    """
    tracks = (_resung(t, sheet, velocities) if t.name == MELODY else t for t in score.tracks)
    return replace(score, tracks=tuple(spoken_rhythm(sheet) if t.name == SPOKEN_RHYTHM else t for t in tracks))


def _resung(track: Track, sheet: LeadSheet, velocities: Mapping[int, int] | None) -> Track:
    loud = velocities or {note.onset_ticks: note.velocity for note in track.notes}
    sung_loud = sorted(velocity for velocity in loud.values() if velocity != SPOKEN_VELOCITY)
    usual = sung_loud[len(sung_loud) // 2] if sung_loud else 90
    sung = melody_track(sheet, track.program)
    notes = tuple(
        replace(note, velocity=loud.get(note.onset_ticks, SPOKEN_VELOCITY if of_sheet.is_spoken else usual))
        for note, of_sheet in zip(sung.notes, sheet.notes, strict=True)
    )
    return replace(track, notes=notes, lyrics=sung.lyrics)


def _sung_anew(
    request: WordsRequest, words: OwnWords, sheet: LeadSheet, report: SongReport, making: Making
) -> MadeSong:
    slowest, fastest = TEMPO_RANGE_QPM
    asked = SingRequest(
        lyrics=request.lyrics,
        seed=making.seed,
        style=style_of(report),
        key=sheet.key_name,
        tempo_qpm=min(max(sheet.tempo_qpm, slowest), fastest),
        time_signature=str(sheet.time_signature),
        voice=voice_of(sheet),
    )
    made = sing(asked, making)
    told = {"request": request.model_dump(mode="json"), "notices": (ANEW, *made.report.notices)}
    return replace(made, report=made.report.model_copy(update=told))
