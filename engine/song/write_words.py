"""The words of a song by the lyric model, section by section of its plan. Does not know melody, bands or files."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.contract import LyricRequest, Progress, Sampling
from engine.lyrics.draft import WrittenLine
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.theme_words import theme_words_of
from engine.lyrics.writer import LyricWriter, WantedSection
from engine.song.making import Making
from engine.song.plan import SectionPlan, SongPlan
from engine.song.styles import Style

LYRIC_KIND_OF_SECTION = {"chorus": "chorus", "bridge": "bridge"}  # the others are written as verses


def write_words(
    request: LyricRequest, theme: str, title: str, style: Style, plan: SongPlan, making: Making
) -> list[list[WrittenLine]]:
    """Return the lines of every section of the plan, empty for instrumental parts; repeats share their lines."""
    author = making.models.lyrics.find_author(request.artist) if request.artist else ""
    written_at = [i for i, s in enumerate(plan.sections) if s.lines and s.words_of is None]
    wanted = [_wanted(plan.sections[i], written_at) for i in written_at]
    prompt = control_prompt(style, theme, title, request.avoid, author)
    found = write_sections(prompt, wanted, style, making, request.sampling, request.avoid)
    by_section = dict(zip(written_at, found, strict=True))
    lines: list[list[WrittenLine]] = []
    for index, section in enumerate(plan.sections):
        lines.append(
            by_section[index]
            if index in by_section
            else lines[section.words_of]
            if section.words_of is not None
            else []
        )
    return lines


def control_prompt(
    style: Style, theme: str, title: str, avoid: Collection[str] = (), author: str = ""
) -> ControlPrompt:
    """Return what the model is told of the whole song; theme words that are to be avoided are not brought in."""
    return ControlPrompt(
        kind=style.lyric_kind,
        register="archaic" if style.archaic else "plain",
        theme_words=[word for word in theme_words_of(theme) if word.lower() not in avoid],
        author=author,
        title=title,
    )


def write_sections(
    prompt: ControlPrompt,
    wanted: Sequence[WantedSection],
    style: Style,
    making: Making,
    sampling: Sampling,
    avoid: Collection[str] = (),
    before: Sequence[tuple[WantedSection, Sequence[WrittenLine]]] = (),
) -> list[list[WrittenLine]]:
    """Return the lines of each wanted section, reported as they are written. before: sections that are there already."""
    model = making.models.lyrics
    with making.stage("words"):
        lexicon = model.lexicon(archaic=style.archaic, avoid=avoid)
        writer = LyricWriter(model.model, model.tokenizer, lexicon, model.associations)
    with making.stage("lyrics", sum(len(section.lines) for section in wanted)):
        return writer.write(
            prompt,
            wanted,
            seed=making.seed,
            sampling=sampling,
            report=lambda done, of, text: making.report(
                Progress(stage="lyrics", done=done, total=of, text=f"{text}\n")
            ),
            cancelled=making.cancelled,
            before=before,
        )


def _wanted(section: SectionPlan, written_at: Sequence[int]) -> WantedSection:
    like = written_at.index(section.tune_of) if section.tune_of is not None else None
    kind = LYRIC_KIND_OF_SECTION.get(section.kind, "verse")
    return WantedSection(kind, tuple((line.syllables, line.rhyme) for line in section.lines), like)
