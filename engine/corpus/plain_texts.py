"""Plain texts of a prepared split: what people read, in reading order, without marks. Does not know models.

Every text is lines that end in a newline, so that its bytes are the `byte_counts` of the shard.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from engine.corpus.shards import Shard
from engine.lyrics.prompt import reverse_line
from engine.lyrics.tokenizer import LyricTokenizer

_MARK = re.compile(r"<[a-zA-Z0-9]+>")


def shown_texts(shard: Shard) -> np.ndarray:
    """Return the indices of texts with a weight above 0, early or late in training: int64 (n,)."""
    return np.flatnonzero((shard.weights > 0).any(axis=1))


def reversed_lines(shard: Shard, tokenizer: LyricTokenizer, index: int) -> list[str]:
    """Return a text's lines without marks as the model writes them: last word first, a space before every word."""
    body = tokenizer.decode(shard.text_ids(index)).split("<words>", 1)[1]
    return [line for line in _MARK.sub("", body).split("\n") if line]


def plain_text(shard: Shard, tokenizer: LyricTokenizer, index: int) -> str:
    """Return one text as people read it, every line closed by a newline."""
    return "".join(reverse_line(line).strip() + "\n" for line in reversed_lines(shard, tokenizer, index))


def plain_texts(
    shard: Shard, tokenizer: LyricTokenizer, indices: Sequence[int] | np.ndarray | None = None
) -> list[str]:
    """Return the texts at `indices`, by default all that are shown."""
    return [plain_text(shard, tokenizer, int(i)) for i in (shown_texts(shard) if indices is None else indices)]
