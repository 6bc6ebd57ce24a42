"""Promises of rows of songs: streams go on from row to row, every song once a round, openings are read and never learned."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lyrics.characters import END, Characters
from engine.training.song_rows import SongRows

SONGS = ["<<Ann - A>>\nsea\n", "<<Bob - B>>\nhay, hay\n", "no heading\n", "<<Ann - C>>\nthe boat\n"]
CHARACTERS = Characters.learn(SONGS, artists=("Ann", "Bob"))


def stream(rows: SongRows, number: int, streams: int) -> np.ndarray:
    return np.concatenate([rows[i]["input_ids"] for i in range(number, len(rows), streams)])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 8), st.integers(0, 3))
def test_streams_lie_end_to_end_in_one_long_text(streams: int, length: int, each: int, seed: int) -> None:
    rows = SongRows(SONGS, CHARACTERS, rows=streams * each, streams=streams, length=length, seed=seed)
    one = SongRows(SONGS, CHARACTERS, rows=streams * each, streams=1, length=length, seed=seed)
    apart = np.concatenate([stream(rows, number, streams) for number in range(streams)])
    assert apart.tolist() == stream(one, 0, 1).tolist()
    assert len(rows) == streams * each


@given(st.integers(1, 30))
def test_labels_are_what_is_read_next_and_openings_are_learned_as_the_end(length: int) -> None:
    rows = SongRows(SONGS, CHARACTERS, rows=8, streams=2, length=length)
    for number in (0, 1):
        read = stream(rows, number, 2)
        learned = np.concatenate([rows[i]["labels"] for i in range(number, 8, 2)])
        following = np.where(read >= CHARACTERS.choices, END, read)
        assert learned[:-1].tolist() == following[1:].tolist()
        assert learned.max() < CHARACTERS.choices


def test_each_round_shows_every_song_once_in_an_order_of_its_own() -> None:
    total = sum(len(song) + 1 for song in SONGS)
    rows = SongRows(SONGS, CHARACTERS, rows=6, streams=1, length=total, nobody_share=0.0)
    orders = []
    for i in range(6):
        ids = rows[i]["input_ids"]
        starts = np.flatnonzero((ids == END) | (ids >= CHARACTERS.choices))
        pieces = np.split(ids, starts[1:])
        texts = [CHARACTERS.decode(piece) for piece in pieces]
        assert sorted(texts) == sorted(SONGS)
        assert [piece[0] for piece in pieces] == [CHARACTERS.opening(text) for text in texts]
        orders.append(tuple(texts))
    assert len(set(orders)) > 1


def test_some_songs_are_shown_as_nobodys() -> None:
    rows = SongRows(SONGS[:2] * 50, CHARACTERS, rows=40, streams=2, length=64, nobody_share=0.3)
    read = np.concatenate([stream(rows, number, 2) for number in (0, 1)])
    share = (read == END).sum() / ((read == END) | (read >= CHARACTERS.choices)).sum()
    assert 0.15 < share < 0.45


def test_a_row_is_the_same_whenever_it_is_asked_for() -> None:
    rows, again = (SongRows(SONGS, CHARACTERS, rows=12, streams=3, length=50, seed=4) for _ in range(2))
    other = SongRows(SONGS, CHARACTERS, rows=12, streams=3, length=50, seed=5)
    for i in reversed(range(12)):
        assert rows[i]["input_ids"].tolist() == again[i]["input_ids"].tolist()
    assert any(rows[i]["input_ids"].tolist() != other[i]["input_ids"].tolist() for i in range(12))
    with pytest.raises(IndexError):
        rows[12]
