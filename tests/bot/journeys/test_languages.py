"""Members are spoken to in their own language, and every text that the bot can say is in every language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.language_files import check_languages, language_file, languages
from bot.plugin import Songwright
from bot.translations import Words, missing_command_texts
from engine.verbs import SHORTCUTS
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Attachment, limits

SOURCES = sorted(Path(__file__).parents[3].joinpath("bot").rglob("*.py"))
OTHERS = [code for code in languages() if code != "en"]
KEY = re.compile(r"[a-z_]+(?:\.[a-z_]*[a-z])+")
FILE_ENDINGS = (".mid", ".txt", ".toml", ".zip", ".log", ".py", ".sqlite", ".json", ".png", ".ogg")


def test_no_file_lacks_what_another_has() -> None:
    assert check_languages() == []


@pytest.mark.parametrize("code", OTHERS)
def test_every_command_option_and_choice_has_a_name_in_every_language(tmp_path: Path, code: str) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot() as bot:
            cog = bot.get_cog("Songwright")
            assert isinstance(cog, Songwright)
            assert missing_command_texts(cog.commands, code) == []
            for command in stage.sandbox.commands[None]:
                assert code in command["name_localizations"], command["name"]
                assert limits._text(command) <= limits.COMMAND_TEXT

    play(tmp_path, scene)


def tables() -> set[str]:
    """Return what keys begin with."""
    return {key.removeprefix("messages.").split(".")[0] for key in language_file("en").texts if "." in key}


def keys_in_the_code() -> Iterator[tuple[str, str]]:
    """Yield (place, key) for everything in the code that looks like the key of a text; `*` where it has a value."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            key = _key_of(node)
            if (
                KEY.fullmatch(key.replace("*", "x"))
                and key.split(".")[0] in tables()
                and not key.endswith(FILE_ENDINGS)
            ):
                yield f"{file.name}:{node.lineno}", key  # type: ignore[attr-defined]  # every expression has a line


def _key_of(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(part.value if isinstance(part, ast.Constant) else "*" for part in parts)  # type: ignore[misc]
    return ""


def test_every_text_that_the_code_asks_for_is_there() -> None:
    texts = {key.removeprefix("messages.") for key in language_file("en").texts} | set(language_file("de").texts)
    known = {ending.sub("", key) for key in texts for ending in (re.compile(r"\.(?:one|other)$"),)}
    found = list(keys_in_the_code())
    assert len(found) > 100
    missing = [
        (place, key)
        for place, key in found
        if not any(re.fullmatch(re.escape(key).replace(r"\*", "[a-z_]*"), name) for name in known)
        and not any(name.startswith(f"{key}.") for name in known)
    ]
    assert missing == []


@pytest.mark.parametrize("code", OTHERS)
def test_every_shortcut_has_a_label_of_the_language(code: str) -> None:
    english = {f"buttons.{name}": shortcut.label for name, (_, shortcut) in SHORTCUTS.items()}
    for key, label in english.items():
        assert Words(code)(key) not in ("", label) or code == "en", key


SAID = {
    "zh-CN": {
        "beginning": "排在第 1 位",
        "stars": "你打了 4 星",
        "again": "只有点这首歌的人",
        "form": "歌词",
        "unknown": "这里没有歌曲",
        "engine": "时长",
        "not_midi": "不是 MIDI 文件",
        "history": "你的歌曲",
        "privacy": "存储了哪些与你有关的内容",
    },
    "de": {
        "beginning": "Platz 1",
        "stars": "4 von 5 Sternen",
        "again": "wer sich dieses Lied gewünscht hat",
        "form": "Text",
        "unknown": "Hier gibt es kein Lied",
        "engine": "Die Länge muss",
        "not_midi": "keine MIDI-Datei",
        "history": "Deine Lieder",
        "privacy": "über dich gespeichert",
    },
}


@pytest.mark.parametrize("code", sorted(SAID))
def test_a_member_is_answered_in_their_language(tmp_path: Path, code: str) -> None:
    said = SAID[code]

    async def scene(stage: Stage) -> None:
        stage.ada.locale = stage.bob.locale = code
        async with stage.bot():
            waiting = await (await stage.song(theme="rain", style="waltz")).final()
            assert said["beginning"] in waiting.text
            assert Words(code)("buttons.cancel") in waiting.labels
            with stage.worker():
                song = await waiting.interaction.final(until=finished)  # type: ignore[union-attr]
                assert Words(code).choice("waltz") in song.text
                assert Words(code)("buttons.another_take") in song.labels
                assert said["stars"] in (await stage.pressed(stage.bob, song, "★4")).text
                refused = await stage.pressed(stage.bob, song, Words(code)("buttons.delete"))
                assert said["again"] in refused.text
            form = await (await stage.sandbox.slash(stage.ada, stage.room, "/sing")).form()
            assert said["form"] in str(form)
            assert said["unknown"] in (await stage.answer(stage.ada, "/tempo", song="nothing", percent=120)).text
            assert said["engine"] in (await stage.answer(stage.ada, "/song", theme="x", length="soon")).text
            text = await stage.answer(stage.ada, "/mute", part="bass", file=Attachment("a.txt", b"hello"))
            assert said["not_midi"] in text.text
            assert said["history"] in (await stage.answer(stage.ada, "/history")).text
            assert said["privacy"] in (await stage.answer(stage.ada, "/privacy show")).text

    play(tmp_path, scene)
