"""The ladder of baselines for the lyric model: uniform, Markov chains, character LSTM. Does not know the lyric model.

All read the same plain texts forwards, predict every character and the end of every text, and start each text anew. The
texts are ASCII, so bits per character are bits per byte; the end of a text costs bits and has no byte, for every model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus.lyric_corpus import TOKENIZER
from engine.corpus.plain_texts import plain_texts, shown_texts
from engine.corpus.shards import Shard
from engine.errors import RequestError
from engine.evaluation.lyric_likelihood import TEXTS, Likelihood, chosen_texts
from engine.lyrics.characters import END, encode_characters, join_texts
from engine.lyrics.markov import MarkovChain
from engine.lyrics.tokenizer import LyricTokenizer

TRAIN_BYTES, MARKOV_ORDER, LSTM_BATCH = 20_000_000, 6, 32
CHAINS = {-1: "uniform over characters", 0: "unigram", 1: "bigram", 2: "trigram", 3: "4-gram", 4: "5-gram"}
CHAINS[MARKOV_ORDER] = "7-gram"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Rung:
    """One baseline. split: valid or test."""

    model: str
    split: str
    likelihood: Likelihood


@dataclass(frozen=True)
class HeldOut:
    """Plain texts of a split, and their bytes."""

    split: str
    texts: list[str]
    byte_count: int


def measure_baselines(
    data: Path,
    *,
    texts: int = TEXTS,
    train_bytes: int = TRAIN_BYTES,
    char_lstm: Path | None = None,
    splits: Sequence[str] = ("valid", "test"),
    say: Say = lambda line: None,
) -> list[Rung]:
    """Return the ladder on the texts that `chosen_texts` draws, the same as for the lyric model.

    data: a prepared lyric corpus. train_bytes: how much of the training split, drawn evenly, the chains count; 0 is all.
    char_lstm: weights of a character LSTM; left out where None.
    """
    for name in (TOKENIZER, "train.npz", *(f"{split}.npz" for split in splits)):
        if not (data / name).is_file():
            raise RequestError(f"{data} has no {name}; name a folder that `songwright train lyrics` prepared")
    tokenizer = LyricTokenizer.open(data / TOKENIZER)
    held_out = []
    for split in splits:
        shard = Shard.open(data / f"{split}.npz")
        chosen = chosen_texts(shard, texts)
        plain = plain_texts(shard, tokenizer, chosen)
        held_out.append(HeldOut(split, plain, sum(len(text.encode()) for text in plain)))
    say("reading the training texts")
    train = join_texts(training_texts(data, tokenizer, train_bytes))
    say(f"counting {len(train)} characters")
    rungs = chain_rungs(train, held_out)
    if char_lstm is not None:
        say("reading with the character LSTM")
        rungs += [Rung("character LSTM", part.split, lstm_likelihood(char_lstm, part)) for part in held_out]
    return rungs


def training_texts(data: Path, tokenizer: LyricTokenizer, train_bytes: int) -> list[str]:
    """Return plain training texts, drawn evenly, up to `train_bytes`; 0 is all of them."""
    shard = Shard.open(data / "train.npz")
    order = np.random.default_rng(0).permutation(shown_texts(shard))
    used = int(np.searchsorted(np.cumsum(shard.byte_counts[order]), train_bytes)) if train_bytes else len(order)
    return plain_texts(shard, tokenizer, order[:used])


def chain_rungs(train: np.ndarray, held_out: Sequence[HeldOut]) -> list[Rung]:
    """Count once up to the longest order and return a rung for every chain of `CHAINS`."""
    chain = MarkovChain.learn(train, MARKOV_ORDER)
    rungs = []
    for order, name in CHAINS.items():
        for part in held_out:
            bits = chain.bits(join_texts(part.texts), order)
            rungs.append(
                Rung(name, part.split, Likelihood(float(bits.sum()), part.byte_count, len(bits), len(part.texts)))
            )
    return rungs


def lstm_likelihood(weights: Path, part: HeldOut) -> Likelihood:
    """Return the likelihood of texts under a character LSTM, each read whole from its own beginning."""
    import torch

    from engine.lyrics.char_lstm import CharLstm

    torch.set_num_threads(1)
    model = CharLstm.from_pretrained(weights, use_safetensors=True, local_files_only=True).eval()
    coded = sorted((encode_characters(text) for text in part.texts), key=len)
    bits = sum(_lstm_bits(model, coded[at : at + LSTM_BATCH]) for at in range(0, len(coded), LSTM_BATCH))
    return Likelihood(bits, part.byte_count, part.byte_count + len(coded), len(coded))


def _lstm_bits(model: Any, coded: Sequence[np.ndarray]) -> float:
    import torch

    longest = max(map(len, coded))
    ids = torch.full((len(coded), longest + 1), END, dtype=torch.int64)  # (B, T + 1), END before each text
    wanted = torch.full((len(coded), longest + 1), -100, dtype=torch.int64)
    for row, text in enumerate(coded):
        ids[row, 1 : len(text) + 1] = torch.from_numpy(text.astype(np.int64))
        wanted[row, : len(text)] = ids[row, 1 : len(text) + 1]
        wanted[row, len(text)] = END
    with torch.inference_mode():
        logits = model(input_ids=ids).logits.float()
        nats = torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="sum")
    return float(nats) / float(np.log(2))
