"""Words that go on and words to a tune, through Discord, by tiny models: by command, button, reply and file."""

from __future__ import annotations

from collections.abc import Callable

from tests.bot.journeys.test_conversation import talk
from tests.bot.journeys.test_lines import lines
from tests.bot.journeys.test_real_songs import SHORT, Scene, perform, press, score_of, song_of, sounding, sung_words
from tests.bot.stage import Stage
from tests.discord_sandbox import Attachment, Message

__all__ = ["perform"]


def test_words_go_on_by_command_button_and_reply(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        def is_done(message: Message) -> bool:
            return "Another take" in message.labels

        song = await stage.finished_song(**SHORT)
        more = await press(stage, song, "Continue")
        assert len(lines(stage, more)) == len(lines(stage, song)) + 4
        start = "we walked along the sea / and never saw the day"
        own = await (await stage.song(command="/continue", start=start)).final(until=is_done)
        assert lines(stage, own)[:2] == start.split(" / ")
        assert len(lines(stage, own)) == 4
        assert [label for label in own.labels if label in ("Continue", "Rewrite a line", "Faster")] == [
            "Rewrite a line",
            "Continue",
        ]
        longer = await (await stage.sandbox.press(stage.ada, own, "Continue")).final(until=is_done)
        assert lines(stage, longer)[:4] == lines(stage, own)
        answer = await talk(stage, "2 more lines", to=own, mention=False)
        await stage.sandbox.until(lambda: is_done(answer))
        assert len(lines(stage, answer)) == 6
        again = await (await stage.sandbox.press(stage.ada, own, "Another take")).final(until=is_done)
        assert lines(stage, again)[:2] == start.split(" / ")
        neither = await (await stage.song(command="/continue", theme="rain")).final(
            until=lambda message: not message.controls
        )
        assert "name a song to go on with" in neither.text

    perform(scene)


def test_a_tune_gets_words_by_command(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        tune = await stage.finished_song(command="/music", bars=8, style="folk")
        made = await stage.finished_song(command="/words-for", song=song_of(stage, tune).id, theme="rain")
        assert [t.notes for t in score_of(stage, made).tracks] == [t.notes for t in score_of(stage, tune).tracks]
        assert sung_words(made)
        (data,) = [file.data for file in tune.attachments if file.filename.endswith(".mid")]
        sent = await stage.finished_song(command="/words-for", file=Attachment("tune.mid", data), theme="snow")
        assert sung_words(sent)
        assert sounding(sent) == sounding(tune)

    perform(scene)
