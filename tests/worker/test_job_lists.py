"""Lists of jobs for hosts, a second try for a failed one, and the view of what is going on; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.contract import LyricRequest, Request, SongRequest
from engine.errors import RequestError
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker.client import Client
from worker.owner import this_process
from worker.settings import Settings
from worker.store import deliveries, job_lists, jobs, overview, queue_times, workers
from worker.store.database import Store
from worker.store.deliveries import NewDelivery
from worker.store.identifiers import lowest_id, made_at, new_id
from worker.store.overview import Spread, spread
from worker.store.tables import JobRow

DAY = timedelta(days=1)


class Crew:
    """Submits jobs and carries them out at once, as a worker would."""

    def __init__(self, store: Store, clock: WoundClock) -> None:
        self.store, self.clock = store, clock

    def asked(self, request: Request | None = None, member: str | None = "ann") -> str:
        self.clock.wind(1)
        with self.store.writing() as session:
            asked = request or SongRequest(theme="rain")
            return jobs.submit(session, asked, now=self.clock(), requested_by=member, server="s1").id

    def begun(self, request: Request | None = None) -> tuple[str, str]:
        job_id = self.asked(request)
        self.clock.wind(2)
        with self.store.writing() as session:
            job = jobs.claim(
                session, owner=this_process(), now=self.clock(), lease_seconds=60, among=[job_id]
            )  # fmt: skip
        assert job is not None
        return job_id, job.lease_token or ""

    def failed(self, kind: str = "bug") -> str:
        job_id, token = self.begun()
        with self.store.writing() as session:
            jobs.fail(session, job_id, token, error="it went wrong", kind=kind, now=self.clock())
        return job_id

    def done(self, seconds: float = 3.0) -> tuple[str, str]:
        request = LyricRequest(theme="rain")
        job_id, token = self.begun(request)
        self.clock.wind(seconds)
        with self.store.writing() as session:
            return job_id, jobs.finish(session, job_id, token, echoed(request, 1), now=self.clock())


@pytest.fixture
def crew(store: Store, clock: WoundClock) -> Crew:
    return Crew(store, clock)


def ids(lines: tuple[job_lists.JobLine, ...]) -> list[str]:
    return [line.id for line in lines]


def test_the_newest_come_first_and_can_be_chosen(crew: Crew) -> None:
    failed, (done, _), queued, other = crew.failed(), crew.done(), crew.asked(), crew.asked(LyricRequest(theme="x"))
    with crew.store.reading() as session:
        assert ids(job_lists.newest(session, count=9)) == [other, queued, done, failed]
        assert ids(job_lists.newest(session, count=2)) == [other, queued]
        assert ids(job_lists.newest(session, count=9, statuses=("failed", "done"))) == [done, failed]
        assert ids(job_lists.newest(session, count=9, statuses=("queued",), kind="lyrics")) == [other]
        line = job_lists.newest(session, count=1, statuses=("failed",))[0]
        assert (line.error, line.error_kind, line.attempts, line.place) == ("it went wrong", "bug", 1, None)


def test_what_waits_is_in_the_order_of_the_claims(crew: Crew) -> None:
    asked = [crew.asked(member=member) for member in ("ann", "ann", "ben")]
    lyrics = crew.asked(LyricRequest(theme="x"), member="cy")
    with crew.store.reading() as session:
        waiting = job_lists.waiting(session, count=9)
        assert [line.place for line in waiting] == [1, 2, 3, 4]
        assert {*ids(waiting)} == {*asked, lyrics}
        for line in waiting:
            assert queue_times.position(session, jobs.get(session, line.id)) == line.place
        chosen = job_lists.waiting(session, count=9, kind="lyrics")
        assert [(line.id, line.place) for line in chosen] == [
            (line.id, line.place) for line in waiting if line.id == lyrics
        ]
        assert ids(job_lists.waiting(session, count=1)) == ids(waiting)[:1]


def test_a_job_is_found_with_all_that_hangs_on_it(crew: Crew) -> None:
    job_id, song_id = crew.done()
    queued = crew.asked()
    with crew.store.writing() as session:
        delivery = deliveries.add(session, NewDelivery("app", "song", "ann"), [job_id], crew.clock())
        now = crew.clock()
        found = job_lists.whole(session, song_id, now=now)
        assert found == job_lists.whole(session, job_id, now=now)
        assert (found.song_id, found.expected) == (song_id, None)
        assert found.delivery is not None
        assert found.delivery.id == delivery.id
        expected = job_lists.whole(session, queued, now=now).expected
        assert expected is not None
        assert expected.position == 1
        assert expected.ready_at > now
        with pytest.raises(RequestError, match="no job"):
            job_lists.whole(session, "nothing", now=now)


def test_a_failed_job_is_tried_again_as_a_new_one(crew: Crew) -> None:
    failed = crew.failed()
    with crew.store.writing() as session:
        again = job_lists.retry(session, failed, now=crew.clock())
        former, new = jobs.get(session, failed), jobs.get(session, again.job.id)
    assert again == job_lists.Retried(new, delivered=False)
    assert former.status == "failed"
    assert (new.status, new.attempts, new.id == former.id) == ("queued", 0, False)
    for name in ("kind", "request", "seed", "requested_by", "server", "priority"):
        assert getattr(new, name) == getattr(former, name)


def test_a_job_is_tried_again_once_unless_that_ends_without_a_song(crew: Crew) -> None:
    failed = crew.failed()
    with crew.store.writing() as session:
        again = job_lists.retry(session, failed, now=crew.clock()).job.id
    refused = f"tried again already, and job {again} is queued"
    with crew.store.writing() as session, pytest.raises(RequestError, match=refused):
        job_lists.retry(session, failed, now=crew.clock())
    with crew.store.writing() as session:
        assert len(job_lists.newest(session, count=9)) == 2
        jobs.request_cancel(session, again, now=crew.clock())
        assert job_lists.retry(session, failed, now=crew.clock()).job.id != again


@pytest.mark.parametrize(("held", "delivered"), [(None, True), (30.0, False), (-1.0, True)])
def test_a_failure_that_was_not_told_yet_is_not_told_any_more(crew: Crew, held: float | None, delivered: bool) -> None:
    failed = crew.failed()
    with crew.store.writing() as session:
        delivery = deliveries.add(session, NewDelivery("app", "song", "ann"), [failed], crew.clock())
        if held is not None:
            assert deliveries.take(session, delivery.id, "bot", crew.clock(), 30)
            crew.clock.wind(30 - held)
        again = job_lists.retry(session, failed, now=crew.clock())
        found = deliveries.find(session, delivery.id)
    assert again.delivered is delivered
    assert found is not None
    assert found.job_ids == ((again.job.id,) if delivered else (failed,))


def test_a_failure_that_was_told_stays_told(crew: Crew) -> None:
    failed = crew.failed()
    with crew.store.writing() as session:
        delivery = deliveries.add(session, NewDelivery("app", "song", "ann"), [failed], crew.clock())
        deliveries.take(session, delivery.id, "bot", crew.clock(), 30)
        deliveries.mark_delivered(session, delivery.id, "bot", "edit", None, None, crew.clock())
        assert not job_lists.retry(session, failed, now=crew.clock()).delivered


def test_only_failed_jobs_are_tried_again(crew: Crew) -> None:
    for job_id, status in ((crew.asked(), "queued"), (crew.begun()[0], "running"), (crew.done()[0], "done")):
        with crew.store.writing() as session, pytest.raises(RequestError, match=f"is {status}; only failed"):
            job_lists.retry(session, job_id, now=crew.clock())


def test_a_request_of_another_version_is_not_tried_again(crew: Crew) -> None:
    failed = crew.failed()
    with crew.store.writing() as session:
        row = session.get_one(JobRow, failed)
        row.request = {"kind": "song", "colour": "red"}
    with crew.store.writing() as session, pytest.raises(RequestError, match="another version"):
        job_lists.retry(session, failed, now=crew.clock())


def test_the_client_retries_and_overlooks(crew: Crew) -> None:
    client = Client(
        Settings(database_url="sqlite:////unused", models_dir="/unused"), store=crew.store, clock=crew.clock
    )
    again = client.jobs.retry(crew.failed())
    assert ids(client.jobs.waiting(count=5)) == [again.job.id]
    assert ids(client.jobs.newest(count=1)) == [again.job.id]
    assert client.jobs.whole(again.job.id).job == again.job
    assert sum(client.jobs.state().queued.values()) == 1
    assert client.jobs.overview(keep_days=30).last_hour.failures == {"bug": 1}


def test_the_overview_tells_the_last_hour_apart(crew: Crew) -> None:
    crew.done(seconds=500)
    crew.failed("old")
    crew.clock.wind(3700)
    for seconds in (1, 2, 30):
        crew.done(seconds)
    crew.failed("store")
    crew.asked()
    with crew.store.writing() as session:
        workers.announce(
            session, new_id(crew.clock()), this_process(), device="cpu", slots=2, running=1,
            model_versions={"lyrics": "aa"}, now=crew.clock(),
        )  # fmt: skip
    with crew.store.reading() as session:
        found = overview.read(session, crew.clock(), keep_days=30)
    assert found.last_hour.asked == {"done": 3, "failed": 1, "queued": 1}
    assert found.last_hour.failures == {"store": 1}
    assert found.last_hour.waiting == Spread(4, pytest.approx(2, abs=0.1), pytest.approx(2, abs=0.1))  # type: ignore[arg-type]
    work = found.last_hour.seconds["lyrics"]
    assert (work.count, round(work.p50), round(work.p95)) == (3, 2, 30)
    assert found.queue.songs == 4
    assert [(worker.slots, worker.running) for worker in found.workers] == [(2, 1)]
    assert found.storage.database_bytes > 10_000
    assert found.storage.overdue == 0
    with crew.store.reading() as session:
        assert overview.read(session, crew.clock() + 31 * DAY, keep_days=30).storage.overdue == 2


def test_an_empty_store_has_an_overview(store: Store, clock: WoundClock) -> None:
    with store.reading() as session:
        found = overview.read(session, clock(), keep_days=30)
    assert (found.last_hour.asked, found.last_hour.waiting, found.last_hour.seconds) == ({}, None, {})
    assert (found.workers, found.models) == ((), ())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([], None), ([4.0], Spread(1, 4.0, 4.0)), ([2.0, 1.0], Spread(2, 1.0, 2.0)),
     ([float(n) for n in range(100, 0, -1)], Spread(100, 50.0, 95.0))],
)  # fmt: skip
def test_a_spread_is_by_the_nearest_rank(seconds: list[float], expected: Spread | None) -> None:
    assert spread(seconds) == expected


def test_no_id_of_a_moment_sorts_before_the_lowest(clock: WoundClock) -> None:
    moment = clock()
    lowest = lowest_id(moment)
    assert lowest <= new_id(moment)
    assert new_id(moment - timedelta(milliseconds=1)) < lowest
    assert abs(made_at(lowest) - moment) <= timedelta(milliseconds=1)
