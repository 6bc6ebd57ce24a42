"""A song as a wish is understood against it, and an exact change of it. Knows no words of members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.wishes.options import QUARTERS_PER_BAR, Option, Phrase
from engine.contract import Request

USUAL_BARS = 16


@dataclass(frozen=True)
class SongFacts:
    """A song that somebody replied to. request: as it was carried out; of an edit, with `source` only.

    parts: those that sound, of engine.contract.PARTS; empty where they are not known.
    """

    id: str
    kind: str
    request: dict[str, Any]
    key: str | None
    tempo_qpm: float | None
    time_signature: str | None
    style: str | None
    parts: tuple[str, ...]
    has_words: bool
    length_seconds: float | None = None

    @property
    def has_music(self) -> bool:
        """Whether there are notes, and not words alone."""
        return self.time_signature is not None

    @property
    def bars(self) -> int:
        """How many bars there are, as far as it is known; at least 1."""
        if self.kind == "music" and "bars" in self.request:
            return int(self.request["bars"])
        if self.length_seconds is None or self.tempo_qpm is None:
            return USUAL_BARS
        quarters = QUARTERS_PER_BAR.get(self.time_signature or "", 4)
        return max(1, round(self.length_seconds * self.tempo_qpm / 60 / quarters))


@dataclass(frozen=True)
class Edit:
    """An exact change. request: None where the song has nothing to be changed. option: the same for a new take.

    more: what else is said of it, such as its bars.
    """

    request: Request | None
    phrase: Phrase
    option: Option | None = None
    more: tuple[Phrase, ...] = ()
