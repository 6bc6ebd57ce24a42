"""Every migration up, down and up again with rows in every table, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from alembic import command
from sqlalchemy import MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from tests.worker.conftest import WoundClock
from tests.worker.members_songs import client_of
from tests.worker.rows_of_migrations import ANN, BOB, HARBOUR, ROWS, at, id_of
from worker.owner import this_process
from worker.store import jobs
from worker.store.database import Store, alembic_config
from worker.store.library import Page
from worker.store.listings import wilson

STEPS = [("base", "0001"), ("0001", "0002"), ("0002", "0003")]
Rows = dict[str, list[dict[str, Any]]]


def tables(store: Store) -> dict[str, Table]:
    """Return the tables as they are in the database now."""
    found = MetaData()
    found.reflect(store.engine)
    return {name: table for name, table in found.tables.items() if name != "alembic_version"}


def fill(store: Store) -> None:
    """Write the rows into every table that is there, as far as it has the columns."""
    there = tables(store)
    with store.writing() as session:
        for name, rows in ROWS.items():
            if name in there:
                columns = there[name].columns
                session.execute(insert(there[name]), [_shared(row, name, columns) for row in rows])


def _shared(row: dict[str, Any], table: str, columns: Any) -> dict[str, Any]:
    """Return all columns that the table has, None where the row says nothing."""
    named = {name for other in ROWS[table] for name in other}
    return {name: row.get(name) for name in named if name in columns}


def contents(store: Store) -> Rows:
    """Return all rows of all tables, in the order of their keys."""
    found: Rows = {}
    with store.reading() as session:
        for name, table in tables(store).items():
            rows = session.execute(select(table).order_by(*table.primary_key.columns))
            found[name] = [dict(row._mapping) for row in rows]
    return found


def at_revision(store: Store, revision: str) -> None:
    """Bring an empty store to a revision and fill it."""
    command.downgrade(alembic_config(store.engine), "base")
    if revision != "base":
        command.upgrade(alembic_config(store.engine), revision)
    fill(store)


def only(rows: Rows, like: Rows) -> Rows:
    """Return of these rows the tables and columns that others have."""
    return {name: [{key: row[key] for key in like[name][0]} for row in rows[name]] for name in like}


@pytest.fixture(autouse=True)
def at_head_again(store: Store) -> Any:
    """Leave the tables as the next test needs them."""
    yield
    command.downgrade(alembic_config(store.engine), "base")
    command.upgrade(alembic_config(store.engine), "head")


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_rows_are_kept_up_down_and_up_again(before: str, after: str, store: Store) -> None:
    config = alembic_config(store.engine)
    at_revision(store, before)
    old = contents(store)
    assert all(len(rows) >= 3 for rows in old.values())
    command.upgrade(config, after)
    new = contents(store)
    assert only(new, old) == old
    assert_sound(store)
    command.downgrade(config, before)
    assert contents(store) == old
    assert_sound(store)
    command.upgrade(config, after)
    assert contents(store) == new


def assert_sound(store: Store) -> None:
    """Let SQLite look through the whole file; PostgreSQL checks as it goes."""
    if store.engine.dialect.name == "sqlite":
        with store.reading() as session:
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
            assert session.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]


def test_every_table_of_the_past_has_rows(store: Store) -> None:
    command.downgrade(alembic_config(store.engine), STEPS[-1][0])
    assert set(tables(store)) == set(ROWS)


def test_new_columns_say_what_held_before(store: Store) -> None:
    at_revision(store, "0002")
    command.upgrade(alembic_config(store.engine), "0003")
    new = contents(store)
    assert {(job["priority"], job["cost_seconds"], job["turn"]) for job in new["jobs"]} == {(0, 1.0, 0.0)}
    assert {job["id"]: job["upload_id"] for job in new["jobs"] if job["upload_id"]} == {id_of("j", 2): id_of("u", 1)}
    assert {file["location"] for file in new["artifacts"]} == {None}
    assert {version["trial_share"] for version in new["model_versions"]} == {None}
    assert {server["weight"] for server in new["servers"]} == {1.0}
    assert new["workers"] == []


def test_lists_show_the_songs_that_were_there(store: Store, clock: WoundClock) -> None:
    at_revision(store, "0002")
    command.upgrade(alembic_config(store.engine), "head")
    client = client_of(store, clock)
    library = client.library
    assert ids(library.history(ANN)) == [id_of("s", 3), id_of("s", 1)]
    first = library.history(ANN).items[1]
    assert (first.title, first.style, first.kind, first.seconds) == ("Rain", "pop", "song", 62.5)
    assert (first.requester, first.server, first.created_at, first.votes) == (ANN, HARBOUR, at(1), 2)
    assert (first.mean_stars, first.score) == (4.5, wilson(4.5, 2))
    assert (library.history(BOB).items[0].seconds, library.history(BOB).items[0].style) == (None, "jazz")
    assert ids(library.top(HARBOUR, minimum_votes=1)) == [id_of("s", 1)]  # the other was for Ann alone
    assert ids(library.search(HARBOUR, BOB, words="über")) == [id_of("s", 1)]
    assert ids(library.search(HARBOUR, ANN, theme="雨")) == [id_of("s", 3), id_of("s", 1)]
    assert ids(library.favourites(BOB)) == [id_of("s", number) for number in (3, 2, 1)]


def ids(page: Page) -> list[str]:
    return [item.id for item in page.items]


def test_waiting_jobs_keep_their_order_and_new_ones_come_after(store: Store, clock: WoundClock) -> None:
    at_revision(store, "0002")
    command.upgrade(alembic_config(store.engine), "head")
    taken = []
    with store.writing() as session:
        while job := jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0):
            taken.append(job.id)
    assert taken == [id_of("j", number) for number in (9, 7, 8)]


# What the tables refuse, as the newest revision has them; each statement breaks one rule.
REFUSED = {
    "uq_model_versions_promoted_role": "UPDATE model_versions SET state = 'promoted' WHERE id = '{v3}'",
    "uq_model_versions_digest": "UPDATE model_versions SET digest = 'digest 1' WHERE id = '{v3}'",
    "fk_model_versions_parent_id_model_versions": "UPDATE model_versions SET parent_id = 'nobody' WHERE id = '{v3}'",
    "a parent that is in use": "DELETE FROM model_versions WHERE id = '{v1}'",
    "ck_model_versions_state_known": "UPDATE model_versions SET state = 'best' WHERE id = '{v3}'",
    "ck_model_versions_role_known": "UPDATE model_versions SET role = 'drums' WHERE id = '{v3}'",
    "ck_model_versions_share_while_on_trial": "UPDATE model_versions SET trial_share = 0.5 WHERE id = '{v3}'",
    "ck_artifacts_in_one_place": "UPDATE artifacts SET location = 'x' WHERE name = 'song.mid'",
    "ck_artifacts_size_not_negative": "UPDATE artifacts SET size_bytes = -1",
    "fk_artifacts_song_id_songs": "UPDATE artifacts SET song_id = 'nothing'",
    "ck_jobs_status_known": "UPDATE jobs SET status = 'lost', finished_at = created_at WHERE id = '{j4}'",
    "uq_songs_job_id": "UPDATE songs SET job_id = '{j1}'",
    "fk_listings_song_id_songs": "UPDATE listings SET song_id = 'nothing' WHERE song_id = '{s1}'",
    "ck_ratings_stars_one_to_five": "UPDATE ratings SET stars = 6",
}


@pytest.mark.parametrize("rule", REFUSED)
def test_rules_hold_after_the_tables_were_copied(rule: str, store: Store) -> None:
    at_revision(store, "0002")
    command.upgrade(alembic_config(store.engine), "head")
    names = {f"{letter}{number}": id_of(letter, number) for letter in "jsv" for number in range(1, 5)}
    with pytest.raises(IntegrityError), store.writing() as session:
        session.execute(text(REFUSED[rule].format(**names)))


def test_what_refers_to_a_song_goes_with_it_after_the_tables_were_copied(store: Store) -> None:
    at_revision(store, "0002")
    command.upgrade(alembic_config(store.engine), "head")
    with store.writing() as session:
        session.execute(text("DELETE FROM songs WHERE id = :song"), {"song": id_of("s", 1)})
    left = contents(store)
    for table in ("artifacts", "ratings", "favourites", "listings"):
        assert left[table]
        assert id_of("s", 1) not in {row["song_id"] for row in left[table]}
    assert left["comparisons"] == []
    assert {song["parent_song_id"] for song in left["songs"]} == {None}


def test_a_model_on_trial_is_a_candidate_again_before_there_were_trials(store: Store) -> None:
    at_revision(store, "0002")
    command.upgrade(alembic_config(store.engine), "head")
    with store.writing() as session:
        trial = text("UPDATE model_versions SET state = 'trial', trial_share = 0.1 WHERE id = :id")
        session.execute(trial, {"id": id_of("v", 3)})
    command.downgrade(alembic_config(store.engine), "0002")
    assert {row["id"]: row["state"] for row in contents(store)["model_versions"]} == {
        id_of("v", number): state
        for number, state in enumerate(("retired", "promoted", "candidate", "promoted"), start=1)
    }


def test_files_outside_are_not_lost_by_going_back(store: Store) -> None:
    at_revision(store, "0002")
    command.upgrade(alembic_config(store.engine), "head")
    with store.writing() as session:
        session.execute(text("UPDATE artifacts SET location = 'a/b' WHERE name = 'empty.txt'"))
    before = contents(store)
    with pytest.raises(RuntimeError, match="outside the database"):
        command.downgrade(alembic_config(store.engine), "0002")
    assert contents(store) == before
    with store.writing() as session:
        session.execute(text("UPDATE artifacts SET location = NULL"))
