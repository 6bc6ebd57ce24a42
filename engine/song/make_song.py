"""From a request to a whole song: plan, words, melody, band and files. Does not know jobs, people or folders."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from engine.contract import Artifact, LineReport, LyricRequest, Progress, SectionReport, SongReport, SongRequest
from engine.errors import Cancelled, OutputError
from engine.lyrics.draft import WrittenLine
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.prosody import count_syllables
from engine.lyrics.rhyme import lines_rhyme, rhyme_pairs
from engine.lyrics.text import Lyrics, Section, render_lyrics
from engine.lyrics.theme import clean_theme
from engine.lyrics.theme_words import theme_words_of, title_of
from engine.lyrics.writer import LyricWriter, WantedSection
from engine.music.arranger import arrange
from engine.music.lead_sheet import LeadSheet
from engine.music.midi_file import score_to_midi, seconds_at
from engine.music.score import Score
from engine.song.melody_writer import write_melody
from engine.song.models import LyricModel, MelodyModel
from engine.song.plan import SectionPlan, SongPlan, make_plan
from engine.song.styles import Style, find_style

OUTPUTS = ("mid", "txt", "musicxml", "lrc", "png", "ogg")
LYRIC_KIND_OF_SECTION = {"chorus": "chorus", "bridge": "bridge"}  # the others are written as verses
TITLE_SLUG_CHARACTERS = 60


class Models(Protocol):
    """What a song is made with: see `engine.song.models`."""

    @property
    def lyrics(self) -> LyricModel: ...
    @property
    def melody(self) -> MelodyModel: ...


@dataclass(frozen=True)
class MadeSong:
    """A finished song. sheet and score are None where only words were asked for."""

    report: SongReport
    lyrics_text: str
    artifacts: tuple[Artifact, ...]
    sheet: LeadSheet | None = None
    score: Score | None = None


@dataclass
class _Stages:
    """Reports each stage as it begins and keeps its seconds."""

    report: Callable[[Progress], None]
    cancelled: Callable[[], bool]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, total: int = 1) -> Iterator[None]:
        if self.cancelled():
            raise Cancelled("the song was taken back")
        self.report(Progress(stage=name, done=0, total=total))
        start = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)
        self.report(Progress(stage=name, done=total, total=total))


def make_song(
    request: LyricRequest,
    *,
    seed: int,
    models: Models,
    report: Callable[[Progress], None] = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
    outputs: Collection[str] | None = None,
    soundfont: Path | None = None,
) -> MadeSong:
    """Make the song, or the words alone for a plain `LyricRequest`. The same request, seed and models give the same bytes.

    outputs: which files to make, of `OUTPUTS`; all of them by default. soundfont: for the audio; the best found if None.
    Raises RequestError before any model runs where the request cannot be met, Cancelled between two steps, OutputError
    where a file cannot be made.
    """
    stages = _Stages(report, cancelled)
    with stages.stage("plan"):
        theme = clean_theme(request.theme)
        style = find_style(request.style)
        plan = make_plan(request, seed)
        title = title_of(theme)
    lines = _write_words(request, theme, title, style, plan, models.lyrics, seed, stages)
    lyrics = Lyrics(
        tuple(
            Section(section.label, (tuple(line.text for line in written),))
            for section, written in zip(plan.sections, lines, strict=True)
            if written
        ),
        title,
    )
    text = f"{title}\n\n{render_lyrics(Lyrics(lyrics.sections))}"
    versions = {"lyrics": models.lyrics.version}
    if not isinstance(request, SongRequest):
        report_card = _report(request, title, plan, lines, seed, versions, stages.seconds)
        return MadeSong(report_card, text, (Artifact(f"{slug(title)}.txt", "text/plain", text.encode()),))
    versions["melody"] = models.melody.version
    sheet, score = _write_music(plan, lines, title, style, models.melody, seed, stages)
    artifacts, notices = _make_files(title, text, sheet, score, outputs, soundfont, stages)
    made = _report(request, title, plan, lines, seed, versions, stages.seconds)
    made = made.model_copy(
        update={"length_seconds": round(seconds_at(score, score.length_ticks), 2), "notices": tuple(notices)}
    )
    return MadeSong(made, text, tuple(artifacts), sheet, score)


def _write_words(
    request: LyricRequest,
    theme: str,
    title: str,
    style: Style,
    plan: SongPlan,
    lyric_model: LyricModel,
    seed: int,
    stages: _Stages,
) -> list[list[WrittenLine]]:
    """Return the lines of every section of the plan, empty for instrumental parts; repeats share their lines."""
    with stages.stage("words"):
        lexicon = lyric_model.lexicon(archaic=style.archaic)
        writer = LyricWriter(lyric_model.model, lyric_model.tokenizer, lexicon, lyric_model.associations)
    written_at = [i for i, s in enumerate(plan.sections) if s.lines and s.words_of is None]
    wanted = [_wanted(plan.sections[i], written_at) for i in written_at]
    prompt = ControlPrompt(
        kind=style.lyric_kind,
        register="archaic" if style.archaic else "plain",
        theme_words=theme_words_of(theme),
        author=lyric_model.find_author(request.artist) if request.artist else "",
        title=title,
    )
    total = sum(len(section.lines) for section in wanted)
    with stages.stage("lyrics", total):
        found = writer.write(
            prompt,
            wanted,
            seed=seed,
            sampling=request.sampling,
            report=lambda done, of, text: stages.report(
                Progress(stage="lyrics", done=done, total=of, text=f"{text}\n")
            ),
            cancelled=stages.cancelled,
        )
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


def _wanted(section: SectionPlan, written_at: Sequence[int]) -> WantedSection:
    like = written_at.index(section.tune_of) if section.tune_of is not None else None
    kind = LYRIC_KIND_OF_SECTION.get(section.kind, "verse")
    return WantedSection(kind, tuple((line.syllables, line.rhyme) for line in section.lines), like)


def _write_music(
    plan: SongPlan,
    lines: Sequence[Sequence[WrittenLine]],
    title: str,
    style: Style,
    melody_model: MelodyModel,
    seed: int,
    stages: _Stages,
) -> tuple[LeadSheet, Score]:
    total = sum(map(len, lines))
    with stages.stage("melody", total):
        sheet = write_melody(
            melody_model.model,
            plan,
            [[line.syllables for line in section] for section in lines],
            title,
            seed=seed,
            report=lambda done, of: stages.report(Progress(stage="melody", done=done, total=of)),
            cancelled=stages.cancelled,
        )
    with stages.stage("band"):
        score = arrange(sheet, style.band, seed)
    return sheet, score


def _make_files(
    title: str,
    text: str,
    sheet: LeadSheet,
    score: Score,
    outputs: Collection[str] | None,
    soundfont: Path | None,
    stages: _Stages,
) -> tuple[list[Artifact], list[str]]:
    """Return the files, and a sentence for each that could not be made because something is missing on this machine."""
    name = slug(title)
    makers: dict[str, tuple[str, Callable[[], bytes]]] = {
        "mid": ("audio/midi", lambda: score_to_midi(score)),
        "txt": ("text/plain", text.encode),
        "musicxml": ("application/vnd.recordare.musicxml+xml", lambda: _musicxml(sheet)),
        "lrc": ("text/plain", lambda: _lrc(sheet)),
        "png": ("image/png", lambda: _picture(sheet, score)),
        "ogg": ("audio/ogg", lambda: _audio(score, soundfont)),
    }
    artifacts, notices = [], []
    for ending, (media_type, make) in makers.items():
        if outputs is not None and ending not in outputs:
            continue
        with stages.stage({"png": "picture", "ogg": "audio"}.get(ending, "score")):
            try:
                artifacts.append(Artifact(f"{name}.{ending}", media_type, make()))
            except OutputError as error:
                notices.append(f"no .{ending}: {error}")
    return artifacts, notices


# Imported when needed: matplotlib and the synthesiser take longer to import than a file takes to write.
def _musicxml(sheet: LeadSheet) -> bytes:
    from engine.output.musicxml import lead_sheet_to_musicxml

    return lead_sheet_to_musicxml(sheet)


def _lrc(sheet: LeadSheet) -> bytes:
    from engine.output.karaoke import lead_sheet_to_lrc

    return lead_sheet_to_lrc(sheet).encode()


def _picture(sheet: LeadSheet, score: Score) -> bytes:
    from engine.output.picture import piano_roll_png

    return piano_roll_png(sheet, score)


def _audio(score: Score, soundfont: Path | None) -> bytes:
    from engine.output.audio import render_audio

    return render_audio(score, soundfont)[0]


def slug(title: str) -> str:
    """Return a file name for a title: lower-case words joined by hyphens; "song" where no letter is left."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:TITLE_SLUG_CHARACTERS].rstrip("-") or "song"


def _report(
    request: LyricRequest,
    title: str,
    plan: SongPlan,
    lines: Sequence[Sequence[WrittenLine]],
    seed: int,
    versions: dict[str, str],
    seconds: dict[str, float],
) -> SongReport:
    sections = [_section_report(s, written) for s, written in zip(plan.sections, lines, strict=True)]
    is_song = isinstance(request, SongRequest)
    return SongReport(
        title=title,
        request=request.model_dump(mode="json"),
        sections=tuple(sections if is_song else [s for s in sections if s.lines]),
        style=plan.style,
        seed=seed,
        key=plan.key_name if is_song else None,
        tempo_qpm=plan.tempo_qpm if is_song else None,
        time_signature=str(plan.time_signature) if is_song else None,
        seconds_per_stage=dict(seconds),
        model_versions=versions,
    )


def _section_report(section: SectionPlan, written: Sequence[WrittenLine]) -> SectionReport:
    """Compare a section with its plan; syllables and rhymes are counted anew from the printed text."""
    partner = {later: earlier for earlier, later in rhyme_pairs("".join(line.rhyme for line in section.lines))}
    lines = []
    for index, (plan, line) in enumerate(zip(section.lines, written, strict=True)):
        rhymes = lines_rhyme(written[partner[index]].text, line.text) if index in partner else None
        lines.append(
            LineReport(
                text=line.text,
                syllables_asked=plan.syllables,
                syllables_found=count_syllables(line.text),
                rhyme=plan.rhyme,
                rhyme_key_asked=line.rhyme_key_asked,
                rhyme_key_found=line.rhyme_key_found,
                rhymes=rhymes,
            )
        )
    return SectionReport(label=section.label, lines=tuple(lines))
