"""The characters of cleaned lyrics as ids, for models that read letters. Does not know marks, words or models.

Cleaned lines hold ASCII alone, so a character is a byte and bits per character are bits per byte.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.errors import FileFormatError

CHARACTERS = "\n !',-.?0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
END = 0  # closes a text, and so also stands before the next one
VOCAB_SIZE = len(CHARACTERS) + 1
_UNKNOWN = 255
_TABLE = np.full(256, _UNKNOWN, np.uint8)
_TABLE[np.frombuffer(CHARACTERS.encode(), np.uint8)] = np.arange(1, VOCAB_SIZE)


def encode_characters(text: str) -> np.ndarray:
    """Return ids of 1-70, uint8 (characters,); FileFormatError names a character that cleaned lyrics cannot hold."""
    ids = _TABLE[np.frombuffer(text.encode("utf-8"), np.uint8)]
    if (ids == _UNKNOWN).any():
        strange = next(character for character in text if character not in CHARACTERS)
        raise FileFormatError(f"{strange!r} is not a character of cleaned lyrics; clean the lines before they are read")
    return ids


def decode_characters(ids: Iterable[int]) -> str:
    """Return the text of ids; END gives nothing."""
    return "".join(CHARACTERS[int(i) - 1] for i in ids if int(i) != END)


def join_texts(texts: Iterable[str]) -> np.ndarray:
    """Return END, text, END, text, ... END as one array, uint8 (characters + texts + 1,)."""
    parts = [np.zeros(1, np.uint8)]
    for text in texts:
        parts += [encode_characters(text), np.zeros(1, np.uint8)]
    return np.concatenate(parts)
