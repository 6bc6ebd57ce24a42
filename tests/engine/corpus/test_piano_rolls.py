"""Promises of the reader of piano-roll files: what was written is read, what is something else is refused in a sentence."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.corpus.piano_rolls import KEYS, SPLITS, Roll, RollCorpus, read_piano_rolls
from engine.errors import FileFormatError, RequestError
from tests.engine.piano_rolls import made_up_pieces, write_mat


def test_pieces_come_back_as_they_were_written(tmp_path: Path) -> None:
    pieces = {split: made_up_pieces(count, seed=count) for split, count in (("train", 3), ("valid", 1), ("test", 2))}
    found = read_piano_rolls(write_mat(tmp_path / "Tiny.mat", pieces))
    assert found.name == "Tiny"
    for split, written in pieces.items():
        read = found.pieces[split]  # type: ignore[index]  # names of splits
        assert [piece.dtype for piece in read] == [np.uint8] * len(written)
        assert all(np.array_equal(a, b) for a, b in zip(read, written, strict=True))


def test_pieces_that_are_also_in_training_are_found() -> None:
    train = made_up_pieces(3)
    found = corpus(train, test=[*made_up_pieces(2, seed=9), train[1].copy()])
    assert found.heard_in_training("test") == (2,)
    assert found.heard_in_training("valid") == ()


def test_the_key_range_is_what_training_sounds() -> None:
    piece = np.zeros((4, KEYS), np.uint8)
    assert corpus([piece]).key_range() == (0, KEYS - 1)
    piece[1, 30], piece[3, 41] = 1, 1
    assert corpus([piece]).key_range() == (30, 41)


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ({"train": [np.ones((2, KEYS))], "valid": [np.ones((2, KEYS))]}, "no testdata"),
        ({split: [np.ones((2, 12))] for split in SPLITS}, "no matrix of 0 and 1 with 88 columns"),
        ({split: [np.full((2, KEYS), 3)] for split in SPLITS}, "no matrix of 0 and 1"),
        ({split: [np.ones((0, KEYS))] for split in SPLITS}, "no matrix of 0 and 1"),
    ],
)
def test_files_of_something_else_are_refused(tmp_path: Path, pieces: dict[str, Any], message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        read_piano_rolls(write_mat(tmp_path / "other.mat", pieces))


@pytest.mark.parametrize(
    "content", [b"", b"no MATLAB file", b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + b"\x0f" * 9]
)
def test_broken_files_are_refused(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("scipy")
    path = tmp_path / "broken.mat"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"broken\.mat"):
        read_piano_rolls(path)


def test_a_missing_file_and_a_missing_scipy_are_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RequestError, match=r"no file .*Nottingham\.mat"):
        read_piano_rolls(tmp_path / "Nottingham.mat")
    (tmp_path / "Nottingham.mat").touch()
    found = builtins.__import__

    def without_scipy(name: str, *given: Any, **named: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return found(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", without_scipy)
    with pytest.raises(RequestError, match="SciPy: pip install"):
        read_piano_rolls(tmp_path / "Nottingham.mat")


def corpus(train: list[Roll], test: list[Roll] | None = None) -> RollCorpus:
    return RollCorpus("Tiny", {"train": tuple(train), "valid": (), "test": tuple(test or ())}, "")
