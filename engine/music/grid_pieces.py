"""Pieces on the grid, taken apart and put together for the composer: bars, voices, ranges, answers. Does not know models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from engine.errors import RequestError
from engine.music.lead_sheet import ChordSpan
from engine.music.part_events import Written
from engine.music.part_vocabulary import HIGHEST_PITCH, LOWEST_PITCH, STEP_TICKS
from engine.music.piece import VOICES, Bar, Piece, Voice
from engine.music.piece_grid import GridBar, GridPiece, to_chords, to_notes
from engine.music.score import TimeSignature
from engine.music.theory import Chord

T = TypeVar("T")
NEAR_BARS = 8  # before and after, that say how dense the music is


def with_bars(piece: Piece, count: int) -> Piece:
    """Return the piece with so many empty bars after it, each a whole one of the last time signature."""
    last = piece.bars[-1]
    length = last.time_signature.bar_ticks
    more = (Bar(last.end_ticks + n * length, length, last.time_signature) for n in range(count))
    return replace(piece, bars=(*piece.bars, *more))


def voices_of(piece: Piece) -> tuple[Voice, ...]:
    return tuple(voice for voice in VOICES if piece.parts.get(voice))


def melody_of(piece: Piece) -> Voice:
    found: Voice | None = next((v for v in ("melody", "soprano") if piece.parts.get(v)), None)
    if found is None:
        raise RequestError("there is no melody to go by; name the track that has it")
    return found


def beside(grid: GridPiece, voice: Voice) -> tuple[Voice, ...]:
    return tuple(v for v in grid.voices if v not in (voice, "accompaniment"))


def clear(grid: GridPiece, bars: range, voices: Sequence[Voice], *, chords: bool) -> None:
    for bar in bars:
        for voice in voices:
            grid.notes[voice][bar] = []
        if chords:
            grid.chords[bar] = []


def put(grid: GridPiece, chunk: range, told: Written, voices: Sequence[Voice]) -> None:
    for place, bar in enumerate(chunk):
        for voice in voices:
            grid.notes.setdefault(voice, [[] for _ in grid.bars])[bar] = told.notes.get(voice, [[]] * len(chunk))[place]
        if told.chords[place]:
            grid.chords[bar] = told.chords[place]


def moved_range(limits: tuple[int, int], semitones: int) -> tuple[int, int]:
    low, high = limits
    return max(LOWEST_PITCH, low + semitones), min(HIGHEST_PITCH, high + semitones)


def usual_range(grid: GridPiece, voice: Voice) -> tuple[int, int]:
    """Return the range in which a voice sounds in the piece, with two semitones more on each side."""
    pitches = [note.pitch for of_bar in grid.notes.get(voice, ()) for note in of_bar]
    return (min(pitches) - 2, max(pitches) + 2) if pitches else (LOWEST_PITCH, HIGHEST_PITCH)


def common_range(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    low, high = max(first[0], second[0], LOWEST_PITCH), min(first[1], second[1], HIGHEST_PITCH)
    return (low, high) if low <= high else second


def cut(part: Sequence[T], bars: Sequence[GridBar], limits: tuple[int, int]) -> tuple[Sequence[T], Sequence[GridBar]]:
    first, last = limits
    return part[first : last + 1], bars[first : last + 1]


def piece_of(grid: GridPiece, bars: range, voices: Sequence[Voice]) -> Piece:
    """Return some bars of the grid as a piece in ticks and in its own key."""
    spans = grid.bars[bars.start : bars.stop]
    parts = {
        voice: to_notes(
            grid.notes[voice][bars.start : bars.stop], spans, grid.semitones, single=voice != "accompaniment"
        )
        for voice in voices
    }
    signatures = [TimeSignature(*map(int, bar.signature.split("/"))) for bar in spans]
    whole = tuple(Bar(b.onset_ticks, b.steps * STEP_TICKS, s) for b, s in zip(spans, signatures, strict=True))
    return Piece(
        whole, parts, to_chords(grid.chords[bars.start : bars.stop], spans, grid.semitones, grid.key), grid.key
    )


def notes_a_bar(grid: GridPiece, voices: Sequence[Voice], chunk: range) -> float:
    """Return how many notes the bars around a chunk have, each on average."""
    near = [n for n in range(chunk.start - NEAR_BARS, chunk.stop + NEAR_BARS) if 0 <= n < len(grid.bars)]
    counts = [count for bar in near if (count := sum(len(grid.notes[voice][bar]) for voice in voices))]
    return sum(counts) / len(counts) if counts else 0.0


def ending_at_home(chords: tuple[ChordSpan, ...], piece: Piece, melody: Voice) -> tuple[ChordSpan, ...]:
    """Return chords that end on the tonic under the last note of the melody, where that is a tone of the tonic's chord."""
    if piece.key is None or not chords:
        return chords
    last = max(piece.parts[melody])
    tonic = Chord(piece.key.tonic, "m" if piece.key.mode == "minor" else "maj")
    end = chords[-1].onset_ticks + chords[-1].duration_ticks
    if last.pitch % 12 not in tonic.pitch_classes or not chords[0].onset_ticks < last.onset_ticks < end:
        return chords
    before = [
        replace(span, duration_ticks=min(span.duration_ticks, last.onset_ticks - span.onset_ticks))
        for span in chords
        if span.onset_ticks < last.onset_ticks
    ]
    symbol = tonic.symbol_in(piece.key)
    if before[-1].symbol == symbol:
        return (*before[:-1], replace(before[-1], duration_ticks=end - before[-1].onset_ticks))
    return (*before, ChordSpan(last.onset_ticks, end - last.onset_ticks, symbol))
