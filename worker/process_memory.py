"""Keeping the memory of a long-lived process small between songs. Knows nothing of songs.

Only the GNU C library has these calls; elsewhere nothing happens.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # malloc.h
ARENAS, LARGE_BYTES = 2, 1 << 20


def share_pools() -> None:
    """Let all threads share two pools of memory, and keep what is large out of them; to be called before there are any.

    What is large goes back to the system as soon as it is free; by itself the library takes more and more of it into
    its pools. Measured over 30 songs, one at a time: what is left between songs stays at 390 MB at best, where it rose
    to 470.
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, ARENAS)
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Give memory that is free inside the pools back to the system; takes some milliseconds.

    Measured over 48 songs, two at once: the process stays between 440 and 500 MB, where it crept up to 510 and on.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
