"""Broken uploads: whatever bytes come, reading gives a score that can be changed, or a sentence, within a second."""

from __future__ import annotations

import time

import pytest

from engine.contract import LARGEST_UPLOAD_BYTES
from engine.errors import FileFormatError
from engine.music.midi_file import LARGEST_FILE_BYTES, midi_to_score
from tests.bench.bench_mutations import MOST_MEGABYTES, MOST_SECONDS, in_a_process, read_and_change
from tests.bench.midi_files import note_bomb, small_files
from tests.bench.midi_mutants import MUTATE, bombed, mutant

FILES = small_files()
MUTANTS, UPLOAD_SECONDS = 13 * 10, 2.0


def test_mutated_files_are_read_or_refused_within_a_second() -> None:
    ends = []
    for seed in range(MUTANTS):
        if MUTATE[seed % len(MUTATE)] is not bombed:
            name, data = mutant(FILES, seed)
            reading = read_and_change(data, name, seed)
            assert reading.seconds < MOST_SECONDS, reading
            assert reading.change_seconds < MOST_SECONDS, reading
            ends.append(reading.end)
    assert ends.count("score") > MUTANTS / 10  # the mutations are not all hopeless
    assert ends.count("sentence") > MUTANTS / 10


@pytest.mark.parametrize("seed", [12, 51, 64])
def test_bombs_are_read_or_refused_in_bounded_time_and_memory(seed: int) -> None:
    name, data = mutant(FILES, seed)
    reading = in_a_process(data[:LARGEST_UPLOAD_BYTES], name, seed)
    assert reading.end in ("score", "sentence")
    assert reading.seconds < UPLOAD_SECONDS
    assert reading.megabytes < MOST_MEGABYTES


@pytest.mark.parametrize("data", [b"", b"MThd", b"%PDF-1.7" * 100, b"just text, renamed" * 1000, bytes(5000)])
def test_what_is_no_midi_file_gets_a_sentence(data: bytes) -> None:
    with pytest.raises(FileFormatError, match="MIDI"):
        midi_to_score(data)


def test_the_largest_upload_is_read_soon() -> None:
    data = note_bomb(LARGEST_UPLOAD_BYTES)
    assert LARGEST_UPLOAD_BYTES - 200 < len(data) <= LARGEST_UPLOAD_BYTES < LARGEST_FILE_BYTES
    start = time.thread_time()
    score = midi_to_score(data)
    assert time.thread_time() - start < UPLOAD_SECONDS
    assert len(score.tracks[0].notes) > 170_000
