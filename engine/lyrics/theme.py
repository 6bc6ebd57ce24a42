"""The theme that a person typed, cleaned into plain words or refused. Does not know what will be written about it."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from engine.contract import MAX_THEME_CHARACTERS
from engine.errors import RequestError
from engine.lyrics.insults import is_insult

# Far more than any theme; what is longer is refused before it is cleaned, so that a huge text costs nothing.
_MOST_RAW_CHARACTERS = 40 * MAX_THEME_CHARACTERS
_EXAMPLE = 'type what the song is about in a few words, such as "rain over the harbour"'

_CODE_BLOCK = re.compile(r"```.*?(?:```|$)", re.DOTALL)
MENTION = re.compile(r"<(?:@[!&]?|#|id:)\w+>|<a?:\w+:\d+>|</[^<>]{1,100}:\d+>|<t:-?\d+(?::\w)?>|@(?:everyone|here)\b")
MARKDOWN_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
EMOJI_NAME = re.compile(r"(?<!\w):[a-z0-9_+-]+:(?!\w)")
_MARKS = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED_MARKS = re.compile(rf"([^\W\d_])[{_MARKS}]{{3,}}")
QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "–": "-", "—": "-", "&": " and "})
_KEPT_SIGNS = frozenset("'-,.!?;:")


def clean_theme(theme: str) -> str:
    """Return the plain words of a theme, without markdown, mentions, code, brackets, emoji or control characters.

    RequestError if nothing is left, if more than MAX_THEME_CHARACTERS are, or if it has letters that are not Latin.

    >>> clean_theme("**[Chorus]** rain <<over>> the harbour <@123>")
    'Chorus rain over the harbour'
    """
    if len(theme) > _MOST_RAW_CHARACTERS:
        raise _too_long(len(theme))
    text = plain_signs(_without_markup(without_piled_marks(theme)))
    if len(text) > MAX_THEME_CHARACTERS:
        raise _too_long(len(text))
    _refuse_other_scripts(text)
    if not any(character.isalpha() for character in text):
        raise RequestError(f"the theme holds no words; {_EXAMPLE}")
    if any(is_insult(word) for word in re.findall(r"[a-z]+", text.lower())):
        raise RequestError("the theme holds a word that is not sung here; say it in other words")
    return text


def _too_long(characters: int) -> RequestError:
    return RequestError(
        f"the theme must be 1-{MAX_THEME_CHARACTERS} characters, got {characters}; say it in one or two sentences"
    )


def _without_markup(text: str) -> str:
    for pattern in (_CODE_BLOCK, MENTION):
        text = pattern.sub(" ", text)
    text = MARKDOWN_LINK.sub(r"\1", text)
    return EMOJI_NAME.sub(" ", ADDRESS.sub(" ", text))


def without_piled_marks(text: str, *, form: Literal["NFC", "NFKC"] = "NFKC") -> str:
    """Take the marks off letters that carry three or more (zalgo); one or two are accents and stay.

    form: NFC leaves signs as they are, NFKC makes plain ones of wide, small and joined ones.
    """
    apart = unicodedata.normalize("NFD" if form == "NFC" else "NFKD", text)
    return unicodedata.normalize(form, _PILED_MARKS.sub(r"\1", apart))


def plain_signs(text: str) -> str:
    """Keep letters, digits and the punctuation of a sentence; everything else becomes a space."""
    kept = []
    for character in text.translate(QUOTES):
        category = unicodedata.category(character)
        if category[0] in "LN" or character in _KEPT_SIGNS:
            kept.append(character)
        elif category not in ("Cf", "Mn", "Me"):  # joiners and stray marks leave no gap behind
            kept.append(" ")
    text = re.sub(r"(?<!\w)[-;:]+(?!\w)|(?<=\s)[,.!?;:]+(?=\s|$)", " ", "".join(kept))
    return " ".join(text.split()).strip("-,.;: ")


def _refuse_other_scripts(text: str) -> None:
    if script := other_script(text):
        raise RequestError(
            f"the theme has letters of the {script} script, and the lyric model writes English only; "
            "say it in English words, in Latin letters"
        )


def other_script(text: str) -> str:
    """Return the script of the first letter that is not Latin ("Cyrillic"); "" where all are."""
    for character in text:
        name = unicodedata.name(character, "")
        if character.isalpha() and not name.startswith(("LATIN", "FEMININE ORDINAL", "MASCULINE ORDINAL")):
            return name.split(" ")[0].replace("CJK", "Chinese").capitalize() or "another"
    return ""
