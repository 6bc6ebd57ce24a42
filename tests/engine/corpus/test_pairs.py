"""What is kept of the pairs of a corpus: all that chance would bring about now and then, and hardly another."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.memory import remember
from engine.corpus.pairs import pairs_of_texts, remember_pairs
from engine.corpus.prepared_songs import write_songs
from engine.errors import CheckpointError, RequestError
from engine.lyrics.memory_filter import MemoryFilter, run_hashes, word_hash
from engine.lyrics.plain_songs import PlainSection, PlainSong
from engine.lyrics.word_pairs import KEPT_FROM, WordPairs

TEXTS = st.lists(st.lists(st.lists(st.sampled_from("abcdef"), max_size=9).map(" ".join), max_size=6), max_size=4)
SONG = ["The silver rain falls on the sea", "the rain, it falls!"]


def has(pairs: WordPairs, first: str, second: str) -> bool:
    return bool(pairs.pairs.has(run_hashes(np.array([word_hash(first), word_hash(second)], np.uint64), 2))[0])


@given(TEXTS)
def test_every_pair_within_a_line_that_chance_would_bring_about_is_kept(texts: list[list[str]]) -> None:
    pairs = pairs_of_texts(texts)
    lines = [line.split() for text in texts for line in text]
    uses = Counter(word for line in lines for word in line)
    assert pairs.words == sum(uses.values())
    wanted = {p for line in lines for p in pairwise(line) if uses[p[0]] * uses[p[1]] / pairs.words >= KEPT_FROM}
    assert all(has(pairs, *pair) for pair in wanted)
    assert pairs.pairs.size == len(wanted)


def test_no_pair_reaches_over_the_end_of_a_line_or_of_a_text() -> None:
    pairs = pairs_of_texts([["one two", "three four"], ["five six"]])
    assert pairs.pairs.size == 3
    assert has(pairs, "three", "four")


def test_case_and_punctuation_are_not_told_apart_and_the_order_is() -> None:
    pairs = pairs_of_texts([SONG])
    assert has(pairs, "the", "rain")
    assert has(pairs, "rain", "it")
    assert not has(pairs, "it", "rain")


def test_rare_words_are_not_kept_as_nothing_follows_from_them() -> None:
    rare = [f"only{n} here{n}" for n in range(10)]
    assert pairs_of_texts([rare]).pairs.size == 0
    assert pairs_of_texts([[*rare, *["only0 here0"] * 3]]).pairs.size == 1


def test_the_order_of_the_texts_does_not_matter_and_bytes_stay_the_same_for_ever() -> None:
    first, second = pairs_of_texts([SONG, ["a b c"]]), pairs_of_texts([["a b c"], SONG])
    assert first.to_bytes() == second.to_bytes()
    # If this changes, files that were written before know nothing any more: FORMAT must change too.
    assert hashlib.sha256(first.pairs.table.tobytes()).hexdigest()[:16] == "d3d7232c710a59da"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_songs(tmp_path, "train", [PlainSong("Ann", "A", (PlainSection("Verse 1", tuple(SONG)),))])
    write_songs(tmp_path, "test", [PlainSong("Ann", "B", (PlainSection("", ("nobody learned this",)),))])
    return tmp_path


def test_only_the_train_split_counts_and_the_file_reads_as_it_was_written(folder: Path) -> None:
    (folder / "pairs.npz").write_bytes(remember_pairs(folder))
    read, built = WordPairs.read(folder / "pairs.npz"), pairs_of_texts([SONG])
    assert (read.words, read.pairs.size) == (built.words, built.pairs.size) == (11, 9)
    assert read.to_bytes() == built.to_bytes()


def test_a_corpus_without_training_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="there is no corpus"):
        remember_pairs(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text(json.dumps({"id": "a", "text": "- - -"}) + "\n", encoding="utf-8")
    with pytest.raises(RequestError, match="no text to train on"):
        remember_pairs(tmp_path / "empty.jsonl")


@pytest.mark.parametrize("content", [b"", b"not a zip", "cut"])
def test_a_damaged_file_is_refused_with_the_way_out(folder: Path, content: bytes | str) -> None:
    whole = remember_pairs(folder)
    (folder / "pairs.npz").write_bytes(whole[:-40] if isinstance(content, str) else content)
    with pytest.raises(CheckpointError, match="songwright corpus remember"):
        WordPairs.read(folder / "pairs.npz")


@pytest.mark.parametrize("facts", [[99, 11, 4, 0, 0], [1, 0, 4, 0, 0], [1, 11]])
def test_a_file_of_another_format_is_refused(tmp_path: Path, facts: list[int]) -> None:
    np.savez(tmp_path / "pairs.npz", facts=np.array(facts), table=np.zeros(12, np.uint8))
    with pytest.raises(CheckpointError, match="not of format"):
        WordPairs.read(tmp_path / "pairs.npz")


def test_pairs_are_not_taken_for_a_memory(folder: Path) -> None:
    (folder / "memory.npz").write_bytes(remember_pairs(folder))
    with pytest.raises(CheckpointError, match="not of format"):
        MemoryFilter.read(folder / "memory.npz")


def test_the_terminal_writes_both_files(folder: Path) -> None:
    from bot.terminal.remember import remember as command

    out, pairs = folder / "new" / "memory.npz", folder / "new" / "pairs.npz"
    said = CliRunner().invoke(command, [str(folder), "--out", str(out), "--pairs", str(pairs)])
    assert said.exit_code == 0, said.output
    assert (out.read_bytes(), pairs.read_bytes()) == (remember(folder), remember_pairs(folder))
    assert sorted(path.name for path in out.parent.iterdir()) == ["memory.npz", "pairs.npz"]
