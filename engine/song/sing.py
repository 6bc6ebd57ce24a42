"""A member's own words set to music, every syllable sung. Does not know how words are read or notes are chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from engine.contract import LineReport, Request, SectionReport, SingRequest, SongRequest
from engine.lyrics.chinese.rhyme import rhyme_class_name
from engine.lyrics.own_words import OwnLine, OwnSection, OwnWords, read_own_words
from engine.lyrics.rhyme import FREE, rhyme_key
from engine.song.files import make_files
from engine.song.form import SectionKind
from engine.song.harmony import cut_chords_notice
from engine.song.make_song import play, printed_words, write_tune
from engine.song.making import MadeSong, Making
from engine.song.plan import SongPlan
from engine.song.plan_for_lines import Frame, GivenSection, choose_frame, plan_for_lines
from engine.song.song_report import report_song
from engine.song.source_plan import USUAL_STYLE
from engine.song.spread_words import spread
from engine.song.styles import find_style

_KINDS: dict[str, SectionKind] = {
    "chorus": "chorus", "refrain": "chorus", "hook": "chorus", "bridge": "bridge", "middle": "bridge",
    "pre-chorus": "prechorus", "prechorus": "prechorus", "pre": "prechorus", "intro": "intro", "outro": "outro",
    "ending": "outro", "coda": "outro", "solo": "instrumental", "interlude": "instrumental", "break": "instrumental",
    "instrumental": "instrumental",
    "副歌": "chorus", "桥段": "bridge", "导歌": "prechorus", "前奏": "intro", "尾奏": "outro", "间奏": "instrumental",
}  # fmt: skip
CHINESE_STYLE = "chinese"
_WITHOUT_WORDS: tuple[SectionKind, ...] = ("intro", "outro", "instrumental")


def sing(request: SingRequest, making: Making) -> MadeSong:
    """Set the words of the request to music. RequestError where they cannot be sung, before any model runs.

    Sections without a label are verses; words that come again are sung to the same notes, and sections of one kind
    with the same syllables share their tune. A label alone, such as [Chorus], brings that section back.
    """
    with making.stage("plan"):
        words = read_own_words(request.lyrics)
        style = request.style or (CHINESE_STYLE if words.are_chinese else USUAL_STYLE)
        making.notices.extend(notice for notice in words.notices if notice not in making.notices)
        sections, plan = planned(request, words, style, making)
    return set_to_music(request, words.title, sections, plan, making)


def planned(
    request: SingRequest | SongRequest, words: OwnWords, style: str, making: Making
) -> tuple[list[OwnSection], SongPlan]:
    """Return the sections as they will be sung and the plan of their music, of the length that was asked for."""
    frame = choose_frame(
        style=style,
        key=request.key,
        tempo_qpm=request.tempo_qpm,
        time_signature=request.time_signature,
        chords=request.chords,
        voice=request.voice,
        seed=making.seed,
    )
    if request.length_seconds is None:
        sections, given = sections_in_order(words, frame)
    else:
        frame, sections, given = sections_that_last(words, frame, request.length_seconds)
    plan = plan_for_lines(frame, given)
    if notice := cut_chords_notice(request.chords, plan.bars_of_sections):
        making.notices.append(notice)
    return sections, plan


def set_to_music(
    request: Request,
    title: str,
    sections: Sequence[OwnSection],
    plan: SongPlan,
    making: Making,
    *,
    told: Sequence[SectionReport] = (),
    versions: Mapping[str, str] = MappingProxyType({}),
) -> MadeSong:
    """Return the song of a plan with words that are there; sections: those of the plan.

    told: what was reported of sections when they were written, kept where the lines are the same; versions: of the models
    that wrote them.
    """
    lines = [[line.syllables for line in section.lines] for section in sections]
    text = printed_words(title, [(section.label, [line.shown for line in section.lines]) for section in sections])
    sheet = write_tune(plan, lines, title, making)
    score = play(sheet, find_style(plan.style).band, making)
    artifacts, left_out = make_files(title, text, sheet, score, making)
    used = {**versions, "melody": making.models.melody.version}
    known = {tuple(line.text for line in section.lines): section.lines for section in told}
    reported = [
        section.model_copy(update={"lines": known.get(tuple(line.text for line in section.lines), section.lines)})
        for section in map(own_section_report, sections)
    ]
    report = report_song(request, title, plan, reported, making, used, score, left_out)
    return MadeSong(report, text, artifacts, sheet, score)


def sections_in_order(words: OwnWords, frame: Frame) -> tuple[list[OwnSection], list[GivenSection]]:
    """Return the sections as they will be sung, labelled, with an intro and an outro unless one is named."""
    sections, kinds = named_sections(words)
    given = [
        GivenSection(kind, section.label, syllables_of_lines(section.lines), _sung_before(sections, index))
        for index, (section, kind) in enumerate(zip(sections, kinds, strict=True))
    ]
    if {"intro", "outro"} & set(kinds):
        return sections, given
    moved = [_moved(section) for section in given]
    intro = GivenSection("intro", "Intro", bars=frame.intro_bars)
    outro = GivenSection("outro", "Outro", bars=frame.outro_bars)
    return [OwnSection("Intro", ()), *sections, OwnSection("Outro", ())], [intro, *moved, outro]


def sections_that_last(
    words: OwnWords, frame: Frame, seconds: float
) -> tuple[Frame, list[OwnSection], list[GivenSection]]:
    """Return the frame with a tempo, and the sections as they will be sung so that the song lasts so long."""
    typed, kinds = named_sections(words)
    frame, parts = spread(kinds, [syllables_of_lines(section.lines) for section in typed], frame, seconds)
    sections = [
        typed[part.index] if part.index is not None else OwnSection(part.kind.capitalize(), ()) for part in parts
    ]
    given = [
        GivenSection(
            part.kind,
            section.label,
            syllables_of_lines(section.lines),
            _sung_before(sections, index),
            None if section.lines else part.bars,
        )
        for index, (section, part) in enumerate(zip(sections, parts, strict=True))
    ]
    return frame, sections, given


def _moved(section: GivenSection) -> GivenSection:
    """Return a section that knows of one more section before all others."""
    words_of = None if section.words_of is None else section.words_of + 1
    return GivenSection(section.kind, section.label, section.syllables, words_of, section.bars)


def named_sections(words: OwnWords) -> tuple[list[OwnSection], list[SectionKind]]:
    """Return the sections with labels and kinds: verses are counted, a label alone has the words it had before."""
    sections: list[OwnSection] = []
    kinds: list[SectionKind] = []
    verses = 0
    for section in words.sections:
        kind = _KINDS.get(re.split(r"[\s\d]", section.label.lower().strip() or "verse", maxsplit=1)[0], "verse")
        lines = section.lines or _lines_with_label(sections, section.label)
        if not lines and kind not in _WITHOUT_WORDS:
            kind = "instrumental"
        elif lines and kind in _WITHOUT_WORDS:
            kind = "verse"
        earlier = _label_with_lines(sections, lines) if lines and not section.label else ""
        verses += kind == "verse" and not section.label and not earlier
        sections.append(OwnSection(section.label or earlier or f"Verse {verses}", lines))
        kinds.append(kind)
    return sections, kinds


def _lines_with_label(sections: Sequence[OwnSection], label: str) -> tuple[OwnLine, ...]:
    return next((s.lines for s in sections if s.label.lower() == label.lower() and s.lines), ())


def _label_with_lines(sections: Sequence[OwnSection], lines: tuple[OwnLine, ...]) -> str:
    return next((s.label for s in sections if s.lines == lines), "")


def _sung_before(sections: Sequence[OwnSection], index: int) -> int | None:
    """Return the first section with the same words and kind of label, or None."""
    lines = sections[index].lines
    found = next((i for i in range(index) if lines and sections[i].lines == lines), None)
    return found if found is not None and _first_word(sections[found]) == _first_word(sections[index]) else None


def _first_word(section: OwnSection) -> str:
    return section.label.lower().split(" ")[0]


def syllables_of_lines(lines: Sequence[OwnLine]) -> tuple[int, ...]:
    return tuple(len(line.syllables) for line in lines)


def own_section_report(section: OwnSection) -> SectionReport:
    """Return a section of the member's own words; nothing was asked of its rhymes."""
    lines = []
    for line in section.lines:
        count = len(line.syllables)
        lines.append(
            LineReport(
                text=line.shown,
                syllables_asked=count,
                syllables_found=count,
                rhyme=FREE,
                rhyme_key_asked=None,
                rhyme_key_found=rhyme_class_name(line.sung) if line.is_chinese else rhyme_key(line.sung),
                rhymes=None,
            )
        )
    return SectionReport(label=section.label, lines=tuple(lines))
