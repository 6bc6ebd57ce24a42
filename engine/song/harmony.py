"""The chords of each section, typed or in Roman numerals, laid over bars. Does not know words, melody or band."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import cycle, groupby, islice

from engine.music.chord_progression import Progression, is_numeral, parse_progression
from engine.music.lead_sheet import ChordSpan
from engine.music.roman_numerals import chord_of_degree
from engine.music.score import TimeSignature
from engine.music.theory import Chord, Key, Mode, all_keys, read_symbol
from engine.song.chord_writer import MODELLED_STYLES, write_palette
from engine.song.form import SectionKind
from engine.song.progressions import Cell, Palette, lay_lines, lay_vamp
from engine.song.styles import Style, find_style


def parse_chords(text: str) -> Progression:
    """Read a typed progression; RequestError for a chord that there is not, with the nearest one."""
    return parse_progression(text)


def key_of_chords(progression: Progression, otherwise: Key) -> Key:
    """Return the key that was typed with the chords, or else the one that suits them.

    Of chord symbols that is the key in which most are at home; the first and the last weigh as tonics. Numerals can be
    in any key, so `otherwise` is taken, in the mode that they speak of: a tonic `i` is minor, `I` is major.
    """
    if progression.key is not None:
        return progression.key
    chords = [chord for symbol in progression.symbols if (chord := _absolute(symbol)) is not None]
    if chords:
        return max(all_keys(), key=lambda key: sum(_at_home(chord, key) for chord in chords) + _as_tonic(chords, key))
    tonics = {
        numeral[0] for numeral in progression.numerals if re.fullmatch(r"(?:I|i)(?![IViv])(?:[^/]|/[#b\d])*", numeral)
    }
    mode = {"I": "major", "i": "minor"}.get("".join(tonics), otherwise.mode)
    return otherwise if mode == otherwise.mode else otherwise.parallel


def _absolute(symbol: str) -> Chord | None:
    return None if is_numeral(symbol) else read_symbol(symbol)


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
    """The progressions that the seed chose for one song, or the chord model wrote, one per kind of section."""

    def __init__(self, style: Style, mode: Mode, rng: random.Random) -> None:
        self.style, self.mode, self.rng = style, mode, rng
        palette = self._palette()
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

    def renew(self, kind: SectionKind) -> None:
        """Choose another progression for sections of a kind, where there is one."""
        others = [one for one in getattr(self._palette(), kind) if one != self.sung[kind]]
        self.sung[kind] = self.rng.choice(others) if others else self.sung[kind]

    def _palette(self) -> Palette:
        """Return what the chord model writes for styles that it has learnt from, and else the style's own."""
        own = self.style.palettes[self.mode]
        is_forms = own is not find_style(self.style.name).palettes[self.mode]  # such as that of a blues in every style
        if self.style.name in MODELLED_STYLES and not is_forms:
            return write_palette(own, self.style.name, self.mode, self.rng)
        return own

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
    """Return the cells as chord symbols in ticks from 0 on, equal neighbours as one; a bar of three is shared two to one."""
    beat = time_signature.beat_ticks
    spans, bars, onset = [], Fraction(0), 0
    for numeral, held in groupby(cells, key=lambda cell: cell.numeral):
        bars += sum((cell.bars for cell in held), Fraction(0))
        end = math.ceil(bars * time_signature.numerator) * beat
        spans.append(ChordSpan(onset, end - onset, chord_of_degree(key, numeral).symbol_in(key)))
        onset = end
    return tuple(spans)


def typed_spans(progression: Progression, key: Key, bars: int, time_signature: TimeSignature) -> tuple[ChordSpan, ...]:
    """Return the typed bars from the first on and round again until the section is full; numerals are read in the key."""
    spans: list[ChordSpan] = []
    for bar, symbols in enumerate(islice(cycle(progression.in_key(key).bars), bars)):
        spans += _shared(symbols, bar * time_signature.bar_ticks, time_signature)
    return tuple(spans)


def _shared(symbols: Sequence[str], start: int, time_signature: TimeSignature) -> Iterator[ChordSpan]:
    """Yield the chords of one bar from a tick on, on its beats or parts of them; a bar of three is shared two to one."""
    parts, ticks = time_signature.numerator, time_signature.beat_ticks
    while parts < len(symbols):
        parts, ticks = 2 * parts, ticks // 2
    onsets = [math.ceil(Fraction(place * parts, len(symbols))) * ticks for place in range(len(symbols) + 1)]
    for held, group in groupby(range(len(symbols)), key=lambda place: symbols[place]):
        places = list(group)
        onset = onsets[places[0]]
        yield ChordSpan(start + onset, onsets[places[-1] + 1] - onset, held)


def cut_chords_notice(typed: str | None, sections: Iterable[tuple[str, int]]) -> str:
    """Return a sentence on the sections at whose end typed chords are cut, "" where they come out even.

    sections: labels, and lengths in bars.
    """
    if typed is None:
        return ""
    bars = len(parse_chords(typed).bars)
    cut = ", ".join(dict.fromkeys(label for label, length in sections if length % bars))
    return f"the {bars} bars of chords are played again and again, and break off at the end of: {cut}" if cut else ""
