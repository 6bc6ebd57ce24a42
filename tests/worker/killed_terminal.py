"""A terminal to be killed: submits a song that takes very long and runs it. Knows nothing of its fate.

Arguments: database URL, theme. Prints the job id once the song is under way.
"""

from __future__ import annotations

import sys
from pathlib import Path

from engine.contract import SongRequest
from tests.worker.echo_song import EchoSong
from worker.client import Client
from worker.embedded import EmbeddedWorker
from worker.owner import this_process
from worker.settings import Settings


def main(database_url: str, theme: str) -> None:
    """Print the id of a job that has reported progress, and go on with it for a minute."""
    settings = Settings(database_url=database_url, models_dir=Path())
    client = Client(settings)
    worker = EmbeddedWorker(client.store, EchoSong(lines=600, seconds_per_line=0.1), settings)
    job_id = client.submit(SongRequest(theme=theme), owner=this_process())
    told = False
    for job in worker.run_and_follow(client, job_id):
        if job.words and not told:
            sys.stdout.write(f"{job_id}\n")
            sys.stdout.flush()
            told = True


if __name__ == "__main__":
    main(*sys.argv[1:])
