"""Chinese words in Discord: a member asks in Chinese and gets a tune's words; music in Chinese is refused kindly."""

from __future__ import annotations

from pathlib import Path

from tests.bot.stage import Stage, play
from tests.tiny_chinese import write_tiny_chinese_model
from tests.tiny_models import write_tiny_models
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels


def test_a_member_asks_for_words_to_an_old_tune(tmp_path: Path) -> None:
    tiny = write_tiny_models(tmp_path / "models")
    paths = {"lyrics": tiny.lyrics, "melody": tiny.melody, "chinese": write_tiny_chinese_model(tmp_path / "chinese")}
    generate = SongGenerator(LoadedModels(lambda: paths), outputs=("txt",))

    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker(generate):
                sent = await stage.song(command="/lyrics", theme="江南明月", tune="浣溪沙")
                message = await sent.final(until=lambda m: "浣溪沙·江南明月" in m.text and m.text.count("。") >= 4)
                assert message.text.index("上片") < message.text.index("下片")
                wrong = await stage.song(command="/lyrics", theme="江南明月", tune="浣溪纱")
                assert "浣溪沙" in (await wrong.final(until=lambda m: "浣溪沙" in m.text)).text
                sung = await stage.song(command="/song", theme="江南明月")
                assert "English" in (await sung.final(until=lambda m: "English" in m.text)).text

    play(tmp_path, scene)
