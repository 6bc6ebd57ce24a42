"""Files of songs outside the database: never a row without its file, gone when the song is gone, said when damaged."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import select, text

from engine.contract import Artifact, SongRequest
from engine.errors import OutputError
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import EchoSong, echoed
from tests.worker.files_outside import away, away_for, files_under, full, held_up, wilful, with_files
from tests.worker.members_songs import ANN, client_of, made
from worker import keeping
from worker.keeping import Keeping
from worker.lease import LeaseTerms
from worker.owner import this_process
from worker.runner import run_job
from worker.store import artifact_files, artifact_moves, jobs, songs
from worker.store.artifact_files import KeptFiles, folder_of
from worker.store.artifact_places import open_places
from worker.store.artifact_sweep import ArtifactSweep, remove_orphans
from worker.store.database import Store
from worker.store.identifiers import new_id
from worker.store.jobs import Job
from worker.store.store_error import StoreError
from worker.store.tables import ArtifactRow

REQUEST = SongRequest(theme="rain", seed=7)
SHORT = LeaseTerms(1.0, 0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files of songs"


@pytest.fixture
def outside(store: Store, folder: Path) -> Store:
    return with_files(store, f"file://{folder}")


def run_one(store: Store, clock: WoundClock, terms: LeaseTerms = SHORT) -> Job:
    """Ask for a song, have it made, and return the job afterwards."""
    with store.writing() as session:
        jobs.submit(session, REQUEST, now=clock())
        job = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=terms.lease_seconds)
    assert job is not None
    run_job(store, job, EchoSong(), clock=clock, terms=terms)
    with store.reading() as session:
        return jobs.get(session, job.id)


def song_id_of(store: Store, job: Job) -> str:
    with store.reading() as session:
        song = songs.find(session, job.id)
    assert song is not None
    return song.id


def rows(store: Store) -> list[tuple[bytes, str | None]]:
    with store.reading() as session:
        query = select(ArtifactRow.data, ArtifactRow.location).order_by(ArtifactRow.song_id, ArtifactRow.position)
        return [(data, location) for data, location in session.execute(query)]


def read(store: Store, song_id: str) -> tuple[Artifact, ...]:
    with store.reading() as session:
        return songs.artifacts(session, song_id)


def test_files_go_where_the_setting_says_and_come_back(outside: Store, clock: WoundClock, folder: Path) -> None:
    song_id = song_id_of(outside, run_one(outside, clock))
    assert read(outside, song_id) == echoed(REQUEST, 7).artifacts
    assert client_of(outside, clock).artifacts(song_id) == echoed(REQUEST, 7).artifacts
    assert [data for data, _location in rows(outside)] == [b"", b""]
    assert [path.relative_to(folder).parts[2] for path in files_under(folder)] == [song_id] * 2


def test_a_folder_that_was_moved_is_still_read(store: Store, clock: WoundClock, tmp_path: Path) -> None:
    song_id = song_id_of(store, run_one(with_files(store, f"file://{tmp_path / 'old'}"), clock))
    (tmp_path / "old").rename(tmp_path / "new")
    assert read(with_files(store, f"file://{tmp_path / 'new'}"), song_id) == echoed(REQUEST, 7).artifacts


def test_songs_from_before_and_after_a_change_of_the_setting_are_read(
    store: Store, clock: WoundClock, tmp_path: Path
) -> None:
    one, two = f"file://{tmp_path / 'one'}", f"memory://{tmp_path.name}"
    settings = [None, one, f"{two}, {one}", f"database,{two},{one}"]
    made_under = [song_id_of(store, run_one(with_files(store, setting), clock)) for setting in settings]
    for song_id in made_under:
        assert read(with_files(store, settings[-1]), song_id) == echoed(REQUEST, 7).artifacts
    with pytest.raises(StoreError, match="lie in another place"):
        read(store, made_under[1])


@pytest.mark.parametrize(("setting", "said"), [
    ("file://relative/folder", "from the root"), ("relative", "from the root"), ("nonsense://x/y", "not known"),
    ("memory://", "the root of all"), ("file:///", "the root of all"),
])  # fmt: skip
def test_a_setting_that_names_no_place_is_refused(setting: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        open_places(setting)


def test_a_place_is_shown_without_its_password() -> None:
    (place,) = open_places("memory://ann:secret@bucket/songs").reading
    assert place.shown == "memory://bucket/songs"


@pytest.mark.parametrize("damage", [b"damaged", b""])
def test_a_damaged_file_is_not_handed_out(damage: bytes, outside: Store, clock: WoundClock, folder: Path) -> None:
    song_id = song_id_of(outside, run_one(outside, clock))
    for path in files_under(folder):
        path.write_bytes(damage)
    with pytest.raises(OutputError, match=r"song\.mid is damaged; ask for the song again"):
        read(outside, song_id)


def test_a_missing_file_is_said_and_the_rest_of_an_export_comes(
    outside: Store, clock: WoundClock, folder: Path
) -> None:
    client = client_of(outside, clock)
    song = made(client, clock)
    with ZipFile(io.BytesIO(client.privacy.export_zip(ANN))) as archive:
        assert archive.read(f"songs/{song.id}/song.txt") == b"rain\n" * 3
    next(path for path in files_under(folder) if path.suffix == ".mid").unlink()
    with pytest.raises(OutputError, match=r"song\.mid is missing; ask for the song again with the same seed"):
        client.artifacts(song.id)
    with ZipFile(io.BytesIO(client.privacy.export_zip(ANN))) as archive:
        assert archive.read(f"songs/{song.id}/song.txt") == b"rain\n" * 3
        assert "song.mid is missing" in archive.read("README.txt").decode()


def test_a_deleted_song_takes_its_files_with_it_at_once(outside: Store, clock: WoundClock, folder: Path) -> None:
    kept = song_id_of(outside, run_one(outside, clock))
    gone = song_id_of(outside, run_one(outside, clock))
    assert client_of(outside, clock).delete_song(gone)
    assert {path.parent.name for path in files_under(folder)} == {kept}
    assert not list(folder.rglob(gone))


def test_files_stay_where_the_deletion_is_undone(outside: Store, clock: WoundClock, folder: Path) -> None:
    song_id = song_id_of(outside, run_one(outside, clock))

    def think_again() -> None:
        with outside.writing() as session:
            assert songs.delete(session, song_id)
            raise KeyError

    with pytest.raises(KeyError):
        think_again()
    assert read(outside, song_id) == echoed(REQUEST, 7).artifacts


def test_who_has_everything_deleted_has_files_deleted_as_soon_as_the_place_answers(
    store: Store, clock: WoundClock
) -> None:
    fs, files = wilful()
    client = client_of(with_files(store, files), clock)
    song = made(client, clock)
    fs.before_remove = away_for(2)
    assert client.privacy.forget(ANN) > 0
    assert fs.exists(f"{files.places.reading[0].root}/{folder_of(song.id)}")
    assert not client.privacy.erase_if_due()
    assert client.privacy.erase_if_due()
    assert not fs.exists(f"{files.places.reading[0].root}/{folder_of(song.id)}")


def test_a_place_that_is_away_for_a_while_delays_the_song_only(
    store: Store, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "RETRY_SECONDS", 0.01)
    fs, files = wilful()
    fs.before_write = away_for(3)
    there = with_files(store, files)
    job = run_one(there, clock)
    assert job.status == "done"
    assert read(there, song_id_of(there, job)) == echoed(REQUEST, 7).artifacts


@pytest.mark.parametrize(("fault", "said"), [(full, artifact_files.NO_ROOM), (away, artifact_files.NOT_WRITTEN)])
def test_who_asked_is_told_when_files_cannot_be_written_and_neighbours_are_unharmed(
    fault, said: str, store: Store, clock: WoundClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeping, "RETRY_SECONDS", 0.01)
    fs, files = wilful()
    there = with_files(store, files)
    before = song_id_of(there, run_one(there, clock))
    fs.before_write = fault
    with caplog.at_level(logging.DEBUG, "worker"):
        failed = run_one(there, clock, LeaseTerms(0.1, 0.05))
    assert (failed.status, failed.error_kind, failed.error) == ("failed", "store", said)
    assert "secret" not in caplog.text.replace("cannot connect to /home/somebody/secret", "")
    assert read(there, before) == echoed(REQUEST, 7).artifacts
    assert len(rows(there)) == 2
    fs.before_write = lambda: None
    assert run_one(there, clock).status == "done"


def test_a_song_that_nobody_wants_any_more_leaves_no_files(store: Store, clock: WoundClock, folder: Path) -> None:
    there = with_files(store, f"file://{folder}")
    with there.writing() as session:
        job = jobs.submit(session, REQUEST, now=clock())
        claimed = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0)
    assert claimed is not None
    kept = Keeping(EchoSong(), there.files, 1.0, clock)(REQUEST, 7, lambda progress: None, lambda: False)
    assert len(files_under(folder)) == 2
    with there.writing() as session:
        jobs.release(session, job.id, claimed.lease_token or "")
    with pytest.raises(jobs.LeaseLost), there.writing() as session:
        jobs.finish(session, job.id, claimed.lease_token or "", kept, now=clock())
    assert files_under(folder) == []


def test_files_stay_where_the_news_of_the_commit_was_lost(outside: Store, clock: WoundClock, folder: Path) -> None:
    with outside.writing() as session:
        jobs.submit(session, REQUEST, now=clock())
        job = jobs.claim(session, owner=this_process(), now=clock(), lease_seconds=60.0)
    assert job is not None
    kept = Keeping(EchoSong(), outside.files, 1.0, clock)(REQUEST, 7, lambda progress: None, lambda: False)
    for _attempt in range(2):  # the second time because the connection broke after the first
        try:
            with outside.writing() as session:
                song_id = jobs.finish(session, job.id, job.lease_token or "", kept, now=clock())
        except jobs.LeaseLost:
            pass
    assert read(outside, song_id) == echoed(REQUEST, 7).artifacts


def test_a_slow_place_makes_nobody_else_wait_for_the_database(store: Store, clock: WoundClock) -> None:
    fs, files = wilful()
    go_on, begun = threading.Event(), threading.Event()
    fs.before_write = held_up(go_on, begun)
    slow = with_files(store, files)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(run_one, slow, clock, LeaseTerms(60.0, 15.0))
        try:
            assert begun.wait(10)
            assert run_one(store, clock).status == "done"  # a neighbour writes a whole song meanwhile
        finally:
            go_on.set()
        assert running.result(10).status == "done"


def orphaned(store: Store, clock: WoundClock) -> str:
    """Leave files as a worker does that is killed before it has written the row; return the id."""
    song_id = new_id(clock())
    store.files.keep(song_id, echoed(REQUEST, 7).artifacts)
    return song_id


def test_files_without_a_row_are_swept_after_a_day(outside: Store, clock: WoundClock, folder: Path) -> None:
    kept, orphan = song_id_of(outside, run_one(outside, clock)), orphaned(outside, clock)
    sweep = ArtifactSweep(outside)
    assert sweep.sweep(clock()) == 0
    clock.wind(timedelta(days=1, minutes=1).total_seconds())
    young = orphaned(outside, clock)
    assert sweep.sweep(clock()) == 1
    assert {path.parent.name for path in files_under(folder)} == {kept, young}
    assert orphan not in {path.name for path in folder.rglob("*")}
    assert read(outside, kept) == echoed(REQUEST, 7).artifacts


def test_a_sweep_looks_at_so_many_and_goes_on_from_there(outside: Store, clock: WoundClock, folder: Path) -> None:
    for _hour in range(7):
        clock.wind(3600)
        orphaned(outside, clock)
    clock.wind(100_000)
    sweep = ArtifactSweep(outside)
    assert [sweep.sweep(clock(), at_most=3) for _call in range(4)] == [3, 3, 1, 0]
    assert files_under(folder) == []


def test_files_of_another_database_are_left_alone(
    outside: Store, clock: WoundClock, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _song in range(25):
        orphaned(outside, clock)
    clock.wind(100_000)
    assert ArtifactSweep(outside).sweep(clock()) == 0
    assert "--remove-orphans" in caplog.text
    assert len(files_under(folder)) == 50
    assert remove_orphans(outside, clock()) == 25
    assert files_under(folder) == []


def test_a_place_that_is_away_stops_no_janitor(
    store: Store, clock: WoundClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fs, files = wilful()
    monkeypatch.setattr(fs, "ls", lambda *args, **more: away())
    assert ArtifactSweep(with_files(store, files)).sweep(clock()) == 0


def test_files_move_out_of_the_database_and_back(store: Store, clock: WoundClock, folder: Path) -> None:
    ids = [song_id_of(store, run_one(store, clock)) for _song in range(3)]
    outside = with_files(store, f"file://{folder}")
    said: list[tuple[int, int]] = []
    assert artifact_moves.move_out(outside, lambda done, total: said.append((done, total))).songs == 3
    assert said == [(1, 3), (2, 3), (3, 3)]
    assert all(location is not None for _data, location in rows(outside))
    for song_id in ids:
        assert read(outside, song_id) == echoed(REQUEST, 7).artifacts
    assert artifact_moves.collect(outside).songs == 3
    assert files_under(folder) == []
    for song_id in ids:
        assert read(store, song_id) == echoed(REQUEST, 7).artifacts


def test_a_move_that_broke_off_goes_on_with_what_is_left(store: Store, clock: WoundClock) -> None:
    for _song in range(3):
        run_one(store, clock)
    fs, files = wilful()
    there = with_files(store, files)

    def after_three() -> None:
        if fs.written == 3:
            full()

    fs.before_write = after_three
    with pytest.raises(StoreError, match="no room"):
        artifact_moves.move_out(there)
    assert sum(location is not None for _data, location in rows(there)) == 2
    fs.before_write = lambda: None
    assert artifact_moves.move_out(there).songs == 2
    assert all(location is not None for _data, location in rows(there))


def test_what_is_damaged_or_missing_is_left_and_named(store: Store, clock: WoundClock, folder: Path) -> None:
    ids = [song_id_of(store, run_one(store, clock)) for _song in range(2)]
    with store.writing() as session:
        session.execute(text("UPDATE artifacts SET data = :bad WHERE song_id = :id"), {"bad": b"x", "id": ids[0]})
    outside = with_files(store, f"file://{folder}")
    moved = artifact_moves.move_out(outside)
    assert (moved.songs, set(moved.left)) == (1, {ids[0]})
    files_under(folder)[0].unlink()
    collected = artifact_moves.collect(outside)
    assert (collected.songs, set(collected.left)) == (0, {ids[1]})
    assert len(files_under(folder)) == 1


def test_a_song_that_is_deleted_while_it_moves_leaves_nothing(store: Store, clock: WoundClock) -> None:
    song_id = song_id_of(store, run_one(store, clock))
    fs, files = wilful()
    there = with_files(store, files)
    deleted = []

    def delete_once() -> None:
        if not deleted:
            deleted.append(song_id)
            with store.writing() as session:
                songs.delete(session, song_id)

    fs.before_write = delete_once
    artifact_moves.move_out(there)
    assert fs.find(files.places.reading[0].root) == []


def test_a_sweep_in_the_middle_of_a_move_takes_no_files(
    store: Store, clock: WoundClock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song_id = song_id_of(store, run_one(store, clock))
    clock.wind(100_000)
    there = with_files(store, f"file://{folder}")
    keep, swept = there.files.keep, []

    def keep_and_sweep(song_id: str, artifacts: Sequence[Artifact]) -> KeptFiles:
        kept = keep(song_id, artifacts)
        swept.append(ArtifactSweep(there).sweep(clock()))
        return kept

    monkeypatch.setattr(there.files, "keep", keep_and_sweep)
    assert artifact_moves.move_out(there).songs == 1
    assert swept == [0]
    assert read(there, song_id) == echoed(REQUEST, 7).artifacts


def test_files_that_cannot_be_reached_do_not_count_as_removed(
    outside: Store, store: Store, clock: WoundClock, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    song_id = song_id_of(outside, run_one(outside, clock))
    nowhere = Store(store.engine)
    with nowhere.writing() as session:
        assert songs.delete(session, song_id)
    assert "SONGWRIGHT_ARTIFACTS_URL" in caplog.text
    assert not nowhere.files.remove_again()
    assert len(files_under(folder)) == 2
