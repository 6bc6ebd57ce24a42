"""The runs of words that keep a lyric model from writing its training texts down: chosen, and put into one small file.

Of all runs of five words as few are kept as will do: one in every eight words in a row, and one in every line of five words
or more. Texts of the train split count, as `engine.evaluation.memorisation` counts them. Does not know models.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.corpus.prepared_songs import read_songs
from engine.corpus.records import read_jsonl, split_of
from engine.errors import RequestError
from engine.lyrics.fuse_filter import FuseFilter, Keys
from engine.lyrics.memory_filter import FEWEST_OF_LINE, FEWEST_SHARED, RUN_WORDS, MemoryFilter, run_hashes, word_hash
from engine.lyrics.prosody import plain_words

_AT_ONCE = 1 << 20


def remember(corpus: Path, report: Callable[[str], None] = lambda line: None) -> bytes:
    """Return the memory file of a JSON-lines corpus of lyrics, or of a prepared folder; equal corpora give equal bytes.

    16 million words take half a minute and 0.6 GB, and give 4.8 MB. RequestError where the corpus has no training text.
    """
    memory = remember_texts(training_texts(corpus, report))
    if not memory.runs.size:
        raise RequestError(f"{corpus.name} has no text to train on in which five words follow each other")
    written = memory.to_bytes()
    report(f"{memory.runs.size} runs of {RUN_WORDS} words kept, {len(written) / 1e6:.1f} MB")
    return written


def training_texts(corpus: Path, report: Callable[[str], None]) -> Iterator[Sequence[str]]:
    """Give the lines of each text of the train split; RequestError where there is no such corpus."""
    if not corpus.exists():
        raise RequestError(
            f"there is no corpus {corpus}; name a .jsonl or .jsonl.gz file of songs, or a prepared folder"
        )
    if corpus.is_dir():
        yield from (song.lines for song in read_songs(corpus, "train"))
        return
    for number, row in enumerate(read_jsonl(corpus), 1):
        if number % 10_000 == 0:
            report(f"{number} records read")
        if split_of(row.get("work") or row["id"]) == "train":
            yield str(row["text"]).splitlines()


def remember_texts(
    texts: Iterable[Iterable[str]], words_in: Callable[[str], Sequence[str]] = plain_words
) -> MemoryFilter:
    """Return the memory of texts given as lines. words_in: of a line; `list` where every character is a word."""
    ids: dict[str, int] = {}
    words, kept = array("I"), array("I")
    for lines in texts:
        found = [words_in(line) for line in lines]
        kept.extend([len(words) + place for place in places_to_keep([len(line) for line in found])])
        for line in found:
            words.extend([ids.setdefault(word, len(ids)) for word in line])
    hashes = np.array([word_hash(word) for word in ids], np.uint64)
    return MemoryFilter(FuseFilter.build(_runs_at(kept, words, hashes)))


def places_to_keep(line_lengths: Iterable[int]) -> list[int]:
    """Return the fewest places at which a run of five words must be kept, for a text whose lines have so many words.

    Every eight words in a row have such a run within them, and so has every line of five words or more. Each of those
    asks for a place in an interval; in the order of their ends, one that has none yet gets the last it allows.
    """
    starts, total = [], 0
    for length in line_lengths:
        starts.append((total, length))
        total += length
    first_allowed = {p + FEWEST_SHARED - RUN_WORDS: p for p in range(total - FEWEST_SHARED + 1)}  # by the last allowed
    for start, length in starts:
        if FEWEST_OF_LINE <= length < FEWEST_SHARED:  # longer lines are eight words in a row
            first_allowed[start + length - RUN_WORDS] = start
    kept, latest = [], -1
    for last in sorted(first_allowed):
        if first_allowed[last] > latest:
            latest = last
            kept.append(last)
    return kept


def _runs_at(places: array[int], words: array[int], hashes: Keys) -> Keys:
    """Return the hashes of the runs that start at these places of the words, given as rows of `hashes`."""
    flat, starts = np.frombuffer(words, np.uint32), np.frombuffer(places, np.uint32).astype(np.int64)
    found = [np.zeros(0, np.uint64)]
    for begin in range(0, len(starts), _AT_ONCE):
        rows = starts[begin : begin + _AT_ONCE, None] + np.arange(RUN_WORDS)
        found.append(run_hashes(hashes[flat[rows]])[:, 0])
    return np.concatenate(found)
