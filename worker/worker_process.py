"""A process that makes what members ask for: woken by Celery, and by itself for what nobody rang for.

Knows nothing of the bot, nor of how songs are made. Whatever happens to it, the rows of its jobs are the truth: a job
that it was stopped or killed in is run by the next worker, or by itself when it is started again.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from engine.contract import Progress, Request, SongRequest
from engine.errors import EngineError
from worker import queue
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels, promoted_paths
from worker.runner import Generate
from worker.settings import Settings
from worker.store.database import Store, open_store
from worker.tasks import Shift, Stopped, register

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1  # between looks whether to stop
THREAD_SECONDS = 0.5  # for a thread without a job to end in
# A song of four short lines: it opens the models, compiles the kernels and loads fonts and sounds.
WARM_UP = SongRequest(theme="morning", form="V", syllables="4", tempo_qpm=160, seed=0)

Stopping = Callable[[], bool]


@dataclass(frozen=True)
class Pace:
    """sweep_seconds: between looks for jobs that nobody rang for; polling_seconds: the same where nothing can ring.

    grace_seconds: how long a job may go on after the process was told to stop. retry_seconds: after a fault of the
    database or the broker.
    """

    sweep_seconds: float = 3.0
    polling_seconds: float = 0.25
    grace_seconds: float = 8.0
    retry_seconds: float = 5.0


def song_generator(store: Store, settings: Settings) -> Generate:
    """Return what real songs are made with; the models are opened at its first song."""
    return SongGenerator(LoadedModels(lambda: promoted_paths(store)), soundfont=settings.soundfont, store=store)


def run_worker(
    settings: Settings,
    *,
    generator: Callable[[Store, Settings], Generate] = song_generator,
    warm_up: Request | None = WARM_UP,
    pace: Pace | None = None,
    when_ready: Callable[[str], None] = lambda line: None,
) -> None:
    """Run jobs until SIGTERM or SIGINT; then give the running one back and return. To be called in the main thread.

    warm_up: made and thrown away before the first job, so that no member waits for models to open; an EngineError of
    it (a damaged model) ends the worker before it can fail anybody's job. when_ready: told in one line when jobs are
    run from now on.
    """
    pace = pace or Pace()
    if settings.broker_url is not None:
        queue.check_broker(settings.broker_url)
    with _told_to_stop() as told:
        store = open_store(settings.database_url)
        generate = generator(store, settings)
        began = time.monotonic()
        if warm_up is not None and not _warmed_up(generate, warm_up, told):
            return
        shift = Shift(store, generate, settings)
        threads = [_started("sweep", _sweep, shift, settings, pace)]
        if settings.broker_url is not None:
            threads.append(_started("celery", _hear_rings, shift, settings, pace))
        when_ready(_ready_line(settings, time.monotonic() - began))
        while not told():
            time.sleep(LOOK_SECONDS)
        _end(shift, threads, pace)
        store.close()


def _ready_line(settings: Settings, seconds: float) -> str:
    woken = "polls the database" if settings.broker_url is None else f"{settings.broker_url.partition('://')[0]} broker"
    return f"worker {os.getpid()} is ready after {seconds:.1f} s ({woken})"


@contextmanager
def _told_to_stop() -> Iterator[Stopping]:
    """Give a function that tells whether SIGTERM or SIGINT has come; the former handlers return afterwards."""
    came: list[int] = []  # an Event could deadlock: a handler may interrupt the wait that holds its lock

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _warmed_up(generate: Generate, request: Request, told: Stopping) -> bool:
    """Make a song for nobody; return False if the process was told to stop meanwhile."""

    def go_on() -> bool:
        if told():
            raise Stopped
        return False

    def report(_progress: Progress) -> None:
        go_on()

    try:
        generate(request, request.seed or 0, report, go_on)
    except Stopped:
        return False
    return True


def _started(name: str, work: Callable[..., None], *arguments: Any) -> threading.Thread:
    # Daemons, so that a job that cannot be stopped does not keep the process.
    thread = threading.Thread(target=work, args=arguments, name=f"worker-{name}", daemon=True)
    thread.start()
    return thread


def _sweep(shift: Shift, settings: Settings, pace: Pace) -> None:
    """Run what waits, then rest; for ever, but for the stop."""
    rest_seconds = pace.polling_seconds if settings.broker_url is None else pace.sweep_seconds
    while not shift.is_stopping():
        try:
            while shift.run_next() is not None:
                pass
            shift.wait_for_stop(rest_seconds)
        except EngineError as error:
            log.warning("%s; trying again in %g s", error, pace.retry_seconds)
            shift.wait_for_stop(pace.retry_seconds)
        except Exception:  # a bug outside any job; the queue is not to stand still for it
            log.exception("the sweep met a bug; going on in %g s", pace.retry_seconds)
            shift.wait_for_stop(pace.retry_seconds)


def _hear_rings(shift: Shift, settings: Settings, pace: Pace) -> None:
    """Keep a Celery worker with one thread running in this process; without it the sweep still finds every job."""
    from celery.worker import WorkController

    app = register(settings, shift)
    while not shift.is_stopping():
        try:
            WorkController(
                app=app, pool="threads", concurrency=1, without_heartbeat=True, without_mingle=True, without_gossip=True
            ).start()
        except Exception:  # whatever Celery raises, the sweep goes on meanwhile
            log.exception("the Celery worker failed")
        if not shift.is_stopping():
            log.warning("the Celery worker has ended; starting it again in %g s", pace.retry_seconds)
            shift.wait_for_stop(pace.retry_seconds)


def _end(shift: Shift, threads: list[threading.Thread], pace: Pace) -> None:
    """End the job under way, or give it back with its thread still at it; then the threads, or the process with them."""
    shift.stop()
    if "celery" in sys.modules:
        from celery.worker import state

        state.should_stop = 0
    if not shift.is_over(pace.grace_seconds):
        shift.give_back()
    for thread in threads:
        thread.join(THREAD_SECONDS)
    if any(thread.is_alive() for thread in threads):
        # Celery takes seconds to say goodbye, and the interpreter would wait; a ring lost with it costs nothing.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
