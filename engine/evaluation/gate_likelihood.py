"""How likely held-out works of people are under a candidate and its parent, and how far the two are apart.

Does not know the gate. Needs PyTorch, as `lyric_likelihood` and `melody_likelihood` do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from engine.adapters import is_adapter
from engine.corpus.lead_sheets import read_sung_works
from engine.corpus.lead_sheets import split_of as split_of_work
from engine.corpus.records import parse_record, read_jsonl, split_of
from engine.evaluation.human_songs import plain_song
from engine.evaluation.lyric_likelihood import PLAIN_PROMPT, ScoredText, bits_per_byte, open_for_scoring
from engine.evaluation.melody_likelihood import WINDOW_NOTES, mean_nats_per_note
from engine.lyrics.prompt import reverse_line
from engine.lyrics.tokenizer import LyricTokenizer
from engine.music.melody_tokens import HEADER_TOKENS, TOKENS_PER_NOTE, Melody, encode

TEXTS, LINES_OF_TEXT = 200, 24
MOST_COMPARED = 60  # works by which the distance is measured: it settles early


@dataclass(frozen=True)
class Likelihoods:
    """parent, candidate: bits per byte, or nats per note; NaN without works. kl_nats: mean per token, NaN for none."""

    parent: float = math.nan
    candidate: float = math.nan
    kl_nats: float = math.nan


def held_out_texts(corpus: Path, count: int = TEXTS) -> list[list[str]]:
    """Return the lines of the first `count` held-out works of a JSON-lines corpus, up to 24 of each."""
    rows = (row for row in read_jsonl(corpus) if split_of(row.get("work") or row["id"]) == "test")
    songs = (list(plain_song(parse_record(row)).lines)[:LINES_OF_TEXT] for row in rows)
    return list(islice((lines for lines in songs if lines), count))


def held_out_melodies(folder: Path) -> list[Melody]:
    """Return the held-out melodies of a folder of lead sheets and hymns."""
    return [work.melodies[0] for work in read_sung_works(folder) if split_of_work(work) == "test"]


def of_lyrics(parent: Path, candidate: Path, people: Sequence[Sequence[str]], takes: Iterable[str]) -> Likelihoods:
    """Return bits per byte of people's texts (lines each), and the distance on them; without them on texts of takes.

    A candidate that is an adapter has the parent as its base.
    """
    files = parent if is_adapter(candidate) else candidate
    tokenizer = LyricTokenizer.open(files / "tokenizer.json")
    same = (parent / "tokenizer.json").read_bytes() == (files / "tokenizer.json").read_bytes()
    old, new = open_for_scoring(parent), open_for_scoring(candidate, base=parent)
    length = int(new.config.max_position_embeddings)
    texts = [scored_text(lines, tokenizer) for lines in people]
    compared = texts or [scored_text(text.splitlines(), tokenizer) for text in takes]
    kl_nats = distance(old, new, [text.ids[:length] for text in compared[:MOST_COMPARED]]) if same else math.nan
    if not texts:
        return Likelihoods(kl_nats=kl_nats)
    sizes = [sum(len(line.encode()) + 1 for line in lines) for lines in people]
    theirs = [
        text if same else scored_text(lines, LyricTokenizer.open(parent / "tokenizer.json"))
        for text, lines in zip(texts, people, strict=True)
    ]
    bits = [
        bits_per_byte(model, found, sizes, context_length=int(model.config.max_position_embeddings)).bits_per_byte
        for model, found in ((old, theirs), (new, texts))
    ]
    return Likelihoods(bits[0], bits[1], kl_nats)


def of_melodies(parent: Path, candidate: Path, people: Sequence[Melody]) -> Likelihoods:
    """Return nats per note of people's melodies, and the distance on them. A candidate may be an adapter as of `of_lyrics`."""
    if not people:
        return Likelihoods()
    old, new = open_for_scoring(parent), open_for_scoring(candidate, base=parent)
    rows = [encode(melody)[0][: HEADER_TOKENS + WINDOW_NOTES * TOKENS_PER_NOTE] for melody in people[:MOST_COMPARED]]
    nats = [mean_nats_per_note(model, people)["total"] for model in (old, new)]
    return Likelihoods(nats[0], nats[1], distance(old, new, [np.array(row) for row in rows]))


def scored_text(lines: Sequence[str], tokenizer: LyricTokenizer) -> ScoredText:
    """Return plain lines as a lyric model reads them, after the prompt that is the same for all texts."""
    prompt = tokenizer.encode(PLAIN_PROMPT)
    body = tokenizer.encode("".join(reverse_line(f" {line}") + "\n" for line in lines if line.strip()))
    ids = np.array([*prompt, *body, tokenizer.id_of("<eos>")], np.int64)
    return ScoredText(ids, np.arange(len(ids)) >= len(prompt))


def distance(old: Any, new: Any, rows: Sequence[np.ndarray]) -> float:
    """Return the mean over all places of KL(new || old), nats; NaN where the vocabularies differ or nothing is read."""
    import torch

    if not rows or old.config.vocab_size != new.config.vocab_size:
        return math.nan
    total, places = 0.0, 0
    for row in rows:
        ids = torch.from_numpy(np.asarray(row, np.int64))[None]  # (1, T)
        with torch.inference_mode():
            before, after = (torch.log_softmax(model(input_ids=ids).logits[0].float(), -1) for model in (old, new))
            total += float((after.exp() * (after - before)).sum())  # (T, V)
        places += len(row)
    return total / places
