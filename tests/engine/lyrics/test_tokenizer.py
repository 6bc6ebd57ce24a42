"""Promises of the lyric tokenizer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.prompt import PIECE, special_tokens
from engine.lyrics.tokenizer import LyricTokenizer, train_tokenizer

TEXTS = [" rain on the sea\n", " the rain, the rain.\n", " o'er the harbour 'tis night\n"] * 3
TOKENIZER = train_tokenizer(TEXTS, 400)


@given(st.text(max_size=60))
def test_text_comes_back_whole(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(st.lists(st.sampled_from([" rain", " the", ",", " o'er", " harbour", " zebra", "\n"]), max_size=12))
def test_pieces_never_cross_words(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert TOKENIZER.encode(text) == [i for piece in PIECE.findall(text) for i in TOKENIZER.encode(piece)]


def test_every_mark_is_one_id_in_order() -> None:
    marks = special_tokens()
    assert [TOKENIZER.encode(mark) for mark in marks] == [[i] for i in range(len(marks))]
    assert TOKENIZER.mark_ids().tolist() == list(range(len(marks)))
    assert TOKENIZER.encode("<verse><s8><rA>") == [TOKENIZER.id_of(mark) for mark in ("<verse>", "<s8>", "<rA>")]


def test_newline_is_one_id_and_unknown_marks_are_refused() -> None:
    assert TOKENIZER.decode([TOKENIZER.newline_id]) == "\n"
    with pytest.raises(KeyError):
        TOKENIZER.id_of("<coda>")


def test_training_and_saving_are_deterministic(tmp_path: Path) -> None:
    assert train_tokenizer(TEXTS, 400).to_json() == TOKENIZER.to_json()
    (tmp_path / "tokenizer.json").write_text(TOKENIZER.to_json(), encoding="utf-8")
    opened = LyricTokenizer.open(tmp_path / "tokenizer.json")
    assert opened.vocab_size == TOKENIZER.vocab_size
    assert opened.encode_batch(TEXTS) == [TOKENIZER.encode(text) for text in TEXTS]
