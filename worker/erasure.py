"""When SQLite's files are rid of what was deleted: at once, but not again and again. Knows nothing of what was deleted.

Writing the file anew makes others wait and takes the longer the larger it is, so members who delete their data one
after the other share one erasure. Until then their rows are overwritten and the log is cut; see `worker.store.erasing`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from worker.clock import Clock
from worker.store.database import Store, StoreError

log = logging.getLogger(__name__)

BETWEEN_ERASURES = timedelta(minutes=5)


class Erasure:
    """What is still to be erased by this process. Safe to share between threads.

    What is due is known to this process only, so it is done at the latest when the client is closed.
    """

    def __init__(self, store: Callable[[], Store], clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._turn = threading.Lock()
        self._file_due = self._log_due = False
        self._tried_at: datetime | None = None

    def of_everything(self) -> None:
        """Write the file anew after a deletion that somebody has a right to; leave it to `if_due` if it just was."""
        with self._turn:
            self._file_due = True
            if self._may_try():
                self._write_anew()
            else:
                self._empty_log()

    def of_one(self) -> None:
        """Cut the log after a single deletion, at once; leave it to `if_due` where a reader is in the way."""
        with self._turn:
            self._empty_log()

    def if_due(self) -> bool:
        """Do what could not be done before, the file at most once in BETWEEN_ERASURES; return whether all is done.

        Files of songs outside the database are removed with their deletion, or else here.
        """
        with self._turn:
            if self._file_due and self._may_try():
                self._write_anew()
            elif self._log_due:
                self._empty_log()
            removed = self._done(lambda store: store.files.remove_again())
            return removed and not (self._file_due or self._log_due)

    def before_closing(self) -> None:
        """Write the file anew if that is due: nobody will know of it afterwards."""
        with self._turn:
            if self._file_due:
                self._write_anew()

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() - self._tried_at >= BETWEEN_ERASURES

    def _write_anew(self) -> None:
        self._tried_at = self._clock()
        self._file_due = not self._done(lambda store: store.erase_traces())
        self._log_due = self._log_due and self._file_due

    def _empty_log(self) -> None:
        self._log_due = not self._done(lambda store: store.empty_log())

    def _done(self, work: Callable[[Store], bool]) -> bool:
        # The deletion itself is committed: whoever asked for it must not be told that it failed.
        try:
            return work(self._store())
        except StoreError as error:
            log.warning("what was deleted is not erased from the free space yet: %s", error)
            return False
