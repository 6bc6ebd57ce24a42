"""Promises of `songwright jobs`, `stats` and the watching: what a host sees and does; no member is named unasked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import pytest

from bot.terminal.jobs import STATUSES
from bot.terminal.shown import bytes_text, count_text, seconds_text, share_text
from bot.terminal.watching import watch
from engine.contract import SongRequest
from tests.bot.conftest import Terminal
from tests.worker.echo_song import echoed
from worker.client import Client
from worker.clock import utc_now
from worker.owner import this_process
from worker.settings import Settings
from worker.store import deliveries, jobs, workers
from worker.store.deliveries import NewDelivery
from worker.store.identifiers import new_id

MEMBER, SERVER, CHANNEL = "31415926535", "27182818284", "16180339887"


@contextmanager
def client_of(terminal: Terminal) -> Iterator[Client]:
    client = Client(Settings(database_url=terminal.database_url, models_dir=terminal.data))
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def client(terminal: Terminal) -> Iterator[Client]:
    with client_of(terminal) as opened:
        yield opened


def asked(client: Client) -> str:
    with client.store.writing() as session:
        request = SongRequest(theme="[bold]rain")
        job = jobs.submit(session, request, now=utc_now(), requested_by=MEMBER, server=SERVER)
        new = NewDelivery("app", "song", MEMBER, server=SERVER, channel_id=CHANNEL, message_id="99887766")
        deliveries.add(session, new, [job.id], utc_now())
    return job.id


def begun(client: Client) -> tuple[str, str]:
    job_id = asked(client)
    with client.store.writing() as session:
        job = jobs.claim(session, owner=this_process(), now=utc_now(), lease_seconds=60, among=[job_id])
        assert job is not None
        assert job.lease_token is not None
        jobs.progress(
            session, job_id, job.lease_token, stage="lyrics", done=2, total=8, words="Rain, rain\n", now=utc_now(), lease_seconds=60
        )  # fmt: skip
    return job_id, job.lease_token


def failed(client: Client) -> str:
    job_id, token = begun(client)
    with client.store.writing() as session:
        jobs.fail(session, job_id, token, error="the disk [full] is full", kind="output", now=utc_now())
    return job_id


def done(client: Client) -> str:
    job_id, token = begun(client)
    with client.store.writing() as session:
        return jobs.finish(session, job_id, token, echoed(SongRequest(theme="rain"), 1), now=utc_now())


def test_without_jobs_the_lists_say_so(terminal: Terminal) -> None:
    assert terminal.run("jobs", "list").out == "There is no stored job.\n"
    assert terminal.run("jobs", "list", "--status", "failed", "--kind", "song").out == (
        "There is no failed job of kind song.\n"
    )
    assert json.loads(terminal.run("jobs", "list", "--json").out) == {"jobs": []}
    assert "no worker has shown itself" in terminal.run("stats").out


def test_the_statuses_are_those_of_the_store() -> None:
    assert get_args(jobs.Status) == STATUSES


def test_the_list_names_no_member_unless_asked_to(terminal: Terminal, client: Client) -> None:
    job_id = asked(client)
    for arguments in (["list"], ["list", "--json"], ["show", job_id], ["show", job_id, "--json"]):
        out = terminal.run("jobs", *arguments).out
        assert job_id in out
        assert not any(id_ in out for id_ in (MEMBER, SERVER, CHANNEL))
        named = terminal.run("jobs", *arguments, "--with-members").out
        assert all(id_ in named for id_ in (MEMBER, SERVER))
        assert "lease_token" not in named
    assert CHANNEL in terminal.run("jobs", "show", job_id, "--with-members").out
    assert not any(id_ in terminal.run("stats", *json_).out for json_ in ([], ["--json"]) for id_ in (MEMBER, SERVER))


def test_the_list_is_chosen_from_and_in_order(terminal: Terminal, client: Client) -> None:
    job_failed, (running, _), first, second = failed(client), begun(client), asked(client), asked(client)
    listed = [job["id"] for job in json.loads(terminal.run("jobs", "list", "--json").out)["jobs"]]
    assert listed == [second, first, running, job_failed]
    queued = json.loads(terminal.run("jobs", "list", "--status", "queued", "--json").out)["jobs"]
    assert [(job["id"], job["place"]) for job in queued] == [(first, 1), (second, 2)]
    table = terminal.run("jobs", "list").out
    assert "running: lyrics 2/8" in table
    assert "failed: output" in table
    assert "the disk [full] is full" in table
    one = terminal.run("jobs", "list", "--status", "failed", "--status", "done", "--count", "1").out
    assert job_failed in one
    assert running not in one
    assert terminal.run("jobs", "list", "--status", "lost").code == 2


def test_a_host_asks_for_a_song_to_try_the_workers(terminal: Terminal, client: Client) -> None:
    said = terminal.run("jobs", "ask", "rain over the harbour", "--form", "V").out
    (job,) = client.jobs.newest(count=9)
    assert said.startswith(f"Job {job.id} is in the queue, at place 1.")
    found = client.job(job.id)
    assert (found.kind, found.request["theme"], found.request["form"]) == ("song", "rain over the harbour", "V")
    assert (found.requested_by, found.owner) == (None, None)
    second = json.loads(terminal.run("jobs", "ask", "sun", "--json").out)
    assert client.position(second["job"]) == second["place"] == 2


def test_all_about_a_job_is_shown(terminal: Terminal, client: Client) -> None:
    (running, token), queued = begun(client), asked(client)
    shown = terminal.run("jobs", "show", running).out
    for said in ("lyrics 2/8", "attempt 1", "Rain, rain", "last sign", "theme: [bold]rain", "open, 0 attempts"):
        assert said in shown
    assert token not in shown + terminal.run("jobs", "show", running, "--json").out
    assert "place 1" in terminal.run("jobs", "show", queued).out
    assert "ready" in terminal.run("jobs", "show", queued).out
    song_id = done(client)
    as_json = json.loads(terminal.run("jobs", "show", song_id, "--json").out)
    assert (as_json["song_id"], as_json["status"], as_json["position"]) == (song_id, "done", None)
    assert as_json["delivery"]["status"] == "open"
    unknown = terminal.run("jobs", "show", "nothing")
    assert (unknown.code, unknown.out) == (2, "")
    assert "there is no job 'nothing'" in unknown.err


def test_a_job_is_cancelled_stopped_or_left(terminal: Terminal, client: Client) -> None:
    queued, (running, _) = asked(client), begun(client)
    assert terminal.run("jobs", "cancel", queued).out == f"Job {queued} is cancelled.\n"
    assert "its worker was asked to stop" in terminal.run("jobs", "cancel", running).out
    assert client.job(running).cancel_requested
    assert terminal.run("jobs", "cancel", queued).out == f"Job {queued} has ended already: it is cancelled.\n"
    assert json.loads(terminal.run("jobs", "cancel", running, "--json").out)["cancel_requested"] is True
    assert terminal.run("jobs", "cancel", "nothing").code == 2


def test_a_failed_job_is_tried_again(terminal: Terminal, client: Client) -> None:
    job_id = failed(client)
    said = terminal.run("jobs", "retry", job_id).out
    (new,) = client.jobs.waiting(count=5)
    assert said == (
        f"Job {new.id} is queued with the same request and seed; its song is brought to where it was asked for.\n"
    )
    assert client.job(new.id).seed == client.job(job_id).seed
    refused = terminal.run("jobs", "retry", new.id)
    assert (refused.code, "only failed jobs" in refused.err) == (2, True)
    twice = terminal.run("jobs", "retry", job_id)
    assert (twice.code, f"tried again already, and job {new.id} is queued" in twice.err) == (2, True)
    terminal.run("jobs", "cancel", new.id)
    again = json.loads(terminal.run("jobs", "retry", job_id, "--json").out)
    assert (again["retry_of"], again["delivered"]) == (job_id, False)


def test_servers_are_weighed(terminal: Terminal) -> None:
    assert terminal.run("jobs", "weight", SERVER).out == f"Server {SERVER} has the weight 1.\n"
    assert terminal.run("jobs", "weight", SERVER, "2.5").out == f"Server {SERVER} has the weight 2.5.\n"
    assert json.loads(terminal.run("jobs", "weight", SERVER, "--json").out) == {"server": SERVER, "weight": 2.5}
    assert terminal.run("jobs", "weight", SERVER, "99").code == 2


def test_watching_into_a_file_writes_a_line_for_each_look(terminal: Terminal, client: Client) -> None:
    begun(client)
    asked(client)
    lines = terminal.run("jobs", "watch", "--times", "2", "--every", "0.1").out.splitlines()
    assert [line[10:35] for line in lines] == ["1 running, 1 waiting, the"] * 2
    assert terminal.run("stats", "--watch", "--times", "1").out.startswith("1 queued, 1 running, 0 workers")


def test_watching_ends_quietly_at_ctrl_c(capsys: pytest.CaptureFixture[str]) -> None:
    def pressed(seconds: float) -> None:
        assert seconds == 3.0
        raise KeyboardInterrupt

    watch(lambda: ("a line", "a table"), every=3.0, times=None, sleep=pressed)
    assert capsys.readouterr().out == "a line\n"


def test_stats_tell_of_queue_workers_and_the_last_hour(terminal: Terminal, client: Client) -> None:
    done(client)
    failed(client)
    asked(client)
    with client.store.writing() as session:
        workers.announce(
            session, new_id(utc_now()), this_process(), device="cpu", slots=4, running=3,
            model_versions={"lyrics": "abc"}, now=utc_now(),
        )  # fmt: skip
    shown = terminal.run("stats").out
    for said in (
        "3 of 4",
        "lyrics abc",
        "1 done, 1 failed, 1 queued",
        "1 output",
        "interactive",
        "the starters",
        "p95",
    ):
        assert said in shown
    found = json.loads(terminal.run("stats", "--json").out)
    assert found["queue"]["queued"] == [{"priority": 0, "kind": "song", "count": 1}]
    assert found["last_hour"]["failures"] == {"output": 1}
    assert found["workers"][0]["slots"] == 4
    assert found["storage"]["keep_days"] == 30


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (-0.5, "0.0 s"), (0.44, "0.4 s"), (59.6, "60 s"), (119, "119 s"), (300, "5 min"), (7200, "2 h"),
     (345600, "4 days")],
)  # fmt: skip
def test_times_are_said_as_people_say_them(seconds: float | None, text: str) -> None:
    assert seconds_text(seconds) == text


def test_counts_shares_and_sizes_are_said() -> None:
    assert (count_text(1, "job"), count_text(0, "job")) == ("1 job", "0 jobs")
    assert (share_text(0.1), share_text(0.025)) == ("10 %", "2.5 %")
    assert (bytes_text(300_000), bytes_text(2_500_000_000)) == ("0.3 MB", "2.5 GB")
