"""Rows of events: every song whole, moved within its instruments, memory only inside a song, and the same by the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import RequestError
from engine.music.events import open_vocabulary
from engine.music.score import Note, Score, Track
from engine.training.event_rows import (
    EventSong,
    Moves,
    PackedEvents,
    StreamedEvents,
    event_song,
    possible_moves,
    valid_streams,
)
from engine.training.optimizer import one_cycle_factor

VOCABULARY = open_vocabulary("note-events")


def _score(first: int, count: int, program: int = 0, *, is_drum: bool = False) -> Score:
    notes = tuple(Note(n * 240, first + n % 12, 240) for n in range(count))
    return Score((Track("", program, notes, is_drum),), count * 240)


SONGS = [event_song(_score(60, count), VOCABULARY) for count in (5, 9, 14)]


def _moves(until: float) -> Moves:
    return Moves(VOCABULARY, until)


def test_a_song_moves_as_far_as_its_instruments_have_pitches() -> None:
    assert possible_moves(_score(60, 12)) == (-39, 37)
    assert possible_moves(_score(60, 12, program=40)) == (-5, 32)
    assert possible_moves(_score(50, 12, program=40)) == (0, 42)  # below the violin already
    assert possible_moves(_score(35, 12, is_drum=True)) == (-127, 127)
    song = event_song(_score(60, 12, program=40), VOCABULARY)
    assert (song.down, song.up) == (-5, 6)


def test_packed_rows_hold_every_song_once_in_a_pass() -> None:
    total = sum(len(song.ids) for song in SONGS)
    rows = PackedEvents(SONGS, rows=2 * total // 10, length=10, seed=3, moves=_moves(0))
    ids = np.concatenate([rows[i]["input_ids"] for i in range(len(rows))])
    for number in range(1):
        shown = ids[number * total : (number + 1) * total]
        starts = np.flatnonzero(shown == VOCABULARY.start_id)
        found = [part.tolist() for part in np.split(shown, starts[1:])]
        assert sorted(found) == sorted(song.ids.tolist() for song in SONGS)


def _moved_by(ids: list[int], song: EventSong) -> int | None:
    """Return by how many semitones ids are the song's, or None."""
    for semitones in range(-12, 13):
        if VOCABULARY.transpose(song.ids.tolist(), semitones) == ids:
            return semitones
    return None


def test_songs_are_moved_anew_in_every_pass_and_not_at_the_end() -> None:
    (song,) = songs = [event_song(_score(60, 9, program=40), VOCABULARY)]
    length = len(song.ids)
    rows = PackedEvents(songs, rows=60, length=length, seed=0, moves=_moves(0.8))
    moved = [_moved_by(rows[i]["input_ids"].tolist(), song) for i in range(60)]
    assert set(moved[:48]) <= set(range(-5, 7))
    assert len(set(moved[:48])) > 6
    assert set(moved[48:]) == {0}


@pytest.mark.parametrize("order", [range(12), reversed(range(12))])
def test_rows_are_the_same_whichever_is_asked_for_first(order: range) -> None:
    def rows() -> StreamedEvents:
        return StreamedEvents(SONGS, rows=12, streams=2, length=8, seed=5, moves=_moves(0.5))

    expected = [rows()[i] for i in range(12)]
    asked = rows()
    for index in order:
        assert all((asked[index][name] == expected[index][name]).all() for name in expected[index])


def test_each_stream_is_whole_songs_that_begin_fresh() -> None:
    rows = StreamedEvents(SONGS, rows=40, streams=2, length=8, seed=1, moves=_moves(0))
    for stream in range(2):
        heard: list[list[int]] = []
        for row in [rows[i] for i in range(stream, 40, 2)]:
            if row["fresh"]:
                heard.append([])
                assert row["input_ids"][0] == VOCABULARY.start_id
                assert row["onsets"][0] == 0
            heard[-1] += [int(i) for i, label in zip(row["input_ids"], row["labels"], strict=True) if label >= 0]
        assert all(song in [one.ids.tolist() for one in SONGS] for song in heard[:-1])


def test_onsets_go_on_from_row_to_row() -> None:
    song = SONGS[-1]
    rows = valid_streams([song], streams=1, length=8, vocabulary=VOCABULARY)
    onsets = np.concatenate([row["onsets"] for row in rows])[: len(song.ids)]
    np.testing.assert_array_equal(onsets, VOCABULARY.onsets(song.ids.tolist()))


def test_validation_shows_every_song_once() -> None:
    rows = valid_streams(SONGS, streams=2, length=8, vocabulary=VOCABULARY)
    assert len(rows) % 2 == 0
    learned = sum(int((row["labels"] >= 0).sum()) for row in rows)
    assert learned == sum(len(song.ids) for song in SONGS)
    assert all((rows[i]["labels"] >= 0).any() or (rows[i + 1]["labels"] >= 0).any() for i in range(0, len(rows), 2))


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(RequestError, match="no songs"):
        PackedEvents([], rows=1, length=8, seed=0, moves=_moves(0))


def test_one_cycle_goes_up_once_and_down_to_nearly_nothing() -> None:
    factors = [one_cycle_factor(step, steps=100, warmup=0.25) for step in range(101)]
    peak = factors.index(max(factors))
    assert peak == 25
    assert math.isclose(factors[25], 1.0)
    assert math.isclose(factors[0], 1 / 25)
    assert factors[-1] < 1e-3
    assert factors[:26] == sorted(factors[:26])
    assert factors[25:] == sorted(factors[25:], reverse=True)
