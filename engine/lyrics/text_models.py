"""Models that write plain songs, of every family, behind one interface; and the registry of lyric families.

Does not know how a family works: its module is imported when it is first needed. What a song looks like as text is
`plain_songs`; how ids are chosen is `engine.decoding`. A model that is here is a `TextModel`, whose ids and logits can be
seen; sampling, measuring and comparing need no more than a `SongWriter`, which a model on a server is as well.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from engine.checkpoint import MANIFEST, TOKENIZER, open_checkpoint
from engine.errors import CheckpointError, RequestError
from engine.families import CausalModel

if TYPE_CHECKING:
    from engine.lyrics.song_so_far import PlainText

ADDRESSES = ("http://", "https://")


class NoBits(RequestError):  # noqa: N818  # a limit of the model, not a mistake of who asked
    """The model writes songs and does not say what a given one costs it, so it has no bits per byte."""


class SongWriter(Protocol):
    """What every family offers, here or on a server.

    family: its name in `LYRIC_FAMILIES`. artists: those that it can be asked for; empty where it takes any. bits: what each
    song costs, in bits below its heading, which is given; raises NoBits where the model does not say.
    """

    @property
    def family(self) -> str: ...

    @property
    def artists(self) -> tuple[str, ...]: ...

    @property
    def bits(self) -> Callable[[Sequence[str]], list[float]]: ...

    def write(self, **asked: Any) -> list[PlainText]:
        """Write songs; asked: what `plain_writer.write_song_text` takes besides the model."""


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

    def write(self, **asked: Any) -> list[PlainText]:
        """Write songs; asked: what `plain_writer.write_song_text` takes besides the model."""
        from engine.lyrics.plain_writer import write_song_text  # which knows text models

        return write_song_text(self, **asked)


@dataclass(frozen=True)
class LyricFamily:
    """Where a family's functions are, as "module:function".

    open: (directory, threads) -> TextModel; of remote (address, threads, ...) -> SongWriter. train: (TextTraining, report)
    -> path of the checkpoint, or None where it is not trained here; then `instead` says what to do. summary: one line for
    people.
    """

    open: str
    train: str | None
    summary: str
    instead: str = ""


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
    "remote": LyricFamily(
        "engine.lyrics.remote_writer:open_remote",
        None,
        "a model on a server with the OpenAI-compatible completions interface, by its address",
        "a model on a server is trained there: write the songs that it is to learn from with `songwright corpus export "
        "PREPARED --out tune.jsonl --format chat`, and give the server's service that file",
    ),
}


def is_address(place: Path | str) -> bool:
    """Return whether a model is named by the address of a server, not by a directory."""
    return str(place).startswith(ADDRESSES)


def family_of(directory: Path) -> str:
    """Return the family of a model directory: the manifest's; hf-causal where transformers wrote it. CheckpointError."""
    if not (directory / MANIFEST).exists() and (directory / "config.json").exists():
        return "hf-causal"
    return open_checkpoint(directory).family


def writes_plain_songs(directory: Path) -> bool:
    """Return whether a directory holds a model of plain songs, of any family; CheckpointError where it holds no model."""
    is_of_events = (directory / MANIFEST).exists() and not (directory / TOKENIZER).exists()  # notes are no text
    return family_of(directory) in LYRIC_FAMILIES and not is_of_events


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


def open_song_writer(place: Path | str, threads: int = 2, **of_server: Any) -> SongWriter:
    """Open a model of any family: a directory, or a server by its address. of_server: options of `open_remote`.

    RequestError where there is no such directory, CheckpointError where it is no model of plain songs.
    """
    if is_address(place):
        remote: SongWriter = function_of(LYRIC_FAMILIES["remote"].open)(str(place), threads, **of_server)
        return remote
    if not Path(place).is_dir():
        raise RequestError(f"there is no model directory {place}; check the path, or train or fetch the model")
    return open_text_model(Path(place), threads)


def function_of(place: str) -> Any:
    """Return the function at "module:function"."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
