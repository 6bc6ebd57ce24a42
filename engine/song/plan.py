"""The plan of a song: what is asked for exactly, before a word or a note is chosen.

Does not know models, words, or the notes of the band.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from engine.contract import LENGTH_RANGE_SECONDS, TEMPO_RANGE_QPM, LyricRequest, SongRequest
from engine.errors import RequestError
from engine.lyrics.metre import find_metre
from engine.lyrics.moods import find_mood
from engine.lyrics.persons import parse_person
from engine.lyrics.title import clean_title
from engine.music.chord_progression import Progression
from engine.music.lead_sheet import ChordSpan, SectionSpan
from engine.music.score import TimeSignature
from engine.music.theory import Key, voice_range
from engine.song import length
from engine.song.form import LinePlan, SectionKind, couplets, parse_form, plan_lines
from engine.song.harmony import Harmony, chord_spans, key_of_chords, parse_chords, typed_spans
from engine.song.length import Block
from engine.song.mood_of_music import key_of_mood, tempo_of_mood
from engine.song.styles import BARS_PER_LINE, Style, find_style

__all__ = ["LinePlan", "SectionKind", "SectionPlan", "SongPlan", "make_plan"]

TIME_SIGNATURES = {
    "4/4": TimeSignature(4, 4), "3/4": TimeSignature(3, 4), "6/8": TimeSignature(6, 8), "2/4": TimeSignature(2, 4),
}  # fmt: skip
DEFAULT_VOICE = "alto"
MOST_VERSES = 8  # verses after these are sung to the words of earlier ones
_INSTRUMENTAL_BARS = 8
_LABELS: dict[SectionKind, str] = {"prechorus": "Pre-Chorus"}

LinesOfKind = dict[SectionKind, tuple[LinePlan, ...]]


@dataclass(frozen=True)
class SectionPlan:
    """A section in the order sung.

    label: as printed ("Verse 1"). lines: empty for instrumental parts. bars: length in bars, all lines included.
    words_of: index of an earlier section whose words (and tune) are sung again, or None.
    tune_of: index of an earlier section with the same line plan whose tune is sung to new words, or None.
    chords: spans whose onsets count from the start of the section; they fill it.
    """

    kind: SectionKind
    label: str
    lines: tuple[LinePlan, ...]
    bars: int
    bars_per_line: int
    chords: tuple[ChordSpan, ...]
    words_of: int | None = None
    tune_of: int | None = None


@dataclass(frozen=True)
class SongPlan:
    """The whole song. key_name: as `theory.Key` prints it. tempo_qpm: 40-240."""

    style: str
    key_name: str
    tempo_qpm: float
    time_signature: TimeSignature
    sections: tuple[SectionPlan, ...]
    voice: str = DEFAULT_VOICE

    def section_spans(self) -> tuple[SectionSpan, ...]:
        """Return each section with its place in ticks, back to back from tick 0."""
        spans, onset = [], 0
        for section in self.sections:
            duration = section.bars * self.time_signature.bar_ticks
            spans.append(SectionSpan(section.label, onset, duration))
            onset += duration
        return tuple(spans)

    @property
    def length_ticks(self) -> int:
        return sum(section.bars for section in self.sections) * self.time_signature.bar_ticks


def make_plan(request: LyricRequest, seed: int) -> SongPlan:
    """Return the plan of a song, or of the song that words alone would belong to; RequestError for any bad value.

    The form typed is kept; an intro and an outro are added unless it names one of them. Without a form, the sections
    are chosen to last `length_seconds` to within half a bar. The theme is not looked at (see `lyrics.theme`).
    """
    if not isinstance(request, SongRequest):
        request = SongRequest(**request.model_dump(exclude={"kind"}))
    rng = random.Random(seed)
    style = find_style(request.style)
    voice = DEFAULT_VOICE if request.voice is None else request.voice.strip().lower()
    voice_range(voice)
    check_words_asked(request)
    typed_chords = parse_chords(request.chords) if request.chords is not None else None
    time_signature = choose_time_signature(request, style, rng)
    key = choose_key(request, style, typed_chords, rng)
    draft = _draft(request, style, time_signature, rng, seed)
    harmony = Harmony(style.palettes[key.mode], rng)
    return SongPlan(
        style=style.name,
        key_name=str(key),
        tempo_qpm=draft.tempo_qpm,
        time_signature=time_signature,
        sections=_sections(draft, time_signature, harmony, key, typed_chords),
        voice=voice,
    )


def check_words_asked(request: LyricRequest) -> None:
    """Raise RequestError for a title, mood or person that there is not, before any model runs."""
    if request.title is not None:
        clean_title(request.title)
    if request.mood is not None:
        find_mood(request.mood)
    if request.person is not None:
        parse_person(request.person)


@dataclass(frozen=True)
class _Draft:
    """Sections as lengths, before they have chords."""

    blocks: tuple[Block, ...]
    lines: LinesOfKind
    bars_per_line: dict[SectionKind, int]
    tempo_qpm: float

    @property
    def sung_bars(self) -> dict[SectionKind, int]:
        return {kind: len(lines) * self.bars_per_line[kind] for kind, lines in self.lines.items()}


def choose_time_signature(request: SongRequest, style: Style, rng: random.Random) -> TimeSignature:
    """Return the time signature typed, or one of the style's; RequestError for one that is not offered."""
    chosen = rng.choice(style.time_signatures)
    typed = chosen if request.time_signature is None else "".join(request.time_signature.split())
    if typed not in TIME_SIGNATURES:
        raise RequestError(f"time signature must be one of {', '.join(TIME_SIGNATURES)}, got {typed[:20]!r}")
    return TIME_SIGNATURES[typed]


def choose_key(request: SongRequest, style: Style, typed_chords: Progression | None, rng: random.Random) -> Key:
    """Return the key typed, or that of the chords typed, or one of the style's, in the mode of the mood asked for."""
    chosen = rng.choice(style.keys)
    if request.key is not None:
        return Key.parse(request.key)
    key = Key.parse(chosen if request.mood is None else key_of_mood(find_mood(request.mood), style, chosen))
    return key if typed_chords is None else key_of_chords(typed_chords, otherwise=key)


def tempos_to_try(request: SongRequest, style: Style, time_signature: TimeSignature, rng: random.Random) -> list[float]:
    """Return the tempo typed, or the seed's choice followed by the style's other tempos, nearest first."""
    slowest, fastest = style.tempo_range(str(time_signature))
    chosen = rng.randint(slowest, fastest)
    if request.mood is not None:
        chosen = tempo_of_mood(find_mood(request.mood), chosen, slowest, fastest)
    typed, (low, high) = request.tempo_qpm, TEMPO_RANGE_QPM
    if typed is None:
        return sorted(map(float, range(slowest, fastest + 1)), key=lambda tempo: abs(tempo - chosen))
    if not low <= typed <= high:
        raise RequestError(
            f"tempo must be {low}-{high} quarter notes per minute, got {typed:g}; "
            f"usual for {style.name} is {slowest}-{fastest}"
        )
    return [float(typed)]


def _draft(request: SongRequest, style: Style, time_signature: TimeSignature, rng: random.Random, seed: int) -> _Draft:
    metre = find_metre(request.metre) if request.metre is not None else None
    lines = plan_lines(style, request.rhyme, request.syllables, metre, seed)
    form = parse_form(request.form if request.form is not None else style.form)
    tempos = tempos_to_try(request, style, time_signature, rng)
    added = rng.choice(style.intro_bars), rng.choice(style.outro_bars)
    usual = style.bars_per_line[str(time_signature)]
    if request.length_seconds is None:
        return _with_form(form, added, lines, usual, time_signature, tempos[0])
    low, high = LENGTH_RANGE_SECONDS
    if not low <= request.length_seconds <= high:
        raise RequestError(f"length must be {low}-{high} seconds, got {request.length_seconds:g}; try 180")
    drafts = [_with_form(form, added, lines, usual, time_signature, tempo) for tempo in tempos]
    if request.form is not None:
        return _stretched(drafts, time_signature, request.length_seconds)
    if request.rhyme is None and request.syllables is None:
        few, usual = couplets(lines), BARS_PER_LINE[str(time_signature)]
        drafts += [_with_form(form, added, few, usual, time_signature, tempo) for tempo in tempos]
    return _filled(drafts, style, time_signature, request.length_seconds)


def _with_form(
    form: Sequence[SectionKind], added_bars: tuple[int, int], lines: LinesOfKind, usual_bars_per_line: int,
    time_signature: TimeSignature, tempo_qpm: float,
) -> _Draft:  # fmt: skip
    bars_per_line = {
        kind: max(
            length.bars_for_line(line.syllables, usual_bars_per_line, time_signature, tempo_qpm) for line in section
        )
        for kind, section in lines.items()
    }
    unit = 2 if time_signature.numerator == 2 else 1  # a bar of 2/4 is half a bar of 4/4
    intro, outro = added_bars
    usual_bars = {"intro": intro * unit, "outro": outro * unit, "instrumental": _INSTRUMENTAL_BARS * unit}
    sung_bars = {kind: len(section) * bars_per_line[kind] for kind, section in lines.items()}
    blocks = [Block(kind, sung_bars[kind] if kind in sung_bars else usual_bars[kind]) for kind in form]
    if not {"intro", "outro"} & set(form):
        blocks = [
            Block("intro", usual_bars["intro"], is_added=True), *blocks,
            Block("outro", usual_bars["outro"], is_added=True),
        ]  # fmt: skip
    return _Draft(tuple(blocks), lines, bars_per_line, tempo_qpm)


def _stretched(drafts: Sequence[_Draft], time_signature: TimeSignature, seconds: float) -> _Draft:
    """Return the draft that needs the least padding for the length; RequestError says what its form can last."""
    fitting = []
    for draft in drafts:
        bars = round(seconds / length.bar_seconds(time_signature, draft.tempo_qpm))
        if blocks := length.stretch(draft.blocks, bars):
            fitting.append(_Draft(blocks, draft.lines, draft.bars_per_line, draft.tempo_qpm))
    if fitting:  # of equals the first: the tempo nearest to the seed's choice
        return min(fitting, key=lambda draft: max(8, length.longest_padding_bars(draft.blocks)))
    ranges = [
        [bars * length.bar_seconds(time_signature, draft.tempo_qpm) for bars in length.bars_range(draft.blocks)]
        for draft in drafts
    ]
    shortest, longest = min(low for low, _ in ranges), max(high for _, high in ranges)
    raise RequestError(
        f"this form lasts {shortest:.0f}-{longest:.0f} seconds{_at_tempo(drafts)}, got length {seconds:g}; "
        "leave out the form or the length, or change the tempo"
    )


def _filled(drafts: Sequence[_Draft], style: Style, time_signature: TimeSignature, seconds: float) -> _Draft:
    """Return the first draft of which some part of the style's form lasts so long."""
    for draft in drafts:
        bars = round(seconds / length.bar_seconds(time_signature, draft.tempo_qpm))
        if blocks := length.fill_with_form(style.form, draft.sung_bars, bars):
            return _Draft(blocks, draft.lines, draft.bars_per_line, draft.tempo_qpm)
    first = min(draft.sung_bars["verse"] * length.bar_seconds(time_signature, draft.tempo_qpm) for draft in drafts)
    raise RequestError(
        f"{seconds:g} seconds are too short for one verse, which lasts {first:.0f}{_at_tempo(drafts)}; "
        "ask for a longer song, a faster tempo or fewer lines"
    )


def _at_tempo(drafts: Sequence[_Draft]) -> str:
    tempos = {draft.tempo_qpm for draft in drafts}
    return f" at {tempos.pop():g} quarter notes per minute" if len(tempos) == 1 else ""


def _sections(
    draft: _Draft, time_signature: TimeSignature, harmony: Harmony, key: Key, typed_chords: Progression | None
) -> tuple[SectionPlan, ...]:
    harmony.end_on_tonic(draft.blocks[-1].kind)
    first_of_label: dict[str, int] = {}
    first_of_kind: dict[SectionKind, int] = {}
    verses = 0
    sections: list[SectionPlan] = []
    for index, block in enumerate(draft.blocks):
        kind, lines = block.kind, draft.lines.get(block.kind, ())
        label = _LABELS.get(kind, kind.capitalize())
        if kind == "verse":
            label = f"Verse {verses % MOST_VERSES + 1}"
            verses += 1
        cells = harmony.cells(
            kind, bars=block.bars, lines=len(lines), bars_per_line=draft.bars_per_line.get(kind, 0),
            is_last=index == len(draft.blocks) - 1,
        )  # fmt: skip
        words_of = first_of_label.setdefault(label, index) if lines else index
        tune_of = first_of_kind.setdefault(kind, index)
        sections.append(
            SectionPlan(
                kind=kind,
                label=label,
                lines=lines,
                bars=block.bars,
                bars_per_line=draft.bars_per_line.get(kind, 0),
                chords=typed_spans(typed_chords, key, block.bars, time_signature)
                if typed_chords
                else chord_spans(cells, key, time_signature),
                words_of=words_of if words_of < index else None,
                tune_of=tune_of if lines and tune_of < index and words_of == index else None,
            )
        )
    return tuple(sections)
