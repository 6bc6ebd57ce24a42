"""Models that write plain songs, of every family, behind one interface; and the registry of lyric families.

Does not know how a family works: its module is imported when it is first needed. What a song looks like as text is
`plain_songs`; how ids are chosen is `engine.decoding`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from engine.checkpoint import MANIFEST, open_checkpoint
from engine.errors import CheckpointError
from engine.families import CausalModel


class TextTokenizer(Protocol):
    """Text to ids and back. end_id: closes every song."""

    vocab_size: int
    end_id: int

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without the end."""

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; the end and other marks give nothing."""


@dataclass(frozen=True)
class TextModel:
    """A model of plain songs, opened. family: its name in `LYRIC_FAMILIES`. model: for the decoding loop.

    bits: what each song costs, in bits, from its heading (given, costs nothing) to its end; all that is needed to measure
    it. artists: those that it can be asked for; empty where it takes any.
    """

    family: str
    model: CausalModel
    tokenizer: TextTokenizer
    bits: Callable[[Sequence[str]], list[float]]
    artists: tuple[str, ...] = ()


@dataclass(frozen=True)
class LyricFamily:
    """Where a family's functions are, as "module:function".

    open: (directory, threads) -> TextModel. train: (TextTraining, report) -> path of the checkpoint, or None where it is
    not trained here. summary: one line for people.
    """

    open: str
    train: str | None
    summary: str


LYRIC_FAMILIES: dict[str, LyricFamily] = {
    "hf-causal": LyricFamily(
        "engine.lyrics.hf_causal:open_hf_causal",
        "engine.training.hf_causal:train_hf_causal",
        "any causal language model of transformers, by directory or hub name: GPT-2, GPT-Neo, Llama, Qwen ...",
    ),
    "char-lstm": LyricFamily(
        "engine.lyrics.char_lstm:open_char_lstm",
        "engine.training.char_lstm:train_char_lstm",
        "an LSTM over characters, told the artist at every step if asked to",
    ),
    "markov": LyricFamily(
        "engine.lyrics.markov_model:open_markov",
        "engine.training.markov:train_markov",
        "counts of characters: unigram, bigram, n-gram",
    ),
}


def family_of(directory: Path) -> str:
    """Return the family of a model directory: the manifest's; hf-causal where transformers wrote it. CheckpointError."""
    if not (directory / MANIFEST).exists() and (directory / "config.json").exists():
        return "hf-causal"
    return open_checkpoint(directory).family


def open_text_model(directory: Path, threads: int = 2) -> TextModel:
    """Open a model directory of any lyric family; CheckpointError says what is wrong with it."""
    name = family_of(directory)
    if name not in LYRIC_FAMILIES:
        raise CheckpointError(
            f"{directory} is of the family {name}, which does not write plain songs; those that do are "
            f"{', '.join(sorted(LYRIC_FAMILIES))}"
        )
    opened: TextModel = function_of(LYRIC_FAMILIES[name].open)(directory, threads)
    return opened


def function_of(place: str) -> Any:
    """Return the function at "module:function"."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
