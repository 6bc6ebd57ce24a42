"""Delivery: all files or none, nobody's files overwritten, and every refusal of the system said plainly."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.terminal.delivery import check_folder, deliver
from engine.contract import Artifact
from engine.errors import OutputError

FILES = (Artifact("rain.mid", "audio/midi", b"notes"), Artifact("rain.txt", "text/plain", b"words"))
OTHER_TAKE = (FILES[0], Artifact("rain.txt", "text/plain", b"other"))


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_are_written_where_the_answer_says(tmp_path: Path) -> None:
    paths = deliver(FILES, tmp_path / "new" / "songs")
    assert {ending: path.read_bytes() for ending, path in paths.items()} == {"mid": b"notes", "txt": b"words"}
    assert listing(tmp_path / "new" / "songs") == ["rain.mid", "rain.txt"]


def test_the_same_take_again_changes_nothing(tmp_path: Path) -> None:
    first = deliver(FILES, tmp_path)
    assert deliver(FILES, tmp_path) == first
    assert listing(tmp_path) == ["rain.mid", "rain.txt"]


def test_another_take_of_the_title_gets_a_number_for_all_its_files(tmp_path: Path) -> None:
    deliver(FILES, tmp_path)
    assert deliver(OTHER_TAKE, tmp_path)["mid"].name == "rain-2.mid"
    assert listing(tmp_path) == ["rain-2.mid", "rain-2.txt", "rain.mid", "rain.txt"]
    assert (tmp_path / "rain.txt").read_bytes() == b"words"


def test_a_folder_or_link_of_the_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "rain.mid").mkdir()
    (tmp_path / "rain-2.txt").symlink_to(tmp_path / "nowhere")
    assert deliver(FILES, tmp_path)["mid"].name == "rain-3.mid"


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert listing(tmp_path) == []


@pytest.mark.parametrize("act", [check_folder, lambda folder: deliver(FILES, folder)])
@pytest.mark.parametrize("place", ["below a file", "a file", "/proc/songs", "/proc/1/songs", "a" * 300])
def test_a_place_that_is_no_folder_is_refused(tmp_path: Path, place: str, act: object) -> None:
    (tmp_path / "file").write_text("mine")
    folder = {"below a file": tmp_path / "file" / "songs", "a file": tmp_path / "file"}.get(place, tmp_path / place)
    with pytest.raises(OutputError, match="--out") as refused:
        act(folder)  # type: ignore[operator]  # one of the two functions
    assert str(folder) in str(refused.value)
    assert listing(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EROFS, "read-only file system"),
        (errno.EACCES, "may not be written to"),
        (errno.ENOSPC, "a disk that is full"),
        (errno.EIO, "Input/output error"),
    ],
)
@pytest.mark.parametrize("where", ["os.fsync", "os.replace"])
def test_what_fails_on_the_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str, where: str
) -> None:
    calls = []

    def fail_the_second_time(*_: object) -> None:
        calls.append(number)
        if len(calls) == 2:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(where, fail_the_second_time)
    with pytest.raises(OutputError, match=reason):
        deliver(FILES, tmp_path / "new" / "songs")
    assert listing(tmp_path) == []


def test_files_that_were_there_survive_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(FILES, tmp_path)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OutputError):
        deliver(OTHER_TAKE, tmp_path)
    assert listing(tmp_path) == ["rain.mid", "rain.txt"]
    assert (tmp_path / "rain.txt").read_bytes() == b"words"


def test_a_disk_that_is_nearly_full_is_refused_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 1000, 1000))
    with pytest.raises(OutputError, match="disk that is full"):
        check_folder(tmp_path)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 64 KiB, where this machine lets us."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_real_disk_that_runs_full_holds_nothing_half_written(tiny_disk: Path) -> None:
    large = Artifact("rain.ogg", "audio/ogg", b"\0" * 100_000)
    with pytest.raises(OutputError, match="disk that is full"):
        deliver([FILES[0], large], tiny_disk / "songs")
    assert listing(tiny_disk) == []
    with pytest.raises(OutputError, match="disk that is full"):
        check_folder(tiny_disk)
