"""Files that members hand in, whole, broken or something else: always a sentence or a song, soon, and the worker lives."""

from __future__ import annotations

import asyncio
import re
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from engine.contract import LARGEST_UPLOAD_BYTES
from engine.music.midi_file import midi_to_score
from tests.bench.midi_files import running_status, small_files, sung_song
from tests.bench.midi_mutants import mutant
from tests.bot.journeys.brought import Books
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Attachment, Message
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels
from worker.store.database import open_store
from worker.store.server_settings import ServerSettings

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels

MUTATIONS, AT_ONCE = 324, 3
MOST_SECONDS = (
    10.0  # or it hangs; how long edits take is measured by `bench_mutations`, for here three are made at once
)
MOST_SECONDS_OF_THE_LARGEST = 8.0  # of a processor: 175,000 notes are read, moved, stored and written
BUG = "went wrong"
EDITS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/transpose", {"semitones": 2}),
    ("/tempo", {"percent": 120}),
    ("/mute", {"part": "drums"}),
    ("/transpose", {"key": "D"}),
    ("/tempo", {"tempo": 90.0}),
)


@contextmanager
def workshop(stage: Stage, models: TinyModels | None = None) -> Iterator[None]:
    """Run a worker that changes music as the real one does; edits need no models."""
    store = open_store(stage.url)
    paths: Any = {} if models is None else {"lyrics": models.lyrics, "melody": models.melody}
    try:
        with stage.worker(SongGenerator(LoadedModels(lambda: paths), ("mid",), store=store)):
            yield
    finally:
        store.close()


def lift_limits(stage: Stage) -> None:
    """Let members ask for as much as a server can allow; before the bot comes, so that it reads it."""
    client = stage.client()
    client.servers.change(stage.guild.id, ServerSettings(songs_per_day=1000, waiting_per_member=20))
    client.close()


def ended(message: Message) -> bool:
    """Return whether a message is the last word: a result, or a sentence without a Cancel."""
    return finished(message) or not message.controls


async def edit(
    stage: Stage, file: Attachment, command: str = "/tempo", options: dict[str, Any] | None = None
) -> tuple[Message, float]:
    """Send a file with a command; return the last word about it and after how many seconds it came."""
    reply = await stage.sandbox.slash(stage.ada, stage.room, command, file=file, **(options or {"percent": 120}))
    message = await reply.final(timeout=60, until=ended)
    return message, reply.age


async def refused(stage: Stage, file: Attachment, **options: Any) -> str:
    """Send a file that cannot be taken; return the sentence, which must be the first answer, and for the member alone."""
    reply = await stage.sandbox.slash(stage.ada, stage.room, "/tempo", file=file, percent=120, **options)
    await reply.ack()
    message = await reply.final(timeout=0.5)
    assert message.ephemeral
    assert BUG not in message.text
    return message.text


MUTANT_BYTES = LARGEST_UPLOAD_BYTES // 8


def mutated(seed: int) -> bytes:
    """Return a broken MIDI file, the same for the same seed; of bombs the first part: one as large as can be has a test below."""
    return mutant(small_files(), seed)[1][:MUTANT_BYTES]


def test_hundreds_of_broken_files_get_a_sentence_or_a_song_and_none_hangs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        lift_limits(stage)
        some = asyncio.Semaphore(AT_ONCE)
        ends: list[tuple[float, int, str, Message]] = []

        async def send(seed: int) -> None:
            command, options = EDITS[seed % len(EDITS)]
            async with some:
                message, seconds = await edit(stage, Attachment(f"{seed}.mid", mutated(seed)), command, options)
            ends.append((seconds, seed, command, message))

        with workshop(stage):
            async with stage.bot() as bot:
                await bot.wait_until_ready()  # then it knows the server's limits
                await edit(stage, good())  # the first opens libraries, as a worker's warm-up does
                await asyncio.gather(*(send(seed) for seed in range(MUTATIONS)))
                after, _ = await edit(stage, good(), "/transpose", {"semitones": 1})
        assert finished(after)
        worst = max(ends, key=lambda end: end[0])
        changed = [message for *_, message in ends if finished(message)]
        told = f"{len(changed)} changed, worst {worst[0]:.2f} s by {worst[2]} of file {worst[1]}"
        assert worst[0] < MOST_SECONDS, told
        assert [end for end in ends if BUG in end[3].text or not end[3].text] == [], told
        assert len(ends) == MUTATIONS
        assert MUTATIONS / 10 < len(changed) < MUTATIONS * 9 / 10, told
        assert all(message.attachments[0].filename.endswith(".mid") for message in changed)
        assert all(midi_to_score(message.attachments[0].data) for message in changed)
        print(told)  # noqa: T201
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    play(tmp_path, scene)


def good(name: str = "tune.mid") -> Attachment:
    """Return a file that is whole."""
    return Attachment(name, sung_song())


def test_what_cannot_be_a_midi_file_is_refused_at_once_and_not_kept(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            large = await refused(stage, Attachment("large.mid", b"MThd" + bytes(11 * 2**20)))
            assert large == "“large.mid” is 11.0 MB; at most 1 MB can be read."
            just = Attachment("just.mid", b"MThd" + bytes(LARGEST_UPLOAD_BYTES - 3))
            assert "1.0 MB; at most 1 MB" in await refused(stage, just)
            for name, data in (("notes.mid", b"just text, renamed"), ("empty.mid", b""), ("song.mp3", b"ID3\x04")):
                assert f"“{name}” is not a MIDI file" in await refused(stage, Attachment(name, data))
            assert "Choose a song or send" in await refused(stage, good(), song="rain")
            neither = await stage.answer(stage.ada, "/tempo", percent=120)
            assert "Choose a song or send" in neither.text
        assert not any(stage.client().privacy.stored_about(stage.ada.id).values())

    play(tmp_path, scene)


@dataclass(frozen=True)
class Trickle:
    """Bytes that come slowly, or not to the end."""

    breaks: bool

    def __len__(self) -> int:
        return 1000

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"MThd"
        if self.breaks:
            raise ConnectionError
        await asyncio.sleep(5)


def test_a_file_that_cannot_be_fetched_gets_a_sentence(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            for trickle in Trickle(breaks=True), Trickle(breaks=False):
                file = Attachment("slow.mid", cast(bytes, trickle))
                assert "“slow.mid” could not be fetched from Discord" in await refused(stage, file)
            stage.sandbox.attachments = lambda: iter(())  # type: ignore[method-assign]  # it is there no more
            assert "could not be fetched" in await refused(stage, good())

    play(tmp_path, scene)


NAMES = {
    "**bold** _tune_ @everyone `x`.mid": "everyone",
    "<@81000000000000001>.mid": "81000000000000001",
    "a" * 200 + ".mid": "a" * 40,
    "tune": "tune",
    ".mid": "Untitled",
    "‮evil\u0000\u200b.mid": "evil",
    "..\\..\\passwd.mid": "passwd",
    "歌.mid": "歌",
    "x" * 50 + "](http:example.com).mid": "example",
}


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_is_called_it_is_changed_and_shown_as_text(tmp_path: Path, name: str) -> None:
    async def scene(stage: Stage) -> None:
        with workshop(stage):
            async with stage.bot():
                message, _ = await edit(stage, Attachment(name, nameless()))
                assert finished(message), message.text
                assert message.pings == []
                assert "**bold**" not in message.text
                assert not re.search(r"(?<!\\)\]\(", message.text)
                (file,) = message.attachments
                assert file.filename.endswith(".mid")
                assert len(file.filename) <= 100
                for bad in (Attachment(name, b"no music"), Attachment(name, b"MThd but no more")):
                    message, _ = await edit(stage, bad)
                    assert message.pings == []
                    assert BUG not in message.text

    play(tmp_path, scene)


def nameless() -> bytes:
    """Return a file that has no title of its own, so that it is called as its file is."""
    return running_status()


def largest() -> bytes:
    """Return a file of as many notes as an upload may hold."""
    notes = b"\x3c\x40\x01\x3c\x00\x00" * ((LARGEST_UPLOAD_BYTES - 100) // 6)
    body = b"\x00\x90" + notes + b"\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(body)) + body


def test_the_largest_file_is_changed_and_changed_again(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        with workshop(stage):
            async with stage.bot():
                began = time.process_time()  # all of it happens in this process, and nothing else does
                large, _ = await edit(stage, Attachment("large.mid", largest()), "/transpose", {"semitones": 1})
                assert finished(large), large.text
                assert time.process_time() - began < MOST_SECONDS_OF_THE_LARGEST
                faster = await stage.sandbox.press(stage.ada, large, "Faster")
                assert finished(await faster.final(timeout=60, until=ended))
                assert (faster.acked_after or 9) < 3

    play(tmp_path, scene)


def test_a_refused_member_leaves_no_file(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        client = stage.client()
        client.servers.change(stage.guild.id, ServerSettings(allowed_channels=("1",)))
        async with stage.bot() as bot:
            await bot.wait_until_ready()
            assert "I make songs only in" in await refused(stage, good())
            assert client.privacy.stored_about(stage.ada.id)["uploads"] == 0
            await stage.answer(stage.eve, "/admin reset")
            await stage.answer(stage.eve, "/admin quota", per_day=1)
            with workshop(stage):
                message, _ = await edit(stage, good())
                assert finished(message)
                too_many, _ = await edit(stage, Attachment("other.mid", nameless()))
                assert "1 song a day" in too_many.text
                again, _ = await edit(stage, good())
                assert "1 song a day" in again.text
            await stage.sandbox.until(lambda: client.privacy.stored_about(stage.ada.id)["uploads"] == 1)

    play(tmp_path, scene)


def test_the_same_file_twice_and_edits_of_edits_of_a_file(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        lift_limits(stage)
        books = Books(stage)
        with workshop(stage):
            async with stage.bot():
                first, _ = await edit(stage, good(), "/mute", {"part": "drums"})
                second, _ = await edit(stage, good("tune.mid"), "/mute", {"part": "drums"})
                assert first.attachments[0].data == second.attachments[0].data
                up = await (await stage.sandbox.press(stage.ada, first, "Key up")).final(until=ended)
                down = await (await stage.sandbox.press(stage.ada, up, "Key down")).final(until=ended)
                assert down.attachments[0].data == first.attachments[0].data
                no_more = await stage.pressed(stage.ada, down, "Another take")
                assert no_more.ephemeral
                assert "no other take" in no_more.text
                words = (
                    await stage.sandbox.press(stage.ada, down, "Edit words") if "Edit words" in down.labels else None
                )
                assert words is None
        assert books.client.privacy.stored_about(stage.ada.id)["uploads"] == 1

    play(tmp_path, scene)
