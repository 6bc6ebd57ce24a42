"""A process that carries out one tuning run with the fake tuner, so that a test can kill it: URL, models folder, lease."""

from __future__ import annotations

import sys
from pathlib import Path

from worker.settings import Settings
from worker.store.database import open_store
from worker.tuning import Tuner

if __name__ == "__main__":
    url, models_dir, lease, *program = sys.argv[1:]
    settings = Settings(
        database_url=url, models_dir=Path(models_dir), lease_seconds=float(lease), heartbeat_seconds=float(lease) / 4
    )
    Tuner(open_store(url), settings, program=program).run_next()
