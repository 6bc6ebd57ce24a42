"""Broken uploads: whatever bytes come, reading gives a score that can be changed, or a sentence, within a second."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable

import pytest

from engine.contract import LARGEST_UPLOAD_BYTES
from engine.errors import FileFormatError, OutputError, RequestError
from engine.music.midi_file import LARGEST_FILE_BYTES, midi_to_score, score_to_midi
from engine.music.score import LyricEvent, Marker, Note, Score, TempoChange, TimeSignature, TimeSignatureChange, Track
from engine.music.transposition import possible_semitones, transpose_score

MUTATIONS, SECONDS = 420, 1.0


def song() -> bytes:
    """Return a file with words, drums, tempo changes and markers."""
    notes = tuple(Note(n * 240, 60 + n % 12, 200, 80) for n in range(64))
    drums = tuple(Note(n * 480, 36, 100, 90) for n in range(32))
    words = tuple(LyricEvent(n * 240, "la") for n in range(64))
    tracks = (Track("Melody", 73, notes, lyrics=words), Track("Drums", 0, drums, is_drum=True))
    tempos = (TempoChange(0, 97.0), TempoChange(4800, 130.0))
    signatures = (TimeSignatureChange(0, TimeSignature(4, 4)), TimeSignatureChange(7680, TimeSignature(3, 4)))
    return score_to_midi(Score(tracks, 15360, tempos, signatures, "A minor", (Marker(0, "Verse"),), "Rain"))


def many_tracks() -> bytes:
    tracks = tuple(Track(f"part {n}", n * 2 % 128, (Note(n, 60, 480),)) for n in range(64))
    return score_to_midi(Score(tracks, 1_000_000))


def running_status() -> bytes:
    body = b"\x00\x90\x3c\x40" + b"\x60\x3c\x00\x00\x3e\x40" * 50 + b"\x60\x3e\x00\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(body)) + body


FILES = (song(), many_tracks(), running_status())


def flipped(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def shortened(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    del data[start : start + rng.randint(1, 40)]


def with_other_length(data: bytearray, rng: random.Random) -> None:
    at = data.find(b"MTrk", rng.randrange(len(data)))
    at = at if at >= 0 else data.find(b"MTrk")
    data[at + 4 : at + 8] = struct.pack(">I", rng.choice([0, 1, 7, len(data), 2**31, 2**32 - 1, rng.randrange(2**16)]))


def without_status(data: bytearray, rng: random.Random) -> None:
    places = [i for i, byte in enumerate(data) if byte & 0xF0 == 0x90]
    data[rng.choice(places)] = rng.randrange(128)


def with_huge_delta(data: bytearray, rng: random.Random) -> None:
    at = data.find(b"MTrk") + 8
    data[at:at] = rng.choice([b"\xff\xff\xff\x7f", b"\xbd\x84\x40", b"\xff\xff\xff\xff\xff"]) + b"\x90\x3c\x40"


def in_smpte(data: bytearray, rng: random.Random) -> None:
    data[12:14] = struct.pack(">H", rng.choice([0xE728, 0x8000, 0, 1, 0x7FFF]))


def with_garbage(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = rng.randbytes(rng.randint(1, 60))


def doubled(data: bytearray, rng: random.Random) -> None:
    at = data.find(b"MTrk")
    data += data[at:] * rng.randint(1, 4)


MUTATE: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flipped, cut, shortened, with_other_length, without_status, with_huge_delta, in_smpte, with_garbage, doubled,
)  # fmt: skip


def read_and_change(data: bytes) -> str:
    """Return how it ended: "score" where the file was read, moved and written again, else "sentence"."""
    try:
        score = midi_to_score(data)
    except (FileFormatError, RequestError):
        return "sentence"
    low, high = possible_semitones(score)
    try:
        again = midi_to_score(score_to_midi(transpose_score(score, max(-3, low) or min(3, high))))
    except OutputError:
        return "sentence"
    assert len(again.tracks) <= len(score.tracks)
    return "score"


def test_mutated_files_are_read_or_refused_within_a_second() -> None:
    ends: dict[str, int] = {}
    for seed in range(MUTATIONS):
        rng = random.Random(seed)
        data = bytearray(FILES[seed % len(FILES)])
        mutate = MUTATE[seed // len(FILES) % len(MUTATE)]
        mutate(data, rng)
        start = time.process_time()
        end = read_and_change(bytes(data))
        assert time.process_time() - start < SECONDS, (seed, mutate.__name__)
        ends[end] = ends.get(end, 0) + 1
    assert ends["score"] > MUTATIONS / 10  # the mutations are not all hopeless
    assert ends["sentence"] > MUTATIONS / 10


@pytest.mark.parametrize("data", [b"", b"MThd", b"%PDF-1.7" * 100, b"just text, renamed" * 1000, bytes(5000)])
def test_what_is_no_midi_file_gets_a_sentence(data: bytes) -> None:
    with pytest.raises(FileFormatError, match="MIDI"):
        midi_to_score(data)


def test_the_largest_upload_is_read_soon() -> None:
    pairs = b"\x3c\x40\x01\x3c\x00\x00" * ((LARGEST_UPLOAD_BYTES - 100) // 6)
    body = b"\x00\x90" + pairs + b"\xff\x2f\x00"
    data = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(body)) + body
    assert LARGEST_UPLOAD_BYTES - 200 < len(data) <= LARGEST_UPLOAD_BYTES < LARGEST_FILE_BYTES
    start = time.process_time()
    score = midi_to_score(data)
    assert time.process_time() - start < 2.0
    assert len(score.tracks[0].notes) > 170_000
