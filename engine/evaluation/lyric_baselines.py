"""The ladder that lyric models are measured on: uniform, chains of counts, and models of any family. Does not know families.

All read the same songs forwards, pay for every character and for the end of every song, and start each song anew. A
song's heading is given and costs nothing. Bits are shared out over the UTF-8 bytes of what was paid for (METRICS 2); the
end costs bits and has no byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np

from engine.corpus.lyric_corpus import TOKENIZER
from engine.corpus.plain_texts import plain_texts, shown_texts
from engine.corpus.prepared_songs import file_of
from engine.corpus.records import Split
from engine.corpus.shards import Shard
from engine.corpus.song_texts import is_marked, song_texts
from engine.errors import RequestError
from engine.evaluation.lyric_likelihood import SEED, TEXTS, Likelihood, chosen_texts
from engine.lyrics.characters import UNKNOWN, Characters
from engine.lyrics.markov import MarkovChain
from engine.lyrics.markov_model import chain_bits
from engine.lyrics.plain_songs import body_start
from engine.lyrics.text_models import SongWriter
from engine.lyrics.tokenizer import LyricTokenizer

TRAIN_BYTES, MARKOV_ORDER = 20_000_000, 6
CHAINS = {-1: "uniform over characters", 0: "unigram", 1: "bigram", 2: "trigram", 3: "4-gram", 4: "5-gram"}
CHAINS[MARKOV_ORDER] = "7-gram"
CLEANED = "\n !',-.?0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # all that marked texts can hold
Say = Callable[[str], None]
Bits = Callable[[Sequence[str]], list[float]]


@dataclass(frozen=True)
class Rung:
    """One model. split: valid or test."""

    model: str
    split: str
    likelihood: Likelihood


@dataclass(frozen=True)
class HeldOut:
    """Songs of a split as text."""

    split: str
    texts: list[str]

    @property
    def byte_count(self) -> int:
        """UTF-8 bytes below the headings."""
        return sum(len(text[body_start(text) :].encode()) for text in self.texts)

    @property
    def ids(self) -> int:
        """Characters below the headings, and ends."""
        return sum(len(text) - body_start(text) + 1 for text in self.texts)

    def rung(self, model: str, bits: Bits) -> Rung:
        """Measure a model."""
        return Rung(model, self.split, Likelihood(sum(bits(self.texts)), self.byte_count, self.ids, len(self.texts)))


def measure_baselines(
    data: Path,
    *,
    models: Sequence[tuple[str, SongWriter]] = (),
    texts: int = TEXTS,
    train_bytes: int = TRAIN_BYTES,
    splits: Sequence[str] = ("valid", "test"),
    say: Say = lambda line: None,
) -> list[Rung]:
    """Return the ladder: chains of counts on the training songs, then the models, each with what it is called.

    data: a folder of prepared songs, or of the marked texts that `songwright train lyrics` prepares, which are read here as
    plain text without headings, over the characters that cleaned lines hold. texts: how many of a split, drawn evenly,
    the same every time; 0 is all. train_bytes: how much of the training split, drawn evenly, the chains count; 0 is all.
    """
    say("reading the songs")
    marked = is_marked(data)
    train, held_out = (_read_marked if marked else _read_songs)(data, splits, texts, train_bytes)
    rungs = []
    for name, model in models:  # first: a server that gives no bits should not wait for the counts
        say(f"reading with {name}")
        rungs += [part.rung(f"{model.family} {name}", model.bits) for part in held_out]
    say(f"counting {sum(map(len, train))} characters of {len(train)} songs")
    chains = chain_rungs(train, held_out, alphabet=CLEANED if marked else None)
    return chains + rungs


def chain_rungs(train: Sequence[str], held_out: Sequence[HeldOut], *, alphabet: str | None = None) -> list[Rung]:
    """Count once up to the longest order and return a rung for every chain of `CHAINS`.

    alphabet: the only characters that there can be, so that none is left for others; by default those of the training
    songs, and one id for all others.
    """
    if alphabet is not None:
        characters = Characters(alphabet)
        chain = MarkovChain.learn(_closed(characters, train), MARKOV_ORDER, characters.choices - 1)
        return [part.rung(name, partial(_closed_bits, chain, characters, order))
                for order, name in CHAINS.items() for part in held_out]  # fmt: skip
    characters = Characters.learn(train)
    chain = MarkovChain.learn(characters.join(train), MARKOV_ORDER, characters.choices)

    def bits(order: int, songs: Sequence[str]) -> list[float]:
        return [chain_bits(chain, characters, song, order) for song in songs]

    return [part.rung(name, partial(bits, order)) for order, name in CHAINS.items() for part in held_out]


def _closed(characters: Characters, texts: Iterable[str]) -> np.ndarray:
    """Return the ids of texts without one for unknown characters."""
    ids = characters.join(texts)
    return np.where(ids > UNKNOWN, ids - 1, ids)


def _closed_bits(chain: MarkovChain, characters: Characters, order: int, texts: Sequence[str]) -> list[float]:
    return [float(chain.bits(_closed(characters, [text]), order).sum()) for text in texts]


def _read_songs(data: Path, splits: Sequence[str], texts: int, train_bytes: int) -> tuple[list[str], list[HeldOut]]:
    """Return training and held-out songs of a prepared folder."""
    for split in ("train", *splits):
        if not file_of(data, cast("Split", split)).is_file():
            raise RequestError(
                f"{data} has no {split}.jsonl.gz; name a folder that `songwright corpus prepare` or `songwright train "
                "lyrics` prepared"
            )
    held_out = [HeldOut(split, drawn(_texts(data, split), texts)) for split in splits]
    return within(_texts(data, "train"), train_bytes), held_out


def _texts(data: Path, split: str) -> list[str]:
    return song_texts(data, cast("Split", split))


def drawn(texts: Sequence[str], count: int) -> list[str]:
    """Return the same `count` texts every time, in their order; 0 is all of them."""
    if not count:
        return list(texts)
    return [texts[i] for i in np.sort(np.random.default_rng(SEED).permutation(len(texts))[:count])]


def within(texts: Sequence[str], most_bytes: int) -> list[str]:
    """Return texts drawn evenly, the same every time, up to so many bytes; 0 is all of them."""
    order = np.random.default_rng(SEED).permutation(len(texts))
    sizes = np.array([len(text.encode()) for text in texts], np.int64)
    used = int(np.searchsorted(np.cumsum(sizes[order]), most_bytes)) if most_bytes else len(order)
    return [texts[i] for i in order[:used]]


def _read_marked(data: Path, splits: Sequence[str], texts: int, train_bytes: int) -> tuple[list[str], list[HeldOut]]:
    """Return training and held-out texts of marked shards, drawn as `chosen_texts` draws them for the lyric model."""
    for name in (f"{split}.npz" for split in splits):
        if not (data / name).is_file():
            raise RequestError(f"{data} has no {name}; name a folder that `songwright train lyrics` prepared")
    tokenizer, held_out = LyricTokenizer.open(data / TOKENIZER), []
    for split in splits:
        shard = Shard.open(data / f"{split}.npz")
        held_out.append(HeldOut(split, plain_texts(shard, tokenizer, chosen_texts(shard, texts))))
    shard = Shard.open(data / "train.npz")
    order = np.random.default_rng(SEED).permutation(shown_texts(shard))
    used = int(np.searchsorted(np.cumsum(shard.byte_counts[order]), train_bytes)) if train_bytes else len(order)
    return plain_texts(shard, tokenizer, order[:used]), held_out
