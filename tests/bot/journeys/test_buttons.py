"""Buttons and forms that were there before a restart, pressed twice, by others, or on songs that are no more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.bot.stage import Stage, finished, forge, play
from tests.discord_sandbox import Message


def test_buttons_and_forms_outlive_a_restart_of_the_bot(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        with stage.worker():
            async with stage.bot():
                song = await stage.finished_song()
                form = await stage.sandbox.press(stage.ada, song, "Edit words")
                own = await stage.sandbox.slash(stage.ada, stage.room, "/sing", style="hymn", key="D")
                await asyncio.gather(form.form(), own.form())
                ask = await stage.pressed(stage.ada, song, "Delete")
                history = await stage.answer(stage.ada, "/history")
            await stage.sandbox.gone()
            async with stage.bot():
                assert "You gave 4 of 5" in (await stage.pressed(stage.bob, song, "★4")).text
                edited = await stage.sandbox.submit_modal(form, {"lyrics": "Row the boat"})
                assert "Row The Boat" in (await edited.final(until=finished)).text
                sung = await stage.sandbox.submit_modal(own, {"lyrics": "Over the foam"})
                assert "Over The Foam" in (await sung.final(until=finished)).text
                chosen = history.find("▶ Play")["options"][0]["value"]
                assert finished(await (await stage.sandbox.select(stage.ada, history, "▶ Play", chosen)).final())
                await stage.sandbox.press(stage.ada, ask, "Yes, delete")
                await stage.sandbox.until(lambda: song.deleted)
        kept = stage.client().library.history(stage.ada.id, page=1, size=10).items[0]
        assert stage.client().song(kept.id).request["style"] == "hymn"

    play(tmp_path, scene)


def test_the_form_to_edit_words_begins_with_the_words_as_they_are(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        with stage.worker():
            async with stage.bot():
                song = await stage.finished_song(command="/sing", lyrics="Row the boat")
                form = await (await stage.sandbox.press(stage.ada, song, "Edit words")).form()
        assert "Row the boat" in str(form)

    play(tmp_path, scene)


def test_a_button_pressed_twice_at_once_does_no_harm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(stage: Stage) -> None:
        with stage.worker():
            async with stage.bot():
                song = await stage.finished_song()
                await twice(stage, song, "★5")
                assert "★ 5.0 (1)" in song.text
                await twice(stage, song, "Favourite")
                ask = await stage.pressed(stage.ada, song, "Delete")
                await twice(stage, ask, "Yes, delete")
                await stage.sandbox.until(lambda: song.deleted)
        assert stage.client().library.favourites(stage.ada.id, page=1, size=10).total == 0
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    play(tmp_path, scene)


def test_a_cancel_pressed_twice_takes_a_request_back_once(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            message = await (await stage.song(theme="snow")).final()
            await twice(stage, message, "Cancel")
            await stage.sandbox.until(lambda: "Cancelled" in message.text)

    play(tmp_path, scene)


async def twice(stage: Stage, message: Message, button: str) -> None:
    """Press as somebody does whose mouse is broken; both presses must be answered."""
    custom_id = message.find(button)["custom_id"]
    first = await stage.sandbox.press(stage.ada, message, custom_id)
    if custom_id not in message.controls:
        return
    second = await stage.sandbox.press(stage.ada, message, custom_id)
    await asyncio.gather(first.ack(), second.ack())


def test_every_button_of_a_deleted_song_says_that_it_is_deleted(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        with stage.worker():
            async with stage.bot():
                song = await stage.finished_song()
                two = await stage.finished_song(command="/compare", theme="snow")
                played = await stage.pressed(stage.ada, two, "Play A")
                client = stage.client()
                for item in client.library.history(stage.ada.id, page=1, size=10).items:
                    client.delete_song(item.id)
                for message in song, two, played:
                    for custom_id in message.controls:
                        assert (await stage.pressed(stage.ada, message, custom_id)).text == GONE, custom_id
                said = await stage.sandbox.say(stage.ada, stage.room, "faster", reply_to=song)
                assert (await stage.sandbox.next_message(stage.room, after=said)).text == GONE

    play(tmp_path, scene)


GONE = "This song has been deleted."


def test_another_member_cannot_delete_or_cancel(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            waiting = await (await stage.song(theme="snow")).final()
            refused = await stage.pressed(stage.bob, waiting, "Cancel")
            assert refused.ephemeral
            assert "Only the one who asked" in refused.text
            with stage.worker():
                song = await stage.finished_song()
                ask = await stage.pressed(stage.ada, song, "Delete")
                assert "Only the one who asked" in (await stage.pressed(stage.bob, song, "Delete")).text
                forge(song, "Delete", ask.find("Yes, delete")["custom_id"])
                assert (
                    "Only the one who asked"
                    in (await stage.pressed(stage.bob, song, ask.find("Yes, delete")["custom_id"])).text
                )
                assert not song.deleted
            log = "\n".join(record.getMessage() for record in caplog.records)
            assert "somebody else tried to delete it" in log
            for member in stage.ada, stage.bob, stage.eve:
                assert member.id not in log

    play(tmp_path, scene)


@pytest.mark.parametrize("custom_id", ["sw:dance:01ABC", "sw:do:{song}:dance", "sw:rate:{song}:nine", "sw:page:top:x",
                                       "sw:prefer:{song}:{song}:a", "sw:form::", "sw:rate:{song}:77"])  # fmt: skip
def test_a_button_of_another_version_is_answered(tmp_path: Path, custom_id: str) -> None:
    async def scene(stage: Stage) -> None:
        with stage.worker():
            async with stage.bot():
                song = await stage.finished_song()
                song_id = song.find("★1")["custom_id"].split(":")[2]
                forge(song, "★1", custom_id.format(song=song_id))
                said = await stage.pressed(stage.ada, song, custom_id.format(song=song_id))
                assert said.ephemeral
                assert "Reference" not in said.text, said.text

    play(tmp_path, scene)
