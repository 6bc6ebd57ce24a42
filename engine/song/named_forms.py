"""Forms of songs that have a name, such as AABA, the strophic song or the twelve-bar blues. Does not know lengths in seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.song import progressions
from engine.song.styles import Style

_MOST_ROUNDS = 40


@dataclass(frozen=True)
class NamedForm:
    """sections: letters in their order; a digit after V says which verse's words are sung, so that V3 may come again.

    coda: what follows when all has been sung and there is still time, "" where the sections just go on. shortest: the
    fewest sections that are still this form. rhyme, syllables, bars_per_line: of a verse, where it is not the style's.
    own_tunes: each section has a tune and chords of its own. repeats_line: the second line of a verse has the words of the
    first.
    """

    name: str
    sections: str
    coda: str = ""
    shortest: int = 1
    rhyme: str | None = None
    syllables: str | None = None
    bars_per_line: int | None = None
    own_tunes: bool = False
    repeats_line: bool = False

    def applied_to(self, style: Style) -> Style:
        """Return the style with the lines of this form; a blues has the chords of a blues in every style."""
        if self.rhyme is not None:
            style = replace(style, rhyme=(self.rhyme, *style.rhyme[1:]))
        if self.syllables is not None:
            style = replace(style, syllables=(self.syllables, *style.syllables[1:]))
        if self.bars_per_line is not None:
            bars = dict.fromkeys(style.bars_per_line, self.bars_per_line)
            style = replace(style, bars_per_line=bars, palettes=progressions.BLUES, raps=())
        return style

    def longer_and_longer(self) -> Iterator[tuple[str, ...]]:
        """Yield the sections of ever longer songs of this form, such as ("V1", "V2", "B", "V3")."""
        once, coda = parts_of(self.sections), parts_of(self.coda)
        if coda:
            for rounds in range(1, _MOST_ROUNDS):
                yield once * rounds
                yield once * rounds + coda
            return
        for count in range(self.shortest, _MOST_ROUNDS * len(once)):
            yield (once * _MOST_ROUNDS)[:count]


NAMED_FORMS = (
    NamedForm("AABA", "V1V2BV3", coda="BV3", shortest=4),
    NamedForm("strophic", "VVVV"),
    NamedForm("through-composed", "VVVV", own_tunes=True),
    NamedForm(
        "blues", "VVVV", rhyme="AAA", syllables="9,9,9", bars_per_line=4, repeats_line=True,
    ),
    NamedForm("verse-chorus", "VCVC"),
    NamedForm("ballad", "VVVVVV", rhyme="XAXA", syllables="8,6,8,6"),
)  # fmt: skip
_BY_NAME = {form.name.lower(): form for form in NAMED_FORMS}
_OTHER_NAMES = {
    "a a b a": "aaba", "a-a-b-a": "aaba", "32-bar": "aaba", "32 bar": "aaba", "32 bars": "aaba", "32-bar aaba": "aaba",
    "thirty-two-bar": "aaba", "aaa": "strophic", "through composed": "through-composed", "aab": "blues",
    "12-bar": "blues", "12 bar": "blues", "12 bars": "blues", "12-bar blues": "blues", "12 bar blues": "blues",
    "twelve-bar": "blues", "twelve-bar blues": "blues", "verse/chorus": "verse-chorus",
}  # fmt: skip


def find_named_form(text: str) -> NamedForm | None:
    """Return the form of a name, in any case and with or without "form" after it; None for letters and other text."""
    wanted = re.sub(r"\s+form$", "", " ".join(text.lower().replace("–", "-").split()))
    return _BY_NAME.get(_OTHER_NAMES.get(wanted, wanted))


def parts_of(sections: str) -> tuple[str, ...]:
    """Return "V1V2BV3" as ("V1", "V2", "B", "V3")."""
    return tuple(re.findall(r"[A-Z]\d?", sections))
