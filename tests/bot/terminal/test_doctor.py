"""The doctor: says what is there, names the way out of what is missing, and changes nothing. And `songwright db`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.terminal import doctor
from tests.bot.conftest import Terminal
from worker.store.database import HEAD_REVISION

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels


@pytest.fixture
def starters(monkeypatch: pytest.MonkeyPatch, tiny_models: TinyModels) -> None:
    paths = {"lyrics": tiny_models.lyrics, "melody": tiny_models.melody}
    monkeypatch.setattr("worker.loaded_models.starter_paths", lambda: paths)


def examined(terminal: Terminal, *arguments: str) -> tuple[int, dict[str, Any]]:
    outcome = terminal.run("doctor", "--json", *arguments)
    result = json.loads(outcome.out)
    assert result["ready"] == (outcome.code == 0)
    assert result["ready"] or not result["bot_ready"]
    assert outcome.err == ""
    return outcome.code, {check["name"]: check for check in result["checks"]}


@pytest.mark.usefixtures("starters")
def test_a_whole_installation_is_ready_and_left_as_it_was(terminal: Terminal) -> None:
    code, checks = examined(terminal)
    assert code == 0
    assert {checks[name]["state"] for name in ("Python", "database", "lyrics model", "melody model")} == {"ok"}
    assert (terminal.files(), terminal.data.exists()) == ([], False)


def test_missing_models_are_named_with_the_way_out(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = {"lyrics": tmp_path / "lyrics", "melody": tmp_path / "melody"}
    monkeypatch.setattr("worker.loaded_models.starter_paths", lambda: paths)
    code, checks = examined(terminal)
    assert code == 1
    assert checks["lyrics model"]["state"] == "missing"
    assert str(tmp_path / "lyrics") in checks["lyrics model"]["found"]
    assert "songwright train lyrics" in checks["lyrics model"]["way_out"]


def test_a_damaged_model_is_found(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.tiny_models import write_tiny_melody_model

    damaged = write_tiny_melody_model(tmp_path / "melody")
    with (damaged / "model.safetensors").open("ab") as file:
        file.write(b"!")
    monkeypatch.setattr("worker.loaded_models.starter_paths", lambda: {"melody": damaged})
    code, checks = examined(terminal)
    assert (code, checks["melody model"]["state"]) == (1, "missing")
    assert "damaged" in checks["melody model"]["found"]


def test_promoted_models_are_looked_at(terminal: Terminal, tiny_models: TinyModels) -> None:
    from tests.tiny_models import promote_models

    promote_models(tiny_models, terminal.database_url)
    code, checks = examined(terminal)
    assert code == 0
    assert str(tiny_models.melody) in checks["melody model"]["found"]


@pytest.mark.usefixtures("starters")
def test_a_place_for_files_that_cannot_be_written_is_found(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("SONGWRIGHT_ARTIFACTS_URL", f"file://{tmp_path}/a file/inside")
    code, checks = examined(terminal)
    assert (code, checks["song files"]["state"]) == (1, "missing")
    monkeypatch.setenv("SONGWRIGHT_ARTIFACTS_URL", f"file://{tmp_path}/songs")
    assert examined(terminal)[1]["song files"]["state"] == "ok"
    assert not (tmp_path / "songs").exists()


@pytest.mark.usefixtures("starters")
@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("SONGWRIGHT_DATABASE_URL", "sqlite:////proc/none/songs.sqlite3", "database"),
        ("SONGWRIGHT_DATABASE_URL", "nonsense", "database"),
        ("SONGWRIGHT_BROKER_URL", "carrier-pigeon://roof", "queue"),
        ("SONGWRIGHT_BROKER_URL", "amqp://ann:secret@127.0.0.1:1//", "queue"),
        ("SONGWRIGHT_BROKER_URL", "filesystem:///proc/broker", "queue"),
    ],
)
def test_what_hinders_a_song_is_missing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, check: str
) -> None:
    monkeypatch.setenv(variable, value)
    code, checks = examined(terminal)
    assert (code, checks[check]["state"]) == (1, "missing")
    assert variable in checks[check]["way_out"]
    assert "secret" not in str(checks)


@pytest.mark.usefixtures("starters")
def test_an_output_folder_that_cannot_be_written_is_missing(terminal: Terminal) -> None:
    code, checks = examined(terminal, "--out", "/proc/songs")
    assert (code, checks["output folder"]["state"]) == (1, "missing")


@pytest.mark.usefixtures("starters")
def test_songs_do_without_soundfont_numba_and_torch(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda package: None)
    monkeypatch.setenv("SONGWRIGHT_SOUNDFONT", "/none.sf2")
    code, checks = examined(terminal)
    assert code == 0
    optional = {
        name for name, check in checks.items() if check["state"] == "optional" and check["needed_for"] == "song"
    }
    assert optional == {"SoundFont", "fast decoding", "training", "queue"}
    assert all(checks[name]["way_out"] for name in optional - {"queue"})


@pytest.mark.usefixtures("starters")
def test_the_table_has_every_check_and_a_verdict(terminal: Terminal) -> None:
    outcome = terminal.run("doctor")
    assert outcome.code == 0
    assert all(name in outcome.out for name in ("Python", "lyrics model", "melody model", "SoundFont", "ok"))
    assert outcome.out.rstrip().endswith("A song can be made.")


def test_a_kernel_that_does_not_compile_is_optional() -> None:
    def fail() -> str:
        raise ImportError("numba needs another numpy")

    check = doctor._tried("decoding kernels", "mend it", fail)
    assert (check.state, check.found, check.way_out) == ("optional", "numba needs another numpy", "mend it")


def test_db_current_makes_nothing_and_upgrade_gets_there(terminal: Terminal) -> None:
    assert "not made yet" in terminal.run("db", "current").out
    assert not terminal.data.exists()
    assert terminal.run("db", "upgrade").code == 0
    assert f"is at revision {HEAD_REVISION}.\n" in terminal.run("db", "current").out


def test_db_says_what_is_wrong_with_a_database(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGWRIGHT_DATABASE_URL", "nonsense")
    outcome = terminal.run("db", "upgrade")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)


@pytest.mark.usefixtures("starters")
def test_who_draws_lead_sheets_is_said(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    check = examined(terminal)[1]["lead sheets"]
    assert (check["state"], check["way_out"]) == ("ok", "")
    assert "by Songwright itself" in check["found"]
    monkeypatch.setenv("SONGWRIGHT_ENGRAVER", "auto")
    assert examined(terminal)[1]["lead sheets"]["state"] == "optional"
    (tmp_path / "mscore").touch(mode=0o755)
    assert examined(terminal)[1]["lead sheets"]["found"] == f"drawn by {tmp_path / 'mscore'}"
    monkeypatch.delenv("SONGWRIGHT_ENGRAVER")
    check = examined(terminal)[1]["lead sheets"]
    assert "by Songwright itself" in check["found"]
    assert "SONGWRIGHT_ENGRAVER=mscore" in check["way_out"]
