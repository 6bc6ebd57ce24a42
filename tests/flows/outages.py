"""A server is cut off while members ask and workers work, and returns: what was told, what was done, and when again.

Knows nothing of which server it is; the proxy in front of it does the cutting. No worker is started anew.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.flows.crew import Crew, expected_bytes, until
from tests.flows.timed_song import timed_request
from tests.servers.proxy import Proxy
from worker.store.database import StoreError
from worker.store.jobs import Job

ASK_EVERY_SECONDS = 0.25
SONG_SECONDS = 0.1
UNTIL_ENDED_SECONDS = 120.0


@dataclass
class Asked:
    """What asking was like. told: the sentences for members who could not be served. slowest_seconds: of an answer."""

    job_ids: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0

    def one_more(self, crew: Crew, name: str, seconds: float = SONG_SECONDS) -> bool:
        """Ask for a song; return whether it was promised."""
        began = time.monotonic()
        try:
            self.job_ids.append(crew.client.submit(timed_request(name, seconds), requested_by="ada"))
            return True
        except StoreError as error:
            if not error.passing:  # it is not this outage that keeps it
                raise
            self.told[str(error)] += 1
            return False
        finally:
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)


@dataclass(frozen=True)
class Outcome:
    """What became of the jobs of one outage. Waits are seconds from asking to the begin, the median and the longest.

    back_after_seconds: from the return of the server until the first song that was asked for afterwards was done.
    """

    away_seconds: float
    promised: int
    done: int
    failed: int
    lost: int
    double: int
    attempts: dict[int, int]
    refused: int
    told: list[str]
    slowest_answer_seconds: float
    waits_before: tuple[float, float]
    waits_during: tuple[float, float]
    waits_after: tuple[float, float]
    back_after_seconds: float

    @property
    def promise_kept(self) -> bool:
        """True where each job that was promised has one song."""
        return self.done == self.promised and not self.double

    def figures(self) -> dict[str, Any]:
        """Return the outcome as JSON."""
        return asdict(self) | {"promise_kept": self.promise_kept}


def run(
    crew: Crew, proxy: Proxy, seconds: float, *, before_seconds: float = 1.0, after_seconds: float = 2.0
) -> Outcome:
    """Ask all the time, cut the server off for so long in the middle, and wait until everything has ended."""
    before, during, after = Asked(), Asked(), Asked()
    before.one_more(crew, "neighbour", before_seconds + seconds + 1.0)  # runs before, during and after
    _ask(crew, before, before_seconds, "before")
    proxy.cut()
    _ask(crew, during, seconds, "during")
    proxy.restore()
    back = time.time()
    while not after.job_ids:
        if not after.one_more(crew, "first"):
            time.sleep(ASK_EVERY_SECONDS)
    _ask(crew, after, after_seconds, "after")
    until(lambda: all(job.ended for job in crew.jobs()), UNTIL_ENDED_SECONDS, "the end of all jobs")
    jobs = {job.id: job for job in crew.jobs()}
    ended = jobs[after.job_ids[0]].finished_at
    assert ended is not None
    return _counted(crew, jobs, (before, during, after), seconds, ended.timestamp() - back)


def _ask(crew: Crew, asked: Asked, seconds: float, name: str) -> None:
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        asked.one_more(crew, f"{name}{number}")
        number += 1
        time.sleep(ASK_EVERY_SECONDS)


def _counted(
    crew: Crew, jobs: dict[str, Job], asked: tuple[Asked, Asked, Asked], seconds: float, back_after: float
) -> Outcome:
    songs = crew.songs()
    promised = [job_id for one in asked for job_id in one.job_ids]
    done = [id_ for id_ in promised if jobs[id_].status == "done" and songs.get(id_) == [expected_bytes(jobs[id_])]]
    failed = [job_id for job_id in promised if jobs[job_id].status == "failed" and jobs[job_id].error]
    return Outcome(
        away_seconds=seconds,
        promised=len(promised),
        done=len(done),
        failed=len(failed),
        lost=len(promised) - len(done) - len(failed),
        double=sum(len(found) > 1 for found in songs.values()) + len(set(songs) - set(promised)),
        attempts=dict(sorted(Counter(jobs[job_id].attempts for job_id in promised).items())),
        refused=sum(sum(one.told.values()) for one in asked),
        told=sorted({sentence for one in asked for sentence in one.told}),
        slowest_answer_seconds=round(max(one.slowest_seconds for one in asked), 3),
        waits_before=_waits(jobs, asked[0]),
        waits_during=_waits(jobs, asked[1]),
        waits_after=_waits(jobs, asked[2]),
        back_after_seconds=round(back_after, 2),
    )


def _waits(jobs: dict[str, Job], asked: Asked) -> tuple[float, float]:
    begun = [(job.created_at, job.started_at) for job in (jobs[job_id] for job_id in asked.job_ids)]
    waits = [(started - created).total_seconds() for created, started in begun if started is not None]
    return (round(statistics.median(waits), 3), round(max(waits), 3)) if waits else (0.0, 0.0)
