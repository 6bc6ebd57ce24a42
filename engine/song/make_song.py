"""From a request to a whole song: plan, words, melody, band and files. Does not know jobs, people or folders."""

from __future__ import annotations

from collections.abc import Sequence

from engine.contract import Artifact, LyricRequest, Progress, SongRequest
from engine.lyrics.draft import WrittenLine
from engine.lyrics.text import Lyrics, Section, render_lyrics
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import title_of
from engine.lyrics.title import clean_title
from engine.music.arranger import arrange
from engine.music.bands import Band
from engine.music.lead_sheet import LeadSheet
from engine.music.score import Score
from engine.roles import JUDGE
from engine.song.best_take import best_take
from engine.song.chinese_lyrics import is_chinese, make_chinese_lyrics
from engine.song.files import make_files, slug
from engine.song.harmony import cut_chords_notice
from engine.song.judge import Judge
from engine.song.making import MadeSong, Making
from engine.song.melody_frames import Line
from engine.song.plan import SongPlan, make_plan
from engine.song.rap_writer import write_sung_and_rapped
from engine.song.song_report import report_song, report_words, written_section
from engine.song.styles import find_style
from engine.song.write_words import write_words


def make_song(request: SongRequest, making: Making) -> MadeSong:
    """Make a song: words, melody, chords and band. The same request, seed and models give the same bytes.

    Raises RequestError before any model runs where the request cannot be met, Cancelled between two steps, OutputError
    where a file cannot be made.
    """
    if is_chinese(request):
        from engine.song.chinese_singing import make_chinese_song

        return make_chinese_song(request, making)
    title, plan, lines = _plan_and_words(request, making)
    text = _printed(title, plan, lines)
    syllables = [[line.syllables for line in section] for section in lines]
    sheet = _best_tune(plan, syllables, title, text, making)
    score = play(sheet, find_style(request.style).band, making)
    artifacts, notices = make_files(title, text, sheet, score, making)
    versions = _versions_of_words(making) | {"melody": making.models.melody.version}
    sections = [written_section(s.label, s.lines, w) for s, w in zip(plan.sections, lines, strict=True)]
    report = report_song(request, title, plan, sections, making, versions, score, notices)
    return MadeSong(report, text, artifacts, sheet, score)


def make_lyrics(request: LyricRequest, making: Making) -> MadeSong:
    """Write the words alone of the song that the request and its seed would give; they are one text file."""
    if is_chinese(request):
        return make_chinese_lyrics(request, making)
    title, plan, lines = _plan_and_words(request, making)
    text = _printed(title, plan, lines)
    sections = [written_section(s.label, s.lines, w) for s, w in zip(plan.sections, lines, strict=True)]
    report = report_words(request, title, plan, sections, making, _versions_of_words(making))
    return MadeSong(report, text, (Artifact(f"{slug(title)}.txt", "text/plain", text.encode()),))


def _plan_and_words(request: LyricRequest, making: Making) -> tuple[str, SongPlan, list[list[WrittenLine]]]:
    with making.stage("plan"):
        theme = clean_theme(request.theme)
        style = find_style(request.style)
        plan = make_plan(request, making.seed)
        typed = request.chords if isinstance(request, SongRequest) else None
        if notice := cut_chords_notice(typed, plan.bars_of_sections):
            making.notices.append(notice)
        title = clean_title(request.title) if request.title is not None else title_of(theme)
    judge = judge_of(making)
    if judge is None:
        return title, plan, write_words(request, theme, title, style, plan, making)
    lines = best_take(
        making,
        "lyrics",
        lambda taken: write_words(request, theme, title, style, plan, taken),
        lambda written: judge.score(_printed(title, plan, written)),
    )
    return title, plan, lines


def judge_of(making: Making) -> Judge | None:
    """Return who chooses between takes; None where there is one take, or nobody to choose."""
    return making.models.judge if making.best_of > 1 else None


def _versions_of_words(making: Making) -> dict[str, str]:
    judge = judge_of(making)
    return {"lyrics": making.models.lyrics.version} | ({JUDGE: judge.version} if judge is not None else {})


def _printed(title: str, plan: SongPlan, lines: Sequence[Sequence[WrittenLine]]) -> str:
    return printed_words(
        title, [(s.label, [line.text for line in w]) for s, w in zip(plan.sections, lines, strict=True)]
    )


def printed_words(title: str, sections: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Return title and words as they are printed, from the label and lines of each section; those without are left out."""
    sung = tuple(Section(label, (tuple(lines),)) for label, lines in sections if lines)
    return f"{title}\n\n{render_lyrics(Lyrics(sung))}"


def _best_tune(plan: SongPlan, lines: Sequence[Sequence[Line]], title: str, text: str, making: Making) -> LeadSheet:
    judge = judge_of(making)
    if judge is None or not judge.hears_tunes:
        return write_tune(plan, lines, title, making)
    return best_take(
        making,
        "melody",
        lambda taken: write_tune(plan, lines, title, taken),
        lambda sheet: judge.score(text, sheet),
    )


def write_tune(plan: SongPlan, lines: Sequence[Sequence[Line]], title: str, making: Making) -> LeadSheet:
    """Return the melody of a plan, spoken where it is rapped. lines: the syllables of each line, section by section."""
    with making.stage("melody", sum(map(len, lines))):
        return write_sung_and_rapped(
            making.models.melody.model,
            plan,
            lines,
            title,
            seed=making.seed,
            report=lambda done, of: making.report(Progress(stage="melody", done=done, total=of)),
            cancelled=making.cancelled,
        )


def play(sheet: LeadSheet, band: Band, making: Making) -> Score:
    """Return the lead sheet played by a band."""
    with making.stage("band"):
        return arrange(sheet, band, making.seed)
