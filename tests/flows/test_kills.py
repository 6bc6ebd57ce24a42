"""Workers are killed in the middle, again and again: every job has one song, or a reason why not."""

from __future__ import annotations

from pathlib import Path

from tests.flows.crew import crew
from tests.flows.kills import SHORT_LEASE, Plan, reasons, run
from worker.store.database import Store

PLAN = Plan(
    jobs=40,
    deadly=1,
    workers=2,
    threads=3,
    kill_every_seconds=0.7,
    most_kills=5,
    most_seconds=0.8,
    asking_seconds=2.0,
    most_total_seconds=60.0,
)


def test_every_job_has_one_song_or_a_reason_however_many_workers_are_killed(
    sqlite_store: Store, broker_url: str, tmp_path: Path
) -> None:
    url = sqlite_store.engine.url.render_as_string(hide_password=False)
    with crew(url, broker_url, tmp_path, environ=SHORT_LEASE, sweep_seconds=0.5) as workers:
        outcome = run(workers, PLAN)
        assert outcome.promise_kept, (outcome, workers.log_file.read_text()[-4000:])
        assert outcome.failed.get("lost", 0) >= 1
        assert {sentence.partition(";")[0] for sentence in reasons(workers.jobs()) if sentence} == {
            "the program stopped 3 times while it worked on this"
        }
    assert outcome.kills >= 1
