"""Fills at the ends of sections, and what is laid over the drums of the fullest ones. Does not know bands or sections.

They are written as the patterns of `drum_patterns` are.
"""

from __future__ import annotations

from engine.music.drum_patterns import KICK, DrumPatterns, Strike

# A fill is played from its first stroke on instead of the pattern; its kick goes with it.
FILLS: dict[str, DrumPatterns] = {
    "toms": {
        "4/4": "S ....xox. Q .....x.. N ......x. L .......x K x.......",
        "3/4": "S ..xx.. Q ...x.. N ....x. L .....x K x.....",
        "6/8": "S ...x.. Q ...x.. N ....x. L .....x K x.....",
        "2/4": "S ..x. Q ..x. L ...x K x...",
    },
    "toms_two": {
        "4/4": "S ........xxxx.... Q ............xx.. L ..............xx",
        "3/4": "S ......xx.... Q ........xx.. L ..........xx",
        "6/8": "S ......xx.... N ........xx.. L ..........xx",
        "2/4": "S ....xx.. L ......xx",
    },
    "pickup": {
        "4/4": "S ......xx", "3/4": "S ....xx", "6/8": "S ....ox", "2/4": "S ..ox",
    },
    "snare_build": {
        "4/4": "S oooooooooxxxxxXX K x...x...x...x...",
        "3/4": "S ooooooxxxxXX K x...x...x...",
        "6/8": "S ooooooxxxxXX K x.....x.....",
        "2/4": "S oooxxxXX K x...x...",
    },
    "clap_break": {
        "4/4": "Z ............xxXX", "3/4": "Z ........xxXX", "6/8": "Z ........xxXX", "2/4": "Z ....xxXX",
    },
    "snare_drop": {
        "4/4": "S .........x..X.xx", "3/4": "S .......xX.xx", "6/8": "S .......xX.xx", "2/4": "S ....X.xx",
    },
    "brush_fill": {
        "4/4": "S ......oo", "3/4": "S ....oo", "6/8": "S ....oo", "2/4": "S ..oo",
    },
    "brush_fill_two": {
        "4/4": "S ....ooox L .......o", "3/4": "S ..ooox", "6/8": "S ...oox", "2/4": "S .oox",
    },
    "stick_fill": {
        "4/4": "T ....x.xx", "3/4": "T ..x.xx", "6/8": "T ...xxx", "2/4": "T ....x.xx",
    },
    "conga_like": {
        "4/4": "L ....o.xx N .....xo.", "3/4": "L ..o.xx N ...xo.", "6/8": "L ...oxx N ....o.", "2/4": "L ....o.xx N .....xo.",
    },
    "timpani": {
        "4/4": "F ....o.oo D ......o.", "3/4": "F ..o.oo D ....o.", "6/8": "F ...ooo", "2/4": "F ..oo",
    },
    "shake": {
        "4/4": "A ....oooo", "3/4": "A ..oooo", "6/8": "A ...ooo", "2/4": "A ..oo",
    },
    "block_roll": {
        "4/4": "W ........o.o.xxxx F ............x.x.", "3/4": "W ......o.xxxx F ........x.x.",
        "6/8": "W ......oooxxx F .........x..", "2/4": "W ....oxxx F ......x.",
    },
    "block_turn": {
        "4/4": "W .....oxx V ....x...", "3/4": "W ...oxx", "6/8": "W ...oxx", "2/4": "W ..xx",
    },
}  # fmt: skip
# Laid over the pattern of the fullest sections.
OVERLAYS: dict[str, DrumPatterns] = {
    "tambourine": {"4/4": "M oxoxoxox", "3/4": "M oxoxox", "6/8": "M ooxoox", "2/4": "M oxox"},
    "shaker": {"4/4": "A xoxoxoxo", "3/4": "A xoxoxo", "6/8": "A xooxoo", "2/4": "A xoxo"},
    "bell": {"4/4": "I x...x...", "3/4": "I x.....", "6/8": "I x..x..", "2/4": "I x..."},
    "ride": {"4/4": "D x.o.x.o.", "3/4": "D x.o.o.", "6/8": "D x.ox.o", "2/4": "D x.o."},
}


def with_fill(strikes: tuple[Strike, ...], fill: tuple[Strike, ...]) -> tuple[Strike, ...]:
    """Return the bar's own strikes up to where the fill begins, and the fill from there on."""
    begins = min((at for at, drum, _ in fill if drum != KICK), default=0)
    return tuple(sorted([*(s for s in strikes if s[0] < begins), *(s for s in fill if s[0] >= begins)]))
