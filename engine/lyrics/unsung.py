"""What of a typed text is not sung, as sentences for the one who typed it. Does not know how the rest is sung."""

from __future__ import annotations

import re
import unicodedata

from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.theme import ADDRESS, EMOJI_NAME, MENTION, other_script

NO_SOUND = "signs without a sound are not sung: {signs}"
NO_ADDRESSES = "web addresses are not sung: {addresses}"
OTHER_SCRIPT = "words in the {script} script are not sung, only English and Chinese for now: {words}"
MOST_SHOWN = 5
_EMOTICON = re.compile(r"(?<!\S)(?:[:;][-']?[()DPpO]|<3+|xD)(?!\S)")
_SOUNDLESS = ("So", "Sk", "Cn")


def notices_of(text: str) -> tuple[str, ...]:
    """Return a sentence for each kind of what is left out: addresses, emoji and signs, words of other scripts."""
    addresses = _listed(ADDRESS.findall(text))
    rest = ADDRESS.sub(" ", text)
    marked = [*EMOJI_NAME.findall(rest), *_EMOTICON.findall(rest)]
    signs = _listed([*marked, *(c for c in rest if unicodedata.category(c) == "So" and c != "°")])
    strange = [word for word in MENTION.sub(" ", rest).split() if _strange_letters(word)]
    found = []
    if addresses:
        found.append(NO_ADDRESSES.format(addresses=addresses))
    if signs:
        found.append(NO_SOUND.format(signs=signs))
    if strange:
        script = other_script(_strange_letters(strange[0]))
        found.append(OTHER_SCRIPT.format(script=script, words=_listed(strange)))
    return tuple(found)


def unsung_script(text: str) -> str:
    """Return the script of the first letter that is neither Latin nor Chinese; "" where there is none."""
    return other_script(_strange_letters(text))


def _strange_letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join(c for c in plain if c.isalpha() and not is_hanzi(c) and other_script(c))


def _listed(found: list[str]) -> str:
    different = list(dict.fromkeys(found))
    return " ".join(different[:MOST_SHOWN]) + (" ..." if len(different) > MOST_SHOWN else "")
