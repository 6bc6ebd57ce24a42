"""Bits per byte of the lyric model on a prepared split. Does not know training, songs or the command line.

Bits per byte = loss in bits over UTF-8 bytes (METRICS 2): every learned id counts, the end of a text too, and the bytes are
those of the lines as people read them, with a newline each. The model writes a line from its last word to its first; that
is the same text in another order, so its figure compares with models that read forwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.adapters import is_adapter, needs_base, read_adapter
from engine.checkpoint import SCALE_SUFFIX, open_checkpoint
from engine.corpus.plain_texts import reversed_lines, shown_texts
from engine.corpus.shards import Shard
from engine.errors import CheckpointError
from engine.lyrics.prompt import ControlPrompt
from engine.lyrics.tokenizer import LyricTokenizer

BATCH_IDS = 4096
TEXTS, SEED = 500, 0
# The same for every text, so that it tells nothing of the text.
PLAIN_PROMPT = ControlPrompt(kind="poem", era="undated").text() + "<verse>"
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Likelihood:
    """bits: of all learned ids. byte_count: of the texts as people read them."""

    bits: float
    byte_count: int
    ids: int
    texts: int

    @property
    def bits_per_byte(self) -> float:
        """NaN where there are no bytes."""
        return self.bits / self.byte_count if self.byte_count else math.nan


@dataclass(frozen=True)
class ScoredText:
    """ids: of a whole text, prompt first. learned: bool, which of them count; the first never does."""

    ids: np.ndarray
    learned: np.ndarray


def chosen_texts(shard: Shard, count: int = TEXTS) -> np.ndarray:
    """Return the same `count` texts every time, drawn evenly from those with a weight above 0; 0 is all of them."""
    shown = shown_texts(shard)
    return np.sort(np.random.default_rng(SEED).permutation(shown)[:count]) if count else shown


def marked_texts(shard: Shard, indices: Sequence[int] | np.ndarray) -> list[ScoredText]:
    """Return texts as they are trained on: control prompt and line marks are given and do not count.

    After a newline only the end is ever learned there, so the end of a marked text is all but free.
    """
    spans = [slice(int(shard.starts[i]), int(shard.starts[i + 1])) for i in indices]
    return [ScoredText(shard.ids[span].astype(np.int64), shard.learned[span]) for span in spans]


def unmarked_texts(shard: Shard, tokenizer: LyricTokenizer, indices: Sequence[int] | np.ndarray) -> list[ScoredText]:
    """Return texts rewritten without line marks and sections, after one prompt that is the same for all."""
    prompt = tokenizer.encode(PLAIN_PROMPT)
    end = tokenizer.id_of("<eos>")
    found = []
    for index in indices:
        body = tokenizer.encode("".join(f"{line}\n" for line in reversed_lines(shard, tokenizer, int(index))))
        ids = np.array([*prompt, *body, end], np.int64)
        found.append(ScoredText(ids, np.arange(len(ids)) >= len(prompt)))
    return found


def bits_per_byte(
    model: Any,
    texts: Sequence[ScoredText],
    byte_counts: Sequence[int] | np.ndarray,
    *,
    context_length: int,
    report: Report = lambda done, total: None,
) -> Likelihood:
    """Return the likelihood of texts under a causal model of transformers (input_ids in, logits (B, T, V) out).

    Texts longer than `context_length` ids are read in windows that overlap by half.
    """
    windows = [window for text in texts for window in _windows(text, context_length)]
    windows.sort(key=lambda window: len(window.ids))
    bits, ids, done = 0.0, 0, 0
    for batch in _batches(windows):
        more_bits, more_ids = _score(model, batch)
        bits, ids, done = bits + more_bits, ids + more_ids, done + len(batch)
        report(done, len(windows))
    return Likelihood(bits, int(np.sum(byte_counts)), ids, len(texts))


def _windows(text: ScoredText, context_length: int) -> Iterator[ScoredText]:
    """Yield the text in pieces; an id counts in the first piece that has it."""
    start, counted = 0, 0
    while counted < len(text.ids):
        stop = min(start + context_length, len(text.ids))
        learned = text.learned[start:stop].copy()
        learned[: max(1, counted - start)] = False
        yield ScoredText(text.ids[start:stop], learned)
        counted = stop
        start += context_length // 2


def _batches(windows: Sequence[ScoredText]) -> Iterator[list[ScoredText]]:
    batch: list[ScoredText] = []
    for window in windows:
        if batch and (len(batch) + 1) * len(window.ids) > BATCH_IDS:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _score(model: Any, batch: Sequence[ScoredText]) -> tuple[float, int]:
    """Return bits and number of the ids that count in a batch, padded on the right."""
    import torch

    longest = max(len(window.ids) for window in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.int64)  # (B, T)
    learned = torch.zeros((len(batch), longest), dtype=torch.bool)
    for row, window in enumerate(batch):
        ids[row, : len(window.ids)] = torch.from_numpy(window.ids)
        learned[row, : len(window.ids)] = torch.from_numpy(window.learned)
    wanted = learned[:, 1:]
    if not wanted.any():
        return 0.0, 0
    with torch.inference_mode():
        logits = model(input_ids=ids).logits[:, :-1][wanted].float()  # (ids that count, V)
        nats = torch.nn.functional.cross_entropy(logits, ids[:, 1:][wanted], reduction="none").double().sum()
    return float(nats) / math.log(2), int(wanted.sum())


def open_for_scoring(path: Path, threads: int = 1, *, base: Path | None = None) -> Any:
    """Open a lyric checkpoint, or a folder that transformers wrote, as a torch model in float32; int8 weights are scaled.

    base: the checkpoint that an adapter is merged into; a whole model does not need it.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.set_num_threads(threads)
    if is_adapter(path):
        return _open_merged(path, threads, base)
    if not (path / "manifest.json").is_file():
        if not (path / "config.json").is_file():
            raise CheckpointError(
                f"{path} holds neither manifest.json nor config.json; name a checkpoint of a lyric model"
            )
        return AutoModelForCausalLM.from_pretrained(
            path, dtype=torch.float32, use_safetensors=True, local_files_only=True
        ).eval()
    checkpoint = open_checkpoint(path)
    stored = checkpoint.read_weights()
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**checkpoint.config), dtype=torch.float32)
    weights = {
        name: torch.from_numpy(
            weight.astype(np.float32) * (stored[name + SCALE_SUFFIX][:, None] if name + SCALE_SUFFIX in stored else 1)
        )
        for name, weight in stored.items()
        if not name.endswith(SCALE_SUFFIX)
    }
    missing, unknown = model.load_state_dict(weights, strict=False)
    if unknown or set(missing) - {"lm_head.weight"} or (missing and not model.config.tie_word_embeddings):
        raise CheckpointError(
            f"{path} lacks {sorted(missing)} or has {sorted(unknown)} too many; fetch the model again"
        )
    model.tie_weights()
    return model.eval()


def _open_merged(path: Path, threads: int, base: Path | None) -> Any:
    """Return the base of an adapter with the adapter in its weights."""
    from engine.torch_adapters import merge

    if base is None:
        raise needs_base(open_checkpoint(path))
    adapter = read_adapter(path, open_checkpoint(base).digest)
    model = open_for_scoring(base, threads)
    merge(model, adapter)
    return model


def measure_lyric_model(
    checkpoint: Path,
    shard: Shard,
    tokenizer: LyricTokenizer,
    *,
    texts: int = TEXTS,
    report: Report = lambda done, total: None,
) -> dict[str, Likelihood]:
    """Return the likelihood with prompt and line marks given ("given the plan"), and without them ("plain text")."""
    model = open_for_scoring(checkpoint)
    chosen = chosen_texts(shard, texts)
    context_length = int(model.config.max_position_embeddings)
    forms = {"given the plan": marked_texts(shard, chosen), "plain text": unmarked_texts(shard, tokenizer, chosen)}
    return {
        name: bits_per_byte(
            model,
            form,
            shard.byte_counts[chosen],
            context_length=context_length,
            report=lambda done, total, part=part: report(part * total + done, 2 * total),  # type: ignore[misc]  # binds the loop's value
        )
        for part, (name, form) in enumerate(forms.items())
    }
