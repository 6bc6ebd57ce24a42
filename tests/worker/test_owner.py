"""Owners: a process that runs is there, one that ended is gone, and doubt means there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from worker.owner import is_gone, this_process

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system has no /proc to ask")


def test_this_process_is_there() -> None:
    assert not is_gone(this_process())
    assert this_process() == this_process()


@needs_proc
def test_an_ended_process_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    assert is_gone(replace(this_process(), pid=child.pid))


@needs_proc
def test_a_process_that_nobody_has_waited_for_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.read()  # ends when the child does; it stays a zombie until it is waited for
        while not is_gone(replace(this_process(), pid=child.pid)):
            pass


@needs_proc
def test_a_later_process_with_the_same_pid_is_another() -> None:
    assert is_gone(replace(this_process(), started="1"))


def test_a_process_of_another_machine_may_be_there() -> None:
    assert not is_gone(replace(this_process(), machine="elsewhere", pid=2**22 + 1))


def test_a_process_without_a_start_mark_may_be_there() -> None:
    assert not is_gone(replace(this_process(), started=""))
