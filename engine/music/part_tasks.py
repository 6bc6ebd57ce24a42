"""What the composing model is given and what it answers, task by task: the same for training and for writing.

Does not know models, training or how an answer is chosen. An example is a prompt and its answer; an answer that is known in
part begins with what is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.music.part_events import prefix, stream
from engine.music.part_vocabulary import VOCABULARY
from engine.music.piece import Voice
from engine.music.piece_grid import GridPiece

UNDER: tuple[Voice, ...] = ("alto", "tenor", "bass")


@dataclass(frozen=True)
class Example:
    """prompt: ids up to where the answer begins. answer: ids, closed by the end id."""

    prompt: list[int]
    answer: list[int]

    @property
    def ids(self) -> list[int]:
        return self.prompt + self.answer


def continued(grid: GridPiece, context: Sequence[int], target: Sequence[int], voices: Sequence[Voice]) -> Example:
    """Bars that go on after others; the answer goes on in the stream of the prompt."""
    chords = any(grid.chords)
    whole = list(stream(grid, [*context, *target], voices, chords=chords))
    known = len(list(stream(grid, context, voices, chords=chords)))
    begin = prefix("continue", grid.style, minor=grid.minor)
    return Example(begin + whole[:known], [*whole[known:], VOCABULARY.end_id])


def infilled(
    grid: GridPiece, before: Sequence[int], target: Sequence[int], after: Sequence[int], voices: Sequence[Voice]
) -> Example:
    """Bars between others."""
    chords = any(grid.chords)
    prompt = [
        *prefix("infill", grid.style, minor=grid.minor),
        *stream(grid, before, voices, chords=chords),
        VOCABULARY.hole_id,
        *stream(grid, after, voices, chords=chords),
        VOCABULARY.separator_id,
    ]
    return Example(prompt, [*stream(grid, target, voices, chords=chords), VOCABULARY.end_id])


def with_chords(grid: GridPiece, bars: Sequence[int], melody: Voice) -> Example:
    """Chords to a melody."""
    given = stream(grid, bars, (melody,), chords=False)
    return _translated("chords", grid, given, stream(grid, bars, (), chords=True))


def with_voices(grid: GridPiece, bars: Sequence[int], melody: Voice) -> Example:
    """Alto, tenor and bass under a melody."""
    given = stream(grid, bars, (melody,), chords=False)
    return _translated("voices", grid, given, stream(grid, bars, UNDER, chords=False))


def with_melody(grid: GridPiece, bars: Sequence[int], melody: Voice) -> Example:
    """A melody to chords."""
    given = stream(grid, bars, (), chords=True)
    return _translated("melody", grid, given, stream(grid, bars, (melody,), chords=False))


def with_pitches(grid: GridPiece, bars: Sequence[int], voice: Voice, beside: Sequence[Voice]) -> Example:
    """The pitches of a voice whose rhythm is told, knowing the chords and the voices beside it."""
    given = stream(grid, bars, [*beside, voice], chords=any(grid.chords), hidden_pitches=voice)
    return _translated("pitches", grid, given, stream(grid, bars, (voice,), chords=False))


def with_rhythm(grid: GridPiece, bars: Sequence[int], voice: Voice, beside: Sequence[Voice]) -> Example:
    """The rhythm of a voice whose pitches are told by bar, knowing the chords and the voices beside it."""
    given = stream(grid, bars, beside, chords=any(grid.chords), hidden_rhythm=voice)
    return _translated("rhythm", grid, given, stream(grid, bars, (voice,), chords=False))


def _translated(task: str, grid: GridPiece, given: Iterable[int], answer: Iterable[int]) -> Example:
    begin = prefix(task, grid.style, minor=grid.minor)
    return Example([*begin, *given, VOCABULARY.separator_id], [*answer, VOCABULARY.end_id])
