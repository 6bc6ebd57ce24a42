"""The words of a song by the lyric model, section by section of its plan. Does not know melody, bands or files."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.contract import LyricRequest, Progress, Sampling
from engine.lyrics.associations import Associations
from engine.lyrics.draft import WrittenLine
from engine.lyrics.following import following
from engine.lyrics.kin import kin_of
from engine.lyrics.manner import PLAIN, Manner
from engine.lyrics.metre import find_metre
from engine.lyrics.moods import find_mood
from engine.lyrics.persons import parse_person
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.theme_words import names_of, theme_words_of
from engine.lyrics.title import words_of_title
from engine.lyrics.word_filter import avoided
from engine.lyrics.writer import LyricWriter, WantedSection
from engine.song.making import Making
from engine.song.plan import SectionPlan, SongPlan
from engine.song.styles import Style

LEARNED = 'no new line was found for "{line}", which other songs have in these or nearly these words'
MOST_MOOD_WORDS = 2  # that the model is told, beside the theme
LYRIC_KIND_OF_SECTION = {"chorus": "chorus", "bridge": "bridge"}  # the others are written as verses


def write_words(
    request: LyricRequest, theme: str, title: str, style: Style, plan: SongPlan, making: Making
) -> list[list[WrittenLine]]:
    """Return the lines of every section of the plan, empty for instrumental parts; repeats share their lines."""
    authors = making.models.lyrics.find_authors(request.artist) if request.artist else ("",)
    manner = manner_of(request, theme, making.models.lyrics.associations)
    written_at = [i for i, s in enumerate(plan.sections) if s.lines and s.words_of is None]
    wanted = [_wanted(plan.sections[i], written_at) for i in written_at]
    company = (*manner.kin, *manner.mood_words[:MOST_MOOD_WORDS])
    prompts = [control_prompt(style, theme, title, request.avoid, author, company) for author in authors]
    avoid = [*request.avoid, *(parse_person(request.person).others if request.person else ())]
    found = write_sections(prompts[0], wanted, style, making, request.sampling, avoid, manner=manner, prompts=prompts)
    by_section = {
        index: _with_repeats(plan.sections[index], written) for index, written in zip(written_at, found, strict=True)
    }
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


def manner_of(request: LyricRequest, theme: str, associations: Associations) -> Manner:
    """Return how the words of a request shall be written; words that are to be avoided are not sought."""
    hook = theme_words_of(words_of_title(request.title)) if request.title else []
    mood = find_mood(request.mood) if request.mood else None
    return Manner(
        metre=find_metre(request.metre) if request.metre else None,
        mood_words=tuple(word for word in mood.words if word not in request.avoid) if mood else (),
        against=find_mood(mood.against).words if mood else (),
        kin=tuple(word for word in kin_of(theme_words_of(theme), associations) if word not in request.avoid),
        hook=tuple(word for word in hook if word not in request.avoid),
        names=names_of(theme),
        pronouns=parse_person(request.person).pronouns if request.person else frozenset(),
    )


def control_prompt(
    style: Style,
    theme: str,
    title: str,
    avoid: Collection[str] = (),
    author: str = "",
    company: Sequence[str] = (),
) -> ControlPrompt:
    """Return what the model is told of the whole song; theme words that are to be avoided are not brought in."""
    return ControlPrompt(
        kind=style.lyric_kind,
        register="archaic" if style.archaic else "plain",
        theme_words=[word for word in theme_words_of(theme) if word.lower() not in avoided(avoid)],
        author=author,
        title=words_of_title(title),
        company=company,
    )


def write_sections(
    prompt: ControlPrompt,
    wanted: Sequence[WantedSection],
    style: Style,
    making: Making,
    sampling: Sampling,
    avoid: Collection[str] = (),
    before: Sequence[tuple[WantedSection, Sequence[WrittenLine]]] = (),
    manner: Manner = PLAIN,
    prompts: Sequence[ControlPrompt] = (),
) -> list[list[WrittenLine]]:
    """Return the lines of each wanted section, reported as they are written.

    before: sections that are there already. prompts: for the sections in turn, where they are not alike.
    """
    model = making.models.lyrics
    with making.stage("words"):
        lexicon = model.lexicon(archaic=style.archaic, avoid=avoid)
        guard = model.guard([prompt.title, " ".join(prompt.theme_words)])
        writer = LyricWriter(
            following(model.model, model.tokenizer, author=bool(prompt.author)),
            model.tokenizer,
            lexicon,
            model.associations,
            guard=guard,
            pairs=model.pairs,
        )
    with making.stage("lyrics", sum(len(section.lines) for section in wanted)):
        written = writer.write(
            prompt,
            wanted,
            seed=making.seed,
            sampling=sampling,
            report=lambda done, of, text: making.report(
                Progress(stage="lyrics", done=done, total=of, text=f"{text}\n")
            ),
            cancelled=making.cancelled,
            before=before,
            manner=manner,
            prompts=prompts,
        )
    making.notices.extend(LEARNED.format(line=line) for line in writer.learned)
    return written


def _wanted(section: SectionPlan, written_at: Sequence[int]) -> WantedSection:
    like = written_at.index(section.tune_of) if section.tune_of is not None else None
    kind = LYRIC_KIND_OF_SECTION.get(section.kind, "verse")
    lines = tuple((line.syllables, line.rhyme) for line in section.lines if line.repeats is None)
    return WantedSection(kind, lines, like, inner_rhyme=any(line.inner_rhyme for line in section.lines))


def _with_repeats(section: SectionPlan, written: Sequence[WrittenLine]) -> list[WrittenLine]:
    """Return the lines of a section from those that were written for it: a line that repeats another has its words."""
    left = iter(written)
    lines: list[WrittenLine] = []
    for line in section.lines:
        lines.append(next(left) if line.repeats is None else lines[line.repeats])
    return lines
