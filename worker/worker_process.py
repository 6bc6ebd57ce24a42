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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from engine.contract import Progress, Request, SongRequest
from engine.errors import EngineError
from engine.file_requests import MOST_SENT_BYTES
from worker import queue, trials, tuning_schedule
from worker.clock import utc_now
from worker.generation import SongGenerator
from worker.janitor import FORGET_EVERY_SECONDS, Janitor
from worker.lease import Stopped
from worker.loaded_models import LoadedModels, model_choice
from worker.observer import Observer
from worker.outage import Outage
from worker.presence import Presence
from worker.runner import NO_OBSERVER, Generate
from worker.settings import Settings
from worker.store.database import Store, open_store
from worker.tasks import Shift, register
from worker.tuning import PROGRAM, Tuner
from worker.watchdog import Watchdog

log = logging.getLogger(__name__)

TRIALS_EVERY_SECONDS = 60.0
LOOK_SECONDS = 0.1  # between looks whether to stop
GIVE_BACK_SECONDS = 1.5  # for jobs to notice that they are to stop
THREAD_SECONDS = 0.5  # for a thread without a job to end in
# A song of four short lines: it opens the models, compiles the kernels and loads fonts and sounds.
WARM_UP = SongRequest(theme="morning", form="V", syllables="4", tempo_qpm=160, seed=0)

Told = Callable[[], int]  # how often this process was told to stop


@dataclass(frozen=True)
class Pace:
    """sweep_seconds: between looks for jobs that nobody rang for; polling_seconds: the same where nothing can ring.

    grace_seconds: how long jobs may go on after the process was told to stop. retry_seconds: after a fault of the
    database or the broker. tunings_seconds: between looks for tuning runs.
    """

    sweep_seconds: float = 3.0
    polling_seconds: float = 0.25
    grace_seconds: float = 8.0
    retry_seconds: float = 2.0
    tunings_seconds: float = 15.0


@dataclass(frozen=True)
class _Duty:
    """What the threads of a worker share."""

    store: Store
    settings: Settings
    pace: Pace
    shift: Shift
    janitor: Janitor
    presence: Presence


def song_generator(store: Store, settings: Settings) -> Generate:
    """Return what real songs are made with; the models are opened at its first song."""
    return SongGenerator(
        LoadedModels(lambda: model_choice(store)), soundfont=settings.soundfont, store=store,
        engraver=settings.engraver, largest_file_bytes=MOST_SENT_BYTES, best_of=settings.best_of,
    )  # fmt: skip


def run_worker(
    settings: Settings,
    *,
    generator: Callable[[Store, Settings], Generate] = song_generator,
    warm_up: Request | None = WARM_UP,
    pace: Pace | None = None,
    when_ready: Callable[[str], None] = lambda line: None,
    when_on_duty: Callable[[Shift], None] = lambda shift: None,
    observer: Observer = NO_OBSERVER,
    tuning_program: Sequence[str] = PROGRAM,
) -> None:
    """Run jobs until SIGTERM or SIGINT; let those under way finish or give them back, and return. In the main thread.

    A second signal gives them back at once. warm_up: made and thrown away before the first job, so that no member waits
    for models to open; an EngineError of it (a damaged model) ends the worker before it can fail anybody's job.
    when_on_duty: given what runs the jobs, before the first of them. when_ready: told in one line when jobs are run from
    now on. observer: told of every job. tuning_program: what begins the commands of tuning runs.
    """
    pace = pace or Pace()
    if settings.broker_url is not None:
        queue.check_broker(settings.broker_url)
    with _told_to_stop() as told:
        store = open_store(settings.database_url, settings.artifacts_url)
        generate = generator(store, settings)
        began = time.monotonic()
        log.info("opening the models; the first time on a machine it takes a minute, for their kernels are compiled")
        if warm_up is not None and not _warmed_up(generate, warm_up, told):
            return
        shift = Shift(store, generate, settings, observer=observer)
        when_on_duty(shift)
        duty = _Duty(store, settings, pace, shift, Janitor(store, settings), Presence(store, shift, generate))
        watchdog = Watchdog(shift, stall_seconds=settings.stall_seconds, grace_seconds=pace.grace_seconds)
        watchdog.start()
        threads = [
            _started("sweep", _sweep, duty),
            _started("janitor", _forget_hourly, duty),
            _started("trials", _look_at_trials, duty),
        ]
        if settings.tuning:
            threads.append(_started("tuning", _tune, duty, tuning_program))
        if settings.broker_url is not None:
            threads.append(_started("celery", _hear_rings, duty))
        when_ready(_ready_line(settings, time.monotonic() - began, shift.slots))
        while not told():
            time.sleep(LOOK_SECONDS)
        _end(duty, threads, told)
        watchdog.close()
        store.close()


def _ready_line(settings: Settings, seconds: float, slots: int) -> str:
    woken = "polls the database" if settings.broker_url is None else f"{settings.broker_url.partition('://')[0]} broker"
    return f"worker {os.getpid()} is ready after {seconds:.1f} s ({woken}, jobs at once: {slots})"


@contextmanager
def _told_to_stop() -> Iterator[Told]:
    """Give a function that tells how often SIGTERM or SIGINT has come; the former handlers return afterwards."""
    came: list[int] = []  # an Event could deadlock: a handler may interrupt the wait that holds its lock

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: len(came)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _warmed_up(generate: Generate, request: Request, told: Told) -> bool:
    """Make a song for nobody, and compile what reads uploads; return False if told to stop meanwhile."""
    from engine.music.midi_reading import compile_reading  # with numpy, which a process that only asks goes without

    def go_on() -> bool:
        if told():
            raise Stopped
        return False

    def report(_progress: Progress) -> None:
        go_on()

    try:
        generate(request, request.seed or 0, report, go_on)
        compile_reading()
    except Stopped:
        return False
    return True


def _started(name: str, work: Callable[..., None], *arguments: Any) -> threading.Thread:
    # Daemons, so that a job that cannot be stopped does not keep the process.
    thread = threading.Thread(target=work, args=arguments, name=f"worker-{name}", daemon=True)
    thread.start()
    return thread


def _sweep(duty: _Duty) -> None:
    """Put in order what is due and run what waits, then rest; until there is nothing more to begin."""
    shift, pace = duty.shift, duty.pace
    rest_seconds = pace.polling_seconds if duty.settings.broker_url is None else pace.sweep_seconds
    outage = Outage(log, "the database")
    while not shift.is_stopping():
        try:
            duty.janitor.recover_jobs()
            duty.presence.show()
            shift.fill()
            outage.succeeded()
            shift.wait_for_slot(rest_seconds)
        except EngineError as error:
            outage.failed(error, f"looking for jobs again every {pace.retry_seconds:g} s")
            shift.wait_for_stop(pace.retry_seconds)
        except Exception:  # a bug outside any job; the queue is not to stand still for it
            log.exception("the sweep met a bug; going on in %g s", pace.retry_seconds)
            shift.wait_for_stop(pace.retry_seconds)


def _forget_hourly(duty: _Duty) -> None:
    """Let what has had its time be forgotten; until there is nothing more to begin."""
    while not duty.shift.is_stopping():
        try:
            duty.janitor.forget()
        except EngineError as error:
            log.warning("old rows were not forgotten: %s", error)
        except Exception:
            log.exception("old rows were not forgotten")
        duty.shift.wait_for_stop(FORGET_EVERY_SECONDS)


def _look_at_trials(duty: _Duty) -> None:
    """Let the ratings decide what is on trial or new in use; until there is nothing more to begin."""
    while not duty.shift.is_stopping():
        try:
            trials.decide(duty.store, now=utc_now())
        except EngineError as error:
            log.warning("the ratings of models were not looked at: %s", error)
        except Exception:
            log.exception("the ratings of models were not looked at")
        duty.shift.wait_for_stop(TRIALS_EVERY_SECONDS)


def _tune(duty: _Duty, program: Sequence[str]) -> None:
    """Begin tuning runs that are due and carry out those that wait, in processes of low priority; until told to stop."""
    tuner = Tuner(duty.store, duty.settings, program=program, stopping=duty.shift.is_stopping)
    while not duty.shift.is_stopping():
        ended = None
        try:
            tuning_schedule.look(duty.store, duty.settings, now=utc_now())
            ended = tuner.run_next()
        except EngineError as error:
            log.warning("tuning runs were not looked at: %s", error)
        except Exception:
            log.exception("tuning runs were not looked at")
        if ended is None:
            duty.shift.wait_for_stop(duty.pace.tunings_seconds)


def _hear_rings(duty: _Duty) -> None:
    """Keep a Celery worker with a thread per slot running in this process; without it the sweep finds every job."""
    from celery.worker import WorkController

    shift, retry_seconds = duty.shift, duty.pace.retry_seconds
    app = register(duty.settings, shift)
    app.set_default()  # threads of Celery's pool look a task up there, and would find none
    quiet: dict[str, Any] = {"without_heartbeat": True, "without_mingle": True, "without_gossip": True}
    while not shift.is_stopping():
        try:
            WorkController(app=app, pool="threads", concurrency=shift.slots, **quiet).start()
        except Exception:  # whatever Celery raises, the sweep goes on meanwhile
            log.exception("the Celery worker failed")
        if not shift.is_stopping():
            log.warning("the Celery worker has ended; starting it again in %g s", retry_seconds)
            shift.wait_for_stop(retry_seconds)


def _end(duty: _Duty, threads: list[threading.Thread], told: Told) -> None:
    """End the jobs under way, or give them back; then the threads, or the process with them."""
    shift = duty.shift
    shift.begin_no_more()
    if duty.settings.broker_url is not None and "celery" in sys.modules:
        from celery.worker import state

        state.should_stop = 0
    until = time.monotonic() + duty.pace.grace_seconds
    while not shift.is_over(LOOK_SECONDS) and told() < 2 and time.monotonic() < until:
        pass
    shift.stop()
    if not shift.is_over(GIVE_BACK_SECONDS):
        shift.give_back()
    with suppress(EngineError):  # a row that stays is seen to be old
        duty.presence.leave()
    for thread in threads:
        thread.join(THREAD_SECONDS)
    if not shift.is_over(0) or any(thread.is_alive() for thread in threads):
        # Celery takes seconds to say goodbye, and the interpreter would wait; a ring lost with it costs nothing.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
    shift.close()
