"""Pages of an Ogg file: their serial numbers and checksums. Does not know what the pages carry."""

from __future__ import annotations

import zlib

PAGE_MAGIC = b"OggS"
HEADER_BYTES = 27
ALL_ONES = 0xFFFFFFFF
# zlib's CRC is the same polynomial read from the other end; reversing the bits of each byte turns one into the other.
REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_fixed_serial(ogg: bytes, serial: int) -> bytes:
    """Return the file with every page's serial number replaced and its checksum made good again.

    Encoders choose the serial number at random, so that equal sound would give unequal files.
    serial: 0 to 2**32 - 1. ValueError if the bytes are not whole Ogg pages.
    """
    pages, start = bytearray(ogg), 0
    while start < len(pages):
        end = page_end(pages, start)
        pages[start + 14 : start + 18] = serial.to_bytes(4, "little")
        pages[start + 22 : start + 26] = bytes(4)
        pages[start + 22 : start + 26] = page_checksum(bytes(pages[start:end])).to_bytes(4, "little")
        start = end
    return bytes(pages)


def page_end(pages: bytes | bytearray, start: int) -> int:
    """Return where the page that begins at `start` ends; ValueError if there is no whole page."""
    if pages[start : start + 4] != PAGE_MAGIC or len(pages) < start + HEADER_BYTES:
        raise ValueError(f"no Ogg page at byte {start}")
    table_end = start + HEADER_BYTES + pages[start + 26]
    end = table_end + sum(pages[start + HEADER_BYTES : table_end])
    if end > len(pages):
        raise ValueError(f"the Ogg page at byte {start} is cut off")
    return end


def page_checksum(page: bytes) -> int:
    """Return the CRC-32 (polynomial 0x04C11DB7, start 0, highest bit first) of a page whose checksum field is 0."""
    remainder = zlib.crc32(page.translate(REVERSED_BITS), ALL_ONES) ^ ALL_ONES
    return int.from_bytes(remainder.to_bytes(4, "little").translate(REVERSED_BITS), "big")
