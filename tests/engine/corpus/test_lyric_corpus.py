"""Promises of a prepared lyric corpus, made from a few invented songs."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path

import numpy as np
import pytest

from engine.corpus import lyric_corpus
from engine.corpus.lyric_corpus import (
    count_pairs,
    count_words,
    learn_associations,
    plain_lines,
    prepare_lyric_corpus,
    principal_vectors,
    read_texts,
    tokenize,
    windows,
)
from engine.corpus.prepare import Chunk
from engine.corpus.shards import Shard
from engine.corpus.song_texts import is_marked, song_texts
from engine.lyrics import insults
from engine.lyrics.associations import Associations
from engine.lyrics.lexicon import read_words
from engine.lyrics.tokenizer import LyricTokenizer, train_tokenizer

STARTS = ["I saw", "And I heard", "The wind brought", "We followed", "They found"]
THINGS = ["the rain", "a silver ship", "the harbour light", "the morning train", "my mother's song"]
ENDS = ["upon the bay", "above the sea", "along the way", "for you and me", "at break of day", "beneath the tree"]


def song(number: int) -> dict[str, object]:
    rng = random.Random(number)
    ends = rng.sample(ENDS, 4)
    stanzas = ["\n".join(f"{rng.choice(STARTS)} {rng.choice(THINGS)} {end}," for end in ends) for _ in range(3)]
    return {"id": f"s{number}", "kind": "song", "title": "The Bay", "author": "Ann Lee", "era": "born 1860-1869",
            "n_lines": 12, "licence": "CC0-1.0", "text": "\n\n".join(stanzas)}  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "songs.jsonl"
    path.write_text("".join(json.dumps(song(n)) + "\n" for n in range(150)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    prepare_lyric_corpus(source, out, vocab_size=500, seed=1, report=lambda text: None)
    return out


def test_plain_lines_are_the_cleaned_lines_of_the_source(source: Path) -> None:
    texts = read_texts(source, lambda text: None)
    lines = [line for chunk in texts.chunks for line in plain_lines(chunk)]
    expected = [line for row in map(song, range(150)) for line in str(row["text"]).splitlines() if line]
    assert sorted(line.lower() for line in lines) == sorted(line.lower() for line in expected)
    assert any(line.startswith("I saw ") for line in lines)
    assert sum(chunk.byte_count for chunk in texts.chunks) == sum(len(line) + 1 for line in lines)


def test_shards_hold_the_texts_of_their_split(prepared: Path, source: Path) -> None:
    tokenizer = LyricTokenizer.open(prepared / "tokenizer.json")
    texts = read_texts(source, lambda text: None)
    total = 0
    for split in lyric_corpus.SPLITS:
        shard = Shard.open(prepared / f"{split}.npz")
        found = [tokenizer.decode(shard.text_ids(i)) for i in range(len(shard))]
        assert found == [chunk.text for chunk in texts.of(split)]
        total += len(found)
        end = tokenizer.id_of("<eos>")
        for i in range(len(shard)):
            learned = shard.learned[shard.starts[i] : shard.starts[i + 1]]
            ids = shard.text_ids(i)[learned]
            assert ids[-1] == end
            assert not np.isin(ids[:-1], tokenizer.mark_ids()).any()
    assert total > 100


def test_marked_texts_are_read_as_plain_lines_by_families_of_plain_songs(prepared: Path) -> None:
    assert is_marked(prepared)
    texts = song_texts(prepared, "train")
    assert texts
    assert all("<" not in text and text.endswith("\n") for text in texts)


def test_words_authors_and_associations_come_from_training(prepared: Path) -> None:
    words = {entry.text: entry.count for entry in read_words(prepared / "words.txt.gz")}
    assert {"I", "rain", "bay", "mother's"} <= set(words)
    assert "the" in words
    assert "The" not in words
    assert (prepared / "authors.txt").read_text() == "Ann Lee\n"
    assert "rain" in Associations.open(prepared / "associations.npz")


def test_preparing_again_gives_the_same_bytes(prepared: Path, source: Path, tmp_path: Path) -> None:
    prepare_lyric_corpus(source, tmp_path, vocab_size=500, seed=1, report=lambda text: None)
    for name in ("tokenizer.json", "words.txt.gz", "authors.txt"):
        assert (tmp_path / name).read_bytes() == (prepared / name).read_bytes()


def test_only_known_frequent_and_kind_words_may_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(insults, "NOT_SUNG", frozenset([hashlib.sha1(b"rascal").hexdigest()[:10]]))
    line = "the rascal saw rain' xyzzyx Glasgow rain qu I thee in 42"
    counted = count_words([[line] * 40])
    assert counted == {"the": 40, "saw": 40, "rain": 80, "Glasgow": 40, "I": 40, "thee": 40, "in": 40}
    assert set(count_words([[line] * 11])) == {"rain"}
    assert "rain" in count_words([["rain Rain"] * 20])
    assert "Rain" not in count_words([["rain Rain"] * 20])


def test_texts_too_long_for_a_row_are_left_out() -> None:
    tokenizer = train_tokenizer([" rain\n"] * 3, 400)
    short = Chunk("<bos><words><verse> rain\n<eos>", "song", "train", 5, 1.0, 0.5)
    long = Chunk("<bos><words>" + " rain\n" * 900 + "<eos>", "song", "train", 4500, 1.0, 1.0)
    shard = tokenize([long, short], tokenizer)
    assert len(shard) == 1
    assert shard.byte_counts.tolist() == [5]
    assert shard.weights.tolist() == [[1.0, 0.5]]


def test_windows_cut_lines_in_order() -> None:
    assert [list(part) for part in windows("abcdefgh", 3)] == [list("abc"), list("def"), list("gh")]


def test_pairs_are_counted_once_per_document_both_ways() -> None:
    together = count_pairs([[0, 1], [0, 1, 2], [2]], 3)
    assert together.tolist() == [[0, 2, 1], [2, 0, 1], [1, 1, 0]]


def test_principal_vectors_rebuild_a_matrix_of_low_rank() -> None:
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((90, 5)).astype(np.float32)
    vectors = principal_vectors(basis @ basis.T)
    assert vectors @ vectors.T == pytest.approx(basis @ basis.T, abs=0.01)


def test_words_of_one_company_are_near() -> None:
    documents = [["rain", "storm", "cloud"], ["bread", "butter", "cheese"]] * 20
    known = learn_associations(documents)
    assert known.nearness("rain", ["storm"]) > known.nearness("rain", ["butter"])


def test_a_shard_goes_to_another_tokenizer_and_back_unchanged() -> None:
    first = train_tokenizer(["rain sea the of night light"] * 4, 400)
    second = train_tokenizer(["a quite different set of words, for once!"] * 4, 380)
    text = "<bos><song><plain><late><theme> rain<words><verse><s4><rA>, sea the of rain\n<s3><rA>. night the of\n<eos>"
    shard = lyric_corpus.tokenize([Chunk(text, "song", "train", 27, 1.0, 0.5)], first)
    there = lyric_corpus.retokenize(shard, first, second)
    assert second.decode(there.text_ids(0)) == text
    back = lyric_corpus.retokenize(there, second, first)
    assert back.ids.tolist() == shard.ids.tolist()
    assert back.learned.tolist() == shard.learned.tolist()
    assert back.weights.tolist() == shard.weights.tolist()
