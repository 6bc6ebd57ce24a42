"""Songwright inside somebody else's bot: it adds itself to what is there, and takes itself away without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import discord
import pytest
from discord import app_commands
from discord.ext import commands

from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import running


class TheirTree(app_commands.CommandTree["TheirBot"]):
    """A tree that keeps the errors of its commands."""

    async def on_error(self, interaction: discord.Interaction, error: app_commands.AppCommandError, /) -> None:
        self.client.errors.append(error)
        await interaction.response.send_message("theirs: " + str(error), ephemeral=True)


class TheirBot(commands.Bot):
    """A bot with commands of its own, which syncs its tree whenever it likes."""

    def __init__(self, stage: Stage) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__(
            commands.when_mentioned, intents=intents, tree_cls=TheirTree, connector=stage.sandbox.connector()
        )
        self.errors: list[Exception] = []
        self.heard: list[str] = []

    async def setup_hook(self) -> None:
        @self.tree.command(description="Say pong")
        async def ping(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("pong")

        @self.tree.command(description="Break")
        async def broken(interaction: discord.Interaction) -> None:
            raise ValueError("on purpose")

        @self.command()
        async def hello(context: commands.Context[TheirBot]) -> None:
            await context.send("hello yourself")

        await self.tree.sync()

    async def on_command_error(self, context: commands.Context[TheirBot], error: Exception, /) -> None:  # type: ignore[override]
        self.heard.append(str(error))


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what the host of a bot sets."""
    monkeypatch.setenv("SONGWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path / 'songwright.sqlite3'}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("SONGWRIGHT_EDIT_SECONDS", "1")
    monkeypatch.delenv("SONGWRIGHT_BROKER_URL", raising=False)


@contextlib.asynccontextmanager
async def their_bot(stage: Stage) -> AsyncIterator[TheirBot]:
    bot = TheirBot(stage)
    async with running(bot, stage.sandbox, "ping"):
        await bot.wait_until_ready()
        yield bot


def parts(bot: TheirBot) -> dict[str, object]:
    """Return everything of a bot that an extension may add to."""
    view_store = bot._connection._view_store
    return {
        "commands": sorted(command.name for command in bot.tree.get_commands()),
        "prefix commands": sorted(bot.all_commands),
        "items": list(view_store._dynamic_items),
        "listeners": {name: len(found) for name, found in bot.extra_events.items() if found},
        "translator": bot.tree.translator,
        "cogs": sorted(bot.cogs),
        "extensions": sorted(bot.extensions),
    }


def ours() -> list[str]:
    """Return the names of our tasks and threads that are running."""
    names = [task.get_name() for task in asyncio.all_tasks() if "songwright" in task.get_name()]
    return names + [thread.name for thread in threading.enumerate() if "songwright" in thread.name]


def test_loading_adds_everything_and_unloading_takes_it_all_away(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with their_bot(stage) as bot:
            before, tasks = parts(bot), asyncio.all_tasks()
            for _ in range(2):
                await bot.load_extension("bot.plugin")
                await bot.tree.sync()
                await stage.sandbox.ready("song", "admin", "ping")
                with stage.worker():
                    song = await stage.finished_song(theme="rain")
                    assert "5 of 5" in (await stage.pressed(stage.bob, song, "★5")).text
                assert (await stage.answer(stage.ada, "/ping")).text == "pong"
                assert "on purpose" in (await stage.answer(stage.ada, "/broken")).text
                await bot.unload_extension("bot.plugin")
                assert parts(bot) == before
                assert ours() == []
                assert {task for task in asyncio.all_tasks() - tasks if "bot/" in str(task)} == set()
                await bot.tree.sync()
            assert len(bot.errors) == 2
            said = await stage.sandbox.say(stage.ada, stage.room, "hello", mention=True)
            assert (await stage.sandbox.next_message(stage.room, after=said)).content == "hello yourself"

    play(tmp_path, scene)


def test_a_reload_keeps_old_buttons_and_commands_working(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with their_bot(stage) as bot:
            await bot.load_extension("bot.plugin")
            await bot.tree.sync()
            await stage.sandbox.ready("song")
            with stage.worker():
                song = await stage.finished_song(theme="rain")
                await bot.reload_extension("bot.plugin")
                assert "4 of 5" in (await stage.pressed(stage.bob, song, "★4")).text
                await stage.finished_song(theme="snow")
            assert len(parts(bot)["items"]) == 2  # type: ignore[arg-type]
            await bot.unload_extension("bot.plugin")

    play(tmp_path, scene)


def test_a_song_that_is_under_way_is_delivered_after_the_plugin_has_come_back(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with their_bot(stage) as bot:
            await bot.load_extension("bot.plugin")
            await bot.tree.sync()
            await stage.sandbox.ready("song")
            reply = await stage.song(theme="rain")
            await bot.unload_extension("bot.plugin")
            with stage.worker():
                await bot.load_extension("bot.plugin")
                assert "Rain" in (await reply.final(until=finished)).text
            await bot.unload_extension("bot.plugin")

    play(tmp_path, scene)


@pytest.mark.parametrize("by", ["unload", "close"])
def test_what_was_answered_before_the_bot_went_is_not_forgotten(tmp_path: Path, by: str) -> None:
    async def scene(stage: Stage) -> None:
        async with their_bot(stage) as bot:
            await bot.load_extension("bot.plugin")
            await bot.tree.sync()
            await stage.sandbox.ready("song")
            stage.sandbox.fault("POST /interactions/*", delay=0.3, after=True)  # Discord has it, the bot does not know
            await stage.song(theme="rain")
            await (bot.unload_extension("bot.plugin") if by == "unload" else bot.close())
        assert stage.client().privacy.stored_about(stage.ada.id)["jobs"] == 1

    play(tmp_path, scene)


def test_their_own_commands_come_before_a_talk_with_us(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with their_bot(stage) as bot:
            await bot.load_extension("bot.plugin")
            said = await stage.sandbox.say(stage.ada, stage.room, "hello", mention=True)
            assert (await stage.sandbox.next_message(stage.room, after=said)).content == "hello yourself"
            said = await stage.sandbox.say(stage.ada, stage.room, "a song about the sea", mention=True)
            assert "sea" in (await stage.sandbox.next_message(stage.room, after=said)).content
            answers = [message for message in stage.room.messages.values() if message.author is stage.sandbox.bot]
            assert len(answers) == 2
            await bot.unload_extension("bot.plugin")

    play(tmp_path, scene)


def test_a_bot_with_a_song_command_of_its_own_keeps_it_and_nothing_of_ours(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with their_bot(stage) as bot:

            @bot.tree.command(description="Theirs")
            async def mute(interaction: discord.Interaction) -> None:
                await interaction.response.send_message("silence")

            before = parts(bot)
            with pytest.raises(commands.ExtensionFailed, match="mute"):
                await bot.load_extension("bot.plugin")
            assert parts(bot) == before
            assert ours() == []

    play(tmp_path, scene)


def test_it_works_in_direct_messages_and_as_a_users_own_app(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        elsewhere = stage.sandbox.guild("Elsewhere", stage.ada, installed=False).channel("chat")
        private = stage.sandbox.private(stage.ada, stage.bob)
        async with stage.bot():
            with stage.worker():
                for room, as_user in ((stage.sandbox.dm(stage.ada), False), (elsewhere, True), (private, True)):
                    reply = await stage.sandbox.slash(stage.ada, room, "/song", theme="rain", user_install=as_user)
                    song = await reply.final(until=finished)
                    rated = await stage.sandbox.press(stage.ada, song, "★5")
                    assert "5 of 5" in (await rated.followup()).text
                    again = await stage.sandbox.press(stage.ada, song, "Faster")
                    assert finished(await again.final(until=finished))
                    top = await stage.sandbox.slash(stage.ada, room, "/top", user_install=as_user)
                    assert "in a server only" in (await top.final()).text
                    mine = await stage.sandbox.slash(stage.ada, room, "/history", user_install=as_user)
                    assert "Rain" in (await mine.final()).text
                    ask = await (await stage.sandbox.press(stage.ada, song, "Delete")).final()
                    done = await stage.sandbox.press(stage.ada, ask, "Yes, delete")
                    assert "is deleted" in (await done.final(until=lambda message: "is deleted" in message.text)).text

    play(tmp_path, scene)
