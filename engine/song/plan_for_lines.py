"""The plan of a song whose lines are there already: bars, chords and tunes for given syllables. Does not know words.

Lines are given as numbers of syllables, so that a tune without words can be planned by the same rules.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_high

from engine.contract import SongRequest
from engine.lyrics.rhyme import FREE
from engine.music.chord_progression import Progression
from engine.music.lead_sheet import ChordSpan
from engine.music.score import TICKS_PER_QUARTER, TimeSignature
from engine.music.theory import Key, voice_range
from engine.song.form import LinePlan, SectionKind
from engine.song.harmony import Harmony, chord_spans, parse_chords, typed_spans
from engine.song.length import (
    BREATH_EIGHTHS,
    SECONDS_PER_SYLLABLE,
    bar_seconds,
    bar_unit,
    bars_for_line,
    bars_for_rapped_lines,
)
from engine.song.plan import (
    DEFAULT_VOICE,
    SectionPlan,
    SongPlan,
    choose_key,
    choose_time_signature,
    tempos_to_try,
)
from engine.song.styles import Style, find_style

FIXED_BARS: dict[SectionKind, int] = {"intro": 4, "outro": 4, "instrumental": 8}


@dataclass(frozen=True)
class GivenSection:
    """A section as its lines are given. syllables: 1-14 per line, none for an instrumental part.

    words_of: index of an earlier section that is sung again, or None. bars: of a part without lines; its kind's if None.
    """

    kind: SectionKind
    label: str
    syllables: tuple[int, ...] = ()
    words_of: int | None = None
    bars: int | None = None


@dataclass(frozen=True)
class Frame:
    """What holds for the whole song, typed or chosen by the seed. tempos: that chosen, then others that would do."""

    style: Style
    key: Key
    time_signature: TimeSignature
    tempo_qpm: float
    voice: str
    chords: Progression | None
    intro_bars: int
    outro_bars: int
    rng: random.Random
    tempos: tuple[float, ...] = ()


def choose_frame(
    *,
    style: str,
    key: str | None,
    tempo_qpm: float | None,
    time_signature: str | None,
    chords: str | None,
    voice: str | None,
    seed: int,
) -> Frame:
    """Return what was typed, and the seed's choice of what was not; RequestError for any bad value."""
    rng = random.Random(seed)
    asked = SongRequest(theme="", style=style, key=key, tempo_qpm=tempo_qpm, time_signature=time_signature)
    found = find_style(style)
    sung_by = DEFAULT_VOICE if voice is None else voice.strip().lower()
    voice_range(sung_by)
    typed = parse_chords(chords) if chords is not None else None
    signature = choose_time_signature(asked, found, rng)
    song_key = choose_key(asked, found, typed, rng)
    tempos = tuple(tempos_to_try(asked, found, signature, rng))
    unit = bar_unit(signature)
    intro, outro = rng.choice(found.intro_bars) * unit, rng.choice(found.outro_bars) * unit
    return Frame(found, song_key, signature, tempos[0], sung_by, typed, intro, outro, rng, tempos)


def plan_for_lines(frame: Frame, given: Sequence[GivenSection]) -> SongPlan:
    """Return the plan; sections of one kind with the same syllables share a tune."""
    harmony = Harmony(frame.style, frame.key.mode, frame.rng)
    harmony.end_on_tonic(given[-1].kind)
    first_with: dict[tuple[SectionKind, tuple[int, ...]], int] = {}
    sections: list[SectionPlan] = []
    for index, section in enumerate(given):
        tune_of = first_with.setdefault((section.kind, section.syllables), index)
        lines, bars_per_line = len(section.syllables), bars_of_line(section.kind, section.syllables, frame)
        bars = lines * bars_per_line or section.bars or FIXED_BARS[section.kind]
        is_last = index == len(given) - 1
        sections.append(
            SectionPlan(
                kind=section.kind,
                label=section.label,
                lines=tuple(LinePlan(syllables, FREE) for syllables in section.syllables),
                bars=bars,
                bars_per_line=bars_per_line,
                chords=_chords(frame, harmony, section, bars, bars_per_line, is_last=is_last),
                words_of=section.words_of,
                tune_of=tune_of if lines and tune_of < index and section.words_of is None else None,
                is_rapped=bool(lines) and frame.style.is_rapped(section.kind, str(frame.time_signature)),
            )
        )
    name, tempo, signature = frame.style.name, frame.tempo_qpm, frame.time_signature
    return SongPlan(name, str(frame.key), tempo, signature, tuple(sections), frame.voice)


def _chords(
    frame: Frame, harmony: Harmony, section: GivenSection, bars: int, bars_per_line: int, *, is_last: bool
) -> tuple[ChordSpan, ...]:
    if frame.chords:
        return typed_spans(frame.chords, frame.key, bars, frame.time_signature)
    lines = len(section.syllables)
    cells = harmony.cells(section.kind, bars=bars, lines=lines, bars_per_line=bars_per_line, is_last=is_last)
    return chord_spans(cells, frame.key, frame.time_signature)


def bars_of_line(kind: SectionKind, syllables: Sequence[int], frame: Frame) -> int:
    """Return the bars that suit the section's median line, doubled until the longest line can just be sung."""
    if not syllables:
        return 0
    if frame.style.is_rapped(kind, str(frame.time_signature)):
        return bars_for_rapped_lines(max(syllables), frame.tempo_qpm)
    usual = frame.style.bars_per_line[str(frame.time_signature)]
    bars = bars_for_line(median_high(syllables), usual, frame.time_signature, frame.tempo_qpm)
    eighths = frame.time_signature.bar_ticks * 2 // TICKS_PER_QUARTER
    one_bar = bar_seconds(frame.time_signature, frame.tempo_qpm)
    longest = max(syllables)
    while bars * eighths < longest + BREATH_EIGHTHS or bars * one_bar < SECONDS_PER_SYLLABLE * longest:
        bars *= 2
    return bars
