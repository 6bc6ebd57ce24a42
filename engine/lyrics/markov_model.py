"""The Markov chain as a lyric family: opened from a checkpoint, behind the decoding loop, and its bits of songs.

Does not know how it is counted from a corpus.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import open_checkpoint
from engine.errors import CheckpointError
from engine.lyrics.characters import ESCAPE_BITS, UNKNOWN, Characters
from engine.lyrics.markov import MarkovChain
from engine.lyrics.plain_songs import body_start
from engine.lyrics.text_models import TextModel

FAMILY = "markov"
CONTEXT_LENGTH = 8192
KEPT_CONTEXTS = 256  # their logits; songs of one prompt go on from the same few

Memory = list[list[int]]


class MarkovModel:
    """A `CausalModel`: logits are the natural logarithms of the chain's probabilities. An empty slot has read END."""

    context_length = CONTEXT_LENGTH

    def __init__(self, chain: MarkovChain) -> None:
        self._order = max(0, chain.order)
        self.vocab_size = chain.choices
        self._after = lru_cache(KEPT_CONTEXTS)(lambda history: np.log(chain.probabilities(history)).astype(np.float32))

    def new_memory(self, slots: int) -> Memory:
        """Return empty slots: the ids of each are all that a chain needs."""
        return [[] for _ in range(slots)]

    def length(self, memory: Memory, slot: int) -> int:
        """Return how many ids a slot holds."""
        return len(memory[slot])

    def extend(self, memory: Memory, slot: int, ids: Sequence[int]) -> NDArray[np.float32]:
        """Append ids (at least one) to a slot and return the logits (V,) after the last."""
        held = memory[slot]
        if len(ids) == 0 or len(held) + len(ids) > self.context_length:
            raise ValueError(f"{len(ids)} ids do not fit after {len(held)} of {self.context_length}")
        if not all(0 <= i < self.vocab_size for i in ids):
            raise ValueError(f"ids must be 0-{self.vocab_size - 1}")
        held.extend(map(int, ids))
        logits: NDArray[np.float32] = self._after(tuple(held[len(held) - self._order :])).copy()
        return logits

    def step(self, memory: Memory, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append one id to each of several different slots (B,) and return logits (B, V)."""
        return np.stack([self.extend(memory, int(slot), [int(i)]) for slot, i in zip(slots, ids, strict=True)])

    def fork(self, memory: Memory, source: int, targets: Sequence[int]) -> None:
        """Make the targets hold what the source holds."""
        for target in targets:
            memory[target] = list(memory[source])

    def truncate(self, memory: Memory, slot: int, length: int) -> None:
        """Forget everything after the first `length` ids of a slot."""
        if not 0 <= length <= len(memory[slot]):
            raise ValueError(f"length must be 0-{len(memory[slot])}, got {length}")
        del memory[slot][length:]


def chain_bits(chain: MarkovChain, characters: Characters, text: str, order: int | None = None) -> float:
    """Return the bits of a song's text from its heading, which is given, to its end, under a chain or a shorter one."""
    ids = characters.join([text])
    given = body_start(text)
    strange = int((ids[1 + given :] == UNKNOWN).sum())
    return float(chain.bits(ids, order)[given:].sum()) + strange * ESCAPE_BITS


def open_markov(directory: Path, threads: int = 1) -> TextModel:
    """Open a checkpoint of counts; CheckpointError where it is another family's or damaged. threads has no say."""
    checkpoint = open_checkpoint(directory)
    if checkpoint.family != FAMILY or checkpoint.tokenizer_file is None:
        raise CheckpointError(f"{directory} is no checkpoint of the family {FAMILY} but of {checkpoint.family}")
    characters = Characters.from_json(checkpoint.tokenizer_file.read_bytes())
    try:
        order = int(checkpoint.config["order"])
        chain = MarkovChain.from_tensors(checkpoint.read_weights(), characters.choices, order)
    except (KeyError, ValueError) as error:
        raise CheckpointError(f"{directory} lacks counts ({error}); train or fetch the model again") from error
    return TextModel(
        family=FAMILY,
        model=MarkovModel(chain),
        tokenizer=characters,
        bits=lambda texts: [chain_bits(chain, characters, text) for text in texts],
    )
