"""What a run was begun with: one small file beside it, compared when the run goes on. Does not know families or models.

A fact stands under the name of its option. Files stand there with their digest: a folder may have moved, but its texts
must be those that the run has learned so far.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.checkpoint import sha256
from engine.errors import OutputError, RequestError
from engine.training.checkpoints import checkpoints_of, refuse_begun

BEGUN, RUN = "begun.json", "run"
COMMAND = "command"  # the fact that is no option: "train lyrics"
Facts = Mapping[str, Any]


def begin_or_go_on(out: Path, facts: Facts, *, resume: bool) -> set[str]:
    """Write down what a run begins with, or see that the one in `out` goes on with the same.

    Return the names in which it differs from a run that was begun here before and left no checkpoint. RequestError where
    `out` has a finished checkpoint, where it has a run and none is to go on, or where there is none to go on with.
    """
    refuse_finished(out)
    before = _read(out / BEGUN)
    if resume:
        _refuse_other(out, before, facts)
        return set()
    refuse_begun(out / RUN)
    _write(out / BEGUN, facts)
    return set(_differing(before or {}, facts))


def refuse_finished(out: Path) -> None:
    """RequestError where a folder has a checkpoint: a run may take hours, and could not write its own at the end."""
    if (out / "checkpoint").exists():
        raise RequestError(
            f"{out / 'checkpoint'} is there already and checkpoints are never changed; choose another --out, or move it away"
        )


def files_fact(shown: Path | Sequence[Path], files: Sequence[Path]) -> dict[str, str]:
    """Return the fact of texts that are read: how they are named, and a digest over the files."""
    named = [shown] if isinstance(shown, Path) else shown
    sums = "".join(sha256(file) for file in files)
    return {"path": ", ".join(map(str, named)), "sha256": hashlib.sha256(sums.encode()).hexdigest()}


def _refuse_other(out: Path, before: Facts | None, facts: Facts) -> None:
    if before is None:
        if checkpoints_of(out / RUN):
            return  # begun by a version that wrote nothing down; the checkpoint itself says whether it fits
        raise RequestError(f"there is no run in {out} to go on with; leave --resume away to begin")
    other = _differing(before, facts)
    if other:
        begun, asked = (" and ".join(_told(name, told[name]) for name in other) for told in (before, facts))
        raise RequestError(
            f"the run in {out} was begun with {begun}, and this command says {asked}; go on with the same, or choose "
            "another --out"
        )


def _differing(before: Facts, facts: Facts) -> list[str]:
    """Return the names of the facts that differ, of those that both have; of another kind of run the kind alone."""
    other = [name for name in facts if name in before and _compared(before[name]) != _compared(facts[name])]
    kind = [name for name in other if name in (COMMAND, "family")]
    return kind[:1] or other


def _compared(value: Any) -> Any:
    return value["sha256"] if isinstance(value, dict) else value


def _told(name: str, value: Any) -> str:
    """Return an option as it is typed; the texts with the beginning of their digest, as one path may have held both."""
    option = f"--{name.replace('_', '-')}"
    if name == COMMAND:
        return f"`songwright {value}`"
    if isinstance(value, dict):
        return f"{option} {value['path']} (sha256 {value['sha256'][:8]})"
    if isinstance(value, bool) or value is None:
        return option if value else f"no {option}"
    return f"{option} {value}"


def _read(begun: Path) -> Facts | None:
    """Return what was written down; None where there is no such file, no facts where it cannot be read."""
    try:
        found: Facts = json.loads(begun.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
    return found


def _write(begun: Path, facts: Facts) -> None:
    try:
        begun.parent.mkdir(parents=True, exist_ok=True)
        draft = begun.with_name(f".{begun.name}.{os.getpid()}")  # every process of torchrun writes it
        draft.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(begun)
    except OSError as error:
        raise OutputError(f"cannot write to {begun.parent} ({error.strerror}); choose another --out") from error
