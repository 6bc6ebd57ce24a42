"""SoundFont 2 files made safe for symusic: loops that it would read past the end of a sample are mended in a copy.

Does not know what is played with them.

symusic 0.5.9 counts the end of a loop and the length of a resampled sample with different rounding, so that a loop that
ends with its sample takes one or two numbers from the memory behind it; and it drops negative shifts of a loop's start
and positive ones of its end, which can turn a loop round (program 78 of TimGM6mb), so that it plays whatever lies behind,
thousands of numbers of up to 1e36 or none at all. What lies there differs from process to process, and from rendering
to rendering in one. Mended, all programs of TimGM6mb give the same samples again and again and whatever malloc fills new
and freed memory with. Reading the tables and copying its 6 MB takes 0.04 s.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# SoundFont 2.04 asks for 46 zeros between samples. Four octaves down, 40 of them are still two and a half.
SPARE_FRAMES = 40
GENERATOR, BAG, INSTRUMENT, SAMPLE = (struct.Struct(f) for f in ("<Hh", "<HH", "<20sH", "<20sIIIIIBbHH"))
START, END, LOOP_START, LOOP_END = range(1, 5)  # fields of a sample, in frames of the whole file
END_FIELD_BYTES = 24  # from the beginning of a sample's header
# Generators that shift a border of the sample or of its loop, in frames and in steps of 32,768.
SHIFTS = {START: (0, 4), END: (1, 12), LOOP_START: (2, 45), LOOP_END: (3, 50)}
LOOP_MODE, SAMPLE_ID = 54, 53
LOOPING = (1, 3)
Zone = dict[int, tuple[int, int]]  # generator: (amount, number of its record)


@contextmanager
def with_safe_loops(soundfont: Path) -> Iterator[Path]:
    """Give the file itself if nothing is to be mended, or a copy that is deleted afterwards.

    .sf3 files, and what is no whole SoundFont, are given as they are: the synthesiser says what is wrong with them.
    """
    with soundfont.open("rb") as file:
        try:
            changes = changes_of(file)
        except (struct.error, IndexError, KeyError):
            changes = {}
        if not changes:
            yield soundfont
            return
        with tempfile.TemporaryDirectory(prefix="songwright-", ignore_cleanup_errors=True) as folder:
            copy = Path(folder) / soundfont.name
            shutil.copyfile(soundfont, copy)
            with copy.open("r+b") as target:
                for place, data in changes.items():
                    target.seek(place)
                    target.write(data)
            yield copy


def changes_of(file: BinaryIO) -> dict[int, bytes]:
    """Return what is to be written where in a copy: byte of the file, and bytes. Empty for version 3."""
    chunks = chunk_places(file)
    version = read_chunk(file, chunks["ifil"])
    if struct.unpack_from("<H", version)[0] != 2:
        return {}
    loops = _Loops(
        generators=[list(record) for record in GENERATOR.iter_unpack(read_chunk(file, chunks["igen"]))],
        bags=[bag[0] for bag in BAG.iter_unpack(read_chunk(file, chunks["ibag"]))],
        instruments=[instrument[1] for instrument in INSTRUMENT.iter_unpack(read_chunk(file, chunks["inst"]))],
        samples=[list(sample) for sample in SAMPLE.iter_unpack(read_chunk(file, chunks["shdr"]))],
        frames=chunks["smpl"][1] // 2,
    )
    silenced, ends = loops.mend()
    generators_at, samples_at = chunks["igen"][0], chunks["shdr"][0]
    changes = {generators_at + number * GENERATOR.size + 2: bytes(2) for number in sorted(silenced)}
    for number, end in sorted(ends.items()):
        changes[samples_at + number * SAMPLE.size + END_FIELD_BYTES] = end.to_bytes(4, "little")
    return changes


def chunk_places(file: BinaryIO) -> dict[str, tuple[int, int]]:
    """Return (first byte, length) of every chunk by name, those within lists too; struct.error if one is cut off."""
    file.seek(0, 2)
    size, at, places = file.tell(), 12, {}
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if at + 8 + length > size:
            raise struct.error(f"chunk {name!r} is cut off")
        places[name.decode("latin-1")] = (at + 8, length)
        at += 12 if name == b"LIST" else 8 + length + length % 2
    return places


def read_chunk(file: BinaryIO, place: tuple[int, int]) -> bytes:
    file.seek(place[0])
    return file.read(place[1])


@dataclass
class _Loops:
    """The tables of a file that say how samples are looped; the last row of each only ends the row before."""

    generators: list[list[int]]  # (generator, amount)
    bags: list[int]  # first generator of each zone
    instruments: list[int]  # first zone of each
    samples: list[list[int]]
    frames: int

    def mend(self) -> tuple[set[int], dict[int, int]]:
        """Return the numbers of the generators to be set to 0, and new ends by number of sample."""
        silenced: set[int] = set()
        ends: dict[int, int] = {}
        for zone in self.zones():
            if not self.is_sound(zone):
                silenced |= self.silence(zone, [number for name in (LOOP_START, LOOP_END) for number in SHIFTS[name]])
            if not self.is_sound(zone):
                silenced |= self.silence(zone, [LOOP_MODE])
            sample = zone[SAMPLE_ID][0]
            spare = self.border(zone, END) - self.border(zone, LOOP_END)
            if self.amount(zone, LOOP_MODE) in LOOPING and spare < SPARE_FRAMES:
                wanted = self.samples[sample][END] + SPARE_FRAMES - spare
                ends[sample] = min(max(ends.get(sample, 0), wanted), self.frames)
        return silenced, ends

    def zones(self) -> Iterator[Zone]:
        """Give the zones that play a sample, with what the first zone of their instrument says for all."""
        for first, after in zip(self.instruments, self.instruments[1:], strict=False):
            shared: Zone = {}
            for bag in range(first, after):
                zone = dict(shared)
                for number in range(self.bags[bag], self.bags[bag + 1]):
                    generator, amount = self.generators[number]
                    zone[generator] = (amount, number)
                if SAMPLE_ID in zone:
                    yield zone
                elif bag == first:
                    shared = zone

    def silence(self, zone: Zone, generators: list[int]) -> set[int]:
        numbers = {zone[generator][1] for generator in generators if self.amount(zone, generator)}
        for number in numbers:
            self.generators[number][1] = 0
        return numbers

    def is_sound(self, zone: Zone) -> bool:
        """Say whether the loop, if there is one, lies within its sample and has a length, as symusic counts it."""
        if self.amount(zone, LOOP_MODE) not in LOOPING:
            return True
        start, first, after, end = (self.border(zone, name) for name in (START, LOOP_START, LOOP_END, END))
        return start <= first < after <= end

    def border(self, zone: Zone, name: int) -> int:
        fine, coarse = SHIFTS[name]
        shift = self.amount(zone, fine) + 32_768 * self.amount(zone, coarse)
        allowed = max(shift, 0) if name in (START, LOOP_START) else min(shift, 0)
        return self.samples[zone[SAMPLE_ID][0]][name] + allowed

    def amount(self, zone: Zone, generator: int) -> int:
        return self.generators[zone[generator][1]][1] if generator in zone else 0
