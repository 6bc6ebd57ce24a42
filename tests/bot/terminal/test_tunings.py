"""Promises of `songwright tunings`: what waits is shown, a run without ratings is refused, nothing is said of secrets."""

from __future__ import annotations

import json

from tests.bot.conftest import Terminal


def test_without_runs_it_says_how_much_was_said(terminal: Terminal) -> None:
    assert "0 judgements wait" in terminal.run("tunings", "list").out
    assert json.loads(terminal.run("tunings", "list", "--json").out) == {"tunings": [], "new_judgements": 0}


def test_a_run_needs_ratings_and_names_that_are_there(terminal: Terminal) -> None:
    outcome = terminal.run("tunings", "start", "lyrics")
    assert outcome.code == 2
    assert "/privacy training" in outcome.err
    for command in ("show", "cancel"):
        assert "songwright tunings list" in terminal.run("tunings", command, "nothing").err
    assert "songwright snapshots list" in terminal.run("tunings", "start", "lyrics", "--snapshot", "nothing").err
    assert terminal.run("tunings", "start", "chinese").code == 2


def test_a_gate_without_a_snapshot_or_candidate_says_so(terminal: Terminal) -> None:
    outcome = terminal.run("gate", "nothing", "--snapshot", "nothing")
    assert outcome.code == 2
    assert "songwright models list" in outcome.err
