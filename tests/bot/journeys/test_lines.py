"""Single lines through Discord, by tiny models: a line anew, and a line more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bot.journeys.test_conversation import talk
from tests.bot.journeys.test_real_songs import (
    SHORT,
    Scene,
    perform,
    result,
    score_of,
    song_of,
    sung_words,
)
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Message

__all__ = ["perform"]


def lines(stage: Stage, message: Message) -> list[str]:
    return [line.text for section in song_of(stage, message).report.sections for line in section.lines]


def changed(stage: Stage, before: Message, after: Message) -> list[int]:
    """Return the numbers of the lines that differ."""
    pairs = zip(lines(stage, before), lines(stage, after), strict=True)
    return [n for n, (a, b) in enumerate(pairs, start=1) if a != b]


def test_a_line_is_rewritten_by_command_button_and_reply(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(**SHORT)
        old = lines(stage, song)
        made = await stage.finished_song(command="/rewrite", song=song_of(stage, song).id, line="2", theme="snow")
        assert changed(stage, song, made) == [2]
        assert "↳ line 2 anew · from “Rain over the Harbour”" in made.text
        assert f"Note: line 2 was “{old[1]}” before" in made.text.replace('"', "“", 1).replace('"', "”", 1)
        notes = [track.notes for track in score_of(stage, song).tracks]
        assert [track.notes for track in score_of(stage, made).tracks] == notes
        form = await stage.sandbox.press(stage.ada, song, "Rewrite a line")
        assert f"3 · {old[2]}" in str(await form.form())
        pressed = await result(await stage.sandbox.submit_modal(form, {"line": "3-4"}))
        assert changed(stage, song, pressed) == [3, 4]
        answer = await talk(stage, "rewrite line 1", to=song, mention=False)
        await stage.sandbox.until(lambda: finished(answer))
        assert changed(stage, song, answer) == [1]
        wrong = await stage.sandbox.press(stage.ada, song, "Rewrite a line")
        said = await (await stage.sandbox.submit_modal(wrong, {"line": "99"})).final(
            until=lambda message: not message.controls
        )
        assert f"the song has {len(old)} lines; name 1-{len(old)}, got 99" in said.text

    perform(scene)


def test_a_line_is_inserted_by_command_and_reply(perform: Callable[[Scene], None]) -> None:
    async def scene(stage: Stage) -> None:
        song = await stage.finished_song(**SHORT)
        made = await stage.finished_song(command="/insert", song=song_of(stage, song).id, after=1)
        old, new = lines(stage, song), lines(stage, made)
        assert [new[0], *new[2:]] == old
        assert "one more line after line 1" in made.text
        assert len(sung_words(made)) > len(sung_words(song))
        answer = await talk(stage, "another line after 2 about winter", to=song, mention=False)
        await stage.sandbox.until(lambda: finished(answer))
        assert lines(stage, answer)[:2] == old[:2]
        assert len(lines(stage, answer)) == len(old) + 1

    perform(scene)


@pytest.mark.parametrize(
    ("locale", "button", "says"), [("de", "Zeile neu", "Welche Zeile?"), ("zh-CN", "重写一行", "哪一行")]
)
def test_the_form_for_a_line_speaks_the_members_language(tmp_path: Path, locale: str, button: str, says: str) -> None:
    async def scene(stage: Stage) -> None:
        stage.ada.locale = locale
        with stage.worker():
            async with stage.bot():
                song = await stage.finished_song()
                form = await stage.sandbox.press(stage.ada, song, button)
                assert says in str(await form.form())

    play(tmp_path, scene)
