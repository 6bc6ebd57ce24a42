"""A member who used everything and is forgotten leaves nothing: no row, no byte of a file, no line of a log, no job."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from discord.ext import commands
from sqlalchemy import select

from engine.contract import Artifact, Progress, Request
from tests.bot.journeys.brought import Books, deliverer_of, results
from tests.bot.journeys.test_conversation import talk
from tests.bot.journeys.test_tour import midi
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Message, User
from tests.worker.echo_song import EchoSong, theme_of
from worker.client import Client
from worker.store import members
from worker.store.database import Store, open_store
from worker.store.songs import GeneratedSong
from worker.store.tables import Base

NAME, THEME, TUNE = "zebulonquartz", "xylophonic zeppelins", "zygotetune"
SLOW, WAITING = f"slow {THEME}", f"waiting {THEME}"
# discord.py writes every event of Discord down at DEBUG, which no host has who has not asked for it.
LOUD_LIBRARIES = ("discord.",)


def sing(
    request: Request, seed: int, report: Callable[[Progress], None], cancelled: Callable[[], bool]
) -> GeneratedSong:
    """Sing the theme back; a theme that begins with "slow" takes minutes."""
    slow = theme_of(request).startswith("slow")
    return EchoSong(lines=100_000 if slow else 3, seconds_per_line=0.003 if slow else 0.0)(
        request, seed, report, cancelled
    )


def marks(member: User) -> list[str]:
    """Return what would tell of the member, in lower case."""
    return [member.id, NAME, TUNE, "xylophonic", "zeppelin"]


def found_in_files(folder: Path, member: User) -> list[tuple[str, str]]:
    """Return the files below a folder, and the marks of the member in them or in their names."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    texts = {str(path.relative_to(folder)): path.read_bytes().lower() for path in files}
    return [
        (name, mark)
        for name, data in texts.items()
        for mark in marks(member)
        if mark.encode() in data or mark in name.lower()
    ]


def rows(store: Store) -> dict[str, list[str]]:
    """Return every row of every table as text."""
    with store.reading() as session:
        return {
            table.name: [repr(row) for row in session.execute(select(table)).all()]
            for table in Base.metadata.sorted_tables
        }


def found_in_tables(store: Store, member: User) -> list[tuple[str, str]]:
    return [(name, mark) for name, text in rows(store).items() for mark in marks(member) if mark in str(text).lower()]


def found_in_log(caplog: pytest.LogCaptureFixture, member: User) -> list[str]:
    """Return the log lines of all loggers but the loudest that tell of the member."""
    plain = logging.Formatter("%(name)s %(message)s")
    lines = [plain.format(record) for record in caplog.records if not record.name.startswith(LOUD_LIBRARIES)]
    return [line for line in lines if any(mark in line.lower() for mark in marks(member))]


async def live(stage: Stage, member: User) -> dict[str, Message]:
    """Let a member use everything that there is, and others what is the member's."""
    theirs = await stage.finished_song(stage.bob, theme="rain")
    also = await stage.finished_song(stage.bob, theme="snow")
    song = await stage.finished_song(member, theme=THEME)
    for button in "Faster", "Another take":
        await (await stage.sandbox.press(member, song, button)).final(until=finished)
    form = await stage.sandbox.press(member, song, "Edit words")
    await (await stage.sandbox.submit_modal(form, {"lyrics": THEME})).final(until=finished)
    upload = midi(f"{TUNE}.mid")
    await stage.finished_song(member, "/tempo", file=upload, percent=90)
    await stage.finished_song(member, "/lyrics", theme=THEME)
    await stage.pressed(member, theirs, "★2")
    await stage.pressed(stage.bob, theirs, "★4")
    await stage.pressed(member, theirs, "Favourite")
    await stage.pressed(member, song, "★5")
    for button in "★1", "Favourite":
        await stage.pressed(stage.bob, song, button)
    two = await stage.finished_song(member, "/compare", theme=THEME)
    await stage.pressed(member, two, "Take A")
    await stage.pressed(stage.bob, two, "Take B")
    talked = await talk(stage, f"a song about {THEME}", user=member)
    await stage.sandbox.until(lambda: finished(talked))
    replied = await talk(stage, "slower", to=talked, user=member, mention=False)
    await stage.sandbox.until(lambda: finished(replied))
    nonsense = await talk(stage, f"make it {THEME}", to=theirs, user=member, mention=False)
    assert nonsense.content
    await stage.answer(member, "/privacy training", on=True)
    for command, options in (
        ("/history", {}),
        ("/library search", {"words": THEME}),
        ("/song-info", {"song": THEME}),
        ("/privacy show", {}),
    ):
        await stage.answer(member, command, **options)
    await stage.sandbox.autocomplete(member, stage.room, "/transpose", focused="song", song=THEME[:5])
    cancelled = await (await stage.song(member, theme=SLOW)).final()
    await stage.sandbox.press(member, cancelled, "Cancel")
    await stage.sandbox.until(lambda: "Cancelled" in cancelled.text)
    child = await stage.finished_song(stage.bob, "/tempo", song=_song_id(song), percent=110)
    return {"theirs": theirs, "also": also, "song": song, "two": two, "child": child}


def _song_id(message: Message) -> str:
    return str(message.find("★1")["custom_id"]).split(":")[2]


async def forget(stage: Stage, member: User) -> None:
    """Ask for everything to be deleted, and confirm it."""
    ask = await stage.answer(member, "/privacy delete")
    await stage.sandbox.press(member, ask, "Yes, delete")
    await stage.sandbox.until(lambda: "is deleted" in ask.text and not ask.controls, timeout=20)


def joined(stage: Stage) -> User:
    """Return a member with a name that nothing else has, in the server before the bot comes."""
    member = stage.sandbox.user(NAME)
    stage.guild.add_member(member)
    stage.settings = stage.settings.model_copy(update={"broker_url": f"filesystem://{stage.folder / 'broker'}"})
    return member


def test_a_forgotten_member_leaves_nothing_while_their_jobs_wait_and_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def scene(stage: Stage) -> None:
        member = joined(stage)
        books = Books(stage)
        store = books.client.store
        with stage.worker(sing):
            async with stage.bot() as bot:
                await stage.answer(stage.eve, "/admin quota", per_day=1000, waiting=20)
                made = await live(stage, member)
                running = await (await stage.song(member, theme=SLOW)).final()
                waiting = await (await stage.song(member, theme=WAITING)).final()
                await books.until(lambda: any(job.status == "running" and job.words for job in books.jobs()))
                after = await stage.song(stage.bob, theme="wind")
                bobs = _songs_of(books.client, stage.bob)
                assert found_in_tables(store, member)
                with store.reading() as session:
                    assert len(members.training_songs(session)) > 5
                await forget(stage, member)
                assert found_in_tables(store, member) == []
                assert finished(await after.final(until=finished))  # the worker has let go of the song and goes on
                await asyncio.sleep(0.5)  # in which anything that is still remembered would be written again
                assert deliverer_of(bot)._followed == {}
                assert not finished(running)
                assert not finished(waiting)
                for button in "★3", "Favourite", "Another take", "Faster", "Details":
                    said = (await stage.pressed(member, made["song"], button)).text
                    assert said == "This song has been deleted.", button
                assert not finished(await stage.pressed(stage.bob, made["two"], "Take A"))
                assert "Cancelled" in waiting.text
                assert not waiting.controls
                assert "Nothing is stored" in (await stage.answer(member, "/privacy show")).text
                assert found_in_tables(store, member) == []
                tally = books.client.ratings.tally(_song_id(made["theirs"]))
                assert (tally.count, tally.mean_stars) == (1, 4.0)
                assert books.client.library.favourites(stage.bob.id).total == 0
                assert books.client.find_song(_song_id(made["child"])) is not None
                assert _songs_of(books.client, stage.bob).items() >= bobs.items()
                with store.reading() as session:
                    assert members.training_songs(session) == ()
                    assert members.training_ratings(session) == ()
        books.client.close()
        assert {path.name for path in (tmp_path / "broker").iterdir()} >= {"messages"}
        assert found_in_files(tmp_path, member) == []
        assert found_in_log(caplog, member) == []
        assert [record for record in caplog.records if record.levelname == "ERROR"] == []

    play(tmp_path, scene)


def _songs_of(client: Client, member: User) -> dict[str, tuple[str, tuple[Artifact, ...]]]:
    """Return words and files of all songs of a member, by id."""
    found = client.library.history(member.id, size=100).items
    return {item.id: (client.song(item.id).lyrics_text, client.artifacts(item.id)) for item in found}


def test_what_a_member_takes_along_is_all_of_theirs_and_nothing_of_others(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        member = joined(stage)
        with stage.worker(sing):
            async with stage.bot():
                await stage.answer(stage.eve, "/admin quota", per_day=1000, waiting=20)
                await live(stage, member)
                client = stage.client()
                (exported,) = (await stage.answer(member, "/privacy export")).attachments
                stored = client.privacy.stored_about(member.id)
                history = client.library.history(member.id, size=100)
                own = {song.id: client.artifacts(song.id) for song in history.items}
                bobs = {song.id for song in client.library.history(stage.bob.id, size=100).items}
        with zipfile.ZipFile(io.BytesIO(exported.data)) as archive:
            assert archive.testzip() is None
            data = json.loads(archive.read("data.json"))
            files = {name: archive.read(name) for name in archive.namelist()}
        assert {kind: len(found) for kind, found in data.items()} == stored
        assert [kind for kind, count in stored.items() if not count] == []
        assert {song["id"] for song in data["songs"]} == set(own)
        assert len(own) == history.total >= 9
        for song_id, artifacts in own.items():
            assert {files[f"songs/{song_id}/{file.name}"] for file in artifacts} == {file.data for file in artifacts}
        (upload,) = data["uploads"]
        assert files[f"uploads/{upload['id']}/{TUNE}.mid"] == midi().data
        everything = b"".join(files.values()).decode(errors="replace")
        assert stage.bob.id not in everything
        assert stage.eve.id not in everything
        assert [song_id for song_id in bobs if f"songs/{song_id}" in "".join(files)] == []
        assert {rating["stars"] for rating in data["ratings"]} == {2, 5}
        assert {one["preferred"] for one in data["comparisons"]} <= {"a", "b"}
        assert [row for row in data["deliveries"] if {"interaction_token", "holder"} & set(row)] == []

    play(tmp_path, scene)


def test_a_member_who_uses_the_bot_again_begins_anew(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        member = joined(stage)
        with stage.worker(sing):
            async with stage.bot():
                await stage.finished_song(member, theme=THEME)
                await stage.answer(member, "/privacy training", on=True)
                await forget(stage, member)
                await stage.finished_song(member, theme="rain")
                stored = stage.client().privacy.stored_about(member.id)
                assert (stored["songs"], stored["ratings"], stored["members"]) == (1, 0, 1)
                assert "Training: off" in (await stage.answer(member, "/privacy show")).text

    play(tmp_path, scene)


def housekeeping_of(bot: commands.Bot, forget_after: timedelta) -> Any:
    """Return the housekeeping inside a bot, which forgets after this long."""
    cog: Any = bot.cogs["Songwright"]
    cog.housekeeping._forget_after = forget_after
    return cog.housekeeping


def test_a_server_that_removed_the_bot_is_forgotten_after_the_set_time(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        member = joined(stage)
        elsewhere = stage.sandbox.guild("Elsewhere", stage.bob).channel("songs")
        with stage.worker(sing), closing(open_store(stage.url)) as store:
            async with stage.bot() as bot:
                await stage.finished_song(member, theme=THEME)
                kept = await (await stage.sandbox.slash(stage.bob, elsewhere, "/song", theme="rain")).final(
                    until=finished
                )
                await stage.finished_song(stage.bob, theme="snow")
                await stage.sandbox.remove_bot(stage.guild)
                await _until(lambda: "removed_at=None" not in str(_server(store, stage.guild.id)))
                await housekeeping_of(bot, timedelta(days=30))()
                assert found_in_tables(store, member)
                await housekeeping_of(bot, timedelta(0))()
                assert found_in_tables(store, member) == []
                assert stage.guild.id not in str(rows(store))
                assert stage.client().privacy.stored_about(stage.bob.id)["songs"] == 1
                assert "You gave" in (await stage.pressed(stage.bob, kept, "★4")).text
        assert found_in_files(tmp_path, member) == []

    play(tmp_path, scene)


def _server(store: Store, server: str) -> list[Any]:
    with store.reading() as session:
        table = Base.metadata.tables["servers"]
        found = session.execute(select(table).where(table.c.id == server)).all()
    return [f"removed_at={row.removed_at}" for row in found]


async def _until(test: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not test():
            await asyncio.sleep(0.02)


def test_a_member_who_left_is_forgotten_after_the_set_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.housekeeping.CHECK_EVERY", timedelta(0))

    async def scene(stage: Stage) -> None:
        member = joined(stage)
        with stage.worker(sing), closing(open_store(stage.url)) as store:
            async with stage.bot() as bot:
                await stage.finished_song(member, theme=THEME)
                await stage.finished_song(stage.bob)
                await housekeeping_of(bot, timedelta(0))()
                assert found_in_tables(store, member)
                stage.guild.remove_member(member)
                await housekeeping_of(bot, timedelta(days=30))()
                assert found_in_tables(store, member)
                await housekeeping_of(bot, timedelta(0))()
                assert found_in_tables(store, member) == []
                assert stage.client().privacy.stored_about(stage.bob.id)["songs"] == 1
                assert len(results(stage)) == 2
        assert found_in_files(tmp_path, member) == []

    play(tmp_path, scene, complaints=True)  # Discord says 404 of a member who is not there
