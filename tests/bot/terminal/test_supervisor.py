"""Children are kept running, end together, say who they are, and never outlive their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MOST_SECONDS = 30


@dataclass(frozen=True)
class Family:
    """A running parent with two children. folder: where the children write their pids."""

    folder: Path
    parent: subprocess.Popen[str]

    def pids(self, name: str) -> list[int]:
        file = self.folder / name
        return [int(line) for line in file.read_text().splitlines()] if file.is_file() else []

    def ended(self) -> str:
        """Wait for the parent's end and return what it printed."""
        return self.parent.communicate(timeout=MOST_SECONDS)[0]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Family]]:
    families = []

    def begin(*behaviours: str) -> Family:
        program = [sys.executable, "-m", "tests.bot.terminal.fake_parent", str(tmp_path), *behaviours]
        parent = subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        families.append(Family(tmp_path, parent))
        return families[-1]

    yield begin
    for family in families:
        family.parent.kill()
        family.parent.communicate(timeout=MOST_SECONDS)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + MOST_SECONDS
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_all_children_even_the_stubborn(start: Callable[..., Family], number: signal.Signals) -> None:
    family = start("stay", "stubborn")
    until(lambda: family.pids("one") and family.pids("two"))
    family.parent.send_signal(number)
    printed = family.ended()
    assert family.parent.returncode == 0
    assert not any(is_running(pid) for pid in (*family.pids("one"), *family.pids("two")))
    assert "[one] one is here\n" in printed
    assert "[two] two is here\n" in printed


def test_a_child_that_dies_is_started_again_and_the_other_stays(start: Callable[..., Family]) -> None:
    family = start("stay", "die")
    until(lambda: len(family.pids("two")) >= 3)
    family.parent.terminate()
    printed = family.ended()
    assert len(family.pids("one")) == 1
    assert "[up] two ended with code 1; starting it again in 0.05 s\n" in printed
    assert "[up] two ended with code 1; starting it again in 0.1 s\n" in printed


def test_a_killed_child_is_started_again(start: Callable[..., Family]) -> None:
    family = start("stay", "stay")
    until(lambda: family.pids("one"))
    os.kill(family.pids("one")[0], signal.SIGKILL)
    until(lambda: len(family.pids("one")) == 2)
    family.parent.terminate()
    assert "ended with signal SIGKILL" in family.ended()


def test_a_bad_configuration_stops_everything_with_its_sentence(start: Callable[..., Family]) -> None:
    family = start("stay", "unready")
    printed = family.ended()
    assert family.parent.returncode == 2
    assert printed.endswith("sentence: the token is not one\n")
    assert len(family.pids("two")) == 1
    assert not any(is_running(pid) for pid in family.pids("one"))


def test_a_killed_parent_leaves_no_orphans(start: Callable[..., Family]) -> None:
    family = start("stay", "stay")
    until(lambda: family.pids("one") and family.pids("two"))
    family.parent.kill()
    until(lambda: not any(is_running(pid) for pid in (*family.pids("one"), *family.pids("two"))))
