"""The checkpoints of a run: what makes one whole, and which of them to go on from. Does not know models.

One is a folder `checkpoint-STEP` as `transformers.Trainer` writes it, closed by `whole.json`: the sha256 of every other
file, and the losses since the last row of the log. A folder that was half written has none, or files that differ.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import Trainer

from engine.checkpoint import sha256
from engine.errors import CheckpointError, OutputError, RequestError

WHOLE, STATE = "whole.json", "trainer_state.json"
NAME = re.compile(r"checkpoint-(\d+)")
TORCH_WRITES = ("PytorchStreamWriter", "iostream", "inline_container", "file write")  # in what it says of full disks


def checkpoints_of(run: Path) -> list[Path]:
    """Return the checkpoint folders of a run, the latest first, whole or not."""
    found = [path for path in run.glob("checkpoint-*") if NAME.fullmatch(path.name) and path.is_dir()]
    return sorted(found, key=step_of, reverse=True)


def step_of(checkpoint: Path) -> int:
    """Return the step that a checkpoint folder is named by."""
    match = NAME.fullmatch(checkpoint.name)
    assert match is not None
    return int(match[1])


def close_checkpoint(checkpoint: Path, facts: dict[str, Any]) -> None:
    """Write down that a checkpoint is whole, last of all."""
    sums = {path.name: sha256(path) for path in sorted(checkpoint.iterdir()) if path.is_file()}
    draft = checkpoint / f".{WHOLE}"
    draft.write_text(json.dumps({"sha256": sums, **facts}, indent=2) + "\n", encoding="utf-8")
    draft.replace(checkpoint / WHOLE)


def fault_of(checkpoint: Path) -> str | None:
    """Return what is wrong with a checkpoint, or None.

    Earlier versions wrote no whole.json: there the state, which is written last, must be readable.
    """
    try:
        json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
        sums = facts_of(checkpoint).get("sha256", {})
        spoilt = [name for name, wanted in sums.items() if sha256(checkpoint / name) != wanted]
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError):
        return f"{STATE} or {WHOLE} cannot be read"
    return f"{spoilt[0]} is damaged" if spoilt else None


def facts_of(checkpoint: Path) -> dict[str, Any]:
    """Return what `close_checkpoint` wrote; nothing for checkpoints of earlier versions."""
    path = checkpoint / WHOLE
    facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return facts


def last_whole(run: Path, report: Callable[[str], None]) -> Path:
    """Return the latest whole checkpoint, and remove those that are not, saying so.

    RequestError where the run has none at all, CheckpointError where none of them is whole.
    """
    faults = {checkpoint: fault_of(checkpoint) for checkpoint in checkpoints_of(run)}
    whole = [checkpoint for checkpoint, fault in faults.items() if fault is None]
    if not faults:
        raise RequestError(f"there is no checkpoint in {run} to go on from; leave --resume away to begin")
    if not whole:
        told = "; ".join(f"{checkpoint.name}: {fault}" for checkpoint, fault in faults.items())
        raise CheckpointError(f"no checkpoint in {run} is whole ({told}); begin anew with another --out")
    for checkpoint, fault in faults.items():
        if fault is not None:
            report(f"{checkpoint} is not whole ({fault}) and was removed; going on from {whole[0].name}")
            shutil.rmtree(checkpoint, ignore_errors=True)
    return whole[0]


def refuse_begun(run: Path) -> None:
    """RequestError where a run has checkpoints: a new one would mix with them."""
    found = checkpoints_of(run)
    if found:
        raise RequestError(
            f"{run} holds a run at step {step_of(found[0])}; go on with it by --resume, or choose another --out"
        )


def is_disk_error(error: Exception) -> bool:
    """Say whether writing has failed; torch and safetensors have errors of their own for a full disk."""
    if isinstance(error, OSError | SafetensorError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in TORCH_WRITES)


class WholeCheckpoints(Trainer):
    """A trainer whose checkpoints are closed; one that cannot be written is taken away, and those before it stay."""

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        run, step = Path(self.args.output_dir or "."), self.state.global_step
        loss = float(self.accelerator.gather(self._tr_loss).mean())
        try:
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()
            if self.args.should_save:
                close_checkpoint(run / f"checkpoint-{step}", {"loss": loss, "logged": self._globalstep_last_logged})
        except Exception as error:
            if not is_disk_error(error):
                raise
            shutil.rmtree(run / f"checkpoint-{step}", ignore_errors=True)
            raise OutputError(_no_room(run, step, error)) from error

    def restore_loss(self, checkpoint: Path) -> None:
        """Go on with the losses since the last row of the log, so that the next row is the same as without a stop."""
        facts = facts_of(checkpoint)
        if "logged" in facts:
            self._tr_loss += facts["loss"]
            self._globalstep_last_logged = facts["logged"]


def _no_room(run: Path, step: int, error: Exception) -> str:
    whole = next((path for path in checkpoints_of(run) if fault_of(path) is None), None)
    free = shutil.disk_usage(run).free / 2**20
    reason = error.strerror if isinstance(error, OSError) and error.strerror else "the file could not be written"
    kept = f"the checkpoint of step {step_of(whole)} is whole" if whole else "there is no earlier one"
    way_out = "make room and go on with --resume" if whole else "make room and begin again"
    return f"the checkpoint of step {step} could not be written ({reason}; {free:.0f} MiB are free); {kept}: {way_out}"


def written_once(write: Callable[[], Path], out: Path) -> Path:
    """Call `write` in the first process alone; the others wait for it."""
    several = torch.distributed.is_available() and torch.distributed.is_initialized()
    try:
        if not several or torch.distributed.get_rank() == 0:
            write()
    except (OSError, SafetensorError) as error:
        raise OutputError(
            f"the checkpoint in {out} could not be written ({error}); the run is kept: make room and call again with --resume"
        ) from error
    if several:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
    return out / "checkpoint"
