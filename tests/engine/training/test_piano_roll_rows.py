"""Promises of rows of piano rolls: every frame once in an epoch, streams that go on, one transposition for a piece."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from engine.corpus.piano_rolls import KEYS, Roll
from engine.training.piano_roll_rows import RollRows
from tests.engine.piano_rolls import made_up_pieces

PIECES = made_up_pieces(9, longest=30)


def heard(rows: RollRows, streams: int) -> list[Roll]:
    """Return the pieces that streams hear, in no order: their rows put together from `fresh` to `fresh`."""
    found: list[list[Any]] = []
    for stream in range(streams):
        for index in range(stream, len(rows), streams):
            row = rows[index]
            if row["fresh"] and row["labels"]:
                found.append([])
            if row["labels"]:
                found[-1].append(row["input_ids"][: row["labels"]])
            assert not row["input_ids"][row["labels"] :].any()
    return [np.concatenate(piece) for piece in found]


def counted(pieces: list[Roll]) -> Counter[bytes]:
    return Counter(piece.tobytes() for piece in pieces)


@pytest.mark.parametrize(("streams", "length"), [(1, 5), (4, 8), (16, 8), (3, 100)])
def test_each_epoch_hears_every_piece_whole_and_once(streams: int, length: int) -> None:
    rows = RollRows(PIECES, streams=streams, length=length, epochs=2)
    assert counted(heard(rows, streams)) == counted(PIECES * 2)
    assert rows.frames_per_row * len(rows) == pytest.approx(2 * sum(map(len, PIECES)))
    assert len(rows) == rows.steps_per_epoch.sum() * streams


def test_streams_are_of_nearly_the_same_length() -> None:
    rows = RollRows(PIECES, streams=3, length=4)
    in_all = sum(-(-len(piece) // 4) for piece in PIECES)
    assert rows.steps_per_epoch[0] <= in_all / 3 + 30 / 4


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    def all_rows(seed: int) -> list[bytes]:
        rows = RollRows(PIECES, streams=2, length=8, epochs=2, transpose=3, seed=seed)
        return [rows[index]["input_ids"].tobytes() for index in range(len(rows))]

    assert all_rows(1) == all_rows(1)
    assert all_rows(1) != all_rows(2)


def test_pieces_are_moved_as_a_whole_within_the_range_and_the_last_epochs_not_at_all() -> None:
    lowest, highest = 22, 68
    rows = RollRows(PIECES, streams=1, length=7, epochs=12, plain_epochs=2, transpose=5, key_range=(lowest, highest))
    pieces = heard(rows, 1)
    count = len(PIECES)
    shapes = {shape_of(piece): number for number, piece in enumerate(PIECES)}
    shifts = set()
    for epoch in range(12):
        for piece in pieces[epoch * count : (epoch + 1) * count]:
            shift = first_key(piece) - first_key(PIECES[shapes[shape_of(piece)]])
            shifts.add(shift)
            sounding = np.flatnonzero(piece.any(axis=0))
            assert lowest <= sounding[0]
            assert sounding[-1] <= highest
            assert abs(shift) <= 5
            assert shift == 0 or epoch < 10
    assert len(shifts) > 5


def test_pieces_without_room_and_silent_ones_stay_where_they_are() -> None:
    full = np.zeros((6, KEYS), np.uint8)
    full[:, [0, KEYS - 1]] = 1
    silent = np.zeros((6, KEYS), np.uint8)
    rows = RollRows([full, silent], streams=1, length=6, epochs=3, transpose=6)
    assert counted(heard(rows, 1)) == counted([full, silent] * 3)


def test_rows_beyond_the_last_are_no_rows() -> None:
    rows = RollRows(PIECES, streams=2, length=8)
    with pytest.raises(IndexError):
        rows[len(rows)]


def shape_of(piece: Roll) -> bytes:
    """Return a piece without its place on the keyboard."""
    return np.roll(piece, -first_key(piece), axis=1).tobytes()


def first_key(piece: Roll) -> int:
    return int(np.flatnonzero(piece.any(axis=0))[0])
