"""Whatever members type or send: it is shown as text, pings nobody, keeps Discord's limits, or is refused in a sentence."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.bot.journeys.test_tour import midi
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Attachment, Message

MIB = 1024 * 1024
ZALGO = "h" + "\u0301\u0327\u0330" * 30 + "e comes"
TEXTS = {
    "everyone": "@everyone and @here",
    "mentions": "<@{ada}> <@&{ada}> <#{ada}> <@!{ada}>",
    "markdown": "**bold** _x_ ~~no~~ ||spoiler|| # head\n> quote\n- item",
    "fence": "```py\nprint(1)\n``` `code`",
    "link": "[free](https://example.org) https://example.org <:a:123456789012345678>",
    "time": "<t:0:R> </song:1>",
    "zalgo": ZALGO,
    "right to left": "\u202eevil\u202c \u200fשלום \u2067x\u2069",
    "control": "a\x00b\x07c\x1b[31md\u200b\u2028e",
    "emoji": "🎉🎉👩‍👩‍👧‍👦🏳️‍🌈",
    "artist": "<<Burns - Song>> [Chorus] [Verse 1]",
    "quotes": '"it\'s" {0} {title} %s \\n \\',
    "long": "rain " * 59,
    "spaces": "  \t  x \n\n\n\n y  ",
}


def assert_harmless(message: Message) -> None:
    """Nobody is pinged, nothing is hidden, and what was typed stands as text."""
    for shown in (*message.history, message):
        assert shown.pings == []
        text = shown.text
        assert not re.search(r"@(everyone|here)\b", text)
        assert not re.search(r"(?<!\\)<@&\d|(?<!\\)<#\d|(?<!\\)<t:0:R>|(?<!\\)</song", text)
        assert not re.search(r"[\x00-\x08\x1b\u202a-\u202e\u2066-\u2069]", text)
        assert "```" not in text
        assert not re.search(r"\[free\]\(", text)
        assert text.count("\u0301") < 20


@pytest.mark.parametrize("command", ["/song", "/sing", "mention"])
def test_odd_texts_are_shown_as_text_and_ping_nobody(tmp_path: Path, command: str) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            await stage.answer(stage.eve, "/admin quota", per_day=1000, waiting=20)
            with stage.worker():
                texts = [text.replace("{ada}", stage.ada.id) for text in TEXTS.values()]
                for message in await asyncio.gather(*(_ask(stage, command, text) for text in texts)):
                    _without_asker(stage, message)
                    assert_harmless(message)
                listed = await stage.answer(stage.ada, "/history")
                assert_harmless(listed)
                for option in listed.find("▶ Play")["options"]:
                    assert "@everyone" not in option["label"]
                offered = await stage.sandbox.autocomplete(stage.ada, stage.room, "/song-info", focused="song")
                assert all("@everyone" not in choice["name"] for choice in offered)

    play(tmp_path, scene)


async def _ask(stage: Stage, command: str, text: str) -> Message:
    if command == "mention":
        said = await stage.sandbox.say(stage.ada, stage.room, f"a song about {text}", mention=True)
        answer = await stage.sandbox.next_message(stage.room, after=said, until=lambda one: one.reply_to is said)
        if "Understood" in (answer.history or [answer])[0].content:
            await stage.sandbox.until(lambda: finished(answer))
        return answer
    if command == "/song":
        return await stage.finished_song(theme=text)
    form = await stage.sandbox.slash(stage.ada, stage.room, "/sing")
    sent = await stage.sandbox.submit_modal(form, {"lyrics": text * (3900 // len(text))})
    return await sent.final(until=lambda message: finished(message) or message.ephemeral)


def _without_asker(stage: Stage, message: Message) -> None:
    """Take away the one mention that shall be there: that of who asked."""
    for shown in (*message.history, message):
        shown.content = shown.content.removeprefix(stage.ada.mention)


def test_a_theme_of_two_thousand_characters_is_answered_within_the_limits(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                message = await (await stage.song(theme="@everyone " * 200)).final(until=lambda found: True)
                await stage.sandbox.until(lambda: finished(message) or "1-300" in message.text)
                assert message.pings == []

    play(tmp_path, scene)


@pytest.mark.parametrize(("file", "said"), [
    (Attachment("tune.txt", b"hello"), "“tune.txt” is not a MIDI file"),
    (Attachment("renamed.mid", b"just text"), "“renamed.mid” is not a MIDI file"),
    (Attachment("empty.mid", b""), "“empty.mid” is not a MIDI file"),
    (Attachment("huge.mid", b"MThd" + bytes(11 * MIB)), "“huge.mid” is 11.0 MB; at most 1 MB"),
    (Attachment("@everyone **x**\u202e.mid", b"no"), "is not a MIDI file"),
    (Attachment("<@1> `x`.mid", b"no"), "is not a MIDI file"),
])  # fmt: skip
def test_what_is_no_midi_file_is_refused_at_once(tmp_path: Path, file: Attachment, said: str) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            reply = await stage.sandbox.slash(stage.ada, stage.room, "/transpose", semitones=2, file=file)
            message = await reply.final()
            assert said in message.text
            assert message.ephemeral
            assert_harmless(message)

    play(tmp_path, scene, file_size=12 * MIB)


def test_a_file_that_discord_does_not_hand_out_in_time_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.verbs.UPLOAD_SECONDS", 0.0)

    async def scene(stage: Stage) -> None:
        async with stage.bot():
            message = await stage.answer(stage.ada, "/transpose", semitones=2, file=midi())
            assert "“tune.mid” could not be fetched from Discord" in message.text

    play(tmp_path, scene)


def test_options_that_go_not_together_or_are_out_of_range_get_a_sentence(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            for command, options, said in (
                ("/transpose", {"semitones": 2}, "Choose a song or send a MIDI file"),
                ("/transpose", {"semitones": 2, "song": "x", "file": midi()}, "one of the two"),
                ("/tempo", {"song": "**none**", "percent": 100}, "no song “**none**” here"),
                ("/song-info", {"song": "@everyone"}, "There is no song"),
                ("/song", {"theme": "x", "length": "*soon*"}, "*soon*"),
                ("/lyrics", {"theme": "x", "top_p": 0.0}, "The option “top_p” does not take “0.0”"),
                ("/lyrics", {"theme": "x", "min_p": 1.0}, "does not take"),
                ("/sing", {"chords": "Cmaj7/G " * 20, "style": "pop"}, "no room for so many options"),
                ("/library search", {"words": "%_@everyone"}, "Nothing was found"),
                ("/library search", {}, "found"),
                ("/history", {"page": 77}, "Begin with /song"),
            ):
                message = await stage.answer(stage.ada, command, **options)
                assert said in message.text.replace("\\", ""), (command, message.text)
                assert_harmless(message)
                assert message.ephemeral

    play(tmp_path, scene)
