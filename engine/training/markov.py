"""Counting of a Markov chain on plain songs. Does not know how probabilities are mixed or songs are written."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from engine.checkpoint import write_checkpoint
from engine.corpus.song_texts import song_texts
from engine.errors import OutputError, RequestError
from engine.lyrics.characters import Characters
from engine.lyrics.markov import ORDERS, MarkovChain
from engine.lyrics.markov_model import FAMILY, chain_bits
from engine.lyrics.plain_songs import body_start
from engine.training.text_training import TextTraining

MOST_ORDER = 6  # counted where none is named: a 7-gram is the best on some ten megabytes of verse, a 5-gram on two
CHECKPOINT = "checkpoint"


def train_markov(training: TextTraining, report: Callable[[str], None]) -> Path:
    """Count a folder of prepared songs and write `out/checkpoint`; return its path.

    training.order: -1 uniform, 0 unigram, 1 bigram, ... 12; by default the best on the validation songs, at most 6. Steps,
    rates and rows mean nothing here; RequestError for options that ask for what counts do not have.
    """
    order = MOST_ORDER if training.order is None else training.order
    if not ORDERS[0] <= order <= ORDERS[1]:
        raise RequestError(f"the order must be {ORDERS[0]} (uniform) to {ORDERS[1]}, got {order}")
    if training.base is not None or training.lora_rank or training.freeze_layers or training.freeze_embeddings:
        raise RequestError("the family markov counts a corpus whole: it has no base, no layers and no LoRA")
    if training.with_artist:
        raise RequestError("the family markov reads the artist in the heading only; train char-lstm to be told it")
    if (training.out / CHECKPOINT).exists():
        raise OutputError(
            f"{training.out / CHECKPOINT} exists and checkpoints are never changed; choose another folder"
        )
    start = time.monotonic()
    texts = song_texts(training.data, "train")
    if not texts:
        raise RequestError(f"{training.data} has no train songs; prepare a larger corpus")
    characters = Characters.learn(texts)
    ids = characters.join(texts)
    report(
        f"counting {len(ids) - len(texts) - 1} characters of {len(texts)} songs, {len(characters.alphabet)} different ones"
    )
    chain = MarkovChain.learn(ids, order, characters.choices)
    valid = song_texts(training.data, "valid")
    size = sum(len(text[body_start(text) :].encode()) for text in valid)
    found: dict[int, float] = {}
    for depth in range(-1, order + 1) if size else ():
        found[depth] = sum(chain_bits(chain, characters, text, depth) for text in valid) / size
        report(f"order {depth}: {found[depth]:.4f} bits per byte of the validation songs")
    if training.order is None and found:
        order = min(found, key=lambda depth: found[depth])
        chain = MarkovChain(chain.choices, chain.counts[: order + 1])
    report(f"order {order} is kept; {time.monotonic() - start:.0f} s")
    card = {"songs": len(texts), "characters_seen": len(ids), "valid_songs": len(valid),
            "valid_bits_per_byte": {str(depth): round(bits, 4) for depth, bits in found.items()}}  # fmt: skip
    config = {"model_type": FAMILY, "order": order, "choices": characters.choices}
    weights = chain.tensors() or {"none": ids[:0]}  # safetensors refuses a file without any
    return write_checkpoint(
        training.out / CHECKPOINT, weights, config, characters.to_json(), card, family=FAMILY
    ).directory
