"""Chord progressions as people type them: symbols, numerals, bars and repeats. Does not know songs, sections or ticks.

`C G Am F` is a bar each. With bar lines, what stands between two of them shares a bar: `C G | Am F`; `/` holds the chord
before for another share, and `%` is the bar before again. `x2` repeats all since the repeat before it, `|: :|` what it
encloses. Commas, dashes and arrows part chords too: `ii-V-I in Eb`. `N.C.` is no chord.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.errors import RequestError
from engine.music.roman_numerals import chord_of_degree, nearest_numerals
from engine.music.theory import NO_CHORD, Chord, Key, advice, cut_symbol, nearest_chords, plain_symbol

MOST_CHORDS = 64
MOST_IN_A_BAR = 8
MOST_TIMES = 16
_IN_KEY = re.compile(r"(?:^|\s)in\s+(?:the\s+key\s+of\s+)?([^|]+)$", re.IGNORECASE)
_APART = re.compile(r"[\s,;]+|->|[–—→]")
_TOKEN = re.compile(r"\|:|:\||\|+|[^\s|:]+|:")
_TIMES = re.compile(r"[x×*](\d{1,3})|(\d{1,3})[x×]", re.IGNORECASE)
_SILENT = re.compile(r"n\.?c\.?", re.IGNORECASE)
_NUMERAL = re.compile(r"[#b]?[IViv]+(?![a-z]*[A-HJ-Z])\S*")
_NAMES = re.compile(r"([A-Ga-g])(.*?)(?:(\s*/\s*)([A-Ga-g])([#b]*))?", re.DOTALL)


@dataclass(frozen=True)
class Progression:
    """Bars of chords, each an equal share of its bar: chord symbols, "N.C." or Roman numerals.

    key: the one that was typed with it, in which its numerals have been read, or None.
    """

    bars: tuple[tuple[str, ...], ...]
    key: Key | None = None

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every chord in its order, bars joined; numerals as numerals."""
        return tuple(symbol for bar in self.bars for symbol in bar)

    @property
    def numerals(self) -> tuple[str, ...]:
        """The Roman numerals that still wait for a key."""
        return tuple(symbol for symbol in self.symbols if is_numeral(symbol))

    def in_key(self, key: Key) -> Progression:
        """Return the progression with its numerals as the chord symbols that they are in a key."""
        return replace(self, bars=tuple(tuple(_in_key(symbol, key) for symbol in bar) for bar in self.bars))


def is_numeral(symbol: str) -> bool:
    """Tell a numeral from a chord symbol, as a `Progression` holds them: symbols begin with a capital A-G, or are N.C."""
    return symbol[0] in "#bIViv"


def parse_progression(text: str) -> Progression:
    """Read a typed progression; RequestError names the chord that is wrong, where it stands, and the nearest legal one."""
    text = text.replace("♯", "#").replace("♭", "b")
    found = _IN_KEY.search(text)
    key = Key.parse(found[1]) if found else None
    tokens = _TOKEN.findall(_APART.sub(" ", text[: found.start()] if found else text))
    chords = _Chords.of(tokens)
    if not 1 <= chords.count <= MOST_CHORDS:
        raise RequestError(f"chords must be 1-{MOST_CHORDS} symbols, got {chords.count}; write them such as C G Am F")
    layout = _Layout(has_bar_lines=any("|" in token for token in tokens))
    for token in tokens:
        layout.read(token, chords)
    progression = Progression(layout.ended(), key)
    return progression if key is None else progression.in_key(key)


def _in_key(symbol: str, key: Key) -> str:
    return chord_of_degree(key, symbol).symbol_in(key) if is_numeral(symbol) else symbol


@dataclass
class _Chords:
    """Reads the chords of a progression. count: how many were typed. of_numerals: whether most of them look like numerals."""

    count: int
    of_numerals: bool
    read: int = 0

    @classmethod
    def of(cls, tokens: Sequence[str]) -> _Chords:
        chords = [part for token in tokens if _is_chord(token) for part in _at_dashes(token)]
        numerals = sum(bool(_NUMERAL.fullmatch(chord)) for chord in chords)
        return cls(len(chords), 2 * numerals > len(chords))

    def symbols(self, token: str) -> list[str]:
        """Return the chords of a token, one or several with dashes between them."""
        return [self._symbol(part) for part in _at_dashes(token)]

    def _symbol(self, typed: str) -> str:
        self.read += 1
        symbol = _legal(typed)
        if symbol is not None:
            return symbol
        if self.of_numerals or _NUMERAL.fullmatch(typed):
            way_out = advice(nearest_numerals(typed) or nearest_chords(typed), "I, vi7 or bVII")
            raise RequestError(
                f'there is no Roman numeral "{cut_symbol(typed)}" (number {self.read} of {self.count}); {way_out}'
            )
        way_out = advice(nearest_chords(typed), "Am7 or G/B")
        raise RequestError(f'there is no chord "{cut_symbol(typed)}" (number {self.read} of {self.count}); {way_out}')


@dataclass
class _Layout:
    """Puts chords into bars as bar lines and repeats say. repeat_from: the first bar that the next `x2` repeats."""

    has_bar_lines: bool
    bars: list[tuple[str, ...]] = field(default_factory=list)
    bar: list[str] = field(default_factory=list)
    repeat_from: int = 0
    enclosed: int = 0  # bars of the `|: :|` that has just ended, else 0

    def read(self, token: str, chords: _Chords) -> None:
        times = _TIMES.fullmatch(token)
        if "|" in token:
            self._bar_line(token)
        elif times:
            self._repeat(token, int(times[1] or times[2]))
        elif token in ("%", "/"):
            self._again(token)
        elif _is_chord(token):
            for symbol in chords.symbols(token):
                self._add(symbol)

    def ended(self) -> tuple[tuple[str, ...], ...]:
        self._close()
        return tuple(self.bars)

    def _add(self, *symbols: str) -> None:
        self.enclosed = 0
        self.bar += symbols
        if len(self.bar) > MOST_IN_A_BAR:
            raise RequestError(
                f"a bar has room for {MOST_IN_A_BAR} chords, got more in bar {len(self.bars) + 1}; put | between bars"
            )
        if not self.has_bar_lines:
            self._close()

    def _close(self) -> None:
        if self.bar:
            self.bars.append(tuple(self.bar))
            self.bar = []

    def _bar_line(self, token: str) -> None:
        self._close()
        if token == "|:":
            self.repeat_from = len(self.bars)
        elif token == ":|":
            body = self.bars[self.repeat_from :]
            self.bars += body
            self.repeat_from, self.enclosed = len(self.bars), len(body)

    def _repeat(self, token: str, times: int) -> None:
        self._close()
        body = self.bars[-self.enclosed :] if self.enclosed else self.bars[self.repeat_from :]
        if not body or not 2 <= times <= MOST_TIMES:
            raise RequestError(
                f'"{token}" must come after chords and repeat them 2-{MOST_TIMES} times; write such as C G Am F x2'
            )
        self.bars += body * (times - (2 if self.enclosed else 1))
        self.repeat_from, self.enclosed = len(self.bars), 0

    def _again(self, token: str) -> None:
        """Hold the chord before for another share of the bar, or, with %, repeat a whole bar."""
        if token == "%" and not self.bar and self.bars:
            self._add(*self.bars[-1])
            return
        before = self.bar[-1:] or (self.bars[-1][-1:] if self.bars else ())
        if not before:
            raise RequestError(f'there is no chord before the first "{token}" to repeat; begin with one, such as C')
        self._add(*before)


def _is_chord(token: str) -> bool:
    """Return whether a token stands for a chord, right or wrong; dashes alone and colons only part chords."""
    return "|" not in token and token not in ("%", "/", ":") and not _TIMES.fullmatch(token) and bool(token.strip("-"))


def _at_dashes(token: str) -> list[str]:
    """Return the chords of `ii-V-I`; a dash stays where it is part of a legal symbol, as in C-7 and Am7-5."""
    if _legal(token) is not None:
        return [token]
    parts = [part for part in token.split("-") if part]
    chords: list[str] = []
    at = 0
    while at < len(parts):
        longest = next(
            (end for end in range(len(parts), at + 1, -1) if _legal("-".join(parts[at:end])) is not None), at + 1
        )
        chords.append("-".join(parts[at:longest]))
        at = longest
    return chords


def _legal(typed: str) -> str | None:
    """Return what was typed as a `Progression` holds it: its names of notes in capitals, or None where it is no chord."""
    if _SILENT.fullmatch(typed):
        return NO_CHORD
    try:
        Chord.parse(typed)
    except RequestError:
        return typed if _is_legal_numeral(typed) else None
    return _in_capitals(plain_symbol(typed))


def _is_legal_numeral(typed: str) -> bool:
    if not _NUMERAL.fullmatch(typed):
        return False
    try:
        chord_of_degree(Key(0), typed)
    except RequestError:
        return False
    return True


def _in_capitals(symbol: str) -> str:
    found = _NAMES.fullmatch(symbol)
    assert found is not None  # `Chord.parse` has read it
    root, rest, _, bass, accidental = found.groups()
    return root.upper() + rest + (f"/{bass.upper()}{accidental}" if bass else "")
