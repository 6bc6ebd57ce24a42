"""`songwright db`: a host backs up, restores, checks and moves files by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.terminal.database import db
from engine.errors import EngineError, RequestError
from tests.worker.conftest import WoundClock
from tests.worker.files_outside import files_under
from tests.worker.members_songs import client_of, made
from worker.store.database import open_store


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a database with one song, which the environment names."""
    url = f"sqlite:///{tmp_path / 'songs.sqlite3'}"
    monkeypatch.setenv("SONGWRIGHT_DATABASE_URL", url)
    monkeypatch.delenv("SONGWRIGHT_ARTIFACTS_URL", raising=False)
    store, clock = open_store(url), WoundClock()
    made(client_of(store, clock), clock)
    store.close()
    return url


def run(*words: str) -> str:
    return CliRunner().invoke(db, list(words), catch_exceptions=False).output


def test_a_backup_is_made_and_restored(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MB" in run("backup", str(tmp_path / "backup"))
    monkeypatch.setenv("SONGWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path / 'again.sqlite3'}")
    said = run("restore", str(tmp_path / "backup"))
    assert "has 1 jobs; 0 of them will run now" in said
    assert "1 results may have been brought already" in said
    assert "delete it again" in said
    assert "All is well." in run("check")


def test_files_go_out_and_come_back(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RequestError, match="does not name a folder or bucket"):
        run("move-files")
    monkeypatch.setenv("SONGWRIGHT_ARTIFACTS_URL", f"file://{tmp_path / 'files'}")
    assert run("move-files").startswith("1 songs have their files in the place")
    assert len(files_under(tmp_path / "files")) == 2
    assert "2 of them outside" in run("check")
    assert "2 files of songs lie outside" in run("backup", str(tmp_path / "backup"))
    assert "1 songs have their files in the database now" in run("collect-files")
    assert files_under(tmp_path / "files") == []
    assert "0 songs' files without a song were removed" in run("check", "--remove-orphans")


def test_a_check_that_finds_faults_fails(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_ARTIFACTS_URL", f"file://{tmp_path / 'files'}")
    run("move-files")
    files_under(tmp_path / "files")[0].unlink()
    with pytest.raises(EngineError, match="faults were found: 1"):
        run("check")
