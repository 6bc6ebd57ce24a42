"""What the terminal and the bot do with jobs and songs: ask, follow, look, cancel, bring, delete.

Knows nothing of how songs are made and imports nothing heavy: the bot starts with it. Calls block for milliseconds.
The rest is behind doors: `client.library`, `client.deliveries`, `client.privacy` and so on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from engine.contract import Artifact, Request
from engine.errors import RequestError
from worker import queue
from worker.clock import Clock, utc_now
from worker.discord_doors import Commands, Deliveries
from worker.doorbell import Doorbell
from worker.erasure import Erasure
from worker.library_doors import Comparisons, Library, Ratings, Signals, Uploads
from worker.operation_doors import Jobs, Models, Tunings
from worker.owner import Owner
from worker.people_doors import Members, Privacy, Servers
from worker.settings import Settings
from worker.store import deliveries, jobs, members, queue_times, quotas, songs
from worker.store.database import Store, open_store
from worker.store.deliveries import Delivery, NewDelivery
from worker.store.fair_queue import INTERACTIVE
from worker.store.jobs import Job
from worker.store.ratings import Tally
from worker.store.songs import Song
from worker.store.turns import wait_for_turn

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
        self._doorbell = None if settings.broker_url is None else Doorbell(settings.broker_url)
        self.deliveries = Deliveries(self._open, clock)
        self.commands = Commands(self._open, clock)
        self.library = Library(self._open, clock)
        self.ratings = Ratings(self._open, clock)
        self.comparisons = Comparisons(self._open, clock)
        self.signals = Signals(self._open, clock)
        self.uploads = Uploads(self._open, clock)
        self._erasure = Erasure(self._open, clock)
        self.servers = Servers(self._open, clock, self._erasure)
        self.members = Members(self._open, clock, self._erasure)
        self.privacy = Privacy(self._open, clock, self._erasure)
        self.jobs = Jobs(self._open, clock, self._ring)
        self.models = Models(self._open, clock)
        self.tunings = Tunings(self._open, clock, settings.tunings_dir)

    @cached_property
    def store(self) -> Store:
        """The open store, with its tables up to date."""
        return self._given_store or open_store(self._settings.database_url, self._settings.artifacts_url)

    def submit(
        self,
        request: Request,
        *,
        owner: Owner | None = None,
        requested_by: str | None = None,
        server: str | None = None,
        priority: int = INTERACTIVE,
    ) -> str:
        """Insert a job and return its id; then ring for a worker, if there is a broker.

        owner: the process that will run it itself (the terminal); None leaves it to the workers. priority: see
        `worker.store.fair_queue`; what nobody waits for is not to stand before what somebody does.
        """
        with self.store.writing() as session:
            job = jobs.submit(
                session,
                request,
                now=self._clock(),
                owner=owner,
                requested_by=requested_by,
                server=server,
                priority=priority,
                best_of=self._settings.best_of,
            )
        self._ring(job.id)
        return job.id

    def submit_for(
        self, requests: Sequence[Request], new: NewDelivery, *, per_day: int, waiting: int
    ) -> tuple[Delivery, tuple[str, ...]]:
        """Submit a member's jobs with the delivery that brings them all, or nothing; return it and the job ids.

        One transaction; QuotaReached where the member has had all that is allowed. Then rings for each job. Where two
        processes were given one message to answer, the second is given the first one's delivery and writes nothing.
        """
        now = self._clock()
        with self.store.writing() as session:
            wait_for_turn(session, new.member)
            before = deliveries.promised(session, new)
            if before is not None:
                return before, before.job_ids
            members.see(session, new.member, new.server, now)
            quotas.use(session, new.member, new.server, now, per_day=per_day, waiting=waiting, songs=len(requests))
            job_ids = tuple(
                jobs.submit(
                    session,
                    request,
                    now=now,
                    requested_by=new.member,
                    server=new.server,
                    best_of=self._settings.best_of,
                ).id
                for request in requests
            )
            delivery = deliveries.add(session, new, job_ids, now)
        for job_id in job_ids:
            self._ring(job_id)
        return delivery, job_ids

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
            return queue_times.position(session, jobs.get(session, job_id))

    def seconds_left(self, job_id: str) -> float | None:
        """Return in how many seconds a job is expected to be ready, 0 if it is overdue; None if it has ended."""
        now = self._clock()
        with self.store.reading() as session:
            expected = queue_times.expected(session, now).get(job_id)
        return None if expected is None else max((expected.ready_at - now).total_seconds(), 0.0)

    def song(self, song_or_job_id: str) -> Song:
        """Return the song of this id, or of the job of this id; RequestError if there is none."""
        with self.store.reading() as session:
            song = songs.find(session, song_or_job_id)
        if song is None:
            raise RequestError(f"there is no song {song_or_job_id!r}; it is not ready yet or has been deleted")
        return song

    def find_song(self, song_or_job_id: str) -> Song | None:
        """Return the song of this id, or of the job of this id; None if there is none, or no longer."""
        with self.store.reading() as session:
            return songs.find(session, song_or_job_id)

    def song_of_message(self, message_id: str) -> Song | None:
        """Return the song that a message shows, the first that is there of several; None if there is none."""
        with self.store.reading() as session:
            delivery = deliveries.of_message(session, message_id)
            found = (songs.find(session, job_id) for job_id in (delivery.job_ids if delivery else ()))
            return next((song for song in found if song is not None), None)

    def artifacts(self, song_id: str) -> tuple[Artifact, ...]:
        """Return the files of a song in the order of their making; empty if there is no such song."""
        with self.store.reading() as session:
            stored = songs.stored_artifacts(session, song_id)
        # A bucket may take its time; no connection to the database waits for it.
        return tuple(songs.checked(one, self.store.files) for one in stored)

    def cancel(self, job_id: str) -> Job:
        """Cancel a waiting job, ask the worker of a running one to stop, leave an ended one; return the job after."""
        with self.store.writing() as session:
            jobs.request_cancel(session, job_id, now=self._clock())
            return jobs.get(session, job_id)

    def mark_delivered(self, job_id: str) -> None:
        """Write down that whoever asked has the result: the terminal, once the files are written."""
        with self.store.writing() as session:
            jobs.mark_delivered(session, job_id, now=self._clock())

    def delete_song(self, song_id: str) -> bool:
        """Delete a song with everything that hangs on it, also from SQLite's files; False if there is none."""
        with self.store.writing() as session:
            deleted = songs.delete(session, song_id)
        if deleted:
            self._erasure.of_one()
        return deleted

    def rate(self, song_id: str, *, rater: str, stars: int) -> Tally:
        """Write a person's rating (1-5 stars), over an earlier one; return how the song is rated then."""
        return self.ratings.rate(song_id, rater=rater, stars=stars)

    def close(self) -> None:
        """Ring the last rings and close the connections; the next call opens them again unless the store was given."""
        if self._doorbell is not None:
            self._doorbell.close()
        if "store" in self.__dict__:
            self._erasure.before_closing()
            self.__dict__.pop("store").close()

    def _open(self) -> Store:
        return self.store

    def _ring(self, job_id: str) -> None:
        if self._doorbell is not None:
            self._doorbell.ring(job_id)
