"""Rows of events to train on, each song moved to another key each time it is shown. Does not know models.

A song is moved by -5 to 6 semitones, as far as every instrument has the pitches; in the last part of a run all are shown
as they are. The same seed gives the same rows, whichever of them is asked for first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.music.events import EventVocabulary
from engine.music.program_ranges import range_of
from engine.music.score import Score

DOWN, UP = -5, 6
Ids = NDArray[np.int64]
Row = dict[str, NDArray[np.int64]]


class Movable(Protocol):
    """What rows and networks need of a vocabulary; every `EventVocabulary` has it."""

    name: str
    size: int
    pad_id: int
    start_id: int
    end_id: int
    steps_per_quarter: int

    def transpose(self, ids: Sequence[int], semitones: int) -> list[int]:
        """Return ids with every pitch moved; ValueError where one leaves 0-127."""


@dataclass(frozen=True)
class EventSong:
    """ids: of a song. onsets: their grid steps. down, up: how many semitones it may be moved, 0 or less and 0 or more."""

    ids: Ids
    onsets: Ids
    down: int
    up: int


def event_song(score: Score, vocabulary: EventVocabulary) -> EventSong:
    """Return a score as a song; one that leaves the range of an instrument is not moved farther out of it."""
    ids = vocabulary.encode(score)
    down, up = possible_moves(score)
    return EventSong(np.array(ids, np.int64), vocabulary.onsets(ids), max(DOWN, down), min(UP, up))


def possible_moves(score: Score) -> tuple[int, int]:
    """Return how far down (0 or less) and up (0 or more) a score can go within its instruments; drums have no say."""
    down, up = -127, 127
    for track in score.tracks:
        if track.notes and not track.is_drum:
            low, high = range_of(track.program)
            pitches = [note.pitch for note in track.notes]
            down, up = max(down, min(0, low - min(pitches))), min(up, max(0, high - max(pitches)))
    return down, up


@dataclass(frozen=True)
class Moves:
    """When songs are moved. until: the share of a run's rows in which they are; 0 is never."""

    vocabulary: Movable
    until: float

    def shown(self, song: EventSong, rng: np.random.Generator, *, is_late: bool) -> Ids:
        """Return the ids of a song as it is shown this time."""
        semitones = 0 if is_late else int(rng.integers(song.down, song.up + 1))
        return np.array(self.vocabulary.transpose(song.ids.tolist(), semitones)) if semitones else song.ids


class PackedEvents:
    """Rows of `length` ids, songs end to end, pass after pass in another order. All is learned."""

    def __init__(self, songs: Sequence[EventSong], *, rows: int, length: int, seed: int, moves: Moves) -> None:
        _need(songs)
        self._songs, self._rows, self._length, self._seed, self._moves = songs, rows, length, seed, moves
        self._count = sum(len(song.ids) for song in songs)
        self._pass = lru_cache(maxsize=2)(self._ids_of_pass)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < self._rows:
            raise IndexError(index)
        found: list[Ids] = []
        place, missing = index * self._length, self._length
        while missing:
            number, first = divmod(place, self._count)
            found.append(self._pass(number)[first : first + missing])
            place, missing = place + len(found[-1]), missing - len(found[-1])
        ids = np.concatenate(found)
        return {"input_ids": ids, "labels": ids}

    def _ids_of_pass(self, number: int) -> Ids:
        rng = np.random.default_rng([self._seed, number])
        is_late = number * self._count >= self._moves.until * self._rows * self._length
        return np.concatenate(
            [self._moves.shown(self._songs[i], rng, is_late=is_late) for i in rng.permutation(len(self._songs))]
        )


class StreamedEvents:
    """Rows that go on from those of the batch before: as many streams as a batch has rows, each of whole songs.

    Row `step * streams + stream`. A song begins with a row of its own, marked as fresh, and its last row is padded: no
    memory reaches from one song into another. onsets: the grid step of each id.
    """

    def __init__(
        self, songs: Sequence[EventSong], *, rows: int, streams: int, length: int, seed: int, moves: Moves
    ) -> None:
        _need(songs)
        self._songs, self._rows, self._streams, self._length = songs, rows, streams, length
        self._seed, self._moves = seed, moves
        self._row_counts = np.array([-(-len(song.ids) // length) for song in songs])
        self._pass = lru_cache(maxsize=2 * streams)(self._order_of_pass)
        self._shown = lru_cache(maxsize=2 * streams)(self._song_of_pass)

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> Row:
        if not 0 <= index < self._rows:
            raise IndexError(index)
        step, stream = divmod(index, self._streams)
        number, row = divmod(step, int(self._row_counts.sum()))
        order, starts = self._pass(stream, number)
        place = int(np.searchsorted(starts, row, side="right")) - 1
        song = int(order[place])
        ids = self._shown(stream, number, song)
        return cut_row(ids, self._songs[song].onsets, row - int(starts[place]), self._length, self._moves.vocabulary)

    def _order_of_pass(self, stream: int, number: int) -> tuple[Ids, Ids]:
        """Return the order of the songs and the row at which each begins."""
        order = np.random.default_rng([self._seed, stream, number]).permutation(len(self._songs))
        return order, np.cumsum([0, *self._row_counts[order][:-1]])

    def _song_of_pass(self, stream: int, number: int, song: int) -> Ids:
        rng = np.random.default_rng([self._seed, stream, number, song])
        begun = number * int(self._row_counts.sum()) * self._streams
        return self._moves.shown(self._songs[song], rng, is_late=begun >= self._moves.until * self._rows)


def cut_row(ids: Ids, onsets: Ids, number: int, length: int, vocabulary: Movable) -> Row:
    """Return row `number` of a song, padded where it ends before the row does."""
    part = slice(number * length, (number + 1) * length)
    missing = length - len(ids[part])
    return {
        "input_ids": np.pad(ids[part], (0, missing), constant_values=vocabulary.pad_id),
        "labels": np.pad(ids[part], (0, missing), constant_values=-100),
        "onsets": np.pad(onsets[part], (0, missing)),
        "fresh": np.array(int(number == 0)),
    }


def valid_streams(songs: Sequence[EventSong], *, streams: int, length: int, vocabulary: Movable) -> list[Row]:
    """Return the rows of songs once, for as many streams; those that are done earlier are filled with what is not learned."""
    _need(songs)
    by_stream: list[list[Row]] = [[] for _ in range(streams)]
    for song in sorted(songs, key=lambda song: -len(song.ids)):
        shortest = min(by_stream, key=len)
        shortest += [cut_row(song.ids, song.onsets, n, length, vocabulary) for n in range(-(-len(song.ids) // length))]
    nothing = np.zeros(0, np.int64)
    steps = max(map(len, by_stream))
    for stream in by_stream:
        stream += [cut_row(nothing, nothing, 0, length, vocabulary)] * (steps - len(stream))
    return [stream[step] for step in range(steps) for stream in by_stream]


def _need(songs: Sequence[EventSong]) -> None:
    if not songs:
        raise RequestError("there are no songs to train on; name a folder that has more")
