"""Tiny models of plain songs for tests: counts of what follows what, over pieces of text. Knows nothing of what is tested.

They are real in all that the loop and the writer ask for: contexts that end, marks, ids of several letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import open_checkpoint, write_checkpoint
from engine.lyrics.text_models import TextModel

END, BEGIN = 0, 1
Counts = dict[tuple[int, ...], NDArray[np.float64]]
SONGS = """<<Ann Harbour - Night>>
[Verse 1]
the sea is cold and wide
we sail upon the tide
the moon is on the bay
it shines till break of day

[Chorus]
oh sing of me and you
the night is almost through
"""


class PieceTokenizer:
    """Text as the longest pieces that fit; signs that no piece has are left out."""

    end_id = END

    def __init__(self, pieces: Iterable[str]) -> None:
        self.pieces = ["", "", *dict.fromkeys(pieces)]
        self.vocab_size = len(self.pieces)
        self._ids = {piece: i for i, piece in enumerate(self.pieces) if piece}
        self._longest = max(map(len, self._ids))

    def encode(self, text: str) -> list[int]:
        ids, at = [BEGIN], 0
        while at < len(text):
            sizes = [s for s in range(self._longest, 0, -1) if text[at : at + s] in self._ids]
            ids += [self._ids[text[at : at + sizes[0]]]] if sizes else []
            at += sizes[0] if sizes else 1
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(self.pieces[i] for i in ids)


class CountingModel:
    """A `CausalModel` whose logits depend on the last ids alone: counts (V,) by those ids."""

    def __init__(self, counts: Counts, order: int, vocab_size: int, smoothing: float, context_length: int) -> None:
        self._counts, self._order, self._smoothing = counts, order, smoothing
        self.vocab_size, self.context_length = vocab_size, context_length

    def new_memory(self, slots: int) -> list[list[int]]:
        return [[] for _ in range(slots)]

    def length(self, memory: list[list[int]], slot: int) -> int:
        return len(memory[slot])

    def extend(self, memory: list[list[int]], slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        if len(memory[slot]) + len(ids) > self.context_length or not ids:
            raise ValueError(f"{len(ids)} ids do not fit")
        memory[slot].extend(map(int, ids))
        counts = self._counts.get(tuple(memory[slot][-self._order :]), np.zeros(self.vocab_size)) + self._smoothing
        with np.errstate(divide="ignore", invalid="ignore"):
            logits = np.log(counts / counts.sum())
        return np.where(np.isnan(logits), -np.inf, logits).astype(np.float32)

    def step(self, memory: list[list[int]], slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.stack([self.extend(memory, int(slot), [int(i)]) for slot, i in zip(slots, ids, strict=True)])

    def fork(self, memory: list[list[int]], source: int, targets: Sequence[int]) -> None:
        for target in targets:
            memory[target] = list(memory[source])

    def truncate(self, memory: list[list[int]], slot: int, length: int) -> None:
        del memory[slot][length:]


def counting_model(
    texts: Sequence[str],
    pieces: Sequence[str] = (),
    *,
    order: int = 1,
    context_length: int = 4096,
    smoothing: float = 1e-4,
    artists: tuple[str, ...] = (),
) -> TextModel:
    """Return what texts, each closed by the end, say of the id after `order` ids; over single signs and pieces.

    smoothing: what is added to every count; 0 makes whatever was not there impossible.
    """
    tokenizer = PieceTokenizer([*pieces, *sorted({sign for text in texts for sign in text})])
    counts: Counts = {}
    for text in texts:
        ids = [*tokenizer.encode(text), END]
        for at in range(1, len(ids)):
            counts.setdefault(tuple(ids[max(0, at - order) : at]), np.zeros(tokenizer.vocab_size))[ids[at]] += 1
    model = CountingModel(counts, order, tokenizer.vocab_size, smoothing, context_length)
    return TextModel("tiny-counts", model, tokenizer, lambda songs: [8.0 * len(song) for song in songs], artists)


def write_counting_directory(directory: Path, texts: Sequence[str], **options: object) -> Path:
    """Write what `open_counting_directory` opens: a checkpoint of the family tiny-counts."""
    config = {"texts": list(texts), **options}
    write_checkpoint(
        directory, {"none": np.zeros(1, np.float32)}, config, json.dumps({}).encode(), {}, family="tiny-counts"
    )
    return directory


def open_counting_directory(directory: Path, threads: int = 1) -> TextModel:
    """Open the family tiny-counts."""
    options = dict(open_checkpoint(directory).config)
    options["artists"] = tuple(options.get("artists", ()))
    return counting_model(options.pop("texts"), **options)
