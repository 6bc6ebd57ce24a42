"""Chinese lyrics from a request: plan, words, report. Does not know music, jobs or folders."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import (
    LANGUAGES,
    MAX_THEME_CHARACTERS,
    Artifact,
    LineReport,
    LyricRequest,
    Progress,
    SectionReport,
    SongReport,
    SongRequest,
)
from engine.errors import RequestError
from engine.lyrics.chinese.prompt import ChineseLine, ChinesePrompt
from engine.lyrics.chinese.rhyme import NAMES, is_hanzi, lines_rhyme, rhyme_class
from engine.lyrics.chinese.theme import theme_words
from engine.lyrics.chinese.tokenizer import FREE
from engine.lyrics.chinese.writer import ChineseWriter
from engine.lyrics.title import clean_title
from engine.song.chinese_plan import (
    ChineseSection,
    find_tune,
    form_sections,
    sentences,
    tune_sections,
    with_own_rhymes,
)
from engine.song.making import MadeSong, Making

MOST_TITLE_CHARACTERS = 20
UNHEARD = "Chinese words do not follow {options}; left out"
_ENGLISH_ONLY = {"mood": "mood", "metre": "feet", "person": "person"}
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
        raise RequestError("songs with music are sung in English so far; ask for lyrics alone, which Chinese has")
    if len(request.theme) > MAX_THEME_CHARACTERS:
        raise RequestError(
            f"the theme must be 1-{MAX_THEME_CHARACTERS} characters, got {len(request.theme)}; "
            "say it in one or two sentences"
        )
    if request.title is not None:
        clean_title(request.title)
    if request.tune is None:
        form_sections(request)


def make_chinese_lyrics(request: LyricRequest, making: Making) -> MadeSong:
    """Write Chinese words: by a tune pattern if one is named, else by a form. The same request and seed give the same.

    RequestError where the theme has no Chinese characters, or the tune or the form is not known.
    """
    model = making.models.chinese
    if model is None:
        raise RequestError("no model of Chinese lyrics is open here; ask for lyrics in English")
    with making.stage("plan"):
        check_chinese(request)
        tune = find_tune(request.tune, model.tunes) if request.tune else None
        theme = theme_words(request.theme, model.words, model.tokenizer)
        if not theme:
            raise RequestError(
                "the theme has no Chinese characters that can be sung about; say it in Chinese, such as 江南春雨"
            )
        sections = tune_sections(tune) if tune else form_sections(request)
        author = model.find_author(request.artist) if request.artist else ""
        # Also without a tune: asked for arias (qu), the model falls into the patter between their lines.
        prompt = ChinesePrompt("ci", tune.name if tune else "", theme, author)
    plan = with_own_rhymes(sections)
    with making.stage("lyrics", len(plan)):
        lines = ChineseWriter(model.model, model.tokenizer, memory=model.memory).write(
            prompt,
            plan,
            seed=making.seed,
            sampling=request.sampling,
            avoid=request.avoid,
            report=lambda done, of, text: making.report(
                Progress(stage="lyrics", done=done, total=of, text=f"{text}\n")
            ),
            cancelled=making.cancelled,
        )
    written = _by_section(sections, lines)
    name = "".join(character for word in theme for character in word)[:MOST_TITLE_CHARACTERS]
    if request.title is not None:
        name = clean_title(request.title)
    title = f"{tune.name}·{name}" if tune else name
    text = printed(title, sections, written)
    report = SongReport(
        title=title,
        request=request.model_dump(mode="json"),
        sections=tuple(_reported(s, w) for s, w in zip(sections, written, strict=True)),
        style=request.style,
        seed=making.seed,
        seconds_per_stage=dict(making.seconds),
        model_versions={"chinese": model.version},
        notices=_unheard(request),
    )
    return MadeSong(report, text, (Artifact(_file_name(title), "text/plain", text.encode()),))


def _unheard(request: LyricRequest) -> tuple[str, ...]:
    """Return a sentence about the options that were asked for in vain."""
    options = _ENGLISH_ONLY | (_OF_FORMS if request.tune else {})
    named = [shown for name, shown in options.items() if getattr(request, name) is not None]
    return (UNHEARD.format(options=", ".join(named)),) if named else ()


def _file_name(title: str) -> str:
    """Return a file name of a title: its letters and digits, Latin or Chinese; "song" where none is left."""
    name = "".join(sign if (sign.isascii() and sign.isalnum()) or is_hanzi(sign) else " " for sign in title)
    return f"{'-'.join(name.split()) or 'song'}.txt"


def printed(title: str, sections: Sequence[ChineseSection], written: Sequence[Sequence[ChineseLine]]) -> str:
    """Return title and words as they are printed: a sentence a line, the parts under their names."""
    parts = []
    for section, lines in zip(sections, written, strict=True):
        label = [f"[{section.label}]"] if section.label else []
        parts.append("\n".join([*label, *sentences([line.characters + line.mark for line in lines])]))
    return f"{title}\n\n" + "\n\n".join(parts) + "\n"


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


def _reported(section: ChineseSection, written: Sequence[ChineseLine]) -> SectionReport:
    """Compare a section with its plan; characters and rhymes are counted anew from what is printed."""
    first: dict[str, str] = {}
    lines = []
    for plan, line in zip(section.lines, written, strict=True):
        before = first.get(plan.rhyme)
        sound = rhyme_class(line.characters[-1])
        lines.append(
            LineReport(
                text=line.characters + line.mark,
                syllables_asked=plan.length,
                syllables_found=sum(map(is_hanzi, line.characters)),
                rhyme=plan.rhyme,
                rhyme_key_asked=NAMES[rhyme_class(before[-1]) or 0] if before else None,
                rhyme_key_found=NAMES[sound] if sound is not None else "",
                rhymes=lines_rhyme(before, line.characters) if before else None,
            )
        )
        if plan.rhyme != FREE:
            first.setdefault(plan.rhyme, line.characters)
    return SectionReport(label=section.label, lines=tuple(lines))
