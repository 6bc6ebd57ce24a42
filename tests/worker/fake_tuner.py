"""Stands for the console command in tests of tuning runs: `finetune` takes steps and leaves a tiny model, `gate` a verdict.

A run goes on from the steps that its folder has. What it is to do lies in a file beside the runs, plan.json: steps, pause
(seconds a step), checkpoint (what is left), passed (the verdict), error (a sentence to end with).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> None:
    """Do what the first argument says."""
    verb, options = arguments[0], dict(zip(arguments[1:], [*arguments[2:], ""], strict=True))
    out = Path(options["--out"])
    folder = out if verb == "finetune" else out.parent
    plan = json.loads((folder.parent / "plan.json").read_text())
    with (folder / "calls.txt").open("a") as calls:
        calls.write(f"{verb} {os.nice(0)} {'--resume' in arguments}\n")
    if verb == "gate":
        line = {
            "name": "win rate",
            "passed": plan["passed"],
            "safety": False,
            "sentence": "the candidate's take is better",
        }
        sys.stdout.write(json.dumps({"passed": plan["passed"], "lines": [line], "report": str(out)}))
        sys.exit(0 if plan["passed"] else 1)
    if plan.get("error"):
        sys.stderr.write(f"songwright: {plan['error']}\n")
        sys.exit(2)
    tune(folder, plan)


def tune(folder: Path, plan: dict[str, Any]) -> None:
    """Take the steps that are missing, one log row each, and write the checkpoint."""
    begun, log = folder / "begun.json", folder / "log.jsonl"
    assert begun.is_file() == ("--resume" in sys.argv)
    begun.write_text(json.dumps({"steps": plan["steps"]}))
    done = len(log.read_text().splitlines()) if log.is_file() else 0
    for step in range(done + 1, int(plan["steps"]) + 1):
        time.sleep(plan["pause"])
        with log.open("a") as rows:
            rows.write(json.dumps({"step": step, "pid": os.getpid()}) + "\n")
    shutil.copytree(plan["checkpoint"], folder / ".checkpoint")
    (folder / ".checkpoint").rename(folder / "checkpoint")


if __name__ == "__main__":
    main(sys.argv[1:])
