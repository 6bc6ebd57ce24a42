"""Messages that ask for no song: a call for help, a word of thanks. Knows nothing of songs."""

from __future__ import annotations

import re
from typing import Literal

_HELP = re.compile(
    r"(?:help(?: me)?|commands|what can (?:you|i) do|how (?:do|does) (?:you|this|it) work|who are you"
    r"|hilfe|was kannst du|wie geht das|帮助|帮帮我|你会什么|怎么用)[\s?!.。？！]*|[?？]+",
    re.IGNORECASE,
)
_PRAISE = r"(?:lovely|nice|great|cool|wow|awesome|beautiful|perfect|amazing|super|toll|schön|wunderbar|太好了|真好听|好听|很棒)"
_THANKS = (
    r"(?:thanks?(?: you)?(?: so much| a lot| very much)?|thx|ty|danke(?: schön| sehr| dir)?|谢谢(?:你)?|多谢"
    r"|i love it|love it)"
)
_KIND = re.compile(rf"(?:(?:{_THANKS}|{_PRAISE})(?:\W+|$))+", re.IGNORECASE)


def small_talk(text: str) -> Literal["help", "thanks"] | None:
    """Return what a message is if it is nothing but a call for help or kind words; None where it asks for more.

    >>> small_talk("Thank you, lovely!"), small_talk("thanks, now faster"), small_talk("help")
    ('thanks', None, 'help')
    """
    plain = text.strip()
    if _HELP.fullmatch(plain):
        return "help"
    return "thanks" if _KIND.fullmatch(plain) else None
