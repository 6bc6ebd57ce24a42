"""Training of the character LSTM on the plain texts of a prepared corpus. Does not know how it is measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from engine.corpus.lyric_corpus import TOKENIZER
from engine.corpus.plain_texts import plain_texts, shown_texts
from engine.corpus.shards import Shard
from engine.lyrics.char_lstm import CharLstm, CharLstmConfig
from engine.lyrics.characters import join_texts
from engine.lyrics.tokenizer import LyricTokenizer
from engine.training.trainer import TrainingOptions, train_causal

ROW_CHARACTERS, BATCH_ROWS, VALID_ROWS = 256, 16, 128


class CharacterRows:
    """Rows of `length` characters cut from texts laid end to end; all of a row is learned but its first character."""

    def __init__(self, texts: Sequence[str], *, rows: int, length: int = ROW_CHARACTERS) -> None:
        ids = join_texts(texts)
        self._rows = ids[: min(rows, len(ids) // length) * length].reshape(-1, length)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        ids = self._rows[index].astype(np.int64)
        return {"input_ids": ids, "labels": ids}


def train_char_lstm(
    data: Path,
    out: Path,
    *,
    steps: int,
    hidden_size: int = 384,
    threads: int = 1,
    seed: int = 0,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> Path:
    """Train on as many training texts as `steps` of 16 x 256 characters hold; return where the best weights are.

    data: a prepared lyric corpus. resume: go on from the last checkpoint in `out`.
    The texts are drawn without weights, as the evaluation counts them.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    tokenizer = LyricTokenizer.open(data / TOKENIZER)
    train, valid = Shard.open(data / "train.npz"), Shard.open(data / "valid.npz")
    order = np.random.default_rng(seed).permutation(shown_texts(train))
    wanted = steps * BATCH_ROWS * ROW_CHARACTERS
    used = int(np.searchsorted(np.cumsum(train.byte_counts[order]), wanted)) + 1
    rows = CharacterRows(plain_texts(train, tokenizer, order[:used]), rows=steps * BATCH_ROWS)
    valid_rows = CharacterRows(plain_texts(valid, tokenizer), rows=VALID_ROWS)
    model = CharLstm(CharLstmConfig(hidden_size=hidden_size))
    options = TrainingOptions(
        steps=steps, batch_rows=BATCH_ROWS, every=max(1, steps // 10), threads=threads, seed=seed, resume=resume
    )
    start = time.monotonic()
    train_causal(model, rows, valid_rows, out, options, report=report)
    report(f"{model.num_parameters()} parameters, {steps * BATCH_ROWS * ROW_CHARACTERS} characters of {used} texts, "
           f"{time.monotonic() - start:.0f} s")  # fmt: skip
    model.save_pretrained(out / "final")
    return out / "final"
