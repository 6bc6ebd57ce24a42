"""A scene on a disk of a few megabytes that becomes full while songs are made, and has room again later.

Run as a program inside a mount namespace of its own (`unshare -rm`), for it mounts that disk over a folder; prints what
it saw as JSON. Arguments: an empty folder, and what is on the full disk: "database" or "artifacts".
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.flows.crew import Crew, crew, expected_bytes, until
from tests.flows.kills import SHORT_LEASE
from tests.flows.timed_song import timed_request
from worker.store.database import StoreError

DISK_MEGABYTES = 2
MOST_ASKED = 500


def main(folder: Path, on_disk: str) -> None:
    """Play the scene."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(disk)], check=True)
    database_url = f"sqlite:///{(disk if on_disk == 'database' else folder) / 'songwright.sqlite3'}"
    environ = dict(SHORT_LEASE)
    if on_disk == "artifacts":
        environ["SONGWRIGHT_ARTIFACTS_URL"] = f"file://{disk / 'artifacts'}"
    with crew(database_url, None, folder, environ=environ) as workers:
        workers.start()
        seen = _play(workers, disk / "filler", asks_until_refused=on_disk == "database")
    print(json.dumps(seen))  # noqa: T201  # it is a program


def _play(workers: Crew, filler: Path, *, asks_until_refused: bool) -> dict[str, object]:
    client = workers.client
    before = client.submit(timed_request("before", 0))
    until(lambda: client.job(before).ended)
    under_way = [client.submit(timed_request(f"running{number}", 2)) for number in range(2)]
    until(lambda: all(client.job(job_id).words for job_id in under_way))
    _fill(filler)
    promised, told = [], ""
    while asks_until_refused and not told and len(promised) < MOST_ASKED:
        try:
            promised.append(client.submit(timed_request("waiting", 0)))
        except StoreError as error:
            told = str(error)
    if not asks_until_refused:  # the database has room: it is the worker that finds none
        promised = [client.submit(timed_request("waiting", 0))]
        until(lambda: all(client.job(job_id).ended for job_id in [*under_way, *promised]))
    else:
        until(lambda: workers.made().total() >= 3)  # both songs are ready, and nowhere to put them
    filler.unlink()
    after = client.submit(timed_request("after", 0))
    until(lambda: all(job.ended for job in workers.jobs()))
    jobs, songs = workers.jobs(), workers.songs()
    return {
        "promised": len(jobs),
        "refused": told,
        "statuses": Counter(job.status for job in jobs),
        "reasons": sorted({f"{job.error_kind}: {job.error}" for job in jobs if job.error}),
        "before_and_after": [client.job(before).status, client.job(after).status],
        "songs_once": all(songs.get(job.id) == [expected_bytes(job)] for job in jobs if job.status == "done"),
        "songs": len(songs),
        "same_worker": len(workers.workers) == 1 and workers.workers[0].poll() is None,
        "log": workers.log_file.read_text()[-3000:],
    }


def _fill(filler: Path) -> None:
    """Write until the disk is full to the last byte."""
    with filler.open("ab", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
