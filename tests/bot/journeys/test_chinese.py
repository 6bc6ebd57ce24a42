"""Chinese words in Discord: a member gets a tune's words, changes and continues them; music in Chinese is refused kindly."""

from __future__ import annotations

from pathlib import Path

from engine.lyrics.word_filter import first_left_out
from tests.bot.journeys.test_conversation import talk
from tests.bot.journeys.test_lines import changed, lines
from tests.bot.journeys.test_real_songs import Scene, song_of
from tests.bot.stage import Stage, play
from tests.discord_sandbox import Message
from tests.tiny_chinese import write_tiny_chinese_model
from tests.tiny_models import write_tiny_models
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels
from worker.store.database import open_store


def perform(folder: Path, scene: Scene) -> None:
    """Play a scene with a bot and a worker that writes Chinese words, and can change those that are there."""
    tiny = write_tiny_models(folder / "models")
    paths = {"lyrics": tiny.lyrics, "melody": tiny.melody, "chinese": write_tiny_chinese_model(folder / "chinese")}

    async def with_a_writer(stage: Stage) -> None:
        store = open_store(stage.url)
        try:
            async with stage.bot():
                with stage.worker(SongGenerator(LoadedModels(lambda: paths), outputs=("txt",), store=store)):
                    await scene(stage)
        finally:
            store.close()

    play(folder, with_a_writer)


def is_done(message: Message) -> bool:
    return "Another take" in message.labels


def test_a_member_asks_for_words_to_an_old_tune(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        sent = await stage.song(command="/lyrics", theme="江南明月", tune="浣溪沙")
        message = await sent.final(until=lambda m: "浣溪沙·江南明月" in m.text and m.text.count("。") >= 4)
        assert message.text.index("上片") < message.text.index("下片")
        wrong = await stage.song(command="/lyrics", theme="江南明月", tune="浣溪纱")
        assert "浣溪沙" in (await wrong.final(until=lambda m: "浣溪沙" in m.text)).text
        sung = await stage.song(command="/song", theme="江南明月")
        assert "Key up" in (await sung.final(until=is_done)).labels  # music, so it is sung

    perform(tmp_path, scene)


def test_chinese_words_are_changed_line_by_line_and_go_on(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        ask = await stage.song(command="/lyrics", theme="江南明月", tune="浣溪沙", mood="sad", person="I")
        song = await ask.final(until=is_done)
        offered = [label for label in song.labels if label in ("Rewrite a line", "Continue", "Faster", "Edit words")]
        assert offered == ["Rewrite a line", "Continue"]
        old, id_ = lines(stage, song), song_of(stage, song).id
        anew = await (await stage.song(command="/rewrite", song=id_, line="3", theme="春风")).final(until=is_done)
        assert changed(stage, song, anew) == [3]
        assert "春风" in lines(stage, anew)[2]
        form = await stage.sandbox.press(stage.ada, song, "Rewrite a line")
        assert f"2 · {old[1]}" in str(await form.form())
        pressed = await (await stage.sandbox.submit_modal(form, {"line": "2"})).final(until=is_done)
        assert changed(stage, song, pressed) == [2]
        more = await (await stage.song(command="/insert", song=id_, after=1)).final(until=is_done)
        assert [lines(stage, more)[0], *lines(stage, more)[2:]] == old
        longer = await (await stage.sandbox.press(stage.ada, song, "Continue")).final(until=is_done)
        assert lines(stage, longer)[:6] == old
        assert len(lines(stage, longer)) == 9
        own = await stage.song(command="/continue", start="春风又绿江南岸 / 明月何时照我还")
        continued = await own.final(until=is_done)
        assert [len(line) for line in lines(stage, continued)] == [8] * 4
        answer = await talk(stage, "rewrite line 4", to=continued, mention=False)
        await stage.sandbox.until(lambda: is_done(answer))
        assert changed(stage, continued, answer) == [4]

    perform(tmp_path, scene)


def test_a_server_that_filters_words_gets_none_of_them_in_chinese(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        await stage.answer(stage.eve, "/admin filter", level="strict")
        await stage.answer(stage.eve, "/admin filter", change="add", word="明月")
        for theme in ("一杯美酒", "江南明月"):
            refused = await stage.answer(stage.ada, "/lyrics", theme=theme, tune="浣溪沙")
            assert "does not allow a word" in refused.text
        written = await stage.song(command="/lyrics", theme="江南春雨", tune="浣溪沙")
        text = "".join(lines(stage, await written.final(until=is_done)))
        assert "明月" not in text
        assert not first_left_out(text, "strict")

    perform(tmp_path, scene)
