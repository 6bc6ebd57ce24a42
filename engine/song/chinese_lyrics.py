"""Chinese lyrics from a request: plan, words, report. Does not know music, jobs or folders."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import (
    LANGUAGES,
    MAX_THEME_CHARACTERS,
    LyricRequest,
    SongReport,
    SongRequest,
)
from engine.errors import RequestError
from engine.lyrics.chinese.prompt import ChineseLine, ChinesePrompt
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.chinese.theme import MOST_WORDS, theme_words
from engine.lyrics.insults import holds_chinese_insult
from engine.lyrics.title import clean_title
from engine.lyrics.word_filter import avoided
from engine.song.chinese_model import ChineseLyricModel
from engine.song.chinese_plan import ChineseSection, find_tune, form_sections, tune_sections, with_own_rhymes
from engine.song.chinese_report import printed, text_file, told_section
from engine.song.chinese_words import manner_of, write_chinese_words
from engine.song.making import MadeSong, Making
from engine.song.plan_for_lines import choose_frame

MOST_TITLE_CHARACTERS = 20
UNHEARD = "Chinese words do not follow {options}; left out"
NO_FEET = "Chinese words do not have feet; a tune keeps its level and oblique tones instead"
_OF_FORMS = {"form": "form", "syllables": "syllables", "rhyme": "rhyme"}  # a tune has all of that


def is_chinese(request: LyricRequest) -> bool:
    """Return whether a request is for Chinese words: it says so, names a tune, or has a theme in Chinese characters.

    RequestError for a language that is not written here.
    """
    if request.language is not None and request.language not in LANGUAGES:
        raise RequestError(f"language must be one of {', '.join(LANGUAGES)}, got {request.language[:20]!r}")
    if request.language is not None:
        return request.language == "zh"
    return request.tune is not None or any(map(is_hanzi, request.theme))


def check_chinese(request: LyricRequest) -> None:
    """RequestError for what no model of Chinese lyrics can meet, whatever tunes and authors it knows."""
    if isinstance(request, SongRequest):
        choose_frame(
            style=request.style, key=request.key, tempo_qpm=request.tempo_qpm, time_signature=request.time_signature,
            chords=request.chords, voice=request.voice, seed=request.seed or 0,
        )  # fmt: skip
    check_theme(request.theme)
    if request.title is not None:
        clean_title(request.title)
    manner_of(request.mood, request.person)
    if request.tune is None:
        form_sections(request)


def check_theme(theme: str) -> None:
    """RequestError for a theme that is too long or holds what is never sung."""
    if len(theme) > MAX_THEME_CHARACTERS:
        raise RequestError(
            f"the theme must be 1-{MAX_THEME_CHARACTERS} characters, got {len(theme)}; say it in one or two sentences"
        )
    if holds_chinese_insult(theme):
        raise RequestError("the theme holds a word that is not sung here; say it in other words")


def model_of(making: Making) -> ChineseLyricModel:
    """Return the model of Chinese lyrics; RequestError where none is open."""
    if making.models.chinese is None:
        raise RequestError("no model of Chinese lyrics is open here; ask for lyrics in English")
    return making.models.chinese


def words_of_theme(theme: str, model: ChineseLyricModel) -> list[str]:
    """Return what a theme is about; RequestError where it says nothing in Chinese."""
    found = theme_words(theme, model.words, model.tokenizer)
    if not found:
        raise RequestError(
            "the theme has no Chinese characters that can be sung about; say it in Chinese, such as 江南春雨"
        )
    return found


def make_chinese_lyrics(request: LyricRequest, making: Making) -> MadeSong:
    """Write Chinese words: by a tune pattern if one is named, else by a form. The same request and seed give the same.

    RequestError where the theme has no Chinese characters, or the tune or the form is not known.
    """
    model = model_of(making)
    with making.stage("plan"):
        check_chinese(request)
        tune = find_tune(request.tune, model.tunes) if request.tune else None
        theme = words_of_theme(request.theme, model)
        sections = tune_sections(tune) if tune else form_sections(request)
        authors = model.find_authors(request.artist) if request.artist else ("",)
        manner, others = manner_of(request.mood, request.person, theme)
        left_out = avoided((*request.avoid, *others))
        told = [word for word in [*theme, *manner.mood] if word in theme or word in model.words][:MOST_WORDS]
        # Also without a tune: asked for arias (qu), the model falls into the patter between their lines.
        prompts = [ChinesePrompt("ci", tune.name if tune else "", told, author) for author in authors]
    lines = write_chinese_words(
        prompts, with_own_rhymes(sections), making, model, avoid=left_out, manner=manner, theme=theme,
        sampling=request.sampling,
    )  # fmt: skip
    name = "".join(character for word in theme for character in word)[:MOST_TITLE_CHARACTERS]
    if request.title is not None:
        name = clean_title(request.title)
    title = f"{tune.name}·{name}" if tune else name
    told_sections = [
        told_section(section.label, section.lines, written)
        for section, written in zip(sections, _by_section(sections, lines), strict=True)
    ]
    text = printed(title, told_sections)
    report = SongReport(
        title=title,
        request=request.model_dump(mode="json"),
        sections=tuple(told_sections),
        style=request.style,
        seed=making.seed,
        seconds_per_stage=dict(making.seconds),
        model_versions={"chinese": model.version},
        notices=_unheard(request),
    )
    return MadeSong(report, text, (text_file(title, text),))


def _unheard(request: LyricRequest) -> tuple[str, ...]:
    """Return sentences about the options that were asked for in vain."""
    named = [shown for name, shown in _OF_FORMS.items() if request.tune and getattr(request, name) is not None]
    said = [UNHEARD.format(options=", ".join(named))] if named else []
    return (*said, *([NO_FEET] if request.metre is not None else []))


def _by_section(sections: Sequence[ChineseSection], lines: Sequence[ChineseLine]) -> list[Sequence[ChineseLine]]:
    found: list[Sequence[ChineseLine]] = []
    place = 0
    for section in sections:
        if section.words_of is not None:
            found.append(found[section.words_of])
            continue
        found.append(lines[place : place + len(section.lines)])
        place += len(section.lines)
    return found
