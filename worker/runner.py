"""Carry out one claimed job and write down how it ended. Knows nothing of how jobs are found or songs are made.

A fault of the request or the host (EngineError) ends the job with its sentence. Any other exception is a bug: it is
logged whole and the job fails at once, because the stored seed would only lead to the same bug again. What is tried
again is a job whose worker vanished (killed, out of memory, power): the lease and the cap on attempts see to that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from pydantic import ValidationError
from sqlalchemy.orm import Session

from engine.contract import Progress, Request
from engine.errors import Cancelled, CheckpointError, EngineError, FileFormatError, OutputError, RequestError
from worker.clock import Clock
from worker.lease import HeldLease, LeaseTerms
from worker.store import jobs
from worker.store.database import Store, StoreError
from worker.store.jobs import Job, LeaseLost
from worker.store.songs import GeneratedSong

log = logging.getLogger(__name__)

BUG_SENTENCE = "something went wrong in the program while it worked on this; it has been written down for the host"
ERROR_KINDS: dict[type[EngineError], str] = {
    RequestError: "request",
    CheckpointError: "checkpoint",
    FileFormatError: "file_format",
    OutputError: "output",
    StoreError: "store",
}
RETRY_SECONDS = 1.0


class Generate(Protocol):
    """Makes a song. The same request, seed and model versions give the same song.

    report: called often, cheap; raises Cancelled to stop the work, which is to be let through.
    cancelled: True once the work should stop; asked between decoding steps.
    """

    def __call__(
        self,
        request: Request,
        seed: int,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> GeneratedSong:
        """Return the song, or raise an EngineError with a sentence for people."""


def run_job(store: Store, job: Job, generate: Generate, *, clock: Clock, terms: LeaseTerms) -> None:
    """Carry out a claimed job to its end, whatever that is; when told to stop (Ctrl-C, exit), give it back."""
    token = job.lease_token
    assert token is not None, "only a claimed job can be run"
    try:
        end = _carry_out(store, job, generate, clock, terms)
    except LeaseLost:
        log.info("job %s: given up, another worker has it", job.id, extra={"job_id": job.id})
        return
    except BaseException:
        _write_end(store, job, terms, lambda session: jobs.release(session, job.id, token))
        raise
    try:
        _write_end(store, job, terms, end)
    except EngineError:
        raise
    except Exception:
        # The result itself cannot be stored (two files of one name, say): a bug, and the same at the next attempt.
        _write_end(store, job, terms, _bug(job, clock))


End = Callable[[Session], object]


def _carry_out(store: Store, job: Job, generate: Generate, clock: Clock, terms: LeaseTerms) -> End:
    """Generate the song and return the act that ends the job accordingly."""
    token = job.lease_token or ""
    try:
        with HeldLease(store, job, clock=clock, terms=terms) as lease:
            song = _generate(job, generate, lease)
        return lambda session: jobs.finish(session, job.id, token, song, now=clock())
    except LeaseLost:
        raise
    except Cancelled:
        return lambda session: jobs.cancel(session, job.id, token, now=clock())
    except EngineError as error:
        sentence, kind = str(error), error_kind(error)
    except Exception:
        return _bug(job, clock)
    return lambda session: jobs.fail(session, job.id, token, error=sentence, kind=kind, now=clock())


def _bug(job: Job, clock: Clock) -> End:
    """Log the exception being handled, whole, and return the act that fails the job with one polite line."""
    log.exception("job %s: failed by a bug", job.id, extra={"job_id": job.id})
    token = job.lease_token or ""
    return lambda session: jobs.fail(session, job.id, token, error=BUG_SENTENCE, kind="bug", now=clock())


def _generate(job: Job, generate: Generate, lease: HeldLease) -> GeneratedSong:
    if lease.cancelled():
        raise Cancelled("the request was taken back")
    try:
        request = job.parsed_request()
    except (ValidationError, KeyError) as error:
        raise RequestError("this request was stored by another version of Songwright; please ask again") from error
    return generate(request, job.seed, lease.report, lease.cancelled)


def error_kind(error: EngineError) -> str:
    """Return one word for a fault, for counting: "engine" where nothing closer is known."""
    return next((kind for type_, kind in ERROR_KINDS.items() if isinstance(error, type_)), "engine")


def _write_end(store: Store, job: Job, terms: LeaseTerms, end: End) -> None:
    """Write how the job ended; while the database is away, try again for as long as the lease lasts."""
    until = time.monotonic() + terms.lease_seconds
    while True:
        try:
            with store.writing() as session:
                end(session)
            return
        except LeaseLost:
            log.info("job %s: result dropped, the job has ended already", job.id, extra={"job_id": job.id})
            return
        except StoreError as error:
            # The job stays running; when its lease has ended the next worker finds it and makes the same song.
            if not error.passing or time.monotonic() > until:
                raise
            log.warning("job %s: %s; trying again", job.id, error, extra={"job_id": job.id})
            time.sleep(RETRY_SECONDS)
