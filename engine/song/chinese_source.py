"""Chinese lyrics that are there already, read back from their report so that lines of them can be written anew.

Does not know what an edit asks for, nor how lines are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.contract import Request, SectionReport, SongReport
from engine.errors import RequestError
from engine.lyrics.chinese.manner import PLAIN, ChineseManner
from engine.lyrics.chinese.prompt import ChineseLine, ChinesePrompt, WantedLine
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.theme import theme_words
from engine.lyrics.chinese.tokenizer import FREE, LETTERS
from engine.lyrics.word_filter import avoided
from engine.song.chinese_lyrics import check_theme, words_of_theme
from engine.song.chinese_model import ChineseLyricModel
from engine.song.chinese_plan import ChineseSection, with_own_rhymes
from engine.song.chinese_report import printed, text_file
from engine.song.chinese_words import manner_of, write_chinese_words
from engine.song.making import MadeSong, Making, SourceSong

NAME_OF_TUNE = "·"  # parts it from the title


def is_chinese_song(source: SourceSong | None) -> bool:
    """Return whether the words of a song are Chinese."""
    if source is None or source.report is None:
        return False
    return any(is_hanzi(c) for section in source.report.sections for line in section.lines for c in line.text)


@dataclass(frozen=True)
class Telling:
    """What new lines are told of the whole text. theme_anew: whether they are to have a word of it themselves."""

    prompts: tuple[ChinesePrompt, ...]
    manner: ChineseManner
    theme: Sequence[str]
    theme_anew: bool
    avoid: frozenset[str]


def telling_of(report: SongReport, asked_theme: str | None, avoid: Sequence[str], model: ChineseLyricModel) -> Telling:
    """Return what the source was asked for, as far as the model of today knows it, with the theme asked for now."""
    told = report.request
    tune, _, name = report.title.rpartition(NAME_OF_TUNE)
    if asked_theme is not None:
        check_theme(asked_theme)
        theme = words_of_theme(asked_theme, model)
    else:
        theme = theme_words(str(told.get("theme") or name), model.words, model.tokenizer)
    try:
        authors = model.find_authors(told["artist"]) if told.get("artist") else ("",)
        manner, others = manner_of(told.get("mood"), told.get("person"), theme)
    except RequestError:  # it was asked of another model, or in another version
        authors, manner, others = ("",), PLAIN, ()
    prompts = tuple(ChinesePrompt("ci", tune if tune in model.tunes else "", theme, author) for author in authors)
    return Telling(prompts, manner, theme, asked_theme is not None, avoided((*avoid, *others)))


def standing(section: SectionReport, letters: str = "") -> tuple[WantedLine, ...]:
    """Return the lines of a section as they stand. letters: of their rhymes, those that are told if ""."""
    return tuple(
        WantedLine(len(line.text) - 1, letter, line.text[-1], given=line.text[:-1])
        for line, letter in zip(section.lines, letters or letters_of(section), strict=True)
    )


def letters_of(section: SectionReport) -> str:
    """Return the rhyme letters of a section."""
    return "".join(line.rhyme for line in section.lines)


def unused_letter(sections: Sequence[SectionReport]) -> str:
    """Return a letter that no line has; that of no rhyme where all are taken."""
    used = {line.rhyme for section in sections for line in section.lines}
    return next((letter for letter in LETTERS if letter not in used), FREE)


def opened(line: WantedLine, *, refused: str = "") -> WantedLine:
    """Return a line to be written that is like one that stands."""
    return replace(line, given="", refused=refused)


def with_tones(
    sections: Sequence[tuple[WantedLine, ...]], report: SongReport, model: ChineseLyricModel
) -> list[tuple[WantedLine, ...]]:
    """Return the sections with the tones of their tune, where they have just its lines."""
    pattern = model.tunes.get(report.title.rpartition(NAME_OF_TUNE)[0])
    lines = [line for section in sections for line in section]
    if pattern is None or [line.length for line in lines] != [line.length for line in pattern.lines]:
        return list(sections)
    tones = iter(line.tones for line in pattern.lines)
    return [tuple(replace(line, tones=next(tones)) for line in section) for section in sections]


def write_open(
    sections: Mapping[int, tuple[str, tuple[WantedLine, ...]]],
    telling: Telling,
    making: Making,
    model: ChineseLyricModel,
) -> dict[int, list[ChineseLine]]:
    """Return all lines of the sections, by their index; the open ones are written. sections: (label, lines)."""
    plan = with_own_rhymes([ChineseSection(label, lines) for label, lines in sections.values()])
    found = iter(
        write_chinese_words(
            telling.prompts, plan, making, model, avoid=telling.avoid, manner=telling.manner, theme=telling.theme,
            theme_anew=telling.theme_anew,
        )
    )  # fmt: skip
    return {index: [next(found) for _ in lines] for index, (_, lines) in sections.items()}


def edited_words(
    request: Request,
    report: SongReport,
    sections: Sequence[SectionReport],
    making: Making,
    notices: tuple[str, ...],
    model: ChineseLyricModel,
) -> MadeSong:
    """Return changed Chinese words as a song."""
    text = printed(report.title, sections)
    update = {
        "request": request.model_dump(mode="json"),
        "sections": tuple(sections),
        "seed": making.seed,
        "seconds_per_stage": dict(making.seconds),
        "model_versions": report.model_versions | {"chinese": model.version},
        "files": {},
        "notices": notices,
    }
    return MadeSong(report.model_copy(update=update), text, (text_file(report.title, text),))
