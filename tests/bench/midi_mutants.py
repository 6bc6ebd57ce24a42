"""Broken MIDI files made from whole ones by a seed: flipped bits, cuts, wrong lengths, shuffled chunks, bombs."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence

from tests.bench.midi_files import note_bomb, written_bytes

Mutate = Callable[[bytearray, random.Random], None]
LARGEST_BOMB = 5 * 1024 * 1024
EVERY_VOICE = b"".join(bytes((0, 0xC0 | n % 16, n // 16, 0, 0x90 | n % 16, n % 128, 64)) for n in range(2048))


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


def with_other_division(data: bytearray, rng: random.Random) -> None:
    data[12:14] = struct.pack(">H", rng.choice([0xE728, 0xE350, 0x8000, 0, 1, 0x7FFF]))


def of_other_type(data: bytearray, rng: random.Random) -> None:
    data[8:10] = struct.pack(">H", rng.choice([0, 1, 2, 3, 0xFFFF]))


def with_garbage(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = rng.randbytes(rng.randint(1, 60))


def doubled(data: bytearray, rng: random.Random) -> None:
    data += data[data.find(b"MTrk") :] * rng.randint(1, 4)


def shuffled(data: bytearray, rng: random.Random) -> None:
    head, *chunks = bytes(data).split(b"MTrk")
    rng.shuffle(chunks)
    data[:] = head + b"".join(b"MTrk" + chunk for chunk in chunks)


def with_system_events(data: bytearray, rng: random.Random) -> None:
    at = data.find(b"MTrk") + 8
    size = rng.choice([b"\x03", b"\x7f", b"\xff\xff\xff\x7f"])
    data[at:at] = rng.choice([b"\x00\xf0", b"\x00\xf7", b"\x00\xff\x7f"]) + size + rng.randbytes(3)


def bombed(data: bytearray, rng: random.Random) -> None:
    """Put in the place of the file one that is small for what it holds: notes, empty tracks, texts, tempos or meters."""
    size = rng.randrange(1000, LARGEST_BOMB)
    data[:] = rng.choice((
        lambda: note_bomb(size),
        lambda: written_bytes(b"\x00\x90" + b"\x3c\x40\x00" * (size // 3), division=480),  # never ended
        lambda: bytes(data[:14]) + b"MTrk\x00\x00\x00\x00" * (size // 8),
        lambda: written_bytes(rng.choice((b"\x00\xff\x05\x01a", b"\x00\xff\x06\x01a", b"\x01\xff\x51\x03\x01\x02\x03",
                                          b"\x01\xff\x58\x04\x01\x05\x18\x08")) * (size // 5)),
        lambda: written_bytes(EVERY_VOICE * (size // len(EVERY_VOICE) + 1)),
    ))()  # fmt: skip


MUTATE: tuple[Mutate, ...] = (
    flipped, cut, shortened, with_other_length, without_status, with_huge_delta, with_other_division, of_other_type,
    with_garbage, doubled, shuffled, with_system_events, bombed,
)  # fmt: skip


def mutant(files: Sequence[bytes], seed: int) -> tuple[str, bytes]:
    """Return a mutation's name and the file that it leaves; seeds go through all mutations in turn."""
    rng = random.Random(seed)
    mutate = MUTATE[seed % len(MUTATE)]
    data = bytearray(rng.choice(files))
    mutate(data, rng)
    return mutate.__name__, bytes(data)
