"""The main journey of a member: /song, the words as they are written, the result, and what can be done with it."""

from __future__ import annotations

from pathlib import Path

from tests.bot.stage import Stage, finished, play
from tests.worker.echo_song import EchoSong


def test_a_song_is_asked_for_watched_and_delivered(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            reply = await stage.song(theme="rain over the harbour")
            assert reply.answer == 5
            assert reply.acked_after is not None
            assert reply.acked_after < 1
            with stage.worker(EchoSong(seconds_per_line=0.3)):
                message = await reply.final(until=finished)
            assert "Rain Over The Harbour" in message.text
            assert message.attachments[0].filename == "song.mid"
            assert message.pings == []
            assert any("rain over the harbour" in old.content for old in message.history)
            assert len(stage.room.messages) == 1

    play(tmp_path, scene)
