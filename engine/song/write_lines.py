"""Open lines of a song written by the lyric model, and what the words of a source are. Does not know melody or files."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine.contract import Artifact, Progress, Request, Sampling, SectionReport, SongReport
from engine.errors import RequestError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.following import following
from engine.lyrics.line_writer import LineWriter
from engine.lyrics.metre import find_metre
from engine.lyrics.open_lines import OpenSection
from engine.lyrics.persons import parse_person
from engine.lyrics.theme import clean_theme
from engine.music.lead_sheet import LeadSheet
from engine.song.files import slug
from engine.song.make_song import printed_words
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.models import LyricModel
from engine.song.source_plan import sung_source
from engine.song.styles import Style
from engine.song.write_words import LEARNED, control_prompt


def words_of_source(source: SourceSong | None) -> tuple[LeadSheet | None, SongReport]:
    """Return what is told of a song's words, and its lead sheet unless they are words alone.

    RequestError where there are no words.
    """
    assert source is not None, "an edit is given its source"
    is_words_alone = source.sheet is None and source.score is None
    if is_words_alone and source.report is not None and any(section.lines for section in source.report.sections):
        return None, source.report
    if not is_words_alone and source.score is None:
        raise RequestError("this song was made by an earlier version; ask for another take of it first")
    return sung_source(source)


def theme_of(asked: str | None, source: SourceSong) -> str:
    """Return what new lines are about: what was asked, or what the song was asked to be about, or its title."""
    if asked is not None:
        return clean_theme(asked)
    told = source.report.request.get("theme") if source.report is not None else None
    return clean_theme(told) if isinstance(told, str) and told else source.title


def write_open_lines(
    sections: Sequence[OpenSection],
    style: Style,
    theme: str,
    title: str,
    making: Making,
    avoid: Collection[str],
    *,
    theme_in_new_lines: bool,
) -> list[list[WrittenLine]]:
    """Return all lines of the sections, the open ones written now and reported as they are.

    The author, the metre and who tells it are those that the source was asked for.
    """
    model = making.models.lyrics
    told = making.source.report.request if making.source is not None and making.source.report is not None else {}
    with making.stage("words"):
        others = parse_person(told["person"]).others if told.get("person") else ()
        lexicon = model.lexicon(archaic=style.archaic, avoid=[*avoid, *others])
        prompt = control_prompt(style, theme, title, avoid, _author(told.get("artist"), model))
        writer = LineWriter(
            following(model.model, model.tokenizer, author=bool(prompt.author)),
            model.tokenizer,
            lexicon,
            model.associations,
            guard=model.guard([theme, title]),
            metre=find_metre(told["metre"]) if told.get("metre") else None,
            pairs=model.pairs,
        )
    with making.stage("lyrics"):
        written = writer.write(
            prompt,
            sections,
            seed=making.seed,
            sampling=Sampling(),
            theme_in_new_lines=theme_in_new_lines,
            report=lambda done, of, text: making.report(
                Progress(stage="lyrics", done=done, total=of, text=f"{text}\n")
            ),
            cancelled=making.cancelled,
        )
    making.notices.extend(LEARNED.format(line=line) for line in writer.learned)
    return written


def _author(asked: str | None, model: LyricModel) -> str:
    """Return the first author of a song that is there; "" where the model of today does not know them."""
    try:
        return model.find_authors(asked)[0] if asked else ""
    except RequestError:
        return ""


def words_alone(
    request: Request,
    title: str,
    told: SongReport,
    sections: Sequence[SectionReport],
    making: Making,
    notices: tuple[str, ...] = (),
) -> MadeSong:
    """Return words without music as a song: its text, and a file of it."""
    text = printed_words(title, [(s.label, [line.text for line in s.lines]) for s in sections])
    update = {"title": title, "sections": tuple(sections), "files": {}, "notices": (*making.notices, *notices)}
    report = with_versions(told.model_copy(update=update), request, making)
    return MadeSong(report, text, (Artifact(f"{slug(title)}.txt", "text/plain", text.encode()),))


def with_versions(told: SongReport, request: Request, making: Making) -> SongReport:
    """Return a report that names this request and the model that wrote its words."""
    update = {
        "request": request.model_dump(mode="json"),
        "seed": making.seed,
        "seconds_per_stage": dict(making.seconds),
        "model_versions": told.model_versions | {"lyrics": making.models.lyrics.version},
    }
    return told.model_copy(update=update)
