"""Promises of `songwright snapshots`: the way from nothing to a file of JSON lines, and a sentence where nothing is."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bot.conftest import Terminal


def test_without_ratings_it_says_how_they_come(terminal: Terminal) -> None:
    outcome = terminal.run("snapshots", "make")
    assert outcome.code == 2
    assert "/privacy training" in outcome.err
    assert "songwright snapshots make" in terminal.run("snapshots", "list").out
    assert "songwright snapshots list" in terminal.run("snapshots", "show", "nothing").err
    assert json.loads(terminal.run("snapshots", "list", "--json").out) == {"snapshots": []}


def test_an_export_of_no_snapshot_writes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal.run("snapshots", "export", "nothing", str(tmp_path / "out.jsonl")).code == 2
    assert not list(tmp_path.glob("out*"))
