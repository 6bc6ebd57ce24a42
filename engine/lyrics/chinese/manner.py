"""How Chinese lines shall be written beside their plan: mood and person. Does not know how any of it is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ChineseManner:
    """What a writer is told of a whole text; the default asks for nothing.

    mood: words that are sought. against: words that are kept away from. person: of which each section is to have one.
    """

    mood: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    person: tuple[str, ...] = ()


PLAIN = ChineseManner()
