"""Ctrl-C that is not lost. Does not know what is stopped."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def noticing_ctrl_c() -> Iterator[Callable[[], bool]]:
    """Give whether Ctrl-C was pressed; it raises KeyboardInterrupt as ever.

    That exception is lost where it strikes in a destructor, or in a library that is being imported and catches
    everything; so whoever works for long asks as well. Outside the main thread nothing can be noticed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    pressed = False
    before = signal.getsignal(signal.SIGINT)

    def press(*_: object) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
