"""The plan of a song: what is asked for exactly, before a word or a note is chosen.

Does not know models, words, or the notes of the band.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from engine.contract import TEMPO_RANGE_QPM, LyricRequest, SongRequest
from engine.errors import RequestError
from engine.lyrics.metre import find_metre
from engine.lyrics.moods import find_mood
from engine.lyrics.persons import parse_person
from engine.lyrics.title import clean_title
from engine.music.chord_progression import Progression
from engine.music.lead_sheet import ChordSpan, SectionSpan
from engine.music.score import TimeSignature
from engine.music.theory import Key, voice_range
from engine.song.draft import AskedForm, Draft, make_draft
from engine.song.form import LinePlan, SectionKind, plan_lines, with_second_line_repeated
from engine.song.harmony import Harmony, chord_spans, key_of_chords, parse_chords, typed_spans
from engine.song.mood_of_music import key_of_mood, tempo_of_mood
from engine.song.named_forms import NamedForm, find_named_form
from engine.song.styles import Style, find_style

__all__ = ["LinePlan", "SectionKind", "SectionPlan", "SongPlan", "make_plan"]

TIME_SIGNATURES = {
    "4/4": TimeSignature(4, 4), "3/4": TimeSignature(3, 4), "6/8": TimeSignature(6, 8), "2/4": TimeSignature(2, 4),
}  # fmt: skip
DEFAULT_VOICE = "alto"
MOST_VERSES = 8  # verses after these are sung to the words of earlier ones
_LABELS: dict[SectionKind, str] = {"prechorus": "Pre-Chorus"}


@dataclass(frozen=True)
class SectionPlan:
    """A section in the order sung.

    label: as printed ("Verse 1"). lines: empty for instrumental parts. bars: length in bars, all lines included.
    words_of: index of an earlier section whose words (and tune) are sung again, or None.
    tune_of: index of an earlier section with the same line plan whose tune is sung to new words, or None.
    chords: spans whose onsets count from the start of the section; they fill it. is_rapped: spoken in rhythm, not sung.
    """

    kind: SectionKind
    label: str
    lines: tuple[LinePlan, ...]
    bars: int
    bars_per_line: int
    chords: tuple[ChordSpan, ...]
    words_of: int | None = None
    tune_of: int | None = None
    is_rapped: bool = False


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
    def bars_of_sections(self) -> list[tuple[str, int]]:
        """Return the label and the length in bars of each section."""
        return [(section.label, section.bars) for section in self.sections]

    @property
    def length_ticks(self) -> int:
        return sum(section.bars for section in self.sections) * self.time_signature.bar_ticks


def make_plan(request: LyricRequest, seed: int) -> SongPlan:
    """Return the plan of a song, or of the song that words alone would belong to; RequestError for any bad value.

    The form typed is kept; an intro and an outro are added unless it names one of them. A length is met to within half
    a bar (see `draft`). The theme is not looked at (see `lyrics.theme`).
    """
    if not isinstance(request, SongRequest):
        request = SongRequest(**request.model_dump(exclude={"kind"}))
    rng = random.Random(seed)
    named = find_named_form(request.form) if request.form is not None else None
    style = find_style(request.style)
    style = named.applied_to(style) if named is not None else style
    voice = DEFAULT_VOICE if request.voice is None else request.voice.strip().lower()
    voice_range(voice)
    check_words_asked(request)
    typed_chords = parse_chords(request.chords) if request.chords is not None else None
    time_signature = choose_time_signature(request, style, rng)
    key = choose_key(request, style, typed_chords, rng)
    draft = _draft(request, style, named, time_signature, rng, seed)
    harmony = Harmony(style, key.mode, rng)
    return SongPlan(
        style=style.name,
        key_name=str(key),
        tempo_qpm=draft.tempo_qpm,
        time_signature=time_signature,
        sections=_sections(
            draft,
            time_signature,
            harmony,
            key,
            typed_chords,
            style,
            own_tunes=named is not None and named.own_tunes,
        ),
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


def _draft(
    request: SongRequest, style: Style, named: NamedForm | None, time_signature: TimeSignature,
    rng: random.Random, seed: int,
) -> Draft:  # fmt: skip
    metre = find_metre(request.metre) if request.metre is not None else None
    lines = plan_lines(style, request.rhyme, request.syllables, metre, seed)
    if named is not None and named.repeats_line:
        lines |= {"verse": with_second_line_repeated(lines["verse"])}
    tempos = tempos_to_try(request, style, time_signature, rng)
    form = AskedForm(
        style=style,
        letters=request.form,
        named=named,
        lines=lines,
        added_bars=(rng.choice(style.intro_bars), rng.choice(style.outro_bars)),
        time_signature=time_signature,
        lines_are_free=request.rhyme is None and request.syllables is None,
    )
    return make_draft(form, tempos, request.length_seconds)


def _sections(
    draft: Draft, time_signature: TimeSignature, harmony: Harmony, key: Key, typed_chords: Progression | None,
    style: Style, *, own_tunes: bool,
) -> tuple[SectionPlan, ...]:  # fmt: skip
    """own_tunes: whether each section with words of its own has a tune, and chords, of its own too."""
    harmony.end_on_tonic(draft.blocks[-1].kind)
    first_of_label: dict[str, int] = {}
    first_of_kind: dict[SectionKind, int] = {}
    verses = 0
    sections: list[SectionPlan] = []
    for index, block in enumerate(draft.blocks):
        kind, lines = block.kind, draft.lines.get(block.kind, ())
        label = _LABELS.get(kind, kind.capitalize())
        if kind == "verse":
            label = f"Verse {block.verse or verses % MOST_VERSES + 1}"
            verses += 1
        words_of = first_of_label.setdefault(label, index) if lines else index
        tune_of = first_of_kind.setdefault(kind, index)
        if own_tunes and lines and words_of == index and tune_of < index:
            harmony.renew(kind)
        cells = harmony.cells(
            kind, bars=block.bars, lines=len(lines), bars_per_line=draft.bars_per_line.get(kind, 0),
            is_last=index == len(draft.blocks) - 1,
        )  # fmt: skip
        chords = chord_spans(cells, key, time_signature)
        if typed_chords:
            chords = typed_spans(typed_chords, key, block.bars, time_signature)
        sections.append(
            SectionPlan(
                kind=kind,
                label=label,
                lines=lines,
                bars=block.bars,
                bars_per_line=draft.bars_per_line.get(kind, 0),
                chords=chords if words_of == index else sections[words_of].chords,
                words_of=words_of if words_of < index else None,
                tune_of=tune_of if lines and tune_of < index and words_of == index and not own_tunes else None,
                is_rapped=bool(lines) and style.is_rapped(kind, str(time_signature)),
            )
        )
    return tuple(sections)
