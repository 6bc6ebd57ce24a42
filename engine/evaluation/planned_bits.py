"""What each held-out text costs the planned lyric model, text by text, for intervals. Does not know songs.

The figures are those of `lyric_likelihood`; there all texts are read together, here one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus.lyric_corpus import LONGEST_TEXT, TOKENIZER, retokenize
from engine.corpus.shards import Shard
from engine.errors import RequestError
from engine.evaluation.lyric_likelihood import (
    ScoredText,
    bits_per_byte,
    chosen_texts,
    marked_texts,
    open_for_scoring,
    unmarked_texts,
)
from engine.evaluation.word_figures import BITS, BITS_PLANNED, Values
from engine.lyrics.tokenizer import LyricTokenizer

MOST_IDS = LONGEST_TEXT * 2 // 3  # retokenized texts over LONGEST_TEXT are dropped, and both sides must have the same


def planned_bits(
    checkpoint: Path, data: Path, *, texts: int, report: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Values]:
    """Return the bits and bytes of test texts, with the plan given and as plain text (METRICS 2, bits per byte).

    data: a folder that `songwright train lyrics` prepared. Models with other tokenizers read the same texts; long ones are
    left out for all.
    """
    for name in (TOKENIZER, "test.npz"):
        if not (data / name).is_file():
            raise RequestError(f"{data} has no {name}; name a folder that `songwright train lyrics` prepared")
    whole, tokenizer = Shard.open(data / "test.npz"), LyricTokenizer.open(data / TOKENIZER)
    shard = short_texts(whole, chosen_texts(whole, texts))
    own = LyricTokenizer.open(checkpoint / TOKENIZER)
    if own.to_json() != tokenizer.to_json():
        shard, tokenizer = retokenize(shard, tokenizer, own), own
    every = np.arange(len(shard))
    model = open_for_scoring(checkpoint)
    forms = {BITS_PLANNED: marked_texts(shard, every), BITS: unmarked_texts(shard, tokenizer, every)}
    found = {}
    for part, (name, form) in enumerate(forms.items()):
        before = part * len(form)
        bits = _bits(model, form, lambda done, before=before: report(before + done, 2 * len(every)))  # type: ignore[misc]  # binds the loop's value
        found[name] = Values(bits, shard.byte_counts.astype(float))
    return found


def short_texts(shard: Shard, chosen: np.ndarray) -> Shard:
    """Return those of the chosen texts (indices) that are short enough for any tokenizer to keep them; RequestError for none."""
    kept = [i for i in chosen.tolist() if len(shard.text_ids(i)) <= MOST_IDS]
    if not kept:
        raise RequestError(f"no held-out text has at most {MOST_IDS} ids; prepare a larger corpus")
    spans = [slice(int(shard.starts[i]), int(shard.starts[i + 1])) for i in kept]
    return Shard(
        np.concatenate([shard.ids[span] for span in spans]),
        np.concatenate([shard.learned[span] for span in spans]),
        np.cumsum([0, *(span.stop - span.start for span in spans)]),
        shard.weights[kept],
        shard.byte_counts[kept],
    )


def _bits(model: Any, texts: Sequence[ScoredText], report: Callable[[int], None]) -> np.ndarray:
    context_length = int(model.config.max_position_embeddings)
    found = []
    for text in texts:
        found.append(bits_per_byte(model, [text], [1], context_length=context_length).bits)
        report(len(found))
    return np.array(found)
