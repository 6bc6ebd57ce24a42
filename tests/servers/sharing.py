"""One server of a kind for all processes of a test run: the first that needs it starts it, the last one stops it.

Knows nothing of what the kinds are. A server that runs already is used as it is and never stopped.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.kinds import Kind, NotToBeHad, started, stop

STOP_SECONDS = 60.0
_STARTED_HERE: dict[int, subprocess.Popen[bytes]] = {}  # by process group; another process may be the one that stops it


@contextmanager
def server(kind: Kind, run_folder: Path) -> Iterator[str]:
    """Give the URL of a server until the end of the block; NotToBeHad if there is none and none can be started.

    run_folder: a folder that the processes of this run share, and no other run.
    """
    named = os.environ.get(kind.variable, "")
    if named and not kind.answers(named):
        raise NotToBeHad(f"no {kind.name} answers where {kind.variable} says; correct it or unset it")
    if named or kind.answers(kind.usual_url):
        yield named or kind.usual_url
        return
    with own_server(kind, run_folder) as url:
        yield url


@contextmanager
def own_server(kind: Kind, run_folder: Path) -> Iterator[str]:
    """Give the URL of a server that was started for this run."""
    with _state(kind, run_folder) as state:
        if not state:
            folder = Path(tempfile.mkdtemp(prefix=f"songwright-{kind.name.lower()}-"))
            try:
                url, process = started(kind, folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            _STARTED_HERE[process.pid] = process
            state |= {"url": url, "group": process.pid, "folder": str(folder), "users": []}
        state["users"].append(os.getpid())
        url = state["url"]
    try:
        yield url
    finally:
        with _state(kind, run_folder) as state:
            state["users"].remove(os.getpid())
            state["users"] = [pid for pid in state["users"] if Path(f"/proc/{pid}").exists()]
            if not state["users"]:
                _stop(kind, state)
                state.clear()


def _stop(kind: Kind, state: dict[str, Any]) -> None:
    stop(kind, state["group"])
    until = time.monotonic() + STOP_SECONDS
    while kind.answers(state["url"]) and time.monotonic() < until:
        time.sleep(0.05)
    if (process := _STARTED_HERE.pop(state["group"], None)) is not None:
        process.wait(STOP_SECONDS)
    shutil.rmtree(state["folder"], ignore_errors=True)


@contextmanager
def _state(kind: Kind, run_folder: Path) -> Iterator[dict[str, Any]]:
    """Give what the run knows of its server, to be changed; one process at a time. Empty: there is none."""
    with (run_folder / f"{kind.name.lower()}.json").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        state: dict[str, Any] = json.loads(file.read() or "{}")
        yield state
        file.seek(0)
        file.truncate()
        file.write(json.dumps(state))
