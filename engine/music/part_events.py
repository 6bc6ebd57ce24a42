"""Pieces as ids for the composing model: bars, positions, chords, voices, pitches, durations. Does not know models.

A voice is named where it is not the one before, so a melody alone costs three ids a note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.music.part_vocabulary import LOWEST_PITCH, VOCABULARY
from engine.music.piece import VOICES, Voice
from engine.music.piece_grid import GridBar, GridNote, GridPiece


def prefix(task: str, style: str, *, minor: bool) -> list[int]:
    """Return what every sequence begins with."""
    of = VOCABULARY.id_of
    return [VOCABULARY.start_id, of(f"task:{task}"), of(f"style:{style}"), of(f"mode:{'minor' if minor else 'major'}")]


def stream(
    grid: GridPiece,
    bars: Iterable[int],
    voices: Collection[Voice],
    *,
    chords: bool,
    hidden_pitches: Voice | None = None,
    hidden_rhythm: Voice | None = None,
) -> Iterator[int]:
    """Yield the ids of some bars: voices and chords that are named, in order of time, then chord, voice, pitch downwards.

    hidden_pitches: a voice whose pitches are not told. hidden_rhythm: one of which only the pitches are, at the bar's end.
    """
    speaking: Voice | None = None
    is_first = True
    for number in bars:
        bar = grid.bars[number]
        yield VOCABULARY.bar(bar.signature)
        moments: dict[int, list[tuple[int, Voice | None, GridNote | int]]] = {}
        for step, chord in _chords_of(grid, number, is_first=is_first) if chords else ():
            moments.setdefault(step, []).append((-1, None, chord))
        is_first = False
        for rank, voice in enumerate(VOICES):
            if voice in voices and voice != hidden_rhythm:
                for note in grid.notes.get(voice, [()] * len(grid.bars))[number]:
                    moments.setdefault(note.step, []).append((rank, voice, note))
        for step in sorted(moments):
            yield VOCABULARY.position(bar.offset + step)
            for _, voice_here, what in sorted(moments[step], key=lambda m: m[0]):
                if isinstance(what, int):
                    yield what
                    continue
                assert voice_here is not None
                if voice_here != speaking:
                    yield VOCABULARY.voice(voice_here)
                    speaking = voice_here
                yield VOCABULARY.ranges["hidden"][0] if voice_here == hidden_pitches else VOCABULARY.pitch(what.pitch)
                yield VOCABULARY.duration(what.duration)
        if hidden_rhythm is not None:
            if speaking != hidden_rhythm:
                yield VOCABULARY.voice(hidden_rhythm)
                speaking = hidden_rhythm
            for note in grid.notes.get(hidden_rhythm, [()] * len(grid.bars))[number]:
                yield VOCABULARY.pitch(note.pitch)


def _chords_of(grid: GridPiece, bar: int, *, is_first: bool) -> list[tuple[int, int]]:
    """Return the chords of a bar; the first of a stream also names the one that goes on from before."""
    here = grid.chords[bar]
    if is_first and not (here and here[0][0] == 0):
        sounding = next((of_bar[-1][1] for of_bar in reversed(grid.chords[:bar]) if of_bar), None)
        return here if sounding is None else [(0, sounding), *here]
    return here


@dataclass
class Written:
    """What a stream says: notes by voice and chords, by bar, on the grid."""

    notes: dict[Voice, list[list[GridNote]]]
    chords: list[list[tuple[int, int]]]


def read_stream(ids: Iterable[int], bars: Sequence[GridBar]) -> Written:
    """Return what ids of a stream over so many bars say; whatever is not of the stream's kinds ends it."""
    voices: dict[Voice, list[list[GridNote]]] = {}
    chords: list[list[tuple[int, int]]] = [[] for _ in bars]
    bar, step, speaking, pitch = -1, 0, VOICES[0], 0
    for token in ids:
        kind = VOCABULARY.kind(token)
        if kind == "bar" and bar + 1 < len(bars):
            bar += 1
        elif kind == "position":
            step = VOCABULARY.value(token) - bars[bar].offset
        elif kind == "chord":
            chords[bar].append((step, token))
        elif kind == "voice":
            speaking = VOICES[VOCABULARY.value(token)]
        elif kind == "pitch":
            pitch = VOCABULARY.value(token) + LOWEST_PITCH
        elif kind == "duration":
            part = voices.setdefault(speaking, [[] for _ in bars])
            part[bar].append(GridNote(step, pitch, VOCABULARY.value(token) + 1))
        else:
            break
    return Written(voices, chords)
