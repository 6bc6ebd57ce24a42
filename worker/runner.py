"""Carry out one claimed job and write down how it ended. Knows nothing of how jobs are found or songs are made.

A fault of the request or the host (EngineError) ends the job with its sentence. Any other exception is a bug: it is
logged whole and the job fails at once, because the stored seed would only lead to the same bug again. What is tried
again is a job whose worker vanished (killed, out of memory, power): the lease and the cap on attempts see to that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from pydantic import ValidationError
from sqlalchemy.orm import Session

from engine.contract import Progress, Request
from engine.errors import (
    Cancelled,
    CheckpointError,
    DeviceLostError,
    DeviceMemoryError,
    EngineError,
    FileFormatError,
    OutputError,
    RequestError,
)
from worker.clock import Clock
from worker.keeping import Keeping
from worker.lease import DeadlinePassed, HeldLease, LeaseKeeper, LeaseTerms, Stopped
from worker.observer import NoObserver, Observer
from worker.outage import Outage
from worker.store import jobs
from worker.store.database import Store, StoreError
from worker.store.jobs import Job, LeaseLost
from worker.store.songs import GeneratedSong

log = logging.getLogger(__name__)

BUG_SENTENCE = "something went wrong in the program while it worked on this; it has been written down for the host"
UNKEPT_SENTENCE = "the song was ready but could not be kept; it has been written down for the host, so ask again later"
UNREAD_SENTENCE = "the place where songs are kept cannot be read at the moment; ask again later"
ERROR_KINDS: dict[type[EngineError], str] = {
    RequestError: "request",
    CheckpointError: "checkpoint",
    FileFormatError: "file_format",
    OutputError: "output",
    DeviceMemoryError: "memory",
    StoreError: "store",
    DeadlinePassed: "deadline",
}
NO_OBSERVER = NoObserver()
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


@runtime_checkable
class GenerateForAskers(Protocol):
    """A `Generate` that minds who asks: in a trial, a member stays on one side of it; a server may have models of its own."""

    def asked_by(self, member: str | None, server: str | None) -> Generate:
        """Return the generator for what a member asks for in a server; None: somebody on this machine, and no server."""


@dataclass(frozen=True)
class _End:
    """How an attempt ends: a word for the observer, and the act that writes it down."""

    status: str
    write: Callable[[Session], object]
    error_kind: str | None = None


def run_job(
    store: Store,
    job: Job,
    generate: Generate,
    *,
    clock: Clock,
    terms: LeaseTerms,
    keeper: LeaseKeeper | None = None,
    deadline_seconds: float | None = None,
    observer: Observer = NO_OBSERVER,
) -> str:
    """Carry out a claimed job to its end; return how it ended, in a word of `Observer.job_ended`.

    When told to stop (by the keeper, by Ctrl-C), give it back. keeper: looks after its lease; one of its own if None.
    deadline_seconds: after which it fails; None: it may take as long as it does. A StoreError goes to the caller where
    the end could not be written, a DeviceLostError always: then the job runs again when its lease has ended.
    """
    observer.job_began(job, (clock() - job.created_at).total_seconds())
    began = time.monotonic()
    status, kind = "lost", None
    stage_seconds: Mapping[str, float] = {}
    with LeaseKeeper(store, clock=clock, terms=terms) if keeper is None else nullcontext(keeper) as keeping:
        try:
            with keeping.held(job, deadline_seconds=deadline_seconds) as lease:
                keeping_files = Keeping(_for_asker(generate, job), store.files, terms.lease_seconds, clock)
                end = _carry_out(job, keeping_files, lease, clock)
                stage_seconds = lease.end_stages()
            end = _written(store, job, terms, end, clock)
            status, kind = end.status, end.error_kind
        except BaseException as error:
            if not isinstance(error, Exception):  # Ctrl-C, exit
                status = _written(store, job, terms, _returned(job), clock).status
            raise
        finally:
            observer.job_ended(job, status, kind, time.monotonic() - began, stage_seconds)
    return status


def _for_asker(generate: Generate, job: Job) -> Generate:
    return generate.asked_by(job.requested_by, job.server) if isinstance(generate, GenerateForAskers) else generate


def _carry_out(job: Job, generate: Generate, lease: HeldLease, clock: Clock) -> _End:
    """Generate the song and return how the job ends."""
    token = lease.token
    try:
        song = _generate(job, generate, lease)
        return _End("done", lambda session: jobs.finish(session, job.id, token, song, now=clock()))
    except Cancelled as cancelled:
        reason = lease.why_unwanted() or cancelled
    except DeviceLostError:
        raise
    except EngineError as error:
        reason = error
    except Exception:
        return _bug(job, clock)
    return _ended_by(reason, job, clock)


def _ended_by(reason: BaseException, job: Job, clock: Clock) -> _End:
    """Return the end of a job whose work was stopped by this."""
    token = job.lease_token or ""
    match reason:
        case Stopped():
            return _returned(job)
        case LeaseLost():
            return _End("lost", lambda _session: None)
        case Cancelled():
            return _End("cancelled", lambda session: jobs.cancel(session, job.id, token, now=clock()))
        case EngineError():
            sentence, kind = str(reason), error_kind(reason)
            if isinstance(reason, StoreError) and reason.names_place:
                log.warning("job %s: %s", job.id, sentence, extra={"job_id": job.id})
                sentence = UNREAD_SENTENCE
            return _failed(job, sentence, kind, clock)
    raise reason


def _failed(job: Job, sentence: str, kind: str, clock: Clock) -> _End:
    token = job.lease_token or ""
    return _End(
        "failed", lambda session: jobs.fail(session, job.id, token, error=sentence, kind=kind, now=clock()), kind
    )


def _returned(job: Job) -> _End:
    return _End("returned", lambda session: jobs.release(session, job.id, job.lease_token or ""))


def _bug(job: Job, clock: Clock) -> _End:
    """Log the exception being handled, whole, and return the end of its job: one polite line."""
    log.exception("job %s: failed by a bug", job.id, extra={"job_id": job.id})
    return _failed(job, BUG_SENTENCE, "bug", clock)


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


def _written(store: Store, job: Job, terms: LeaseTerms, end: _End, clock: Clock) -> _End:
    """Write how the job ended, or, where the result cannot be kept, that it failed; return what was written."""
    try:
        return _write(store, job, terms, end)
    except StoreError as error:
        if error.passing or end.status != "done":
            raise
        log.error("job %s: the song cannot be kept: %s", job.id, error, extra={"job_id": job.id})
        return _write(store, job, terms, _failed(job, UNKEPT_SENTENCE, "store", clock))
    except EngineError:
        raise
    except Exception:
        # The result itself cannot be stored (two files of one name, say): a bug, and the same at the next attempt.
        return _write(store, job, terms, _bug(job, clock))


def _write(store: Store, job: Job, terms: LeaseTerms, end: _End) -> _End:
    """Write an end; while the database is away, try again for as long as the lease lasts."""
    until = time.monotonic() + terms.lease_seconds
    outage = Outage(log, f"job {job.id}: the database")
    while True:
        try:
            with store.writing() as session:
                end.write(session)
            outage.succeeded()
            return end
        except LeaseLost:
            log.info("job %s: result dropped, the job has ended already", job.id, extra={"job_id": job.id})
            return _End("lost", end.write)
        except StoreError as error:
            # The job stays running; when its lease has ended the next worker finds it and makes the same song.
            if not error.passing or time.monotonic() > until:
                raise
            outage.failed(error, "trying to write its end every second")
            time.sleep(RETRY_SECONDS)
