"""A composer that walks up and down the scale: real music by rule, for tests of edits. Knows no model."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from engine.errors import Cancelled, RequestError
from engine.music.lead_sheet import ChordSpan
from engine.music.piece import CHOIR, Asked, Bar, Piece, Voice
from engine.music.score import Note
from engine.music.theory import Key

SIXTEENTH = 120
HOME: dict[Voice, int] = {"melody": 67, "soprano": 67, "alto": 62, "tenor": 55, "bass": 45, "accompaniment": 60}
SYMBOLS = ("C", "Am", "F", "G7")


class ScaleComposer:
    """A `piece.Composer`: quarters up the scale for what is new, a step in the scale for another pitch."""

    version = "scale"

    def continue_piece(self, piece: Piece, bars: int, asked: Asked) -> Piece:
        last = piece.bars[-1]
        length = last.time_signature.bar_ticks
        more = tuple(Bar(last.end_ticks + n * length, length, last.time_signature) for n in range(bars))
        return self._written(replace(piece, bars=more), asked)

    def infill(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> Piece:
        return self._written(replace(piece, bars=piece.bars[bars[0] : bars[1] + 1]), asked)

    def chords_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> tuple[ChordSpan, ...]:
        _need_melody(piece)
        return self._chords(piece.bars[bars[0] : bars[1] + 1], asked)

    def voices_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> Mapping[Voice, tuple[Note, ...]]:
        _need_melody(piece)
        inside = piece.bars[bars[0] : bars[1] + 1]
        return {voice: self._scale(piece, voice, inside, asked) for voice in CHOIR[1:]}

    def melody_for(self, piece: Piece, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        inside = piece.bars[bars[0] : bars[1] + 1]
        notes = self._scale(piece, "melody", inside, asked)
        return tuple(replace(note, pitch=min(asked.high, max(asked.low, note.pitch))) for note in notes)

    def other_pitches(self, piece: Piece, voice: Voice, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        rng = random.Random(asked.seed)
        changed = [
            replace(note, pitch=min(asked.high, max(asked.low, note.pitch + rng.choice((-2, 2, 5)))))
            if rng.random() < asked.amount
            else note
            for note in _inside(piece, voice, bars)
        ]
        return tuple(sorted(changed))

    def other_rhythm(self, piece: Piece, voice: Voice, bars: tuple[int, int], asked: Asked) -> tuple[Note, ...]:
        rng, found = random.Random(asked.seed), []
        for bar in piece.bars[bars[0] : bars[1] + 1]:
            notes = [n for n in _inside(piece, voice, bars) if bar.onset_ticks <= n.onset_ticks < bar.end_ticks]
            places = range(bar.onset_ticks, bar.end_ticks, SIXTEENTH)
            if rng.random() >= asked.amount or len(places) < len(notes):
                found += notes
                continue
            onsets = sorted(rng.sample(places, len(notes)))
            ends = [*onsets[1:], bar.end_ticks][: len(notes)]
            found += [
                replace(n, onset_ticks=a, duration_ticks=b - a) for n, a, b in zip(notes, onsets, ends, strict=True)
            ]
        return tuple(found)

    def _written(self, piece: Piece, asked: Asked) -> Piece:
        parts = {voice: self._scale(piece, voice, piece.bars, asked) for voice, part in piece.parts.items() if part}
        return replace(piece, parts=parts, chords=self._chords(piece.bars, asked) if piece.chords else ())

    def _chords(self, bars: tuple[Bar, ...], asked: Asked) -> tuple[ChordSpan, ...]:
        return tuple(
            ChordSpan(bar.onset_ticks, bar.duration_ticks, SYMBOLS[(asked.seed + n) % 4]) for n, bar in enumerate(bars)
        )

    def _scale(self, piece: Piece, voice: Voice, bars: tuple[Bar, ...], asked: Asked) -> tuple[Note, ...]:
        """Return quarters up the scale, each bar from its own degree on."""
        scale = (piece.key or Key(0)).scale
        tones = [pitch for pitch in range(HOME[voice] - 7, HOME[voice] + 8) if pitch % 12 in scale]
        notes = []
        for number, bar in enumerate(bars):
            if asked.cancelled():
                raise Cancelled("the song was taken back")
            asked.report(number, len(bars))
            for beat, onset in enumerate(range(bar.onset_ticks, bar.end_ticks, 480)):
                pitch = tones[(asked.seed + number + beat) % len(tones)]
                notes.append(Note(onset, pitch, min(480, bar.end_ticks - onset)))
        return tuple(notes)


def _inside(piece: Piece, voice: Voice, bars: tuple[int, int]) -> list[Note]:
    start, end = piece.bars[bars[0]].onset_ticks, piece.bars[bars[1]].end_ticks
    return [note for note in piece.parts[voice] if start <= note.onset_ticks < end]


def _need_melody(piece: Piece) -> None:
    if not (piece.parts.get("melody") or piece.parts.get("soprano")):
        raise RequestError("there is no melody to go by")
