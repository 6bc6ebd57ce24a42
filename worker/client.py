"""What the terminal and the bot do with jobs and songs: ask, follow, look, cancel, rate.

Knows nothing of how songs are made and imports nothing heavy: the bot starts with it. Calls block for milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cached_property

from engine.contract import Artifact, LyricRequest
from engine.errors import RequestError
from worker import queue
from worker.clock import Clock, utc_now
from worker.owner import Owner
from worker.settings import Settings
from worker.store import jobs, ratings, songs
from worker.store.database import Store, open_store
from worker.store.jobs import Job
from worker.store.ratings import Tally
from worker.store.songs import Song

POLL_SECONDS = 0.1


class Client:
    """Talks to the store that the settings name, opened at the first call. Safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store | None = None,
        clock: Clock = utc_now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings, self._clock, self._sleep = settings, clock, sleep
        self._given_store = store
        if settings.broker_url is not None:
            queue.check_broker(settings.broker_url)

    @cached_property
    def store(self) -> Store:
        """The open store, with its tables up to date."""
        return self._given_store or open_store(self._settings.database_url)

    def submit(
        self,
        request: LyricRequest,
        *,
        owner: Owner | None = None,
        requested_by: str | None = None,
        server: str | None = None,
    ) -> str:
        """Insert a job and return its id; then ring for a worker, if there is a broker.

        owner: the process that will run it itself (the terminal); None leaves it to the workers.
        """
        with self.store.writing() as session:
            job = jobs.submit(
                session, request, now=self._clock(), owner=owner, requested_by=requested_by, server=server
            )
        if self._settings.broker_url is not None:
            queue.ring(self._settings.broker_url, job.id)
        return job.id

    def follow(
        self,
        job_id: str,
        *,
        poll_seconds: float = POLL_SECONDS,
        while_true: Callable[[], bool] = lambda: True,
    ) -> Iterator[Job]:
        """Yield the job now, whenever it has changed for people, and last when it has ended.

        while_true: asked between looks; once False, one last look is taken and the iterator ends.
        """
        shown: tuple[object, ...] | None = None
        going_on = True
        while going_on:
            going_on = while_true()
            job = self.job(job_id)
            visible = (job.status, job.stage, job.done, job.total, job.words, job.cancel_requested)
            if visible != shown:
                shown = visible
                yield job
            if job.ended:
                return
            if going_on:
                self._sleep(poll_seconds)

    def job(self, job_id: str) -> Job:
        """Return the job as it is now; RequestError if there is none."""
        with self.store.reading() as session:
            return jobs.get(session, job_id)

    def position(self, job_id: str) -> int | None:
        """Return the place in the queue: 1 is next, 0 is running, None has ended."""
        with self.store.reading() as session:
            return jobs.position(session, jobs.get(session, job_id))

    def song(self, song_or_job_id: str) -> Song:
        """Return the song of this id, or of the job of this id; RequestError if there is none."""
        with self.store.reading() as session:
            song = songs.find(session, song_or_job_id)
        if song is None:
            raise RequestError(f"there is no song {song_or_job_id!r}; it is not ready yet or has been deleted")
        return song

    def artifacts(self, song_id: str) -> tuple[Artifact, ...]:
        """Return the files of a song in the order of their making; empty if there is no such song."""
        with self.store.reading() as session:
            return songs.artifacts(session, song_id)

    def cancel(self, job_id: str) -> Job:
        """Cancel a waiting job, ask the worker of a running one to stop, leave an ended one; return the job after."""
        with self.store.writing() as session:
            jobs.request_cancel(session, job_id, now=self._clock())
            return jobs.get(session, job_id)

    def rate(self, song_id: str, *, rater: str, stars: int) -> Tally:
        """Write a person's rating (1-5 stars), over an earlier one; return how the song is rated then."""
        with self.store.writing() as session:
            ratings.rate(session, song_id, rater=rater, stars=stars, now=self._clock())
            return ratings.tally(session, song_id)

    def close(self) -> None:
        """Close the connections; the next call opens them again unless the store was handed in."""
        if "store" in self.__dict__:
            self.__dict__.pop("store").close()
