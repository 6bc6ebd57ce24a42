"""The drums of a song: a pattern for each section, fills at section ends, a cymbal at openings. Does not know pitches."""

from __future__ import annotations

import random
from collections.abc import Iterator

from engine.music.arrangement import Arrangement, in_order, named_for
from engine.music.drum_patterns import (
    CLAP,
    CRASH,
    DRUM_PATTERNS,
    FLOOR_TOM,
    KICK,
    SIDE_STICK,
    SNARE,
    Strike,
    bar_strikes,
)
from engine.music.dynamics import CYMBAL_VELOCITY, DRUM_VELOCITIES, velocity
from engine.music.fills import FILLS, OVERLAYS, with_fill
from engine.music.passages import FULL, FULLEST, PlayedBar
from engine.music.score import Note, Track

_DRUM_TICKS = 120
_PHRASE_BARS = 4  # a small fill in the middle of a section closes each phrase but the first
_LAID_BACK = frozenset({SNARE, CLAP, SIDE_STICK})
_SOFTER_OPENING = 0.8
_FILL_GROWTH = 0.25  # a fill grows by so much from the beginning of its bar to the end


def drum_track(song: Arrangement) -> Track:
    """Return the drums; without notes where the band has none, or the lead sheet has no chords."""
    has_chords = any(chord is not None for chord in song.chords)
    return Track("Drums", 0, in_order(_notes(song)) if has_chords else (), is_drum=True)


def _notes(song: Arrangement) -> Iterator[Note]:
    rng = song.rng("drums")
    shift = rng.randrange(4)
    for bar in song.bars:
        name = named_for(song.band.drums[bar.passage.level], bar, shift)
        fill = _fill(song, bar, plays=name is not None)
        for strike in _strikes(song, bar, name, fill):
            yield from _struck(song, bar, strike, rng, in_fill=fill is not None)
        yield from _opening(song, bar, rng)
    yield from _ending(song, rng)


def _strikes(song: Arrangement, bar: PlayedBar, name: str | None, fill: str | None) -> tuple[Strike, ...]:
    """Return what is struck in a bar, each drum once at a time."""
    strikes = bar_strikes(DRUM_PATTERNS[name], bar.index, song.time_signature) if name is not None else ()
    if name is not None and bar.passage.level == FULLEST and song.band.overlay is not None:
        there = {strike[:2] for strike in strikes}
        over = bar_strikes(OVERLAYS[song.band.overlay], bar.index, song.time_signature)
        strikes = tuple(sorted([*strikes, *(strike for strike in over if strike[:2] not in there)]))
    return with_fill(strikes, bar_strikes(FILLS[fill], 0, song.time_signature)) if fill is not None else strikes


def _fill(song: Arrangement, bar: PlayedBar, *, plays: bool) -> str | None:
    """Return the fill that a bar has: a small one to a quiet section or phrase, the large one to a full section."""
    small, large = song.band.fills
    if str(song.time_signature) not in FILLS[small]:
        return None
    following = bar.following
    if bar.closes and following is not None:
        leads_up = following.level >= FULL and bar.passage.level < FULLEST
        fits = plays or any(song.band.drums[following.level])
        return (large if leads_up else small) if fits else None
    ends_phrase = bar.index % _PHRASE_BARS == _PHRASE_BARS - 1 and bar.index > _PHRASE_BARS
    return small if plays and ends_phrase and bar.passage.level >= FULL and not bar.closes else None


def _struck(song: Arrangement, bar: PlayedBar, strike: Strike, rng: random.Random, *, in_fill: bool) -> Iterator[Note]:
    offset, drum, sign = strike
    nominal = song.swung(bar, offset)
    base = DRUM_VELOCITIES[sign] * (1 + _FILL_GROWTH * (offset / song.time_signature.bar_ticks - 0.5) * in_fill)
    loud = velocity(base, bar.passage, nominal, rng)
    late = song.band.groove.laid_back_ticks if drum in _LAID_BACK else 0
    onset = song.band.groove.loose(
        nominal, rng, on_time=offset == 0 or _follows_silence(song, nominal), late_ticks=late
    )
    if nominal < bar.end_ticks and not song.is_silent(nominal) and not song.is_silent(onset):
        yield _hit(song, min(onset, bar.end_ticks - 1), drum, loud)


def _follows_silence(song: Arrangement, ticks: int) -> bool:
    return song.is_silent(max(0, ticks - _DRUM_TICKS))


def _opening(song: Arrangement, bar: PlayedBar, rng: random.Random) -> Iterator[Note]:
    """Yield the cymbal that opens a full section, softer where a quiet one follows a full one."""
    if bar.index or song.is_silent(bar.onset_ticks) or not any(song.band.drums[bar.passage.level]):
        return
    is_full = bar.passage.level >= FULL
    if is_full or (bar.before is not None and bar.before.level >= FULL):
        base = CYMBAL_VELOCITY * (1 if is_full else _SOFTER_OPENING)
        onset = song.band.groove.loose(bar.onset_ticks, rng, on_time=True)
        yield _hit(song, onset, song.band.opening, velocity(base, bar.passage, bar.onset_ticks, rng))


def _ending(song: Arrangement, rng: random.Random) -> Iterator[Note]:
    """Yield the strokes with which the last chord begins."""
    last = song.passages[-1]
    if any(song.band.drums[last.level]) and not song.is_silent(song.hold_ticks):
        low = KICK if song.band.opening == CRASH else FLOOR_TOM
        yield _hit(song, song.hold_ticks, low, velocity(DRUM_VELOCITIES["x"], last, song.hold_ticks, rng))
        yield _hit(song, song.hold_ticks, song.band.opening, velocity(CYMBAL_VELOCITY, last, song.hold_ticks, rng))


def _hit(song: Arrangement, onset_ticks: int, drum: int, loud: int) -> Note:
    return Note(onset_ticks, drum, min(_DRUM_TICKS, song.length_ticks - onset_ticks), loud)
