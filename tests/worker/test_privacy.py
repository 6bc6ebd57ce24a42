"""Privacy: everything about a member is counted, handed out and deleted, to the last byte of SQLite's files."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import LargeBinary, select

from engine.contract import Progress, Request, SongRequest, TempoRequest
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import EchoSong, echoed
from tests.worker.members_songs import ANN, BOB, HARBOUR, ask, client_of, made, settings_of
from worker.client import Client
from worker.store import jobs, privacy
from worker.store.database import Store
from worker.store.songs import GeneratedSong
from worker.store.tables import Base
from worker.tasks import run_next_job

THEME = "a very particular lighthouse"
MEMBER_COLUMNS = {"requested_by", "rater", "owner", "member"}


@pytest.fixture
def client(store: Store, clock: WoundClock) -> Client:
    return client_of(store, clock)


def live(client: Client, clock: WoundClock) -> str:
    """Let Ann do everything that a member can do, among others; return a song of hers."""
    soon = clock.now + timedelta(minutes=14)
    theirs = [made(client, clock, member=BOB).id for _ in range(2)]
    song = made(client, clock, SongRequest(theme=THEME), interaction_token="a secret", token_expires_at=soon)
    upload = client.uploads.add(ANN, "tune.mid", THEME.encode())
    made(client, clock, TempoRequest(source=f"upload:{upload}", percent=90), server=None, private=True)
    made(client, clock, TempoRequest(source=song.id, percent=90), member=BOB)
    delivery = client.deliveries.of_job(song.job_id)
    assert delivery is not None
    client.deliveries.take(delivery.id, "bot")
    client.deliveries.mark_delivered(delivery.id, "bot", "original", "c", "m")
    for rater, rated in ((ANN, theirs[0]), (ANN, song.id), (BOB, song.id)):
        client.ratings.rate(rated, rater=rater, stars=4)
        client.library.toggle_favourite(rater, rated)
        client.signals.mark(rater, rated, "download")
    client.comparisons.prefer(ANN, *theirs, "a")
    client.comparisons.prefer(BOB, song.id, theirs[0], "b")
    client.members.set_training(ANN, True)
    cancelled = ask(client, SongRequest(theme=THEME))
    client.cancel(cancelled.job_ids[0])
    ask(client, SongRequest(theme=THEME), layout="comparison", interaction_token="a secret", token_expires_at=soon)
    return song.id


def everything(store: Store) -> str:
    """Return all that is in all tables, as text."""
    with store.reading() as session:
        rows = [session.execute(select(table)).all() for table in Base.metadata.sorted_tables]
    return repr(rows)


def test_every_column_that_names_a_member_is_known() -> None:
    named = {
        (table.name, column.name)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.name in MEMBER_COLUMNS or (table.name, column.name) == ("members", "id")
    }
    assert named == {(column.table.name, column.name) for _table, column in privacy.TRACES.values()}


def test_what_is_stored_is_counted(client: Client, clock: WoundClock) -> None:
    live(client, clock)
    counted = client.privacy.stored_about(ANN)
    assert counted == {
        "songs": 2,
        "files": 4,
        "jobs": 4,
        "ratings": 2,
        "comparisons": 1,
        "favourites": 2,
        "signals": 2,
        "uploads": 1,
        "deliveries": 4,
        "memberships": 1,
        "uses": 2,
        "members": 1,
    }
    assert not any(client.privacy.stored_about("nobody").values())


def test_forgetting_leaves_nothing_in_any_table(client: Client, store: Store, clock: WoundClock) -> None:
    song_id = live(client, clock)
    assert ANN in everything(store)
    client.privacy.forget(ANN)
    assert not any(client.privacy.stored_about(ANN).values())
    left = everything(store)
    assert [mark for mark in (ANN, THEME, THEME.title()) if mark in left] == []
    assert client.library.history(BOB).total == 3
    assert client.library.favourites(BOB).total == 0
    child = client.song(client.library.history(BOB).items[0].id)
    assert child.kind == "tempo"
    assert child.parent_song_id is None
    assert child.request["source"] == song_id  # an id that leads nowhere any more
    client.privacy.forget(ANN)


def test_forgetting_leaves_nothing_in_the_files(sqlite_store: Store, sqlite_url: str, clock: WoundClock) -> None:
    client = client_of(sqlite_store, clock)
    for number in range(150):  # enough for the trees of the tables to have been balanced
        live(client, clock) if number == 75 else made(client, clock, SongRequest(theme="x" * number), member=BOB)
    client.privacy.forget(ANN)
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {"songwright.sqlite3", "songwright.sqlite3-wal", "songwright.sqlite3-shm"} <= set(files)
    marks = [ANN.encode(), THEME.encode(), THEME.title().encode(), b"tune.mid"]
    assert [(name, mark) for name, raw in files.items() for mark in marks if mark in raw] == []
    assert BOB.encode() in files["songwright.sqlite3"]


def test_deleting_a_song_leaves_nothing_in_the_log(sqlite_store: Store, sqlite_url: str, clock: WoundClock) -> None:
    client = client_of(sqlite_store, clock)
    song = made(client, clock, SongRequest(theme=THEME))
    client.delete_song(song.id)
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    assert [path.name for path in folder.iterdir() if THEME.encode() in path.read_bytes()] == []


def test_a_reader_does_not_keep_a_member_from_being_forgotten(
    sqlite_store: Store, clock: WoundClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.store.erasing.WAIT_SECONDS", 0.1)
    client = client_of(sqlite_store, clock)
    made(client, clock)
    with sqlite_store.reading() as session:
        assert session.scalar(select(Base.metadata.tables["members"].c.id)) == ANN
        client.privacy.forget(ANN)
        assert not sqlite_store.erase_traces()
    assert "may still be in" in caplog.text
    assert not any(client.privacy.stored_about(ANN).values())
    assert sqlite_store.erase_traces()


@pytest.fixture
def erasures(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return how each writing anew of the file went."""
    went: list[bool] = []
    real = sqlite_store.erase_traces

    def erase() -> bool:
        went.append(real())
        return went[-1]

    monkeypatch.setattr(sqlite_store, "erase_traces", erase)
    return went


def test_members_who_are_forgotten_one_after_the_other_share_an_erasure(
    sqlite_store: Store, clock: WoundClock, erasures: list[bool]
) -> None:
    client = client_of(sqlite_store, clock)
    assert client.privacy.forget("nobody") == 0
    assert erasures == []
    members = [str(number) for number in range(3)]
    for member in members:
        made(client, clock, member=member)
    assert client.privacy.forget(members[0]) > 0
    assert erasures == [True]
    for member in members[1:]:
        client.privacy.forget(member)
        assert not client.privacy.erase_if_due()
    assert erasures == [True]
    clock.wind(301)
    assert client.privacy.erase_if_due()
    assert client.privacy.erase_if_due()
    assert erasures == [True, True]


def test_an_erasure_that_could_not_be_done_is_tried_again(
    sqlite_store: Store, clock: WoundClock, erasures: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.store.erasing.WAIT_SECONDS", 0.1)
    client = client_of(sqlite_store, clock)
    made(client, clock)
    with sqlite_store.reading() as session:
        session.execute(select(Base.metadata.tables["members"])).all()
        client.privacy.forget(ANN)
        assert not client.privacy.erase_if_due()
    clock.wind(301)
    assert client.privacy.erase_if_due()
    assert erasures == [False, True]


def test_what_is_due_is_erased_before_the_store_is_closed(
    sqlite_store: Store, clock: WoundClock, erasures: list[bool]
) -> None:
    client = client_of(sqlite_store, clock)
    for member in (ANN, BOB):
        made(client, clock, member=member)
        client.privacy.forget(member)
    client.close()
    client.close()
    assert erasures == [True, True]


def test_a_reader_does_not_make_the_deletion_of_a_song_wait(sqlite_store: Store, clock: WoundClock) -> None:
    client = client_of(sqlite_store, clock)
    song = made(client, clock)
    with sqlite_store.reading() as session:
        session.execute(select(Base.metadata.tables["members"])).all()
        begun = time.monotonic()
        assert client.delete_song(song.id)
        assert time.monotonic() - begun < 1.0  # 0.06 s where nothing else runs
        assert not client.privacy.erase_if_due()
    assert client.privacy.erase_if_due()


def test_a_running_job_of_a_forgotten_member_ends_without_a_trace(
    client: Client, store: Store, clock: WoundClock, caplog: pytest.LogCaptureFixture
) -> None:
    ask(client, SongRequest(theme=THEME))
    begun = threading.Event()

    def go_on(
        request: Request, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        begun.set()
        return EchoSong(lines=10_000, seconds_per_line=0.002)(request, seed, report, cancelled)

    worker = threading.Thread(target=run_next_job, args=(store, go_on, settings_of(store)), kwargs={"clock": clock})
    worker.start()
    begun.wait(10)
    client.privacy.forget(ANN)
    worker.join(10)
    assert not worker.is_alive()
    assert [record.levelname for record in caplog.records if record.levelno > 30] == []
    assert THEME not in everything(store)
    assert THEME not in caplog.text


def test_a_song_that_is_ready_too_late_is_dropped(client: Client, store: Store, clock: WoundClock) -> None:
    ask(client, SongRequest(theme=THEME))

    def forget_meanwhile(
        request: Request, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        client.privacy.forget(ANN)
        return echoed(request, seed)

    run_next_job(store, forget_meanwhile, settings_of(store), clock=clock)
    assert THEME.title() not in everything(store)
    assert not any(client.privacy.stored_about(ANN).values())


def test_cancelling_looks_like_this_to_a_worker_whose_job_is_gone(client: Client, store: Store) -> None:
    job_id = ask(client).job_ids[0]
    with store.reading() as session:
        assert not jobs.unwanted(session, {job_id})
    client.privacy.forget(ANN)
    with store.reading() as session:
        assert jobs.unwanted(session, {job_id}) == {job_id}


def test_the_export_has_every_row_and_every_file_and_no_secret(client: Client, clock: WoundClock) -> None:
    song_id = live(client, clock)
    exported = client.privacy.export_zip(ANN)
    with ZipFile(io.BytesIO(exported)) as archive:
        data = json.loads(archive.read("data.json"))
        files = {name: archive.read(name) for name in archive.namelist()}
    assert {kind: len(rows) for kind, rows in data.items()} == client.privacy.stored_about(ANN)
    for artifact in client.artifacts(song_id):
        assert files[f"songs/{song_id}/{artifact.name}"] == artifact.data
    assert files[f"uploads/{data['uploads'][0]['id']}/tune.mid"] == THEME.encode()
    assert json.loads(files[f"songs/{song_id}/score.json"]) == {"ticks": 480}
    assert "README.txt" in files
    assert THEME in {song["theme"] for song in data["songs"]}
    assert data["members"][0]["training_opt_in"] is True
    assert b"a secret" not in exported
    assert b"a secret" not in files["data.json"]
    assert BOB not in files["data.json"].decode()


def test_an_export_that_would_be_too_large_names_what_it_left_out(client: Client, clock: WoundClock) -> None:
    made(client, clock)
    upload = client.uploads.add(ANN, "../../large.mid", bytes(range(256)) * 400)
    small = client.privacy.export_zip(ANN, at_most_bytes=50_000)
    assert len(small) <= 50_000
    with ZipFile(io.BytesIO(small)) as archive:
        assert f"uploads/{upload}/_.._large.mid" in archive.read("README.txt").decode()
        assert len(archive.namelist()) == 5
        assert not any(name.startswith("songs/") and name.endswith("lead_sheet.json") for name in archive.namelist())
    with ZipFile(io.BytesIO(client.privacy.export_zip(ANN))) as archive:
        assert f"uploads/{upload}/_.._large.mid" in archive.namelist()


def test_an_export_hands_out_no_bytes_but_in_files() -> None:
    for table, _column in privacy.TRACES.values():
        stored = {column.name for column in table.__table__.columns if isinstance(column.type, LargeBinary)}
        assert stored <= privacy.NOT_EXPORTED


def test_damage_is_said_rather_than_exported(client: Client, store: Store, clock: WoundClock) -> None:
    from sqlalchemy import text

    song = made(client, clock)
    with store.writing() as session:
        session.execute(text("UPDATE artifacts SET data = :bad WHERE name = 'song.mid'"), {"bad": b"damaged"})
    with ZipFile(io.BytesIO(client.privacy.export_zip(ANN))) as archive:
        assert f"songs/{song.id}/song.mid" not in archive.namelist()
        assert archive.read(f"songs/{song.id}/song.txt") == b"rain\n" * 3
        assert f"songs/{song.id}/song.mid: the stored file song.mid is damaged" in archive.read("README.txt").decode()
    assert HARBOUR in everything(store)


def test_acts_of_a_member_who_is_being_forgotten_do_not_block_each_other(client: Client, clock: WoundClock) -> None:
    def bring(number: int) -> None:
        delivery = ask(client, SongRequest(theme=THEME), interaction_token="t", token_expires_at=clock.now)
        client.deliveries.take(delivery.id, "bot")
        client.deliveries.mark_delivered(delivery.id, "bot", "original", "c", f"m{number}")

    def forget(_number: int) -> None:
        client.privacy.forget(ANN)

    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(forget if number % 5 == 4 else bring, number) for number in range(40)]
        for future in futures:
            future.result(60)
    client.privacy.forget(ANN)
    assert not any(client.privacy.stored_about(ANN).values())
