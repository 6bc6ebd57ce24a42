"""What a member may know of what is stored about them, take along, and have deleted until nothing is found."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.bot.stage import Stage, forge, play


def found_anywhere(folder: Path, needle: str) -> list[str]:
    """Return the files below a folder that hold these bytes: tables, indexes, write-ahead logs and all."""
    return [path.name for path in folder.rglob("*") if path.is_file() and needle.encode() in path.read_bytes()]


def test_after_privacy_delete_nothing_of_a_member_is_found(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                song = await stage.finished_song(stage.bob, theme="quixotic zebras")
                mine = await stage.finished_song(stage.ada, theme="rain")
                await stage.pressed(stage.bob, mine, "★4")
                await stage.pressed(stage.bob, mine, "Favourite")
                two = await stage.finished_song(stage.bob, command="/compare", theme="quixotic zebras")
                await stage.pressed(stage.bob, two, "Take A")
            await stage.answer(stage.bob, "/privacy training", on=True)
            await stage.song(stage.bob, theme="quixotic zebras")
            assert found_anywhere(tmp_path, stage.bob.id)
            ask = await stage.answer(stage.bob, "/privacy delete")
            assert "cannot be undone" in ask.text
            await stage.sandbox.press(stage.bob, ask, "Yes, delete")
            await stage.sandbox.until(lambda: "is deleted" in ask.text and not ask.controls)
            assert found_anywhere(tmp_path, stage.bob.id) == []
            assert found_anywhere(tmp_path, "zebras") == []
            assert "Nothing is stored" in (await stage.answer(stage.bob, "/privacy show")).text
            assert "deleted" in (await stage.pressed(stage.ada, song, "★1")).text
            assert stage.client().ratings.tally(song.find("★1")["custom_id"].split(":")[2]).count == 0
            assert stage.bob.id not in "\n".join(record.getMessage() for record in caplog.records)

    play(tmp_path, scene)


def test_deleting_can_be_thought_over_and_is_nobody_elses(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                await stage.finished_song(stage.bob)
                mine = await stage.finished_song(stage.ada)
            ask = await stage.answer(stage.bob, "/privacy delete")
            await stage.sandbox.press(stage.bob, ask, "No, keep")
            await stage.sandbox.until(lambda: "Nothing was deleted" in ask.text and not ask.controls)
            forge(mine, "★1", f"sw:forget:{stage.bob.id}")
            assert "Only the one" in (await stage.pressed(stage.ada, mine, f"sw:forget:{stage.bob.id}")).text
            assert "1 song" in (await stage.answer(stage.bob, "/privacy show")).text

    play(tmp_path, scene)


def test_an_export_holds_everything_and_training_is_off_until_it_is_allowed(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                await stage.finished_song(theme="rain over the harbour")
            assert "Training: off" in (await stage.answer(stage.ada, "/privacy show")).text
            await stage.answer(stage.ada, "/privacy training", on=True)
            shown = await stage.answer(stage.ada, "/privacy show")
            assert "Training: on since <t:" in shown.text
            assert shown.ephemeral
            exported = (await stage.answer(stage.ada, "/privacy export")).attachments[0]
            with zipfile.ZipFile(io.BytesIO(exported.data)) as archive:
                names = archive.namelist()
                texts = b" ".join(archive.read(name) for name in names)
                for name in names:
                    if name.endswith(".json"):
                        json.loads(archive.read(name))
            assert b"rain over the harbour" in texts
            assert any(name.endswith("song.mid") for name in names)
            await stage.answer(stage.ada, "/privacy training", on=False)
            assert "Training: off" in (await stage.answer(stage.ada, "/privacy show")).text

    play(tmp_path, scene)
