"""Saying once that something cannot be used, and once that it can be again, however often it is tried meanwhile.

Knows nothing of what it is.
"""

from __future__ import annotations

import logging
import threading


class Outage:
    """Whether something is out of use. Safe to share between threads."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log, self._what = log, what
        self._lock = threading.Lock()
        self._out = False

    def failed(self, error: object, meanwhile: str) -> None:
        """Warn at the first failure, with what goes on meanwhile; be silent at those that follow."""
        with self._lock:
            first, self._out = not self._out, True
        if first:
            self._log.warning("%s cannot be used, %s: %s", self._what, meanwhile, error)

    def succeeded(self, note: str = "") -> None:
        """Say that it can be used again, if it could not."""
        if not self._out:
            return
        with self._lock:
            back, self._out = self._out, False
        if back:
            self._log.warning("%s can be used again%s", self._what, note)
