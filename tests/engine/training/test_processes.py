"""Two processes of torchrun that tune a planned model: one judges, both learn the same rows, both end at the same step."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

pytest.importorskip("trl")
torch = pytest.importorskip("torch")

from engine.checkpoint import open_checkpoint  # noqa: E402
from engine.song.models import open_lyric_model  # noqa: E402
from engine.training.processes import largest, told_by_the_first  # noqa: E402
from tests.rated_plain_songs import plain_ratings  # noqa: E402
from tests.tiny_models import TinyModels  # noqa: E402
from tests.two_processes import in_two_processes  # noqa: E402

TUNE = """
import os, random, sys
from pathlib import Path

import torch

from engine.corpus.snapshots import open_snapshot
from engine.training import preference, preference_run
from engine.training.processes import largest
from engine.training.rated_rows import Preferred, Row

snapshot, parent, folder, rank = open_snapshot(Path(sys.argv[1])), *map(Path, sys.argv[2:]), os.environ["RANK"]


def row(chance):
    return Row(tuple(chance.randrange(40) for _ in range(12)), (False,) + 11 * (True,), 1)


def judged(*_):
    (folder / f"judged by {rank}").touch()
    chance = random.Random(rank)  # a judge that another process would have otherwise
    return {"train": [Preferred(row(chance), row(chance), 1.0) for _ in range(16)],
            "valid": [Preferred(row(chance), row(chance), 1.0) for _ in range(4)]}


def noted(model, rows, valid, *given, **named):
    (folder / f"rows of {rank}").write_text(repr([rows, valid]))
    assert largest(float(rank), torch.device("cpu")) == 1.0
    assert largest(float("nan") if rank == "1" else 0.0, torch.device("cpu")) == float("inf")
    return preference_run.tune_rows(model, rows, valid, *given, **named)


class Clock:
    def monotonic(self):
        return next(self.times)
    times = iter(range(0, 10**6, 40 if rank == "1" else 1))  # it is later there


preference.judged_pairs, preference.tune_rows, preference_run.time = judged, noted, Clock()
tuning = preference.Tuning("lyrics", parent, folder / "run", steps=12, kl_limit=100.0, threads=1, minutes=2.0)
preference.tune(tuning, snapshot, print if rank == "0" else lambda text: None)
"""


def test_one_process_judges_and_both_learn_the_same_rows_and_end_at_the_same_step(
    tiny_models: TinyModels, tmp_path: Path
) -> None:
    (tmp_path / "tune.py").write_text(TUNE, encoding="utf-8")
    snapshot = plain_ratings(tmp_path / "snapshots").directory
    in_two_processes(str(tmp_path / "tune.py"), str(snapshot), str(tiny_models.lyrics), str(tmp_path))
    assert [path.name for path in tmp_path.glob("judged by *")] == ["judged by 0"]
    assert (tmp_path / "rows of 0").read_text() == (tmp_path / "rows of 1").read_text()
    made = open_checkpoint(tmp_path / "run" / "checkpoint")
    assert made.card["ended"] == "minutes"
    assert 0 < made.card["step"] < 12
    assert open_lyric_model(made.directory).version == made.digest


def test_one_process_asks_nobody() -> None:
    assert told_by_the_first(lambda: 5) == 5
    assert largest(2.5, torch.device("cpu")) == 2.5
    assert math.isnan(largest(math.nan, torch.device("cpu")))
