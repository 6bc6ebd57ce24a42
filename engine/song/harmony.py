"""The chords of each section, typed or in Roman numerals, laid over bars. Does not know words, melody or band."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import cycle, islice

from engine.errors import RequestError
from engine.music.lead_sheet import ChordSpan
from engine.music.score import TimeSignature
from engine.music.theory import Chord, Key, all_keys, chord_of_degree
from engine.song.form import SectionKind
from engine.song.progressions import Cell, Palette, lay_lines, lay_vamp

MOST_CHORDS = 64


def parse_chords(text: str) -> tuple[str, ...]:
    """Read chord symbols parted by spaces, commas or bar lines, kept as typed; RequestError for any other."""
    symbols = tuple(symbol for symbol in re.split(r"[\s,|]+", text) if symbol.strip("-–—"))
    if not 1 <= len(symbols) <= MOST_CHORDS:
        raise RequestError(f"chords must be 1-{MOST_CHORDS} symbols, got {len(symbols)}; write them such as C G Am F")
    for symbol in symbols:
        Chord.parse(symbol)
    return symbols


def key_of_chords(symbols: Sequence[str]) -> Key:
    """Return the key in which most chords are at home; the first and the last chord weigh as tonics."""
    chords = [Chord.parse(symbol) for symbol in symbols]
    return max(all_keys(), key=lambda key: sum(_at_home(chord, key) for chord in chords) + _as_tonic(chords, key))


def _at_home(chord: Chord, key: Key) -> float:
    raised_seventh = {(key.tonic + 11) % 12} if key.mode == "minor" else set()
    outside = set(chord.pitch_classes) - set(key.scale)
    if not outside:
        return 1.0
    return 0.75 if outside <= raised_seventh and chord.root == (key.tonic + 7) % 12 else 0.0


def _as_tonic(chords: Sequence[Chord], key: Key) -> float:
    def is_tonic(chord: Chord) -> bool:
        return chord.root == key.tonic and chord.has_minor_third == (key.mode == "minor")

    return 0.6 * is_tonic(chords[0]) + 0.5 * is_tonic(chords[-1])


class Harmony:
    """The progressions that the seed chose for one song, one per kind of section."""

    def __init__(self, palette: Palette, rng: random.Random) -> None:
        self.dominant = palette.dominant
        verse = rng.choice(palette.verse)
        chorus = rng.choice([progression for progression in palette.chorus if progression != verse])
        self.sung: dict[SectionKind, str] = {
            "verse": verse,
            "chorus": chorus,
            "bridge": rng.choice(palette.bridge),
            "prechorus": rng.choice(palette.prechorus),
        }
        self.vamp = rng.choice(palette.vamps)
        self.amen = tuple(rng.choice(palette.amens).split())

    def end_on_tonic(self, kind: SectionKind) -> None:
        """Let sections of a kind close as the chorus does, since the song ends with one."""
        if kind in ("bridge", "prechorus"):
            body, _ = self.sung[kind].rsplit("|", 1)
            self.sung[kind] = body + "|" + self.sung["chorus"].rsplit("|", 1)[1]

    def cells(self, kind: SectionKind, *, bars: int, lines: int, bars_per_line: int, is_last: bool) -> tuple[Cell, ...]:
        """Return the chords of a section that is `bars` bars long."""
        if lines:
            return lay_lines(self.sung[kind], lines=lines, bars_per_line=bars_per_line)
        close = self.amen if is_last else (self.dominant,)
        vamp = self.sung["chorus"].replace("|", " ") if kind == "instrumental" else self.vamp
        return lay_vamp(vamp, bars=bars, close=close)


def chord_spans(cells: Sequence[Cell], key: Key, time_signature: TimeSignature) -> tuple[ChordSpan, ...]:
    """Return the cells as chord symbols in ticks from 0 on; a bar of three beats is shared two to one."""
    beat = time_signature.beat_ticks
    spans, bars = [], Fraction(0)
    for cell in cells:
        onset = math.ceil(bars * time_signature.numerator) * beat
        bars += cell.bars
        end = math.ceil(bars * time_signature.numerator) * beat
        spans.append(ChordSpan(onset, end - onset, chord_of_degree(key, cell.numeral).symbol_in(key)))
    return tuple(spans)


def typed_spans(symbols: Sequence[str], bars: int, time_signature: TimeSignature) -> tuple[ChordSpan, ...]:
    """Return the typed symbols, one per bar, from the first on and round again until the section is full."""
    ticks = time_signature.bar_ticks
    return tuple(ChordSpan(bar * ticks, ticks, symbol) for bar, symbol in enumerate(islice(cycle(symbols), bars)))
