"""How early each line of a song begins, before its first bar, so that its stresses and those of the line before fall well.

Does not know pitches, chords or models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.errors import RequestError
from engine.music.melody_tokens import STEP_TICKS
from engine.song.alignment import pickup_ticks
from engine.song.line_frame import BREATH_STEPS, SyllableFrame
from engine.song.placement import Placement, pace_of
from engine.song.plan import SongPlan
from engine.song.shared_tunes import sung_to, tune_source

Verses = Sequence[Sequence[SyllableFrame]]
Place = tuple[int, int]  # section and line

PICKUP_STEPS = (0, 6, 12, 24)
UNUSUAL = 1  # what it costs per verse to begin a line otherwise than its first weak syllables suggest
ROUNDS = 2
TOO_SHORT = 100_000  # what a line costs that its bars do not hold


class Pickups:
    """The pickups of all lines that have a tune of their own, in steps, and the room that they leave.

    verses: of each such line, the syllables of all verses that are sung to it.
    """

    def __init__(self, plan: SongPlan, verses: Mapping[Place, Verses]) -> None:
        self._plan, self._verses = plan, verses
        self._bar = plan.time_signature.bar_ticks // STEP_TICKS
        self._onsets = [span.onset_ticks // STEP_TICKS for span in plan.section_spans()]
        self._options = [n for n in PICKUP_STEPS if n <= pickup_ticks(2, plan.time_signature) // STEP_TICKS]
        self._costs: dict[tuple[Place, int], Placement | None] = {}
        self.steps = {place: self._usual(place) for place in verses}
        for _ in range(ROUNDS):
            for place in verses:
                if not self._follows_rap(place):
                    self._improve(place)

    def bar_start(self, section: int, line: int) -> int:
        """Return the first step of a line's bars."""
        return self._onsets[section] + line * self._plan.sections[section].bars_per_line * self._bar

    def of(self, section: int, line: int) -> int:
        """Return how many steps a line begins before its bars, wherever it is sung."""
        return self.steps[tune_source(self._plan, section), line]

    def start(self, section: int, line: int) -> int:
        """Return the first step of a line; none lies before the song."""
        return max(0, self.bar_start(section, line) - self.of(section, line))

    def following(self, section: int, line: int) -> int:
        """Return where the line after this one may start, wherever this line is sung again."""
        end = self.bar_start(section, line + 1)
        return end - max((self.of(*place) for place in self._after(section, line)), default=0)

    def _after(self, section: int, line: int) -> list[Place]:
        sections = self._plan.sections
        if line + 1 < len(sections[section].lines):
            return [(section, line + 1)]
        again = sung_to(self._plan, section)
        return [(index + 1, 0) for index in again if index + 1 < len(sections) and sections[index + 1].lines]

    def _before(self, place: Place) -> list[Place]:
        """Return the lines with tunes of their own that are sung before a line, wherever it is sung."""
        section, line = place
        if line:
            return [(section, line - 1)]
        sections = self._plan.sections
        before = {index - 1 for index in sung_to(self._plan, section) if index and sections[index - 1].lines}
        found = {(tune_source(self._plan, index), len(sections[index].lines) - 1) for index in before}
        return sorted(found)

    def _follows_rap(self, place: Place) -> bool:
        """Tell whether a line is the first after a rapped one, whose rhyme stands where its pickup would be."""
        sections = self._plan.sections
        again = sung_to(self._plan, place[0]) if place[1] == 0 else ()
        return any(index and sections[index - 1].is_rapped for index in again)

    def _usual(self, place: Place) -> int:
        if self._follows_rap(place):
            return 0
        stresses = [syllable.stress for syllable in self._verses[place][0]]
        weak = next((n for n, stress in enumerate(stresses) if stress == 1), 1)
        return pickup_ticks(weak, self._plan.time_signature) // STEP_TICKS

    def _improve(self, place: Place) -> None:
        """Choose the pickup with which this line and those before it cost least; the usual one of equals."""
        concerned = [place, *self._before(place)]
        chosen, usual = self.steps[place], self._usual(place)
        unusual = UNUSUAL * len(self._verses[place])
        least = self._cost(concerned) + unusual * (chosen != usual)
        for option in self._options if least else ():
            self.steps[place] = option
            cost = self._cost(concerned) + unusual * (option != usual)
            if cost < least or (cost == least and option == usual):
                chosen, least = option, cost
        self.steps[place] = chosen

    def _cost(self, places: Sequence[Place]) -> int:
        total = 0
        for section, line in places:
            placement = self._placement((section, line), self.following(section, line) - BREATH_STEPS)
            total += placement.least(self.start(section, line)) if placement else TOO_SHORT
        return total

    def _placement(self, place: Place, end: int) -> Placement | None:
        """Return the ways of a line to end at a step, from its earliest pickup on; None where it does not fit."""
        if (place, end) not in self._costs:
            verses, start = self._verses[place], max(0, self.bar_start(*place) - self._options[-1])
            try:
                unit, last = pace_of(len(verses[0]), end - self.bar_start(*place))
                self._costs[place, end] = Placement(verses, start, end, self._plan.time_signature, unit, last)
            except RequestError:
                self._costs[place, end] = None
        return self._costs[place, end]
