"""MIDI files written byte by byte, for tests of what no writer of ours writes."""

import struct

END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x50\x60\x3c\x00"  # C4 for 96 ticks, ended by velocity 0 under running status


def midi(*bodies: bytes, file_type: int = 1, division: int = 480) -> bytes:
    """Return a file of the events of each chunk."""
    chunks = b"".join(b"MTrk" + struct.pack(">I", len(body)) + body for body in bodies)
    return b"MThd" + struct.pack(">IHHH", 6, file_type, len(bodies), division) + chunks


def meta(delta: int, meta_type: int, content: bytes) -> bytes:
    """Return a meta event; delta and size: 0-127."""
    return bytes([delta, 0xFF, meta_type, len(content)]) + content
