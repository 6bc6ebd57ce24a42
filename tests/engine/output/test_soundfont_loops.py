"""SoundFonts with loops that symusic would leave: made by hand, mended in a copy. Does not render them."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from engine.output.soundfont_loops import SPARE_FRAMES, changes_of, chunk_places, with_safe_loops

FRAMES = 2000


def soundfont(
    *,
    zone: dict[int, int],
    loop: tuple[int, int],
    end: int = 1000,
    shared: dict[int, int] | None = None,
    version: int = 2,
) -> bytes:
    """Return a file of one instrument with one sample from frame 100 to `end`, and generators as given."""
    zones = [shared] if shared else []
    zones.append({**zone, 53: 0})
    generators, bags = b"", b""
    for each in zones:
        bags += struct.pack("<HH", len(generators) // 4, 0)
        generators += b"".join(struct.pack("<Hh", *item) for item in each.items())
    bags += struct.pack("<HH", len(generators) // 4, 0)
    samples = struct.pack("<20sIIIIIBbHH", b"tone", 100, end, *loop, 32_000, 60, 0, 0, 1) + bytes(46)
    instruments = struct.pack("<20sH", b"tone", 0) + struct.pack("<20sH", b"EOI", len(zones))
    tables = chunk(b"inst", instruments) + chunk(b"ibag", bags) + chunk(b"igen", generators) + chunk(b"shdr", samples)
    lists = chunk(b"LIST", b"INFO" + chunk(b"ifil", struct.pack("<HH", version, 1)))
    lists += chunk(b"LIST", b"sdta" + chunk(b"smpl", bytes(2 * FRAMES))) + chunk(b"LIST", b"pdta" + tables)
    return chunk(b"RIFF", b"sfbk" + lists)


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def mended(data: bytes) -> bytes:
    result = bytearray(data)
    for place, change in changes_of(io.BytesIO(data)).items():
        result[place : place + len(change)] = change
    return bytes(result)


def test_loop_that_ends_with_its_sample_is_given_the_zeros_behind_it() -> None:
    data = soundfont(zone={54: 1}, loop=(500, 992))
    assert mended(data) == soundfont(zone={54: 1}, loop=(500, 992), end=992 + SPARE_FRAMES)


def test_sample_is_never_made_longer_than_the_file() -> None:
    data = soundfont(zone={54: 1}, loop=(500, FRAMES - 10), end=FRAMES)
    assert mended(data) == data


@pytest.mark.parametrize("zone", [{54: 0}, {}, {54: 2}])
def test_samples_without_a_loop_are_left_alone(zone: dict[int, int]) -> None:
    data = soundfont(zone=zone, loop=(500, 992))
    assert mended(data) == data


def test_loop_that_is_turned_round_by_its_shifts_loses_them() -> None:
    data = soundfont(zone={2: -400, 3: -300, 54: 1}, loop=(700, 900))
    assert mended(data) == soundfont(zone={2: 0, 3: 0, 54: 1}, loop=(700, 900))


def test_shifts_of_a_whole_instrument_count_for_its_zones() -> None:
    data = soundfont(zone={54: 1}, shared={3: -300}, loop=(700, 900))
    assert mended(data) == soundfont(zone={54: 1}, shared={3: 0}, loop=(700, 900))


@pytest.mark.parametrize("loop", [(900, 700), (0, 0), (50, 900), (500, 1500)])
def test_loop_that_is_none_is_not_played(loop: tuple[int, int]) -> None:
    assert mended(soundfont(zone={54: 1}, loop=loop)) == soundfont(zone={54: 0}, loop=loop)


@pytest.mark.parametrize("loop", [(500, 992), (900, 700), (500, 900)])
def test_mending_twice_is_mending_once(loop: tuple[int, int]) -> None:
    once = mended(soundfont(zone={2: -400, 3: -300, 54: 1}, loop=loop))
    assert mended(once) == once


def test_compressed_soundfonts_are_left_alone() -> None:
    data = soundfont(zone={54: 1}, loop=(500, 992), version=3)
    assert mended(data) == data


def test_copy_is_mended_and_deleted_and_the_file_untouched(tmp_path: Path) -> None:
    data = soundfont(zone={54: 1}, loop=(500, 992))
    path = tmp_path / "tone.sf2"
    path.write_bytes(data)
    with with_safe_loops(path) as copy:
        assert copy.read_bytes() == mended(data) != data
    assert not copy.exists()
    assert path.read_bytes() == data


@pytest.mark.parametrize("size", [0, 11, 40, 200, 4000, 4100])
def test_what_is_no_whole_soundfont_is_given_as_it_is(tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.sf2"
    path.write_bytes(soundfont(zone={54: 1}, loop=(500, 992))[:size])
    with with_safe_loops(path) as same:
        assert same == path


def test_chunks_within_lists_are_found() -> None:
    places = chunk_places(io.BytesIO(soundfont(zone={54: 1}, loop=(500, 992))))
    assert places["smpl"][1] == 2 * FRAMES
    assert {"ifil", "inst", "ibag", "igen", "shdr"} <= set(places)
