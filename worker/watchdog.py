"""Ending a worker process that cannot go on: a job stands still, a library waits for ever, a device has failed.

Knows nothing of what the jobs do, only when each last gave a sign of life. A thread cannot be ended from outside, so
the process is; whoever keeps it running starts another, and the jobs are run again: the leases see to that.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable

from worker.lease import HeldLease
from worker.tasks import Shift

log = logging.getLogger(__name__)

STALLED = 70  # the exit status; EX_SOFTWARE of sysexits.h
GIVE_BACK_SECONDS = 1.0  # for the neighbours to notice that they are to stop
FROZEN_SECONDS = 30.0  # beyond the stall: no thread has run at all since, not even this one


class Watchdog:
    """Looks whether jobs stand still, in a thread of its own from `start` on.

    grace_seconds: what healthy neighbours of a job that stands still have to finish in. end: how to end the process.
    """

    def __init__(
        self, shift: Shift, *, stall_seconds: float, grace_seconds: float, end: Callable[[int], object] = os._exit
    ) -> None:
        self._shift, self._stall_seconds, self._grace_seconds, self._end = shift, stall_seconds, grace_seconds, end
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._done.set()
        self._thread.join()
        faulthandler.cancel_dump_traceback_later()

    def _watch(self) -> None:
        while not self._done.wait(min(1.0, self._stall_seconds / 4)):
            # A call that never lets other threads run stops this one too; then Python itself ends the process.
            faulthandler.dump_traceback_later(self._stall_seconds + FROZEN_SECONDS, exit=True)
            if self._shift.is_broken:  # what it has lost goes back to the queue when the process is seen to be gone
                self._end_process([])
                return
            if stalled := self._stalled():
                names = ", ".join(lease.job.id for lease in stalled)
                told = "no sign of life for %g s of job %s; this worker ends itself. Its threads:\n%s"
                log.critical(told, self._stall_seconds, names, _stacks())
                self._end_process(stalled)
                return

    def _stalled(self) -> list[HeldLease]:
        before = time.monotonic() - self._stall_seconds
        return [lease for lease in self._shift.leases() if lease.last_sign < before]

    def _end_process(self, stalled: list[HeldLease]) -> None:
        """Let the neighbours of what stands still finish, or give them back; end the process."""
        self._shift.begin_no_more()
        until = time.monotonic() + self._grace_seconds
        while len(self._shift.leases()) > len(stalled) and time.monotonic() < until and not self._done.wait(0.1):
            pass
        self._shift.stop()
        self._shift.is_over(GIVE_BACK_SECONDS)
        logging.shutdown()
        self._end(STALLED)


def _stacks() -> str:
    """Return where every thread stands now."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"{names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()
    )
