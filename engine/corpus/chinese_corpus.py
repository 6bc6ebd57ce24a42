"""A prepared corpus of Chinese sung verse: ids with their plan, per split. Does not know models or decoding.

Which lines of a text rhyme is read off the text: by today's sounds, so that what rhymed in the tenth century alone is
learned as a line that does not rhyme.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.corpus.memory import remember_texts
from engine.corpus.records import Split, read_jsonl, split_of
from engine.corpus.shards import Shard, pack
from engine.lyrics.chinese.prompt import (
    ChineseLine,
    ChinesePrompt,
    PlannedLine,
    letters_of,
    lines_of,
    plan_ids,
)
from engine.lyrics.chinese.rhyme import rhyme_class, tones_of
from engine.lyrics.chinese.tokenizer import EOS, ChineseTokenizer
from engine.lyrics.chinese.tunes import TunePattern, learn_patterns, tune_names
from engine.lyrics.memory_filter import MEMORY_FILE

SPLITS: tuple[Split, ...] = ("train", "valid", "test")
KINDS = {"ci": "ci", "qu": "qu", "shi": "shi"}  # the others are old
WEIGHTS = {"ci": (1.0, 1.0), "qu": (0.6, 0.25), "shi": (0.35, 0.0), "old": (0.3, 0.0)}  # shown per pass, early and late
FEWEST_USES, LONGEST_TEXT = 6, 500  # of a character; ids
WORD_USES, WORD_SHARE, THEME_WORDS = 40, 0.03, 3
AUTHOR_TEXTS = 40
SALT = "chinese "  # a corpus from which texts were held out by the same hash would leave the first split empty
KEPT = {"tune": 0.8, "theme": 0.75, "author": 0.3}  # how often a text is shown with what is known of it
TOKENIZER, TUNES, WORDS, AUTHORS = "tokenizer.json", "tunes.json", "words.json", "authors.txt"


@dataclass(frozen=True)
class ChineseText:
    """One text. tune: its usual name, or ""."""

    id: str
    kind: str
    tune: str
    author: str
    lines: tuple[ChineseLine, ...]
    split: Split

    @property
    def characters(self) -> str:
        return "".join(line.characters for line in self.lines)


def read_chinese_texts(paths: Iterable[Path]) -> list[ChineseText]:
    """Read the texts of JSON-lines corpora that have nothing but characters and marks; every text once."""
    found: dict[str, ChineseText] = {}
    for path in paths:
        for row in read_jsonl(path):
            lines = lines_of(row["text"])
            if lines is None or len(lines) < 2:
                continue
            kind = KINDS.get(row["kind"], "old")
            tune = tune_names(row.get("rhythmic") or "")[0] if kind == "ci" else ""
            text = ChineseText(
                row["id"], kind, tune, row.get("author") or "", tuple(lines), split_of(f"{SALT}{row['id']}")
            )
            found.setdefault(text.characters, text)
    return list(found.values())


def theme_vocabulary(texts: Sequence[ChineseText]) -> dict[str, int]:
    """Return pairs of characters that are words in their own right, with their number of texts, the commonest first.

    Pairs inside a line that stand together more often than chance would put them (pointwise mutual information of 3 bits
    or more), in 40 texts or more and in at most 3 % of all: what is in every text is nobody's theme.
    """
    single, pairs = Counter[str](), Counter[str]()
    for text in texts:
        single.update(text.characters)
        pairs.update({a + b for line in text.lines for a, b in pairwise(line.characters)})
    total = sum(single.values())
    kept = {
        pair: n
        for pair, n in pairs.items()
        if WORD_USES <= n <= WORD_SHARE * len(texts)
        and math.log2(n * total / (single[pair[0]] * single[pair[1]])) >= 3
        and pair[0] != pair[1]
    }
    return dict(sorted(kept.items(), key=lambda item: (-item[1], item[0])))


def planned(lines: Sequence[ChineseLine]) -> list[PlannedLine]:
    """Return the plan that a text keeps."""
    letters = letters_of([rhyme_class(line.characters[-1]) for line in lines])
    return [
        PlannedLine(len(x.characters), r, x.mark, tones_of(x.characters)) for x, r in zip(lines, letters, strict=True)
    ]


def text_ids(text: ChineseText, prompt: ChinesePrompt, tokenizer: ChineseTokenizer) -> list[int]:
    """Return the ids of a text under a prompt."""
    ids = prompt.ids(tokenizer)
    for line, plan in zip(text.lines, planned(text.lines), strict=True):
        ids += [*plan_ids(plan, tokenizer), *tokenizer.encode(line.characters[::-1])]
    return [*ids, tokenizer.id_of(EOS)]


def prompt_of(
    text: ChineseText, words: dict[str, int], documents: int, authors: frozenset[str], rng: random.Random
) -> ChinesePrompt:
    """Return what a text is shown with: each field by chance, so that the model does without any of them too."""
    inside = {a + b for line in text.lines for a, b in pairwise(line.characters)} & words.keys()
    telling = sorted(inside, key=lambda word: (words[word] / documents, word))[: 2 * THEME_WORDS]
    theme = rng.sample(telling, min(len(telling), rng.randint(1, THEME_WORDS)))
    return ChinesePrompt(
        kind=text.kind,
        tune=text.tune if rng.random() < KEPT["tune"] else "",
        theme=theme if rng.random() < KEPT["theme"] else (),
        author=text.author if text.author in authors and rng.random() < KEPT["author"] else "",
    )


def prepare_chinese_corpus(
    sources: Sequence[Path], out: Path, *, seed: int, report: Callable[[str], None]
) -> tuple[TunePattern, ...]:
    """Write what a model is trained with and opened with into the folder `out`; return the tune patterns.

    A text is shown under several prompts: one copy of it per prompt, its weight shared among them.
    """
    out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    texts = read_chinese_texts(sources)
    train = [text for text in texts if text.split == "train"]
    report(f"{len(texts)} texts, {sum(len(t.characters) for t in texts)} characters")
    counts = Counter(character for text in train for character in text.characters + text.tune)
    tokenizer = ChineseTokenizer.of_characters(c for c, n in counts.most_common() if n >= FEWEST_USES)
    words = theme_vocabulary(train)
    by_author = Counter(text.author for text in train if text.author)
    authors = frozenset(author for author, n in by_author.items() if n >= AUTHOR_TEXTS)
    patterns = learn_patterns([(text.tune, planned(text.lines)) for text in train if text.tune])
    report(f"{tokenizer.vocab_size} entries, {len(words)} theme words, {len(patterns)} tunes, {len(authors)} authors")
    (out / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")
    (out / AUTHORS).write_text("".join(f"{name}\n" for name in sorted(authors)), encoding="utf-8")
    _write_json(out / WORDS, words)
    _write_json(out / TUNES, [pattern.as_json() for pattern in patterns])
    (out / MEMORY_FILE).write_bytes(
        remember_texts(([line.characters for line in text.lines] for text in train), list).to_bytes()
    )
    for split in SPLITS:
        chosen = [text for text in texts if text.split == split]
        shard = _shard(chosen, 3 if split == "train" else 1, tokenizer, words, len(train), authors, rng)
        shard.save(out / f"{split}.npz")
        report(f"{split}: {len(shard)} sequences, {len(shard.ids)} ids")
    return patterns


def _shard(
    texts: Sequence[ChineseText], copies: int, tokenizer: ChineseTokenizer, words: dict[str, int], documents: int,
    authors: frozenset[str], rng: random.Random,
) -> Shard:  # fmt: skip
    sequences, weights, sizes = [], [], []
    for text in texts:
        for _ in range(copies):
            ids = text_ids(text, prompt_of(text, words, documents, authors, rng), tokenizer)
            if len(ids) <= LONGEST_TEXT:
                sequences.append(ids)
                weights.append(tuple(w / copies for w in WEIGHTS[text.kind]))
                sizes.append(sum(len((line.characters + line.mark).encode()) for line in text.lines))
    return pack(sequences, weights, sizes, given_ids(tokenizer), tokenizer.id_of("<words>"))  # type: ignore[arg-type]


def given_ids(tokenizer: ChineseTokenizer) -> np.ndarray:
    """Return the ids that are told and never predicted: the plan's marks, and what the model has no character for."""
    marks = [number for number, entry in enumerate(tokenizer.entries) if len(entry) > 1 and entry != EOS]
    return np.array(marks, np.int64)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=None) + "\n", encoding="utf-8")
