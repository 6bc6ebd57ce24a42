"""A command in two processes of torchrun, for tests of runs that several share."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Done:
    """What the processes printed."""

    out: str
    err: str


def in_two_processes(*words: str) -> Done:
    """Run a script or `-m module` with its arguments twice at once, and return when both ended well.

    AssertionError with what they said where one did not; processes that wait for each other are ended.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", *words]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
    try:
        out, err = run.communicate(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        run.terminate()  # torchrun passes it on, which it could not with SIGKILL
        out, err = run.communicate()
        raise AssertionError(f"the processes have not ended: {out} {err}") from None
    assert run.returncode == 0, err
    return Done(out, err)
