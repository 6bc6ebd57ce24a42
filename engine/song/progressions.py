"""Chord progressions in Roman numerals, and how they are laid over lines and bars. Does not know keys, styles or words.

A sung progression is four phrases parted by `|`: the first line of words, the second (a half close), the third, and
the last line with its cadence. A phrase is two cells, each half a line long; `IV.V` shares a cell between two chords.
A vamp (intro, outro) is one cell per bar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from engine.music.theory import Mode


@dataclass(frozen=True)
class Palette:
    """What a style plays in one mode. Several progressions per part, of which the seed chooses one.

    verses and choruses close on the tonic; bridges and prechoruses on the dominant, which leads into the chorus.
    vamps: for the intro and between sections. amens: the last two chords of a song.
    """

    verse: tuple[str, ...]
    chorus: tuple[str, ...]
    bridge: tuple[str, ...]
    prechorus: tuple[str, ...]
    vamps: tuple[str, ...]
    amens: tuple[str, ...]
    dominant: str = "V"


@dataclass(frozen=True)
class Cell:
    """A Roman numeral that holds for `bars` bars: 2, 1, 1/2 ..."""

    numeral: str
    bars: Fraction


POP: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=(
            "I V | vi IV | I V | IV.V I",
            "I vi | IV V | I vi | ii.V I",
            "vi IV | I V | vi IV | V I",
            "I iii | IV V | vi IV | IV.V I",
        ),
        chorus=(
            "IV I | V vi | IV I | V I",
            "I V | vi IV | I V | IV I",
            "I IV | vi V | I IV | IV.V I",
            "I V | IV V | vi IV | V I",
        ),
        bridge=("vi iii | IV I | vi iii | IV V", "IV I | IV V | ii vi | IV V", "vi V | IV V | vi V | IV V"),
        prechorus=("ii IV | vi V | ii IV | IV V", "IV V | vi IV | ii vi | IV V"),
        vamps=("I V vi IV", "I IV", "I vi IV V"),
        amens=("IV I", "V I"),
    ),
    "minor": Palette(
        verse=("i VI | III VII | i VI | iv.V i", "i VII | VI V | i VII | VI.V i", "i iv | VII III | i iv | V i"),
        chorus=("VI VII | i III | VI VII | V i", "i VI | III VII | i VI | iv i", "i III | VII VI | i VI | iv.V i"),
        bridge=("iv i | VI V | iv i | VI V", "VI III | iv V | VI III | iv V"),
        prechorus=("iv VI | III VII | iv VI | iv V", "VI iv | i V | VI iv | iv V"),
        vamps=("i VI III VII", "i VI", "i VII VI VII"),
        amens=("iv i", "V i"),
    ),
}
ROCK: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=("I IV | I V | I IV | V I", "I V | IV I | I V | IV I", "vi IV | I V | vi IV | IV.V I"),
        chorus=("I V | vi IV | I V | IV I", "IV V | I vi | IV V | V I", "I IV | V IV | I IV | V I"),
        bridge=("vi IV | vi V | vi IV | IV V", "IV I | V vi | IV I | IV V"),
        prechorus=("IV V | IV V | vi IV | IV V", "ii IV | ii V | ii IV | IV V"),
        vamps=("I IV", "I V IV IV", "I V vi IV"),
        amens=("IV I", "V I"),
    ),
    "minor": Palette(
        verse=("i VII | VI VII | i VII | VI.V i", "i i | VII VI | i i | iv.V i", "i VI | VII i | i VI | V i"),
        chorus=("VI VII | i i | VI VII | V i", "i III | VII iv | i III | V i", "i VI | III VII | i VI | iv.V i"),
        bridge=("iv i | iv V | iv i | VI V", "VI VII | III iv | VI VII | iv V"),
        prechorus=("iv VII | III VI | iv VII | iv V", "VI VI | VII V | VI VI | iv V"),
        vamps=("i VII VI VII", "i VI VII i", "i VI"),
        amens=("iv i", "V i"),
    ),
}
FOLK: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=(
            "I I | IV I | I vi | V I",
            "I IV | I V | I IV | V I",
            "I V | vi IV | I IV | IV.V I",
            "I I | I V | I IV | I.V I",
        ),
        chorus=("IV I | I V | IV I | V I", "I IV | I V | IV I | I.V I", "IV I | V vi | IV I | ii.V I"),
        bridge=("vi IV | I V | vi IV | ii V", "IV I | IV V | IV I | ii V"),
        prechorus=("IV I | ii V | IV I | ii V", "vi IV | ii V | vi IV | IV V"),
        vamps=("I IV", "I IV I V", "I V"),
        amens=("IV I", "V I"),
    ),
    "minor": Palette(
        verse=("i VII | i V | i VII | V i", "i iv | i V | i iv | V i", "i VII | VI V | i VII | iv.V i"),
        chorus=("III VII | i V | III VII | V i", "VI III | VII i | iv i | V i", "iv i | iv V | iv i | V i"),
        bridge=("VI III | iv V | VI III | iv V", "III VII | iv V | III VII | iv V"),
        prechorus=("iv i | VI V | iv i | iv V", "VI VII | i V | VI iv | iv V"),
        vamps=("i VII", "i iv", "i VII i V"),
        amens=("iv i", "V i"),
    ),
}
HYMNAL: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=(
            "I.V I | IV.I V | I.V vi.IV | I.V I",
            "I I.IV | I.vi V | I IV.ii | I.V I",
            "I.vi IV.I | ii.vi V | I.IV vi.ii | V I",
        ),
        chorus=("I IV.I | I V | I IV.I | I.V I", "IV I | I.vi V | IV I | ii.V I"),
        bridge=("vi.iii IV.I | ii V | vi.iii IV.I | ii V", "IV I | ii.vi V | IV I | ii V"),
        prechorus=("IV I | ii V | IV I | ii V", "vi ii | vi V | vi ii | IV V"),
        vamps=("I IV I V", "I V"),
        amens=("IV I", "V I"),
    ),
    "minor": Palette(
        verse=("i.iv i | i.VI V | III.VII i.iv | i.V i", "i i.iv | VI.iv V | i VI.iv | V i"),
        chorus=("III VII.III | iv V | III VI.iv | i.V i", "iv i | VI V | iv i | iv.V i"),
        bridge=("VI.III iv.i | iv V | VI.III iv.i | iv V", "III VII | iv V | III VI | iv V"),
        prechorus=("iv i | iv V | iv i | iv V", "VI iv | i V | VI iv | iv V"),
        vamps=("i iv i V", "i V"),
        amens=("iv i", "V i"),
    ),
}
CRADLE: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=("I I | V I | I IV | V I", "I IV | I V | I IV | V I", "I vi | IV V | I IV | ii.V I"),
        chorus=("IV I | V I | IV I | V I", "I IV | I V | IV I | ii.V I"),
        bridge=("vi IV | I V | vi IV | ii V", "IV I | IV V | IV I | ii V"),
        prechorus=("IV I | ii V | IV I | ii V", "vi IV | ii V | vi IV | ii V"),
        vamps=("I IV", "I V", "I vi IV V"),
        amens=("IV I", "V I"),
    ),
    "minor": Palette(
        verse=("i iv | i V | i iv | V i", "i VI | iv V | i iv | V i"),
        chorus=("iv i | V i | iv i | V i", "VI III | iv V | VI iv | V i"),
        bridge=("III VII | VI V | III VI | iv V", "iv i | iv V | iv i | iv V"),
        prechorus=("iv i | iv V | iv i | iv V", "VI iv | i V | VI iv | iv V"),
        vamps=("i iv", "i V", "i VI iv V"),
        amens=("iv i", "V i"),
    ),
}
COUNTRY: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=("I I | IV I | I I | V7 I", "I IV | I V7 | I IV | V7 I", "I vi | IV V7 | I vi | IV.V7 I"),
        chorus=("IV I | V7 I | IV I | V7 I", "IV V7 | I vi | IV V7 | V7 I", "I IV | I V7 | IV I | I.V7 I"),
        bridge=("IV I | II7 V7 | IV I | II7 V7", "vi IV | I V7 | vi IV | ii V7"),
        prechorus=("IV I | ii V7 | IV I | ii V7", "vi IV | vi V7 | ii IV | IV V7"),
        vamps=("I IV I V7", "I V7", "I I IV V7"),
        amens=("IV I", "V7 I"),
        dominant="V7",
    ),
    "minor": FOLK["minor"],
}
BLUES: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=("I7 I7 | IV7 I7 | IV7 I7 | V7.IV7 I7", "I7.IV7 I7 | IV7 I7 | IV7 I7 | V7 I7"),
        chorus=("IV7 I7 | IV7 I7 | IV7 I7 | V7.IV7 I7", "IV7 I7 | V7 I7 | IV7 I7 | V7 I7"),
        bridge=("IV7 I7 | IV7 V7 | IV7 I7 | II7 V7", "vi IV7 | I7 V7 | vi IV7 | II7 V7"),
        prechorus=("IV7 I7 | IV7 V7 | IV7 I7 | IV7 V7",),
        vamps=("I7 IV7", "I7 IV7 I7 V7"),
        amens=("IV7 I7", "V7 I7"),
        dominant="V7",
    ),
    "minor": Palette(
        verse=("i i | iv i | iv i | VI.V7 i", "i iv | i i | iv i | V7.iv i"),
        chorus=("iv i | iv i | iv i | VI.V7 i", "iv i | V7 i | iv i | V7 i"),
        bridge=("iv i | iv V7 | iv i | VI V7", "VI iv | i V7 | VI iv | iv V7"),
        prechorus=("iv i | iv V7 | iv i | iv V7",),
        vamps=("i iv", "i iv i V7"),
        amens=("iv i", "V7 i"),
        dominant="V7",
    ),
}
JAZZ: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=(
            "Imaj7.vi7 ii7.V7 | iii7.vi7 ii7.V7 | Imaj7.vi7 ii7.V7 | ii7.V7 Imaj7",
            "ii7.V7 Imaj7 | vi7.II7 ii7.V7 | ii7.V7 Imaj7 | ii7.V7 Imaj7",
        ),
        chorus=(
            "IVmaj7 iii7.vi7 | ii7.V7 Imaj7 | IVmaj7 iii7.vi7 | ii7.V7 Imaj7",
            "Imaj7 IVmaj7 | iii7.vi7 ii7.V7 | Imaj7 IVmaj7 | ii7.V7 Imaj7",
        ),
        bridge=("iii7 vi7 | II7 ii7.V7 | iii7 vi7 | ii7 V7", "IVmaj7 iii7 | vi7 II7 | IVmaj7 iii7.vi7 | ii7 V7"),
        prechorus=("ii7 V7 | iii7 vi7 | ii7 V7 | ii7 V7",),
        vamps=("Imaj7.vi7 ii7.V7", "Imaj7 ii7.V7"),
        amens=("V7 Imaj7",),
        dominant="V7",
    ),
    "minor": Palette(
        verse=("i7 iv7 | VI7 V7 | i7 iv7 | iv7.V7 i", "i7.VI7 iv7.V7 | i7 iv7.V7 | i7.VI7 iv7.V7 | iv7.V7 i"),
        chorus=("iv7 i7 | VI7 V7 | iv7 i7 | V7 i", "iv7.VII7 IIImaj7 | VI7 V7 | iv7.VII7 IIImaj7 | iv7.V7 i"),
        bridge=("iv7 VII7 | IIImaj7 VI7 | iv7 VII7 | iv7 V7",),
        prechorus=("iv7 V7 | VI7 V7 | iv7 i7 | iv7 V7",),
        vamps=("i7 iv7", "i7.VI7 iv7.V7"),
        amens=("V7 i",),
        dominant="V7",
    ),
}

BOSSA: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=(
            "Imaj7 II7 | ii7 V7 | Imaj7 II7 | ii7.V7 Imaj7",
            "Imaj7 vi7 | ii7 V7 | iii7 vi7 | ii7.V7 Imaj7",
            "ii7 V7 | Imaj7 vi7 | ii7 V7 | ii7.V7 Imaj7",
        ),
        chorus=(
            "IVmaj7 iv7 | iii7 vi7 | IVmaj7 iv7 | ii7.V7 Imaj7",
            "ii7 V7 | iii7 vi7 | IVmaj7 iii7 | ii7.V7 Imaj7",
            "Imaj7 IVmaj7 | iii7.vi7 ii7.V7 | Imaj7 IVmaj7 | ii7.V7 Imaj7",
        ),
        bridge=("IVmaj7 iv7 | iii7 vi7 | II7 II7 | ii7 V7", "vi7 II7 | ii7 V7 | iii7 vi7 | ii7 V7"),
        prechorus=("ii7 V7 | iii7 vi7 | ii7 V7 | ii7 V7",),
        vamps=("Imaj7 II7 ii7 V7", "Imaj7.vi7 ii7.V7"),
        amens=("V7 Imaj7",),
        dominant="V7",
    ),
    "minor": Palette(
        verse=("i7 iv7 | iv7 V7 | i7 iv7 | iv7.V7 i", "i7 VI7 | iv7 V7 | i7 VI7 | iv7.V7 i"),
        chorus=("iv7 VII7 | IIImaj7 VI7 | iv7 VII7 | iv7.V7 i", "iv7 i7 | VI7 V7 | iv7 i7 | V7 i"),
        bridge=("iv7 VII7 | IIImaj7 VImaj7 | iv7 VII7 | iv7 V7",),
        prechorus=("iv7 V7 | VI7 V7 | iv7 i7 | iv7 V7",),
        vamps=("i7 iv7", "i7 VI7 iv7 V7"),
        amens=("V7 i",),
        dominant="V7",
    ),
}
HIP_HOP: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=("I vi | I vi | I vi | IV I", "IVmaj7 iii7 | IVmaj7 vi7 | IVmaj7 iii7 | ii7.V I"),
        chorus=("vi IV | I V | vi IV | V I", "IV V | vi I | IV V | IV I"),
        bridge=("ii7 iii7 | IVmaj7 V | ii7 iii7 | IVmaj7 V",),
        prechorus=("ii7 IV | ii7 V | ii7 IV | ii7 V",),
        vamps=("I vi", "IVmaj7 iii7 vi7 V"),
        amens=("IV I",),
    ),
    "minor": Palette(
        verse=("i VI | i VI | i VI | iv i", "i i | iv i | i i | iv i", "i7 iv7 | i7 iv7 | i7 iv7 | iv7 i"),
        chorus=("i VI | III VII | i VI | iv i", "VI VII | i III | VI VII | V i", "i VII | VI iv | i VII | iv.V i"),
        bridge=("VI VII | iv V | VI VII | iv V", "iv i | VI V | iv i | VI V"),
        prechorus=("iv VI | iv V | iv VI | iv V",),
        vamps=("i VI", "i iv", "i VI III VII"),
        amens=("iv i",),
    ),
}
ELECTRONIC: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=("vi IV | I V | vi IV | V I", "I V | vi IV | I V | IV I"),
        chorus=("IV V | vi I | IV V | V I", "vi V | IV I | vi V | IV I"),
        bridge=("ii vi | IV V | ii vi | IV V", "IV vi | ii V | IV vi | IV V"),
        prechorus=("IV IV | V V | ii IV | V V", "ii IV | vi V | ii IV | IV V"),
        vamps=("vi IV I V", "I V vi IV"),
        amens=("IV I", "V I"),
    ),
    "minor": Palette(
        verse=("i VI | III VII | i VI | iv i", "i VII | VI VII | i VII | iv i", "i iv | VI VII | i iv | V i"),
        chorus=("VI VII | i III | VI VII | iv i", "i VI | III VII | i VI | V i", "VI III | VII i | VI III | V i"),
        bridge=("iv VI | III V | iv VI | III V", "VI iv | i V | VI iv | VI V"),
        prechorus=("iv iv | VI V | iv iv | VI V", "VI VII | iv V | VI VII | iv V"),
        vamps=("i VI III VII", "i VII VI VII"),
        amens=("iv i", "V i"),
    ),
}
# The tones of most of these chords are among the five of a Chinese tune; the band leaves the others out.
CHINESE: Mapping[Mode, Palette] = {
    "major": Palette(
        verse=("I vi | ii V | I vi | V I", "I I | vi V | I vi | ii.V I", "I V | vi ii | I vi | ii.V I"),
        chorus=("vi I | ii V | vi I | V I", "I IV | vi V | I IV | V I", "vi ii | I V | vi ii | V I"),
        bridge=("vi ii | I V | vi ii | ii V", "IV I | ii V | vi I | ii V"),
        prechorus=("ii vi | ii V | ii vi | ii V",),
        vamps=("I vi", "I vi ii V", "I V"),
        amens=("V I", "IV I"),
    ),
    "minor": Palette(
        verse=("i VII | i v | i III | v i", "i III | VII v | i VII | iv i"),
        chorus=("III VII | i v | III VII | v i", "III i | VII v | III i | v i"),
        bridge=("III VII | iv v | III VII | iv v", "iv III | VII v | iv III | VII v"),
        prechorus=("iv III | iv v | iv III | iv v",),
        vamps=("i VII", "i III VII v"),
        amens=("v i", "iv i"),
        dominant="v",
    ),
}


def lay_lines(progression: str, *, lines: int, bars_per_line: int) -> tuple[Cell, ...]:
    """Lay four phrases over 1 or more lines: half closes on every fourth line but the last, the cadence on the last."""
    opening, half_close, middle, close = (phrase.split() for phrase in progression.split("|"))
    order = (opening, half_close, middle, half_close)
    chosen = [order[index % 4] for index in range(lines - 1)] + [close]
    return _spread([cell for phrase in chosen for cell in phrase], Fraction(bars_per_line, 2))


def lay_vamp(vamp: str, *, bars: int, close: tuple[str, ...]) -> tuple[Cell, ...]:
    """Repeat a vamp for `bars` bars (1 or more) whose last bars are the chords of `close`, one each."""
    cells = vamp.split()
    close = close[-bars:]
    body = [cells[bar % len(cells)] for bar in range(bars - len(close))]
    return _spread([*body, *close], Fraction(1))


def _spread(cells: list[str], bars_per_cell: Fraction) -> tuple[Cell, ...]:
    spread = []
    for cell in cells:
        numerals = cell.split(".")
        spread += [Cell(numeral, bars_per_cell / len(numerals)) for numeral in numerals]
    return tuple(spread)
