"""Keeps child processes running: starts them, passes their output on, starts those that died again, ends all together.

Knows nothing of what the children do. A child started here holds the end of a pipe as its standard input: when the
parent is gone, however it went, the pipe closes and `end_with_parent` ends the child.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TextIO

BAD_CONFIGURATION = 2  # the exit code of a child that no restart can help
SUPERVISED = "SONGWRIGHT_SUPERVISED"  # set in the environment of the children
SENTENCE_PREFIX = "songwright: "
LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Patience:
    """Seconds. first, most: between a child's end and its restart, doubled each time; healthy: after which the next
    restart counts as the first again; stop: what children have to end in before they are killed."""

    first: float = 1.0
    most: float = 60.0
    healthy: float = 60.0
    stop: float = 15.0


@dataclass
class _Child:
    """One process and its successors."""

    name: str
    command: Sequence[str]
    added: Mapping[str, str] = field(default_factory=dict)  # to its environment
    process: subprocess.Popen[str] | None = None
    reader: threading.Thread | None = None
    started_at: float = 0.0
    restart_at: float = 0.0
    backoff_seconds: float = 0.0
    sentences: list[str] = field(default_factory=list)  # the last thing that it said to people


class Supervisor:
    """Runs named commands until told to stop, or until one of them says that its configuration is bad."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        environ: Mapping[str, str],
        added: Mapping[str, Mapping[str, str]] | None = None,
        patience: Patience | None = None,
        output: TextIO | None = None,
    ) -> None:
        """added: what a child of this name has in its environment besides."""
        self._patience = patience or Patience()
        self._environ = dict(environ) | {SUPERVISED: "1", "PYTHONUNBUFFERED": "1"}
        self._output = output or sys.stdout
        self._printing = threading.Lock()
        added = added or {}
        self._children = [_Child(name, command, added.get(name, {})) for name, command in commands.items()]

    def run(self) -> str | None:
        """Run until SIGTERM, SIGINT or SIGHUP; return the sentence of a child with a bad configuration, else None.

        To be called in the main thread; when it returns, no child is left.
        """
        with _signals() as came:
            try:
                while not came:
                    for child in self._children:
                        if self._look_after(child) == BAD_CONFIGURATION:
                            return child.sentences[-1] if child.sentences else f"the {child.name} is not configured"
                    time.sleep(LOOK_SECONDS)
                return None
            finally:
                self._end_all()

    def _look_after(self, child: _Child) -> int | None:
        """Start a child that is due, see whether it has ended, and when; return its exit code if it has just ended."""
        now = time.monotonic()
        if child.process is None:
            if now >= child.restart_at:
                self._start(child, now)
            return None
        code = child.process.poll()
        if code is None:
            return None
        self._forget_process(child)
        if code == BAD_CONFIGURATION:
            return code
        was_healthy = now - child.started_at >= self._patience.healthy
        first = was_healthy or not child.backoff_seconds
        child.backoff_seconds = self._patience.first if first else min(2 * child.backoff_seconds, self._patience.most)
        child.restart_at = now + child.backoff_seconds
        self._print("up", f"{child.name} ended with {_shown(code)}; starting it again in {child.backoff_seconds:g} s")
        return code

    def _start(self, child: _Child, now: float) -> None:
        child.sentences.clear()
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self._environ | dict(child.added),
            start_new_session=True,  # Ctrl-C comes to the parent alone, which passes it on once
        )
        child.started_at = now
        child.reader = threading.Thread(target=self._pass_on, args=(child, child.process), daemon=True)
        child.reader.start()

    def _pass_on(self, child: _Child, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self._print(child.name, line.rstrip("\n"))
            if line.startswith(SENTENCE_PREFIX):
                child.sentences[:] = [line.removeprefix(SENTENCE_PREFIX).strip()]

    def _print(self, name: str, line: str) -> None:
        with self._printing:
            try:
                self._output.write(f"[{name}] {line}\n")
                self._output.flush()
            except (OSError, ValueError):  # whoever read the output is gone; the children are not to suffer for it
                pass

    def _end_all(self) -> None:
        """Pass SIGTERM on, wait, and kill what is left."""
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + self._patience.stop
        for process in running:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for child in self._children:
            if child.process is not None:
                self._forget_process(child)

    def _forget_process(self, child: _Child) -> None:
        """Read the last lines of an ended child, and let its pipes go."""
        assert child.process is not None
        if child.reader is not None:
            child.reader.join(1.0)  # longer only where a grandchild holds the pipe
        for pipe in (child.process.stdin, child.process.stdout):
            if pipe is not None and not (pipe is child.process.stdout and child.reader and child.reader.is_alive()):
                pipe.close()
        child.process = child.reader = None


def end_with_parent() -> None:
    """In a child of a Supervisor: ask this process to end when the parent is gone, and insist some seconds later."""
    if os.environ.get(SUPERVISED) != "1":
        return

    def wait_for_end() -> None:
        while os.read(0, 1024):  # the parent writes nothing: this returns when it is gone
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(Patience().stop)
        os._exit(1)

    threading.Thread(target=wait_for_end, name="parent-watch", daemon=True).start()


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Give a list that is no longer empty once a signal to stop has come."""
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    former = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield came
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _shown(code: int) -> str:
    return f"code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
