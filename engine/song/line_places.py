"""Where the syllables of one line may lie, in the ways that its candidates ask for. Does not know pitches or models."""

from __future__ import annotations

from engine.song.line_frame import LineFrame, with_melismas
from engine.song.placement import Placement, paces_of

LAST_STEPS = (12, 24)
CALM_STEPS = 12
CALM = -1  # stands for the last note of a calm line among the placements
CALM_IS_WORTH = 2  # what a line in quarters may cost more, per verse
FINER_IS_WORTH = 8  # how much less a quicker pace must cost per verse to be taken


class LinePlaces:
    """The placements of one line, made when first asked for and shared by its candidates."""

    def __init__(self, frame: LineFrame) -> None:
        self._frame = frame
        self._found: dict[tuple[frozenset[int], int], Placement] = {}
        self._tried: dict[tuple[int, int], Placement] = {}
        self._pace: tuple[int, int] | None = None

    def best(self, melismas: frozenset[int], choice: int = 0, *, is_calm: bool = False) -> Placement:
        """Return the placement of least cost; `choice` goes through those with longer last notes that cost no more.

        melismas: the syllables that have a second note. is_calm: in quarters and longer where that costs little.
        RequestError where the line does not fit its bars.
        """
        _, least = self._pace_of(melismas)
        first = self.placement(melismas, least)
        if (
            is_calm
            and (calm := self._calm(melismas))
            and calm.least() <= first.least() + CALM_IS_WORTH * len(self._frame.verses)
        ):
            return calm
        alike = [first]
        for steps in LAST_STEPS:
            if choice and steps > least and len(alike) <= choice:
                longer = self.placement(melismas, steps)
                if longer.least() <= first.least():
                    alike.append(longer)
        return alike[choice % len(alike)]

    def placement(self, melismas: frozenset[int], last_steps: int) -> Placement:
        if (melismas, last_steps) not in self._found:
            unit, _ = self._pace_of(melismas)
            tried = None if melismas else self._tried.get((unit, last_steps))
            self._found[melismas, last_steps] = tried or self._placed(melismas, unit, last_steps)
        return self._found[melismas, last_steps]

    def _calm(self, melismas: frozenset[int]) -> Placement | None:
        frame, key = self._frame, (melismas, CALM)
        if frame.breathless_end - frame.start < CALM_STEPS * (len(frame.syllables) + len(melismas)):
            return None
        if key not in self._found:
            self._found[key] = self._placed(melismas, CALM_STEPS, CALM_STEPS, frame.breathless_end)
        return self._found[key]

    def _placed(self, melismas: frozenset[int], unit: int, last_steps: int, end: int | None = None) -> Placement:
        frame = self._frame
        verses = [with_melismas(verse, melismas) for verse in frame.verses]
        return Placement(verses, frame.start, frame.end if end is None else end, frame.time_signature, unit, last_steps)

    def _at_pace(self, unit: int, last_steps: int) -> Placement:
        """Return the placement without melismas at a pace; it is kept, as the pace may be chosen."""
        placed = self._placed(frozenset(), unit, last_steps)
        self._tried[unit, last_steps] = placed
        return placed

    def _pace_of(self, melismas: frozenset[int]) -> tuple[int, int]:
        """Return the calmest pace, or a quicker one that lets the stresses lie much better."""
        if self._pace is None:
            frame = self._frame
            worth = FINER_IS_WORTH * len(frame.verses)
            paces = paces_of(len(frame.syllables), frame.end - frame.start)
            self._pace, least = paces[0], self._at_pace(*paces[0]).least()
            for pace in paces[1:]:
                if least < worth:
                    break
                found = self._at_pace(*pace).least()
                if found <= least - worth:
                    self._pace, least = pace, found
        return self._pace
