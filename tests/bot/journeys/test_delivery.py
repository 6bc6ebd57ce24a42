"""The ladder: an edit, an edit by the bot, a new message, a direct message, /history; each where the one before fails."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.contract import Artifact, Progress, Request
from tests.bot.journeys.brought import EDITS, Books, deliverer_of, results
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import ClientRefused
from tests.discord_sandbox.world import ATTACH_FILES, EVERY_PERMISSION, SEND_MESSAGES
from tests.worker.echo_song import EchoSong, echoed
from worker.store.songs import GeneratedSong
from worker.tasks import run_next_job

AT_WORK_SECONDS = 0.1


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let bots look often, for a test has no quarter of a second to lose."""
    monkeypatch.setattr("bot.deliverer.LOOK_SECONDS", 0.03)


def test_after_the_token_the_bot_edits_its_message(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
            reply.expire()
            with stage.worker():
                message = await books.brought_once(stage, "edit")
            assert message is reply.original

    play(tmp_path, scene, complaints=True)


def test_a_token_that_is_over_is_not_even_tried(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            await stage.song(theme="rain")
            await books.asked_for()
        books.end_tokens()
        before = len(stage.sandbox.requests(EDITS))
        async with stage.bot():
            with stage.worker():
                await books.brought_once(stage, "edit")
        assert len(stage.sandbox.requests(EDITS)) == before

    play(tmp_path, scene)


def test_a_deleted_message_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
            assert reply.original is not None
            await stage.sandbox.delete(reply.original)
            with stage.worker(EchoSong(seconds_per_line=AT_WORK_SECONDS)):
                message = await books.brought_once(stage, "channel")
            assert message.channel is stage.room
            assert message.pings == []
            refused = [entry for entry in stage.sandbox.requests(EDITS) if entry.get("status") == 404]
            assert len(refused) <= 2, "Discord is asked again and again for what is gone"

    play(tmp_path, scene, complaints=True)


def test_without_the_channel_the_member_gets_a_direct_message(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            await stage.song(theme="rain")
            await books.asked_for()
            await stage.sandbox.delete_channel(stage.room)
            with stage.worker():
                message = await books.brought_once(stage, "direct")
            assert message.channel is stage.sandbox.dm(stage.ada)

    play(tmp_path, scene, complaints=True)


def test_with_closed_direct_messages_the_history_has_it(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.ada.dms_open = False
        async with stage.bot():
            await stage.song(theme="rain")
            await books.asked_for()
            await stage.sandbox.delete_channel(stage.room)
            with stage.worker():
                await books.closed()
            (delivery,) = books.deliveries()
            assert (delivery.status, delivery.rung) == ("undeliverable", "history")
            assert delivery.failure is not None
            assert "direct: 403 50007" in delivery.failure
            assert results(stage) == []
            stage.room = stage.guild.channel("another")
            listed = await (await stage.song(command="/history")).final()
            assert "Rain" in listed.text
            played = await stage.sandbox.select(stage.ada, listed, "swm:play:history", "1. Rain")
            assert finished(await played.final())

    play(tmp_path, scene, complaints=True)


def test_a_user_install_where_the_bot_is_not_gets_its_result(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books, elsewhere = Books(stage), stage.sandbox.guild("Elsewhere", stage.ada, installed=False)
        stage.room = elsewhere.channel("general")
        async with stage.bot():
            reply = await stage.sandbox.slash(stage.ada, stage.room, "/song", user_install=True, theme="rain")
            await reply.ack()
            with stage.worker():
                assert await books.brought_once(stage, "original") is reply.original

    play(tmp_path, scene)


def test_a_user_install_whose_token_is_over_gets_a_direct_message(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books, elsewhere = Books(stage), stage.sandbox.guild("Elsewhere", stage.ada, installed=False)
        stage.room = elsewhere.channel("general")
        async with stage.bot():
            reply = await stage.sandbox.slash(stage.ada, stage.room, "/song", user_install=True, theme="rain")
            await reply.ack()
            await books.asked_for()
            reply.expire()
            with stage.worker():
                message = await books.brought_once(stage, "direct")
            assert message.channel is stage.sandbox.dm(stage.ada)

    play(tmp_path, scene, complaints=True)


@pytest.mark.parametrize(("over", "rung"), [(False, "original"), (True, "edit")])
def test_a_song_asked_for_in_private_comes_there(tmp_path: Path, over: bool, rung: str) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.room = stage.sandbox.dm(stage.ada)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
            if over:
                reply.expire()
            with stage.worker():
                assert await books.brought_once(stage, rung) is reply.original

    play(tmp_path, scene, complaints=over)


@pytest.mark.parametrize(("over", "rung"), [(False, "original"), (True, "direct")])
def test_where_the_bot_may_not_write_it_answers_and_later_writes_in_private(
    tmp_path: Path, over: bool, rung: str
) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.room = stage.guild.channel("quiet", app_permissions=EVERY_PERMISSION & ~SEND_MESSAGES)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
            if over:
                reply.expire()
            with stage.worker():
                await books.brought_once(stage, rung)

    play(tmp_path, scene, complaints=over)


def test_where_the_bot_may_not_attach_a_new_message_goes_to_the_member(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.room = stage.guild.channel("no files", app_permissions=EVERY_PERMISSION & ~ATTACH_FILES)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await books.asked_for()
            assert reply.original is not None
            await stage.sandbox.delete(reply.original)
            with stage.worker():
                await books.brought_once(stage, "direct")

    play(tmp_path, scene, complaints=True)


def test_edits_keep_their_distance_and_none_comes_after_the_result(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot(edit_seconds=2.5):
            await stage.song(theme="rain")
            await books.asked_for()
            with stage.worker(EchoSong(lines=20, seconds_per_line=0.27)):
                await books.brought_once(stage, "original")
            edits = stage.sandbox.requests(EDITS)
            *progress, result = [entry["at"] for entry in edits]
            assert len(progress) >= 3
            assert min(later - earlier for earlier, later in itertools.pairwise(progress)) >= 2.5
            assert edits[-1]["files"], "the last edit is not the result"
            assert result - books.jobs()[0].finished_at.timestamp() < 1.0, "the result waited for its turn"

    play(tmp_path, scene)


def test_the_same_text_is_not_sent_again(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            await stage.song(theme="rain")
            await books.asked_for()
            await stage.sandbox.until(lambda: stage.sandbox.requests(EDITS, status=200))
            await asyncio.sleep(1.0)  # four looks and twenty times the distance of edits
            bodies = [entry["body"]["content"] for entry in stage.sandbox.requests(EDITS)]
            assert all(earlier != later for earlier, later in itertools.pairwise(bodies))
            assert len(bodies) <= 2, "only the time left may have moved on"

    play(tmp_path, scene)


def test_a_progress_edit_that_is_late_does_not_overwrite_the_result(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        stage.sandbox.fault(EDITS, delay=1.2)
        async with stage.bot():
            await stage.song(theme="rain")
            with stage.worker():
                message = await books.brought_once(stage, "original")
            assert stage.sandbox.requests(EDITS)[0]["injected"], "the first edit was not the late one"
            await stage.sandbox.until(lambda: all("status" in entry for entry in stage.sandbox.requests(EDITS)))
            assert finished(message)
            assert "Rain" in message.text
            assert message.labels, "the buttons are gone"

    play(tmp_path, scene)


@pytest.mark.parametrize("running", [False, True])
def test_cancel_ends_a_song_however_often_it_is_pressed(tmp_path: Path, running: bool) -> None:
    async def scene(stage: Stage) -> None:
        books, slow = Books(stage), EchoSong(lines=100, seconds_per_line=0.05)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            message = await reply.final()
            with stage.worker(slow) if running else contextlib.nullcontext():
                if running:
                    await books.until(lambda: books.jobs()[0].status == "running")
                presses = await asyncio.gather(*(stage.sandbox.press(stage.ada, message, "Cancel") for _ in range(2)))
                await asyncio.gather(*(press.ack() for press in presses))
                await books.closed()
            assert books.jobs()[0].status == "cancelled"
            assert results(stage, lambda shown: "Cancelled" in shown.text) == [message]
            assert message.labels == []
            with pytest.raises(ClientRefused):
                await stage.sandbox.press(stage.ada, message, "Cancel")

    play(tmp_path, scene)


def test_only_who_asked_may_cancel(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            message = await reply.final()
            press = await stage.sandbox.press(stage.bob, message, "Cancel")
            refusal = await press.final()
            assert refusal.ephemeral
            assert "Only the one who asked" in refusal.text
            with stage.worker():
                await books.brought_once(stage, "original")

    play(tmp_path, scene)


def test_a_song_deleted_while_it_is_made_leaves_nothing_behind(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            await stage.song(theme="rain")
            await books.asked_for()
            books.client.privacy.forget(str(stage.ada.id))
            with stage.worker():
                await books.until(lambda: not deliverer_of(bot)._followed)
            assert books.deliveries() == []
            assert results(stage) == []

    play(tmp_path, scene)


@dataclass(frozen=True)
class LargeEcho:
    """Sings like EchoSong, with a sound of so many bytes."""

    sound_bytes: int

    def __call__(
        self, request: Request, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
    ) -> GeneratedSong:
        song = echoed(request, seed)
        sound = Artifact("song.ogg", "audio/ogg", bytes(self.sound_bytes))
        return GeneratedSong(song.title, song.lyrics_text, song.report, (*song.artifacts, sound))


def test_a_file_that_is_too_large_is_left_out_with_a_note(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            await stage.song(theme="rain")
            with stage.worker(LargeEcho(300_000)):
                message = await books.brought_once(stage, "original")
            assert [file.filename for file in message.attachments] == ["song.mid"]
            assert "song.ogg is 0.3 MB" in message.text

    play(tmp_path, scene, complaints=True, file_size=100_000)


@pytest.mark.parametrize("refusals", [1, 2])
def test_a_message_that_discord_refuses_comes_plainer(tmp_path: Path, refusals: int) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(theme="rain")
            await reply.final()
            stage.sandbox.fault(EDITS, status=400, times=refusals, with_files=True)
            with stage.worker():
                await books.closed()
            message = reply.original
            assert message is not None
            assert books.deliveries()[0].rung == "original"
            assert "Rain" in message.content
            assert message.embeds == []
            assert bool(message.attachments) == (refusals == 1)
            assert results(stage, lambda shown: "Rain" in shown.content) == [message]

    play(tmp_path, scene)


def test_a_bug_in_showing_a_result_ends_in_a_polite_line(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot() as bot:
            deliverer = deliverer_of(bot)
            deliverer.first_retry_seconds = 0.02
            broken: Any = deliverer.answers

            async def result(_: object) -> None:
                raise ZeroDivisionError

            broken.result = result
            reply = await stage.song(theme="rain")
            with stage.worker():
                await books.closed()
            assert reply.original is not None
            assert books.deliveries()[0].id in reply.original.content

    play(tmp_path, scene)


def test_a_comparison_of_which_one_take_is_deleted_meanwhile_brings_the_other(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            reply = await stage.song(command="/compare", theme="rain")
            await books.asked_for()
            done = run_next_job(books.client.store, EchoSong(), stage.settings)
            assert done is not None
            books.client.delete_song(books.client.song(done).id)
            with stage.worker():
                assert await books.brought_once(stage, "original") is reply.original
            assert done not in [job.id for job in books.jobs()]

    play(tmp_path, scene)


def test_a_wish_in_a_message_has_no_token_and_is_answered_where_it_was_said(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        books = Books(stage)
        async with stage.bot():
            await stage.sandbox.say(stage.ada, stage.room, "a song about the rain", mention=True)
            with stage.worker():
                await books.brought_once(stage, "edit")

    play(tmp_path, scene)
