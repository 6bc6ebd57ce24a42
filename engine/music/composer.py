"""The composer: a small causal model that continues, fills in, harmonises and varies pieces. Does not know scores or files.

It writes eight bars at a time, each answer under a grammar, and takes the likeliest of a few. What it is given and what it
answers is `part_tasks`, the same as in its training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.decoding import Candidate, Constraint, decode
from engine.decoding import Sequence as Wanted
from engine.errors import RequestError
from engine.families import CausalModel
from engine.music.endings import home_of, landing, unlike
from engine.music.grid_pieces import (
    beside,
    clear,
    common_range,
    cut,
    ending_at_home,
    melody_of,
    moved_range,
    notes_a_bar,
    piece_of,
    put,
    usual_range,
    voices_of,
    with_bars,
)
from engine.music.lead_sheet import ChordSpan
from engine.music.part_events import read_stream
from engine.music.part_grammar import ForcedGrammar, Mask, RhythmGrammar, StreamGrammar
from engine.music.part_tasks import (
    UNDER,
    Example,
    continued,
    infilled,
    with_chords,
    with_melody,
    with_pitches,
    with_rhythm,
    with_voices,
)
from engine.music.part_vocabulary import LOWEST_PITCH, VOCABULARY
from engine.music.piece import VOICES, Asked, Piece, Voice
from engine.music.piece_grid import GridBar, GridPiece, to_chords, to_grid, to_notes
from engine.music.score import Note

BARS_AT_ONCE, BARS_BEFORE, BARS_AFTER = 8, 8, 4
CANDIDATES = 4
ENDINGS = 8  # candidates for the bars with which a piece ends
LEAST_ROOM = 8  # ids for an answer
# Where voices usually sing, for those that are written under a melody.
CHOIR_RANGES: dict[Voice, tuple[int, int]] = {"alto": (53, 77), "tenor": (46, 69), "bass": (36, 64)}


@dataclass
class EventComposer:
    """A `piece.Composer`. version: digest of the checkpoint. style: what it has read that the music is most like."""

    model: CausalModel
    version: str
    style: str = "any"

    def continue_piece(self, piece: Piece, bars: int, asked: Asked) -> Piece:
        """Return so many bars more, alone, in the last time signature, for the voices and chords that the piece has."""
        grown, voices = self._grid(with_bars(piece, bars)), voices_of(piece)
        first = len(piece.bars)
        if not voices and not piece.chords:
            raise RequestError("there are no notes to go on with; send music that has a melody or chords")
        for chunk in _chunks(first, len(grown.bars) - 1, asked):
            known = range(max(0, chunk.start - BARS_BEFORE), chunk.start)
            example = self._fitting(lambda k, c=chunk: continued(grown, k, c, voices), known, grown)  # type: ignore[misc]
            speaking = _speaking(example.prompt)
            is_last = chunk.stop == len(grown.bars)
            self._fill(grown, chunk, example, voices, asked, first, speaking, ends=is_last)
        return piece_of(grown, range(first, len(grown.bars)), voices)

    def infill(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> Piece:
        """Return the voices and chords of these bars written anew, alone, knowing what is before and after them."""
        grid, voices = self._grid(piece), voices_of(piece)
        if not voices and not piece.chords:
            raise RequestError("there are no notes to go on with; send music that has a melody or chords")
        first, last = bars
        after = range(last + 1, min(len(grid.bars), last + 1 + BARS_AFTER))
        clear(grid, range(first, last + 1), voices, chords=bool(piece.chords))
        for chunk in _chunks(first, last, asked):
            before = range(max(0, chunk.start - BARS_BEFORE), chunk.start)
            example = self._fitting(lambda k, c=chunk: infilled(grid, k, c, after, voices), before, grid)  # type: ignore[misc]
            self._fill(grid, chunk, example, voices, asked, first)
        return piece_of(grid, range(first, last + 1), voices)

    def chords_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> tuple[ChordSpan, ...]:
        """Return chords for the melody (or soprano) that fill these bars."""
        grid, melody = self._grid(piece), melody_of(piece)
        grid.chords = [[] for _ in grid.bars]
        self._translate(grid, bars, asked, lambda chunk: with_chords(grid, chunk, melody), (), chords=True)
        found = to_chords(*cut(grid.chords, grid.bars, bars), grid.semitones, grid.key)
        return ending_at_home(found, piece, melody) if bars[1] == len(piece.bars) - 1 else found

    def voices_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> Mapping[Voice, tuple[Note, ...]]:
        """Return alto, tenor and bass under the melody (or soprano) of these bars."""
        grid, melody = self._grid(piece), melody_of(piece)
        grid.notes["soprano"] = grid.notes[melody]
        for voice in UNDER:
            grid.notes[voice] = [[] for _ in grid.bars]
        ranges = {voice: moved_range(CHOIR_RANGES[voice], grid.semitones) for voice in UNDER}
        self._translate(grid, bars, asked, lambda chunk: with_voices(grid, chunk, "soprano"), UNDER, ranges=ranges)
        return {v: to_notes(*cut(grid.notes[v], grid.bars, bars), grid.semitones, single=True) for v in UNDER}

    def melody_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        """Return a new melody over the chords of these bars."""
        grid = self._grid(piece)
        if not piece.chords:
            raise RequestError("there are no chords to write a melody over; send music that has some")
        grid.notes["melody"] = [[] for _ in grid.bars]
        ranges: dict[Voice, tuple[int, int]] = {"melody": moved_range((asked.low, asked.high), grid.semitones)}
        self._translate(grid, bars, asked, lambda chunk: with_melody(grid, chunk, "melody"), ("melody",), ranges=ranges)
        return to_notes(*cut(grid.notes["melody"], grid.bars, bars), grid.semitones, single=True)

    def other_pitches(self, piece: Piece, voice: Voice, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        """Return the notes of a voice in these bars with every onset, duration and velocity kept."""
        grid, rng = self._grid(piece), np.random.default_rng(asked.seed)
        low, high = moved_range((asked.low, asked.high), grid.semitones)
        free = _pitch_mask(low, high)
        for chunk in _chunks(*bars, asked):
            known = range(max(0, chunk.start - BARS_BEFORE // 2), chunk.start)
            example = with_pitches(grid, [*known, *chunk], voice, beside(grid, voice))
            start = _start_of(example, known)
            pitches = [n for n, t in enumerate(example.answer) if n >= start and VOCABULARY.kind(t) == "pitch"]
            if not pitches:
                continue
            places: list[int | Mask] = list(example.answer)
            for place in rng.permutation(pitches)[: max(1, round(asked.amount * len(pitches)))]:
                places[place] = free if asked.amount == 1 else _all_but(free, example.answer[place])
            written = self._write(
                example.prompt + example.answer[:start], ForcedGrammar(places[start:]), asked, chunk.start
            )
            new = iter([t for t in written.ids if VOCABULARY.kind(t) == "pitch"])
            for bar in chunk:
                grid.notes[voice][bar] = [
                    replace(note, pitch=VOCABULARY.value(next(new)) + LOWEST_PITCH) for note in grid.notes[voice][bar]
                ]
        notes = [note for bar in range(bars[0], bars[1] + 1) for note in grid.notes[voice][bar]]
        return tuple(sorted(replace(n.source, pitch=n.pitch - grid.semitones) for n in notes if n.source is not None))

    def other_rhythm(self, piece: Piece, voice: Voice, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        """Return the notes of a voice in these bars with the pitches in the same order, and within the same bars."""
        grid, rng = self._grid(piece), np.random.default_rng(asked.seed)
        for chunk in _chunks(*bars, asked):
            known = range(max(0, chunk.start - BARS_BEFORE // 2), chunk.start)
            example = with_rhythm(grid, [*known, *chunk], voice, beside(grid, voice))
            part = grid.notes[voice]
            full = [bar for bar in chunk if part[bar]]
            changing = set(rng.permutation(full)[: max(1, round(asked.amount * len(full)))].tolist())
            kept = [
                None if bar in changing else [(note.step, note.duration) for note in part[bar]]
                for bar in [*known, *chunk]
            ]
            spans = [grid.bars[bar] for bar in [*known, *chunk]]
            pitches = [[note.pitch for note in part[bar]] for bar in [*known, *chunk]]
            written = self._write(example.prompt, RhythmGrammar(spans, voice, pitches, kept), asked, chunk.start)
            found = read_stream(written.ids, spans).notes.get(voice, [[] for _ in spans])
            for bar, new in zip(chunk, found[len(known) :], strict=True):
                part[bar] = [
                    replace(note, step=was.step, duration=was.duration)
                    for note, was in zip(part[bar], new, strict=True)
                ]
        return to_notes(*cut(grid.notes[voice], grid.bars, bars), grid.semitones, single=True)

    def _grid(self, piece: Piece) -> GridPiece:
        return to_grid(piece, self.style)

    def _fitting(self, example_of: Callable[[range], Example], known: range, grid: GridPiece) -> Example:
        """Return an example with as much context as the model has room for."""
        while True:
            example = example_of(known)
            if len(example.prompt) <= self.model.context_length // 2 or not known:
                return example
            known = range(known.start + 1, known.stop)

    def _fill(
        self, grid: GridPiece, chunk: range, example: Example, voices: Sequence[Voice], asked: Asked, first: int,
        speaking: Voice | None = None, *, ends: bool = False,
    ) -> None:  # fmt: skip
        """Write the bars of a chunk into the grid. ends: whether the piece ends with them."""
        spans = [grid.bars[bar] for bar in chunk]
        limits = moved_range((asked.low, asked.high), grid.semitones)
        ranges = {v: common_range(usual_range(grid, v), limits) for v in voices}
        grammar = lambda: StreamGrammar(  # noqa: E731
            spans, voices, chords=any(grid.chords), ranges=ranges, speaking=speaking
        )
        expected = notes_a_bar(grid, voices, chunk) * len(chunk)
        home = home_of(minor=grid.minor) if ends else ()
        ids = self._write_any(example.prompt, grammar, spans, asked, chunk.start - first, speaking, expected, home)
        put(grid, chunk, read_stream(ids, spans), voices)

    def _translate(
        self, grid: GridPiece, bars: tuple[int, int], asked: Asked, example_of: Callable[[Sequence[int]], Example],
        voices: Sequence[Voice], *, chords: bool = False, ranges: Mapping[Voice, tuple[int, int]] | None = None,
    ) -> None:  # fmt: skip
        """Write the answer to what is given, chunk by chunk; the bars before a chunk show what was answered so far."""
        for chunk in _chunks(*bars, asked):
            known = range(max(bars[0], chunk.start - BARS_BEFORE // 2), chunk.start)
            example = example_of([*known, *chunk])
            start = _start_of(example, known)
            done = example.answer[:start]
            spans = [grid.bars[bar] for bar in chunk]
            speaking = _speaking(done)
            grammar = lambda s=spans, v=speaking: StreamGrammar(s, voices, chords=chords, ranges=ranges, speaking=v)  # noqa: E731
            ends = voices == ("melody",) and chunk.stop == len(grid.bars)
            home = home_of(minor=grid.minor) if ends else ()
            ids = self._write_any(example.prompt + done, grammar, spans, asked, chunk.start, speaking, home=home)
            put(grid, chunk, read_stream(ids, spans), voices)

    def _write_any(
        self, prompt: list[int], grammar: Callable[[], StreamGrammar], spans: Sequence[GridBar], asked: Asked, salt: int,
        speaking: Voice | None, expected: float = 0.0, home: Sequence[int] = (),
    ) -> list[int]:  # fmt: skip
        """Return an answer over some bars. home: of the chord that the piece ends on with them; none where it goes on."""
        named = [] if speaking is None else [VOCABULARY.voice(speaking)]

        def worth(ids: Sequence[int]) -> float:
            landed = landing(read_stream([*named, *ids], spans).notes, home) if home else 0.0
            return landed - unlike(ids, expected)

        found = self._decode(prompt, grammar, asked, salt, ENDINGS if home else CANDIDATES, worth)
        return [*named, *found.ids]

    def _write(self, prompt: list[int], constraint: Constraint, asked: Asked, salt: int) -> Candidate:
        return self._decode(prompt, lambda: constraint, asked, salt, 1, lambda ids: 0.0)

    def _decode(
        self, prompt: list[int], constraint: Callable[[], Constraint], asked: Asked, salt: int,
        candidates: int, worth: Callable[[Sequence[int]], float],
    ) -> Candidate:  # fmt: skip
        """Return the best of a few answers that came to their end: by likelihood a token, and what they are worth beside it."""
        room = self.model.context_length - len(prompt)
        if room < LEAST_ROOM:
            raise RequestError("these bars hold too many notes; name fewer bars, or a track with fewer notes")
        wanted = [
            Wanted(prompt, asked.sampling, (asked.seed * 1009 + salt * 31 + n) % 2**31, room, constraint())
            for n in range(candidates)
        ]
        written = [c for c in decode(self.model, wanted, slots=CANDIDATES, cancelled=asked.cancelled) if c.finished]
        if not written:
            raise RequestError("these bars hold too many notes; name fewer bars, or a track with fewer notes")

        return max(written, key=lambda c: c.log_probability / max(1, len(c.ids)) + worth(c.ids))


def _chunks(first: int, last: int, asked: Asked) -> Iterator[range]:
    """Yield the bars that are written at once, one after another, and report how many are done."""
    for start in range(first, last + 1, BARS_AT_ONCE):
        asked.report(start - first, last + 1 - first)
        yield range(start, min(start + BARS_AT_ONCE, last + 1))


def _start_of(example: Example, known: range) -> int:
    """Return where in the answer the bars after the known ones begin."""
    bars = [place for place, token in enumerate(example.answer) if VOCABULARY.kind(token) == "bar"]
    return bars[len(known)] if len(known) < len(bars) else len(example.answer) - 1


def _speaking(ids: Sequence[int]) -> Voice | None:
    """Return the voice that was named last in the stream that ids end with."""
    for token in reversed(ids):
        kind = VOCABULARY.kind(token)
        if kind == "voice":
            return VOICES[VOCABULARY.value(token)]
        if kind == "mark":
            return None
    return None


def _all_but(mask: Mask, token_id: int) -> Mask:
    """Return the mask without an id, unless that is all there is."""
    rest = mask.copy()
    rest[token_id] = False
    return rest if rest.any() else mask


def _pitch_mask(low: int, high: int) -> Mask:
    mask = np.zeros(len(VOCABULARY), np.bool_)
    mask[VOCABULARY.pitch(low) : VOCABULARY.pitch(high) + 1] = True
    return mask
