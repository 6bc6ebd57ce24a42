"""Promises of `songwright snapshots`: the way from nothing to a file of JSON lines, and a sentence where nothing is."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

from tests.bot.conftest import Terminal
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import ANN, BOB, HARBOUR, client_of, made
from worker.store.database import open_store


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


def test_a_snapshot_of_a_server_is_listed_with_it(terminal: Terminal) -> None:
    assert "a server's id is digits" in terminal.run("snapshots", "make", "--server", "Harbour").err
    with closing(open_store(terminal.database_url)) as store:
        clock = WoundClock()
        client = client_of(store, clock)
        client.members.set_training(ANN, True)
        client.ratings.rate(made(client, clock).id, rater=ANN, stars=5)
    refused = terminal.run("snapshots", "make", "--server", "71000000000000009")
    assert (refused.code, "nobody who agreed" in refused.err) == (2, True)
    told = json.loads(terminal.run("snapshots", "make", "--server", HARBOUR, "--json").out)
    assert (told["server"], told["statistics"]["takes"]) == (HARBOUR, 1)
    assert json.loads(terminal.run("snapshots", "make", "--json").out)["server"] is None
    assert HARBOUR in terminal.run("snapshots", "list").out
    assert HARBOUR in terminal.run("snapshots", "show", told["id"]).out
    terminal.run("snapshots", "export", told["id"], "out.jsonl")
    assert HARBOUR not in (terminal.folder / "out.jsonl").read_text()


def test_nothing_is_learned_from_a_snapshot_that_is_older_than_the_newest(terminal: Terminal, tmp_path: Path) -> None:
    with closing(open_store(terminal.database_url)) as store:
        clock = WoundClock()
        client = client_of(store, clock)
        for member in (ANN, BOB):
            client.members.set_training(member, True)
            client.ratings.rate(made(client, clock).id, rater=member, stars=5)
        older = json.loads(terminal.run("snapshots", "make", "--json").out)
        client.members.set_training(BOB, False)
    newer = json.loads(terminal.run("snapshots", "make", "--json").out)
    for named in (older["id"], older["path"]):
        refused = terminal.run("finetune", "judge", "--snapshot", named, "--out", str(tmp_path / "judge"))
        assert refused.code == 2
        assert f"older than {newer['id']}" in refused.err
    told = terminal.run("finetune", "judge", "--snapshot", newer["id"], "--out", str(tmp_path / "judge"))
    assert "a judge needs" in told.err
