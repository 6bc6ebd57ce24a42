"""Drum patterns by name and time signature, as text, and the drum map. Does not know bands, sections or chords.

A pattern names its drums by letters, each with its line: `X` loud, `x` plain, `o` soft; steps as in `patterns`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from engine.music.patterns import bar_strokes
from engine.music.score import TimeSignature

# The General MIDI drum map, as far as it is played here.
KICK, SIDE_STICK, SNARE, CLAP, FLOOR_TOM, CLOSED_HAT, PEDAL_HAT, LOW_TOM, OPEN_HAT = 36, 37, 38, 39, 41, 42, 44, 45, 46
MID_TOM, CRASH, HIGH_TOM, RIDE, CHINESE_CYMBAL, RIDE_BELL = 47, 49, 50, 51, 52, 53
TAMBOURINE, SHAKER, CLAVES, HIGH_WOOD_BLOCK, LOW_WOOD_BLOCK, TRIANGLE = 54, 70, 75, 76, 77, 81
DRUM_OF_LETTER: Mapping[str, int] = {
    "K": KICK, "T": SIDE_STICK, "S": SNARE, "Z": CLAP, "F": FLOOR_TOM, "H": CLOSED_HAT, "P": PEDAL_HAT, "L": LOW_TOM,
    "O": OPEN_HAT, "N": MID_TOM, "C": CRASH, "Q": HIGH_TOM, "D": RIDE, "G": CHINESE_CYMBAL, "B": RIDE_BELL,
    "M": TAMBOURINE, "A": SHAKER, "E": CLAVES, "W": HIGH_WOOD_BLOCK, "V": LOW_WOOD_BLOCK, "I": TRIANGLE,
}  # fmt: skip

DrumPatterns = Mapping[str, str]  # time signature -> letters and lines

DRUM_PATTERNS: dict[str, DrumPatterns] = {
    "soft": {
        "4/4": "K x.....o. T ....x... H x.o.x.o.",
        "3/4": "K x..... T ....x. H x.o.o.",
        "6/8": "K x..... T ...x.. H x.ox.o",
        "2/4": "K x... T ..x. H x.o.",
    },
    "side_stick": {
        "4/4": "K x...x... T ..x...x. H xoxoxoxo",
        "3/4": "K x..... T ..x.x. H xoxoxo",
        "6/8": "K x....o T ...x.. H xooxoo",
        "2/4": "K x... T ..x. H xoxo",
    },
    "backbeat": {
        "4/4": "K x...x.x. S ..x...x. H xoxoxoxo",
        "3/4": "K x..... S ..o.x. H xoxoxo",
        "6/8": "K x....o S ...x.. H xooxoo",
        "2/4": "K x..o S ..x. H xoxo",
    },
    "backbeat_two": {
        "4/4": "K x..xx... S ..x...x. H xoxoxox. O .......o",
        "3/4": "K x..x.. S ..o.x. H xoxox. O .....o",
        "6/8": "K x.x..o S ...x.. H xooxo. O .....o",
        "2/4": "K x.x. S ..x. H xox. O ...o",
    },
    "drive": {
        "4/4": "K X..xX... S ..X...X. H XxXxXxXx",
        "3/4": "K X..x.. S ..x.X. H XxXxXx",
        "6/8": "K X.x..x S ...X.. H XxxXxx",
        "2/4": "K X..x S ..X. H XxXx",
    },
    "drive_two": {
        "4/4": "K X.xxX.x. S ..X...X. D X.x.X.x. O .......x",
        "3/4": "K X.xx.. S ..x.X. D X.x.x.",
        "6/8": "K X....x S ...X.. D X.xX.x",
        "2/4": "K X.xx S ..X. D X.x.",
    },
    "brushes": {
        "4/4": "K o...o... S ..o...o. A o.o.o.o.",
        "3/4": "K o..... S ..o.o. A o.o.o.",
        "6/8": "K o..... S ...o.. A o.oo.o",
        "2/4": "K o... S ..o. A o.o.",
    },
    "stomp": {
        "4/4": "K x...x... Z ..x...x. M o.x.o.xo",
        "3/4": "K x..... Z ..x.x. M o.o.oo",
        "6/8": "K x..... Z ...x.. M o.ox.o",
        "2/4": "K x... Z ..x. M o.xo",
    },
    "waltz": {
        "4/4": "K x...x... S ..o...o. H ..x...x.",
        "3/4": "K x..... S ..o.o. H ..x.x.",
        "6/8": "K x..... S ...o.. H ..x..x",
        "2/4": "K x... S ..o. H ..x.",
    },
    "waltz_two": {
        "4/4": "K x...x... S ..o...oo D x.o.x.o.",
        "3/4": "K x....o S ..o.oo D x.o.o.",
        "6/8": "K x....o S ...o.. D x.ox.o",
        "2/4": "K x... S ..oo D x.o.",
    },
    "procession": {
        "4/4": "F o....... I ....o...",
        "3/4": "F o..... I ....o.",
        "6/8": "F o..... I ...o..",
        "2/4": "F o... I ..o.",
    },
    "procession_two": {
        "4/4": "F o..oo... I o...o... D ....o...",
        "3/4": "F o...o. I o..... D ....o.",
        "6/8": "F o..o.. I o..... D ...o..",
        "2/4": "F o..o I o... D ..o.",
    },
    "cradle": {
        "4/4": "I o....... A ..o...o.",
        "3/4": "I o..... A ..o.o.",
        "6/8": "I o..... A ..o..o",
        "2/4": "I o... A ..o.",
    },
    "cradle_two": {
        "4/4": "I o...o... A ..oo..oo T ....o...",
        "3/4": "I o..... A ..oooo T ....o.",
        "6/8": "I o..o.. A ..o.oo T ...o..",
        "2/4": "I o... A ..oo T ..o.",
    },
    "train": {
        "4/4": "K x...x... S oxooXxoX H ..x...x.",
        "3/4": "K x..... S ooxoxo H ..x.x.",
        "6/8": "K x..x.. S ooxoox H ..x..x",
        "2/4": "K x... S ooXo H ..x.",
    },
    "train_two": {
        "4/4": "K x...x..o S ooXoooXo M ..o...o.",
        "3/4": "K x..... S ooXoXo M ..o.o.",
        "6/8": "K x..x.. S oooXoo M ...o..",
        "2/4": "K x..o S ooXx M ..o.",
    },
    "shuffle_soft": {
        "4/4": "K x...x... T ..x...x. H x.xox.xo",
        "3/4": "K x..... T ..x.x. H x.xox.",
        "6/8": "K x..... T ...x.. H x.ox.o",
        "2/4": "K x... T ..x. H x.xo",
    },
    "shuffle": {
        "4/4": "K x...x..o S ..x...x. D x.xox.xo",
        "3/4": "K x....o S ..x.x. D x.xox.",
        "6/8": "K x....o S ...x.. D x.ox.o",
        "2/4": "K x..o S ..x. D x.xo",
    },
    "shuffle_two": {
        "4/4": "K x..ox..o S .oX.ooX. H XoXoXoXo",
        "3/4": "K x..o.. S .oX.X. H XoXoXo",
        "6/8": "K x.o..o S ..oX.. H XoxXox",
        "2/4": "K x..o S .oX. H XoXo",
    },
    "ride": {
        "4/4": "K o....... P ..x...x. D x.xox.xo",
        "3/4": "K o..... P ..x.x. D x.xox.",
        "6/8": "K o..... P ...x.. D x.ox.o",
        "2/4": "K o... P ..x. D x.xo",
    },
    "ride_two": {
        "4/4": "K o.o.o.o./o...o..o P ..x...x. D x.xox.xo S ...o..../.....o.o",
        "3/4": "K o....o P ..x.x. D x.xoxo S ...o../.o...o",
        "6/8": "K o..... P ...x.. D x.ox.o S ....o.",
        "2/4": "K o..o P ..x. D x.xo S ...o/.o..",
    },
    "bossa": {
        "4/4": "T x..x..x./..x..x.. K x..ox..o H xoxoxoxo",
        "3/4": "T x..x../..x.x. K x..ox. H xoxoxo",
        "6/8": "T x..x.x K x..o.. H xooxoo",
        "2/4": "T x..x..x./..x..x.. K x..ox..o H xoxoxoxo",
    },
    "bossa_soft": {
        "4/4": "T x..x..x./..x..x.. A o.x.o.x.",
        "3/4": "T x..x../..x.x. A o.x.o.",
        "6/8": "T x..x.x A o.ox.o",
        "2/4": "T x..x..x./..x..x.. A o.x.o.x.",
    },
    "bossa_two": {
        "4/4": "T x..x..x./..x..x.. K x..ox..o D x.o.x.oo A oxooxooo",
        "3/4": "T x..x../..x.x. K x..ox. D x.o.o. A oxooxo",
        "6/8": "T x..x.x K x..o.. D x.ox.o A oxooxo",
        "2/4": "T x..x..x./..x..x.. K x..ox..o D x.o.x.oo A oxooxooo",
    },
    "boom_bap_sparse": {
        "4/4": "K x.........x..... T ....x.......x... H x...x...x...x...",
        "3/4": "K x.......x... T ....x....... H x...x...x...",
        "6/8": "K x........... T ......x..... H x...x...x...",
        "2/4": "K x....... T ....x... H x...x...",
    },
    "boom_bap": {
        "4/4": "K x.....x...x...../x......xx.x..... S ....X.......X... H x.x.x.x.x.x.x.x.",
        "3/4": "K x.....x.x... S ....X....... H x.x.x.x.x.x.",
        "6/8": "K x...x....x.. S ......X..... H x.o.o.x.o.o.",
        "2/4": "K x.....x. S ....X... H x.x.x.x.",
    },
    "boom_bap_two": {
        "4/4": "K x..x....x.x...../x..x...x..x....x S ....X..o.o..X... H x.x.x.x.x.x.x.xo",
        "3/4": "K x..x....x... S ....X..o.... H x.x.x.x.x.xo",
        "6/8": "K x..x.....x.. S ......X..o.. H x.o.o.x.o.oo",
        "2/4": "K x..x..x. S ....X..o H x.x.x.xo",
    },
    "trap_hats": {
        "4/4": "K x......x..x...../x..x...x..x..... S ....X.......X... Z ....x.......x... H xoxoxoxoxoxoxxxx",
        "3/4": "K x......x..x. S ....X....... Z ....x....... H xoxoxoxoxxxx",
        "6/8": "K x......x.... S ......X..... Z ......x..... H xoxoxoxoxoxx",
        "2/4": "K x......x S ....X... Z ....x... H xoxoxoxx",
    },
    "heartbeat": {
        "4/4": "K x...x...x...x... A ..o...o...o...o.",
        "3/4": "K x...x...x... A ..o...o...o.",
        "6/8": "K x.....x..... A ..o.o...o.o.",
        "2/4": "K x...x... A ..o...o.",
    },
    "half_floor": {
        "4/4": "K x...x...x...x... H ..x...x...x...x. Z ............o...",
        "3/4": "K x...x...x... H ..x...x...x. Z ........o...",
        "6/8": "K x.....x..... H ..x.x...x.x. Z ......o.....",
        "2/4": "K x...x... H ..x...x. Z ....o...",
    },
    "four_floor": {
        "4/4": "K X...X...X...X... Z ....x.......x... O ..x...x...x...x. H xo.oxo.oxo.oxo.o",
        "3/4": "K X...X...X... Z ....x....... O ..x...x...x. H xo.oxo.oxo.o",
        "6/8": "K X.....X..... Z ......x..... O ....x.....x. H x.oo..x.oo..",
        "2/4": "K X...X... Z ....x... O ..x...x. H xo.oxo.o",
    },
    "four_floor_two": {
        "4/4": "K X...X...X...X..x Z ....x.......x..o O ..x...x...x...x. D x...x...x...x... A oxoxoxoxoxoxoxox",
        "3/4": "K X...X...X..x Z ....x....... O ..x...x...x. D x...x...x... A oxoxoxoxoxox",
        "6/8": "K X.....X..x.. Z ......x..... O ....x.....x. D x.....x..... A oxoxoxoxoxox",
        "2/4": "K X...X..x Z ....x... O ..x...x. D x...x... A oxoxoxox",
    },
    "temple": {
        "4/4": "I o....... V ....o...",
        "3/4": "I o..... V ....o.",
        "6/8": "I o..... V ...o..",
        "2/4": "I o... V ..o.",
    },
    "wood_blocks": {
        "4/4": "F o....... W ..o..oo. V ....o...",
        "3/4": "F o..... W ..o..o V ....o.",
        "6/8": "F o..... W ..o..o V ...o..",
        "2/4": "F o... W .o.o V ..o.",
    },
    "festival": {
        "4/4": "F x...x.o. W x.oox.oo V ..o...o. I ....o...",
        "3/4": "F x....o W x.ooxo V ..o.o. I ....o.",
        "6/8": "F x..o.. W x.ox.o V ..o..o I ...o..",
        "2/4": "F x..o W xoxo V ..o. I ..o.",
    },
    "festival_two": {
        "4/4": "F x..xx.oo W x.xoxoxo V ..o...o. I o...o...",
        "3/4": "F x..xoo W x.xoxo V ..o.o. I o.....",
        "6/8": "F x..x.o W xoxxox V ..o..o I o.....",
        "2/4": "F x.xo W xoxo V ..o. I o...",
    },
}

Strike = tuple[int, int, str]  # offset in the bar in ticks, drum, sign


@lru_cache(maxsize=1024)
def _strikes(lines: str, bar: int, bar_ticks: int) -> tuple[Strike, ...]:
    words = lines.split()
    found = [
        (stroke.offset_ticks, DRUM_OF_LETTER[letter], stroke.sign)
        for letter, line in zip(words[::2], words[1::2], strict=True)
        for stroke in bar_strokes(line, bar, bar_ticks)
    ]
    return tuple(sorted(found))


def bar_strikes(patterns: DrumPatterns, bar: int, time_signature: TimeSignature) -> tuple[Strike, ...]:
    """Return what is struck in a bar; a time signature that is not in the table gets the kick on the first beat alone."""
    return _strikes(patterns.get(str(time_signature), "K x"), bar, time_signature.bar_ticks)
