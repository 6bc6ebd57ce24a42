"""Flows of rap: where in a bar syllables fall, by tempo, as strings of sixteen slots. Does not know words.

"X" is a slot for a stressed syllable, "x" for any, "." one that is rather left free. A slot is a sixteenth note; in double
time, from DOUBLE_TIME_QPM on, it is an eighth, so that a string lasts two bars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SLOTS = 16
SLOTS_PER_BEAT = 4
RHYME_SLOT = 12  # the fourth beat
# From here on two neighbouring sixteenths would be more than nine syllables a second.
DOUBLE_TIME_QPM = 135.0


@dataclass(frozen=True)
class Flow:
    """One bar of rhythm. slots: 16 signs. over: whether the rhyme may fall on the first beat of the next bar instead."""

    name: str
    slots: str
    over: bool = False

    @property
    def hits(self) -> frozenset[int]:
        """The slots that syllables had better fall on."""
        return frozenset(slot for slot, sign in enumerate(self.slots) if sign in "Xx")

    @property
    def accents(self) -> frozenset[int]:
        """The slots for stressed syllables."""
        return frozenset(slot for slot, sign in enumerate(self.slots) if sign == "X")


_RUNNING = Flow("running", "XxxxXxxxXxxxX...")
_GALLOP = Flow("gallop", "X.xxX.xxX.xxX...")
_REVERSE_GALLOP = Flow("reverse gallop", "Xxx.Xxx.Xxx.X.x.")
_LATE = Flow("late", "..X.XxxxXxxxX.x.")
_TWO_SPEEDS = Flow("two speeds", "X.x.X.x.XxxxX...")
_PUSHED = Flow("pushed", "X.xxx.X.x.xxX...")
_STEADY = Flow("steady", "X.x.X.x.X.x.X.x.")
_BROKEN = Flow("broken", "X.x...X.X.xxX...")
_OVER = Flow("over the bar", "..X.x.X.x.X.xxx.", over=True)

# By the fastest tempo of each row, in quarter notes per minute.
FLOWS: Mapping[float, tuple[Flow, ...]] = {
    90.0: (_RUNNING, _GALLOP, _REVERSE_GALLOP, _LATE, _TWO_SPEEDS, _OVER),
    115.0: (_GALLOP, _REVERSE_GALLOP, _TWO_SPEEDS, _PUSHED, _LATE, _OVER),
    DOUBLE_TIME_QPM: (_STEADY, _TWO_SPEEDS, _PUSHED, _BROKEN),
}
DOUBLE_TIME_FLOWS: tuple[Flow, ...] = (_RUNNING, _GALLOP, _REVERSE_GALLOP, _BROKEN, _LATE)


def flows_at(tempo_qpm: float) -> tuple[Flow, ...]:
    """Return the flows that suit a tempo."""
    return next((flows for fastest, flows in FLOWS.items() if tempo_qpm <= fastest), DOUBLE_TIME_FLOWS)


def is_double_time(tempo_qpm: float) -> bool:
    """Tell whether a slot is an eighth note at this tempo, and a sixteenth otherwise."""
    return tempo_qpm > DOUBLE_TIME_QPM
