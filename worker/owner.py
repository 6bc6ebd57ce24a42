"""Which process answers for a job, and whether that process is still there.

Knows nothing of jobs or SQL. A doubt counts as "still there": then the lease decides, later but surely.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Owner:
    """A process, named so that a later one with the same pid is not mistaken for it.

    machine: host name, boot and pid namespace, so containers and reboots differ. started: the kernel's own mark of
    the process's start, "" where the system does not tell.
    """

    machine: str
    pid: int
    started: str


def this_process() -> Owner:
    """Return the calling process as an owner."""
    pid = os.getpid()
    return Owner(_machine(), pid, _start_mark(pid) or "")


def is_gone(owner: Owner) -> bool:
    """Return True only where it is certain that the owner's process has ended."""
    if owner.machine != _machine() or not owner.started:
        return False
    return _start_mark(owner.pid) != owner.started


def _machine() -> str:
    return "/".join((socket.gethostname(), _boot_id(), _pid_namespace()))


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    # Two containers may share a host name and a kernel; a pid means something only inside its namespace.
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _start_mark(pid: int) -> str | None:
    """Return the start time of a running process in clock ticks since boot; None if gone, a zombie, or no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The second field is the program's name in brackets and may itself hold spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    state, started = fields[0], fields[19]
    return None if state in "ZX" else started
