"""Backup and restore on both databases: everything comes back as it was, or it is said why not and nothing changes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from engine.contract import SongRequest, TempoRequest
from tests.servers.databases import fresh_database
from tests.worker.conftest import WoundClock
from tests.worker.files_outside import with_files
from tests.worker.members_songs import ANN, APPLICATION, BOB, HARBOUR, ask, client_of, made, settings_of
from worker.client import Client
from worker.store import model_versions, postgres_dump
from worker.store.backup import AT_WORK, back_up, restore
from worker.store.database import Store, open_store
from worker.store.integrity import check
from worker.store.server_settings import ServerSettings
from worker.store.store_error import StoreError
from worker.store.synced_commands import store_hash
from worker.store.tables import Base, DeliveryRow, JobRow, SnapshotRow, TuningRow, WorkerRow

NOW = datetime(2026, 2, 1, tzinfo=UTC)
NEVER_CHANGED = ("songs", "artifacts", "listings", "ratings", "uploads", "favourites", "comparisons", "model_versions")


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


@pytest.fixture
def empty_url(store: Store, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Return another database of the same kind, without tables."""
    if store.engine.dialect.name == "sqlite":
        yield f"sqlite:///{tmp_path / 'elsewhere' / 'songs.sqlite3'}"
        return
    with fresh_database(request.getfixturevalue("postgres")) as url:
        yield url


def url_of(store: Store) -> str:
    return settings_of(store).database_url


def fill_every_table(client: Client, clock: WoundClock) -> None:
    first, second = made(client, clock), made(client, clock, member=BOB)
    client.ratings.rate(first.id, rater=BOB, stars=4)
    client.library.toggle_favourite(BOB, first.id)
    client.comparisons.prefer(ANN, first.id, second.id, "a")
    upload = client.uploads.add(ANN, "tune.mid", b"a tune")
    made(client, clock, TempoRequest(source=f"upload:{upload}", percent=90))
    client.members.set_training(ANN, True)
    client.servers.change(HARBOUR, ServerSettings())
    ask(client, SongRequest(theme="open"), interaction_token="secret", token_expires_at=clock.now)
    now = clock()
    with client.store.writing() as session:
        model_versions.add(session, role="lyrics", digest="d", family="llama", path="/m", card={"a": 1}, now=now)
        store_hash(session, APPLICATION, "", "hash", now)
        session.add(
            WorkerRow(id="w" * 26, machine="m", pid=1, started="1", device="cpu", slots=1, running=0, model_versions={},
                      started_at=now, seen_at=now)
        )  # fmt: skip
    song = client.library.history(ANN).items[0].id
    client.signals.mark(ANN, song, "take")
    with client.store.writing() as session:
        session.add(SnapshotRow(id="s", digest="d", path="/d", statistics={}, created_at=clock()))
        session.flush()
        session.add(
            TuningRow(
                id="t",
                role="lyrics",
                snapshot_id="s",
                parent_digest="p",
                request={},
                folder="/f",
                status="queued",
                attempts=0,
                done=0,
                total=1,
                created_at=clock(),
            )
        )


def contents(store: Store) -> dict[str, dict[Any, Any]]:
    """Return every row of every table by its key."""
    found = {}
    with store.reading() as session:
        for table in Base.metadata.sorted_tables:
            keys = [column.name for column in table.primary_key]
            rows = [dict(row._mapping) for row in session.execute(select(table))]
            found[table.name] = {tuple(row[key] for key in keys): row for row in rows}
    return found


def test_a_backup_made_while_others_write_comes_back_whole(
    client: Client, store: Store, clock: WoundClock, empty_url: str, tmp_path: Path
) -> None:
    fill_every_table(client, clock)
    before = contents(store)
    assert all(before.values()), [name for name, rows in before.items() if not rows]
    enough, written = threading.Event(), threading.Event()

    def go_on_writing() -> None:
        while not enough.is_set():
            made(client, clock, member=BOB)
            written.set()

    writer = threading.Thread(target=go_on_writing)
    writer.start()
    try:
        assert written.wait(10)
        back_up(url_of(store), tmp_path / "backup")
        written.clear()
        assert written.wait(10)  # it was not held up for good
    finally:
        enough.set()
        writer.join(10)
    after = contents(store)
    restored = restore(empty_url, tmp_path / "backup", now=NOW)
    with closing(open_store(empty_url)) as again:
        came_back = contents(again)
        assert check(again).faults == []
    assert len(before["songs"]) < len(came_back["songs"]) < len(after["songs"])
    assert restored.jobs == len(came_back["jobs"])
    for table in NEVER_CHANGED:
        assert came_back[table].keys() >= before[table].keys()
        assert came_back[table] == {key: after[table][key] for key in came_back[table]}, table
    assert {key: row["job_id"] for key, row in came_back["songs"].items()}.keys() == came_back["listings"].keys()


def test_what_was_open_is_not_brought_a_second_time(
    client: Client, store: Store, clock: WoundClock, empty_url: str, tmp_path: Path
) -> None:
    open_ = ask(client, interaction_token="secret", token_expires_at=clock.now + timedelta(minutes=14))
    made(client, clock, member=BOB)
    ask(client)
    back_up(url_of(store), tmp_path / "backup")
    restored = restore(empty_url, tmp_path / "backup", now=NOW)
    assert (restored.jobs, restored.unfinished, restored.closed) == (3, 1, 3)
    with closing(open_store(empty_url)) as again, again.reading() as session:
        row = session.get(DeliveryRow, open_.id)
        assert row is not None
        assert (row.status, row.interaction_token, row.failure) == ("undeliverable", None, "restored from a backup")
        assert session.scalars(select(JobRow.status).order_by(JobRow.id)).all().count("queued") == 1


def test_after_a_move_to_another_machine_the_rest_is_brought(
    client: Client, store: Store, clock: WoundClock, empty_url: str, tmp_path: Path
) -> None:
    open_ = ask(client)
    back_up(url_of(store), tmp_path / "backup")
    assert restore(empty_url, tmp_path / "backup", now=NOW, bring_open=True).closed == 0
    with closing(open_store(empty_url)) as again, again.reading() as session:
        row = session.get(DeliveryRow, open_.id)
        assert row is not None
        assert row.status == "open"


def test_a_database_that_is_not_empty_is_replaced_only_when_asked(
    client: Client, store: Store, clock: WoundClock, tmp_path: Path
) -> None:
    first = made(client, clock)
    back_up(url_of(store), tmp_path / "backup")
    second = made(client, clock)
    with pytest.raises(StoreError, match=r"is not empty; name an empty database, or say --replace"):
        restore(url_of(store), tmp_path / "backup", now=NOW)
    assert client.find_song(second.id) is not None
    restore(url_of(store), tmp_path / "backup", now=NOW, replace=True)
    assert client.find_song(second.id) is None
    assert client.song(first.id) == first
    assert [artifact.name for artifact in client.artifacts(first.id)] == ["song.mid", "song.txt"]


def test_nothing_is_replaced_under_a_worker(client: Client, store: Store, clock: WoundClock, tmp_path: Path) -> None:
    fill_every_table(client, clock)
    back_up(url_of(store), tmp_path / "backup")
    with pytest.raises(StoreError, match="a worker is at work"):
        restore(url_of(store), tmp_path / "backup", now=clock.now + timedelta(seconds=1), replace=True)
    restore(url_of(store), tmp_path / "backup", now=clock.now + AT_WORK + timedelta(seconds=1), replace=True)


@pytest.mark.parametrize("length", [0, 1000, 0.5, 0.98])
def test_a_backup_that_is_cut_off_changes_nothing(
    length: float, client: Client, store: Store, clock: WoundClock, tmp_path: Path
) -> None:
    song = made(client, clock)
    file = tmp_path / "backup"
    back_up(url_of(store), file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(length * len(whole)) if length < 1 else int(length)])
    with pytest.raises(StoreError):
        restore(url_of(store), file, now=NOW, replace=True)
    assert client.song(song.id) == song


def test_a_backup_of_a_newer_songwright_is_refused(store: Store, empty_url: str, tmp_path: Path) -> None:
    with store.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        back_up(url_of(store), tmp_path / "backup")
    finally:
        with store.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": head()})
    with pytest.raises(StoreError, match="newer Songwright"):
        restore(empty_url, tmp_path / "backup", now=NOW)


def head() -> str:
    from worker.store.database import HEAD_REVISION

    return HEAD_REVISION


def test_a_backup_never_overwrites_a_file_and_needs_a_database(store: Store, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    with pytest.raises(StoreError, match="is there already"):
        back_up(url_of(store), tmp_path / "there")
    with pytest.raises(StoreError, match="nothing to back up"):
        back_up(f"sqlite:///{tmp_path / 'none.sqlite3'}", tmp_path / "new")
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(url_of(store), tmp_path / "no such folder" / "new")
    assert (tmp_path / "there").read_text() == "precious"
    assert not (tmp_path / "new").exists()


def test_a_backup_is_for_its_owner_only_and_leaves_no_half_files(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(url_of(store), folder / "one")
    assert (folder / "one").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["one"]


def test_a_backup_of_one_kind_does_not_go_into_the_other(
    sqlite_store: Store, postgres_store: Store, tmp_path: Path
) -> None:
    back_up(url_of(sqlite_store), tmp_path / "sqlite")
    back_up(url_of(postgres_store), tmp_path / "postgresql")
    with pytest.raises(StoreError, match="a backup of SQLite"):
        restore(url_of(postgres_store), tmp_path / "sqlite", now=NOW, replace=True)
    with pytest.raises(StoreError, match="a backup of PostgreSQL"):
        restore(url_of(sqlite_store), tmp_path / "postgresql", now=NOW, replace=True)


def test_other_tables_in_the_database_are_left_alone(postgres_store: Store, postgres: str, tmp_path: Path) -> None:
    back_up(url_of(postgres_store), tmp_path / "backup")
    with fresh_database(postgres) as url:
        with closing(open_store(url)) as other, other.writing() as session:
            session.execute(text("CREATE TABLE not_ours (a integer)"))
        restore(url, tmp_path / "backup", now=NOW, replace=True)
        with closing(open_store(url)) as other, other.reading() as session:
            assert session.execute(text("SELECT count(*) FROM not_ours")).scalar_one() == 0


def test_without_the_tools_of_postgresql_it_is_said_what_to_install(
    postgres_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_dump.shutil, "which", lambda name: None)
    with pytest.raises(StoreError, match="install the package postgresql-client"):
        back_up(url_of(postgres_store), tmp_path / "backup")
    assert list(tmp_path.glob("backup*")) == []


def test_a_password_is_not_in_the_list_of_processes() -> None:
    from sqlalchemy import make_url

    url = make_url("postgresql+psycopg://ann:secret@host:5433/songs?sslmode=require")
    assert postgres_dump._address(url) == "postgresql://ann@host:5433/songs?sslmode=require"
    assert postgres_dump._environment(url)["PGPASSWORD"] == "secret"


def test_a_check_finds_what_is_damaged_missing_or_different(store: Store, clock: WoundClock, tmp_path: Path) -> None:
    outside = with_files(store, f"file://{tmp_path / 'files'}")
    made(client_of(store, clock), clock)
    away = made(client_of(outside, clock), clock)
    findings = check(outside)
    assert (findings.faults, findings.files, findings.outside, findings.rows["songs"]) == ([], 4, 2, 2)
    shutil.rmtree(tmp_path / "files")
    with store.writing() as session:
        artifacts = Base.metadata.tables["artifacts"]
        session.execute(update(artifacts).where(artifacts.c.location.is_(None)).values(data=b"damaged"))
    faults = check(outside).faults
    assert len(faults) == 4
    assert sum("is damaged" in fault for fault in faults) == 2
    assert f"song {away.id}: the stored file song.mid is missing; ask for the song again with the same seed" in faults


def test_a_check_finds_tables_that_are_not_as_they_should_be(sqlite_store: Store) -> None:
    with sqlite_store.writing() as session:
        session.execute(text("ALTER TABLE jobs ADD COLUMN surplus TEXT"))
    assert "surplus" in " ".join(check(sqlite_store).faults)
