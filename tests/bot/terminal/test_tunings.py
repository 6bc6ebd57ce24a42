"""Promises of `songwright tunings`: what waits is shown, a run without ratings is refused, nothing is said of secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bot.conftest import Terminal
from worker.client import Client
from worker.clock import utc_now
from worker.settings import Settings
from worker.store import tunings


def test_without_runs_it_says_how_much_was_said(terminal: Terminal) -> None:
    assert "0 judgements are there, and no run was begun yet; runs begin by hand" in terminal.run("tunings", "list").out
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


def test_the_list_says_why_a_run_failed_and_what_the_next_one_waits_for(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(Settings(database_url=terminal.database_url, models_dir=Path()))
    failed, waiting = client.tunings.ask("lyrics"), client.tunings.ask("melody")
    with client.store.writing() as session:
        run = tunings.claim(session, now=utc_now(), lease_seconds=60)
        assert run is not None
        assert run.id == failed.id
        tunings.fail(session, run, "there are too few ratings to learn from", now=utc_now())
    listed = terminal.run("tunings", "list").out
    assert f"{failed.id} failed: there are too few ratings" in listed
    assert "as soon as a worker that tunes is free: songwright worker --tuning" in listed
    assert "made when it begins" in terminal.run("tunings", "show", waiting.id).out
    monkeypatch.setenv("SONGWRIGHT_TUNE_AFTER", "200")
    assert "200 begin a run by themselves" in terminal.run("tunings", "list").out
    terminal.run("tunings", "cancel", waiting.id)
    assert "as soon as" not in terminal.run("tunings", "list").out
    client.close()
