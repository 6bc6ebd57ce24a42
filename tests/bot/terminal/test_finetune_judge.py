"""Promises of the judge's commands: from a snapshot to a judge in use, and how well it agrees with people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.terminal.finetune_judge import finetune_judge
from engine.corpus.snapshots import Snapshot
from tests.bot.conftest import Terminal
from tests.rated_takes import short_lines, snapshot_of, stars, takes
from tests.tiny_models import TinyModels


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    of = takes()
    return snapshot_of(tmp_path / "snapshots", stars(3, short_lines, of), of)


def test_a_judge_is_learned_measured_added_promoted_and_taken_back(
    terminal: Terminal, tiny_models: TinyModels, snapshot: Snapshot, tmp_path: Path
) -> None:
    judge = tmp_path / "judge"
    options = ["--snapshot", str(snapshot.directory), "--out", str(judge), "--lyrics", str(tiny_models.lyrics)]
    told = CliRunner().invoke(finetune_judge, options)
    assert told.exit_code == 0, told.output
    assert f"songwright models add {judge}" in told.output
    assert "chance is 50 %" in told.output

    found = json.loads(
        terminal.run("evaluate", "judge", str(judge), "--snapshot", str(snapshot.directory), "--json").out
    )
    assert found["low"] <= found["accuracy"] <= found["high"]
    assert found["better than chance"]
    assert "how sure it is" in terminal.run("evaluate", "judge", str(judge), "--snapshot", str(snapshot.directory)).out

    version = json.loads(terminal.run("models", "add", str(judge), "--json").out)
    assert version["role"] == "judge"
    assert "chooses the takes of all next songs" in terminal.run("models", "promote", version["id"]).out
    assert version["id"] in terminal.run("models", "list", "--role", "judge").out
    assert "Nobody chooses the takes" in terminal.run("models", "rollback", "judge").out


def test_what_is_no_snapshot_or_no_judge_is_told_in_a_sentence(
    terminal: Terminal, tiny_models: TinyModels, snapshot: Snapshot
) -> None:
    assert "songwright snapshots list" in terminal.run("evaluate", "judge", "x", "--snapshot", "nothing").err
    outcome = terminal.run("evaluate", "judge", str(tiny_models.lyrics), "--snapshot", str(snapshot.directory))
    assert outcome.code == 1
    assert "songwright finetune judge" in outcome.err
