"""Carrying out tuning runs: a process that tunes, one that holds the gate, then a candidate in the store, whole or not at all.

Both run at low priority, so that songs go first, and tell nothing but their folder: a run whose worker was killed goes on from
there, in whichever worker claims it next. Does not know how models are tuned, nor when a run is due (`worker.tuning_schedule`).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from engine.errors import EngineError, RequestError
from worker.clock import Clock, utc_now
from worker.folder_lock import StoppedWaiting, alone, write_owner
from worker.loaded_models import digests_of_starters, starter_paths
from worker.settings import Settings
from worker.snapshots import StoredSnapshot, make_snapshot
from worker.snapshots import all_of as snapshots_of
from worker.store import model_versions, tunings
from worker.store.database import Store
from worker.store.jobs import LeaseLost
from worker.store.tunings import Tuning

log = logging.getLogger(__name__)

PROGRAM = (sys.executable, "-m", "bot")  # the console command, in this very Python
NICENESS = 15  # of 19: whatever else wants the processor has it
CHECKPOINT, BEGUN, STEPS, REPORT, GATE, OUTPUT, LOCK = (
    "checkpoint", "begun.json", "log.jsonl", "gate.html", "gate.json", "output.log", "lock",
)  # fmt: skip
LOOK_SECONDS = 0.2
END_SECONDS = 2.0  # that a process has to end in when it is asked to
BY = "tuning"  # who decides, on record
NOT_PASSED = 1  # exit code of the gate


@dataclass(frozen=True)
class Places:
    """What a run is made of. parent: the checkpoint that is tuned, parent_id: its version, None for a starter."""

    snapshot: StoredSnapshot
    parent: Path
    parent_id: str | None


@dataclass(frozen=True)
class Tuner:
    """How runs are carried out. program: what begins the commands. stopping: asked often; True gives the run back."""

    store: Store
    settings: Settings
    program: Sequence[str] = PROGRAM
    clock: Clock = utc_now
    stopping: Callable[[], bool] = lambda: False
    niceness: int = NICENESS
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def run_next(self) -> Tuning | None:
        """Give silent runs back, claim the one that waits longest and carry it out; None where there is none to claim.

        Return it as it is afterwards: done, failed, cancelled, or waiting again.
        """
        with self.store.writing() as session:
            tunings.give_back_expired(session, now=self.clock(), most_attempts=self.settings.max_attempts)
        with self.store.writing() as session:
            run = tunings.claim(session, now=self.clock(), lease_seconds=self.settings.lease_seconds)
        if run is None:
            return None
        log.info("tuning run %s (%s) begins, attempt %d", run.id, run.role, run.attempts)
        try:
            self._carry_out(run)
        except LeaseLost:
            log.info("tuning run %s was taken back", run.id)
        except (_Stopped, StoppedWaiting):
            with suppress(LeaseLost), self.store.writing() as session:
                tunings.release(session, run)
        except _Killed as error:
            log.warning("tuning run %s was interrupted: %s", run.id, error)
            with suppress(LeaseLost), self.store.writing() as session:
                tunings.give_back(session, run, now=self.clock(), most_attempts=self.settings.max_attempts)
        except EngineError as error:
            log.warning("tuning run %s failed: %s", run.id, error)
            with suppress(LeaseLost), self.store.writing() as session:
                tunings.fail(session, run, str(error), now=self.clock())
        with self.store.reading() as session:
            return tunings.get(session, run.id)

    def _carry_out(self, run: Tuning) -> None:
        folder = Path(run.folder)
        if run.snapshot_id is None and not (folder / BEGUN).is_file():
            run = self._frozen(run)
        places = self._places(run)
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder / LOCK, self.stopping) as lock:
            if not (folder / CHECKPOINT / "manifest.json").is_file():
                code = self._call(run, tuning_command(run, places), lock, None)
                if code or not (folder / CHECKPOINT / "manifest.json").is_file():
                    raise _failure(run, "tuning", code, folder / OUTPUT)
            gate = _kept(folder / GATE)
            if gate is None:
                command = gate_command(run, places, self.settings.people_of(run.role))
                draft = folder / f".{GATE}"
                code = self._call(run, command, lock, draft)
                if code not in (0, NOT_PASSED) or (gate := _kept(draft)) is None:
                    raise _failure(run, "the gate", code, folder / OUTPUT)
                draft.replace(folder / GATE)
        self._adopt(run, places, gate)

    def _frozen(self, run: Tuning) -> Tuning:
        """Return a run that was asked for without a snapshot with one of what is there now; RequestError for nothing."""
        made = make_snapshot(self.store, self.settings.snapshots_dir, now=self.clock())
        with self.store.writing() as session:
            return tunings.set_snapshot(session, run, made.id)

    def _places(self, run: Tuning) -> Places:
        """Return where the snapshot and the parent of a run are; RequestError where either is gone."""
        with self.store.reading() as session:
            snapshot = next((one for one in snapshots_of(session) if one.id == run.snapshot_id), None)
            if snapshot is None or not Path(snapshot.path).is_dir():
                raise RequestError(f"the snapshot of the run {run.id} is gone; start a new run")
            if run.parent_digest == digests_of_starters()[run.role]:
                return Places(snapshot, starter_paths()[run.role], None)
            parent = model_versions.get(session, run.parent_digest)
        return Places(snapshot, Path(parent.path), parent.id)

    def _call(self, run: Tuning, arguments: Sequence[str], lock: IO[bytes], answer: Path | None) -> int:
        """Run a command of ours at low priority until it ends, with the lease kept; return its exit code.

        answer: a file for what it prints, else the log of the run. The lock stays with the process even when this one is
        killed, so that no second one writes into the folder.
        """
        folder = Path(run.folder)
        with (
            (folder / OUTPUT).open("ab") as output,
            (answer or folder / OUTPUT).open("ab" if answer is None else "wb") as said,
        ):
            process = subprocess.Popen(
                [*self.program, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=output,
                env={**self.environ, "OMP_NUM_THREADS": "1"}, pass_fds=(lock.fileno(),), start_new_session=True,
            )  # fmt: skip
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, self.niceness)
        write_owner(lock, process.pid)
        try:
            return self._wait(run, process)
        finally:
            _end(process)

    def _wait(self, run: Tuning, process: subprocess.Popen[bytes]) -> int:
        beat = 0.0
        while (code := process.poll()) is None:
            if self.stopping():
                raise _Stopped
            if time.monotonic() >= beat:
                self._keep(run)
                beat = time.monotonic() + self.settings.heartbeat_seconds
            time.sleep(LOOK_SECONDS)
        return code

    def _keep(self, run: Tuning) -> None:
        done, total = _progress(Path(run.folder))
        try:
            with self.store.writing() as session:
                tunings.keep(
                    session, run, now=self.clock(), lease_seconds=self.settings.lease_seconds, done=done, total=total
                )
        except EngineError as error:  # the database is away; the lease decides
            log.warning("the lease of the tuning run %s was not renewed: %s", run.id, error)

    def _adopt(self, run: Tuning, places: Places, gate: dict[str, Any]) -> None:
        """Write the candidate, its verdict, its trial if it passed, and the end of the run, in one transaction."""
        from worker import promotion

        found = promotion.look_at(Path(run.folder) / CHECKPOINT)
        now, share = self.clock(), self.settings.tune_share
        with self.store.writing() as session:
            version = model_versions.add(
                session, role=found.role, digest=found.digest, family=found.family, path=str(found.path),
                card=found.card, now=now, parent_id=places.parent_id,
            )  # fmt: skip
            model_versions.record_gate(session, version.id, gate)
            verdict = str(gate.get("verdict") or ("passed" if gate["passed"] else "not passed"))
            model_versions.record(session, version.id, "gate", verdict, by=BY, now=now)
            if gate["passed"] and model_versions.on_trial(session, run.role) is None:
                model_versions.begin_trial(session, version.id, share, now=now)
                model_versions.record(session, version.id, "trial", f"{share:.0%} of the songs", by=BY, now=now)
            tunings.finish(session, run, version_id=version.id, gate=gate, now=now)
        log.info("tuning run %s made the version %s: %s", run.id, version.id, verdict)


class _Stopped(Exception):  # noqa: N818  # an event, not a mistake
    """This process is to end: the run is given back."""


class _Killed(Exception):  # noqa: N818  # an event, not a mistake
    """The process of a command was killed, such as for its memory: the run may go on from its folder."""


def tuning_command(run: Tuning, places: Places) -> list[str]:
    """Return the arguments of `songwright` that tune; it goes on where its folder has begun."""
    folder = Path(run.folder)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in sorted(run.request.items())]
    resume = ["--resume"] if (folder / BEGUN).is_file() else []
    return ["finetune", run.role, "--snapshot", places.snapshot.path, "--from", str(places.parent), "--out", str(folder),
            "--json", *resume, *options]  # fmt: skip


def gate_command(run: Tuning, places: Places, corpus: Path | None) -> list[str]:
    """Return the arguments of `songwright` that hold the gate."""
    folder = Path(run.folder)
    people = [] if corpus is None else ["--corpus", str(corpus)]
    return ["gate", str(folder / CHECKPOINT), "--parent", str(places.parent), "--snapshot", places.snapshot.path,
            "--out", str(folder / REPORT), "--json", *people]  # fmt: skip


def _failure(run: Tuning, what: str, code: int, output: Path) -> Exception:
    """Return why a command did not end well: a sentence for people from the end of its output, if there is one."""
    if code < 0:
        return _Killed(f"{what} was ended by {signal.Signals(-code).name}")
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    why = (lines[-1] if lines else f"exit code {code}").removeprefix("songwright: ")
    return RequestError(f"{what} failed: {why[:400]}; its log is {output}")


def _kept(path: Path) -> dict[str, Any] | None:
    """Return what the gate printed; None where that is not there or not whole."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "passed" in found else None


def _progress(folder: Path) -> tuple[int, int]:
    """Return the steps done and in all by the log of the run; 0 of 0 before there is one."""
    path = next((path for path in (folder / "run" / STEPS, folder / STEPS) if path.is_file()), None)
    done = total = 0
    with suppress(OSError, ValueError, TypeError):
        total = int(json.loads((folder / BEGUN).read_text(encoding="utf-8")).get("steps") or 0)
    for line in [] if path is None else path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError, TypeError, AttributeError):
            done = int(json.loads(line).get("step", done))
    return done, total


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that is no longer wanted, and what it has started."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
