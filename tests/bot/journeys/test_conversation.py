"""Talking to the bot: mentions and replies are requests and edits, everything else is never looked at."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Channel, Message, User
from worker.store.database import open_store


async def talk(
    stage: Stage, words: str, *, to: Message | None = None, user: User | None = None, room: Channel | None = None,
    mention: bool = True, ping: bool = True,
) -> Message:  # fmt: skip
    """Write a message and return the bot's answer to it."""
    room = room or stage.room
    said = await stage.sandbox.say(user or stage.ada, room, words, reply_to=to, mention=mention, ping=ping)
    return await stage.sandbox.next_message(room, after=said)


def beginning(message: Message) -> str:
    """Return what was first on a message, before progress and result replaced it."""
    return (message.history or [message])[0].content


def test_a_mention_is_a_request_and_what_was_understood_is_repeated(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                answer = await talk(stage, "a sad waltz about the sea in A minor, quickly but with flubber")
                assert answer.reply_to is not None
                assert answer.reply_to.author is stage.ada
                assert "Understood:" in beginning(answer)
                assert "about “the sea" in beginning(answer)
                await stage.sandbox.until(lambda: finished(answer))
                assert "The Sea" in answer.text
                assert answer.pings == []
        song = stage.client().library.history(stage.ada.id, page=1, size=10).items[0]
        request = stage.client().song(song.id).request
        assert (request["time_signature"], request["key"]) == ("3/4", "A minor") or request["style"] == "waltz"

    play(tmp_path, scene)


def test_what_was_not_understood_is_said_with_an_example(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                song = await stage.finished_song()
                wrong = await talk(stage, "make it purple", to=song, mention=False)
                assert "I did not understand “" in wrong.content
                assert "purple" in wrong.content
                assert "faster, in A minor" in wrong.content
                assert "Say what the song is about" in (await talk(stage, "")).content

    play(tmp_path, scene)


def test_a_reply_to_a_song_edits_it_or_makes_it_anew(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                song = await stage.finished_song(key="C", tempo=100.0)
                kinds = []
                for wish in (
                    "faster",
                    "two semitones higher",
                    "without drums",
                    "another verse about winter",
                    "rhyme it AABB",
                ):
                    answer = await talk(stage, wish, to=song, mention=False)
                    await stage.sandbox.until(lambda answer=answer: finished(answer))
                    made = stage.client().song_of_message(answer.id)
                    assert made is not None, wish
                    kinds.append(made.kind)
                assert kinds == ["tempo", "transpose", "mute", "verse", "song"]
                edited = await talk(stage, "slower", to=answer, mention=False)
                await stage.sandbox.until(lambda: finished(edited))

    play(tmp_path, scene)


def test_a_reply_whose_mention_is_switched_off_is_told_why_it_cannot_be_read(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                song = await stage.finished_song()
                answer = await talk(stage, "faster", to=song, mention=False, ping=False)
                assert "only if it mentions me" in answer.content
                assert "faster, in A minor" in answer.content

    play(tmp_path, scene)


def test_messages_that_are_not_meant_for_the_bot_leave_no_trace(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            other = stage.sandbox.user("robot")
            other.bot = True
            stage.guild.add_member(other)
            mine = await stage.sandbox.say(stage.ada, stage.room, "a song about xyzzy please")
            await stage.sandbox.say(stage.bob, stage.room, "about xyzzy, yes", reply_to=mine)
            await stage.sandbox.say(other, stage.room, "a song about xyzzy", mention=True)
            last = await stage.sandbox.say(stage.ada, stage.room, "a song about the moon", mention=True)
            answer = await stage.sandbox.next_message(stage.room, after=last)
            with stage.worker():
                await stage.sandbox.until(lambda: finished(answer))
            bots = [message for message in stage.room.messages.values() if message.author is stage.sandbox.bot]
            assert len(bots) == 1
        store = open_store(stage.url)
        with store.reading() as session:
            tables = session.scalars(text("select name from sqlite_master where type = 'table'")).all()
            stored = " ".join(str(row) for table in tables for row in session.execute(text(f'select * from "{table}"')))
        store.close()
        assert "moon" in stored
        assert "xyzzy" not in stored

    play(tmp_path, scene)


def test_in_direct_messages_the_text_alone_is_a_request(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                room = stage.sandbox.dm(stage.ada)
                answer = await talk(stage, "a song about the moon", room=room, mention=False)
                await stage.sandbox.until(lambda: finished(answer))
                edited = await talk(stage, "faster", to=answer, room=room, mention=False)
                await stage.sandbox.until(lambda: finished(edited))
                assert "For example" in (await talk(stage, "!?", room=room, mention=False)).content

    play(tmp_path, scene)


def test_a_german_server_is_spoken_to_in_german(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        stage.guild.locale = "de"
        async with stage.bot():
            with stage.worker():
                answer = await talk(stage, "ein Walzer über the sea")
                assert "Verstanden:" in beginning(answer)
                assert "über „the sea“" in beginning(answer)
                await stage.sandbox.until(lambda: finished(answer))
                assert "Walzer" in answer.text

    play(tmp_path, scene)


def test_too_much_is_refused_with_a_sentence(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            long = await talk(stage, "a song about " + "the long long road " * 90)
            assert "the theme must be 1-300 characters" in long.content
            await (await stage.song(theme="rain")).final()  # until its place in the queue is shown
            waiting = await talk(stage, "a song about the sea")
            await stage.sandbox.until(lambda: waiting.history)
            edited = await talk(stage, "faster", to=waiting, mention=False)
            assert "Reply to one of my songs" in edited.content
            await (await stage.song(theme="rain")).final()
            refused = await talk(stage, "a song about the moon")
            await stage.sandbox.until(lambda: "3 requests waiting" in refused.content)
            assert len(stage.client().library.history(stage.ada.id, page=1, size=10).items) == 0

    play(tmp_path, scene)
