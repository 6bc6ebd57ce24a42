"""Whether a text is in the language that a corpus is to be in. Does not know corpora; needs no network."""

from __future__ import annotations

from functools import cache
from typing import Any

from engine.errors import RequestError

ANY = "any"
SURE = 0.9  # from here on a text counts as being in another language; dialects and old spelling stay below it
SHOWN = 300  # characters of each end of a text that are looked at
FEWEST_WORDS = 8  # a shorter text says too little


def base_of(language: str) -> str:
    """Return the language without its script or country: "zh-Hans" -> "zh"."""
    return language.replace("_", "-").partition("-")[0].lower()


def check_language(language: str) -> None:
    """RequestError if texts cannot be held to a language: it is unknown, or the package that tells is not installed."""
    if language != ANY and base_of(language) not in _identifier().labels:
        raise RequestError(f"the language {language!r} is not known; give a code such as en, de or zh, or `{ANY}`")


def other_language(text: str, wanted: str) -> str:
    """Return the code of the language that a text is surely in where that is not `wanted`; "" otherwise."""
    if wanted == ANY or len(text.split()) < FEWEST_WORDS:
        return ""
    shown = text if len(text) <= 2 * SHOWN else text[:SHOWN] + "\n" + text[-SHOWN:]
    code, probability = _identifier().classify(shown)
    return code if code != base_of(wanted) and probability >= SURE else ""


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise RequestError(
            f"telling languages apart needs py3langid: pip install 'songwright[corpus]'; or give --language {ANY}"
        ) from None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
