"""The title that a person typed, kept as it is or refused. Does not know what will be written under it."""

from __future__ import annotations

import re
import unicodedata

from engine.contract import MAX_TITLE_CHARACTERS
from engine.errors import RequestError
from engine.lyrics.insults import holds_chinese_insult, is_insult
from engine.lyrics.theme import other_script, plain_signs, without_piled_marks

_MARKS_OF_FORMATS = re.compile(r"[<>\[\]{}|`*_~\\]+")  # what would open a mark in a prompt, a label or Markdown


def clean_title(title: str) -> str:
    """Return a title on one line, without invisible characters and marks of formats; RequestError where it is none.

    >>> clean_title(" Don't Go  (Yet) ")
    "Don't Go (Yet)"
    """
    if len(title) > 40 * MAX_TITLE_CHARACTERS:
        raise _too_long(len(title))
    visible = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in without_piled_marks(title))
    text = " ".join(_MARKS_OF_FORMATS.sub(" ", visible).split())
    if len(text) > MAX_TITLE_CHARACTERS:
        raise _too_long(len(text))
    if not any(c.isalnum() for c in text):
        raise RequestError(
            'the title holds no letter and no digit; write it as it is to be printed, such as "Harbour Lights"'
        )
    if any(is_insult(word) for word in re.findall(r"[a-z]+", text.lower())) or holds_chinese_insult(text):
        raise RequestError("the title holds a word that is not sung here; say it in other words")
    return text


def _too_long(characters: int) -> RequestError:
    return RequestError(f"the title must be 1-{MAX_TITLE_CHARACTERS} characters, got {characters}; shorten it")


def words_of_title(title: str) -> str:
    """Return what the model can read of a title: its plain words; "" where they are of another script."""
    plain = plain_signs(title)
    return "" if other_script(plain) else plain
