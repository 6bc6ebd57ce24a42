"""How words shall be written beside their plan: metre, mood, person, the hook. Does not know how any of it is done."""

from __future__ import annotations

from dataclasses import dataclass

from engine.lyrics.metre import Metre


@dataclass(frozen=True)
class Manner:
    """What a writer is told of a whole song; the default asks for nothing.

    metre: kept by every line. mood_words: whose company is sought, more than that of `against`. kin: words near to those
    of the theme that nobody wrote of when the training texts were written. hook: words of the title, of which every
    chorus is to have one. pronouns: of the person who tells the song. names: words of the theme that are written with
    capitals, as they are. All other words in lower case.
    """

    metre: Metre | None = None
    mood_words: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    kin: tuple[str, ...] = ()
    hook: tuple[str, ...] = ()
    pronouns: frozenset[str] = frozenset()
    names: tuple[str, ...] = ()


PLAIN = Manner()
