"""A walk past everything that the bot registers: whatever a member can see, somebody in here has used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from discord.ext import commands

from bot.buttons import COG_NAME, UNKNOWN
from bot.commands.requests import extra_of, option_fields
from engine.verbs import SHORTCUTS, VERBS, Verb
from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import Attachment, Message, Sandbox
from tests.discord_sandbox.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL
from worker.store.comparisons import PairTally

OF_A_SONG = {
    "theme": "rain",
    "style": "folk",
    "title": "Rain",
    "mood": "sad",
    "feet": "iambic",
    "person": "I",
    "form": "VCVC",
    "rhyme": "ABAB",
    "syllables": "8,6",
    "artist": "Robert Burns",
    "key": "Am",
    "tempo": 90.0,
    "meter": "3/4",
    "chords": "Am F C G",
    "length": "1:00",
    "voice": "alto",
    "seed": 7,
}
SAMPLING = {"temperature": 0.7, "top_k": 40, "top_p": 0.9, "min_p": 0.1, "gumbel": True, "repetition_penalty": 1.2,
            "no_repeat_ngram": 6}  # fmt: skip


def test_every_command_option_suggestion_button_menu_and_form_works(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot() as bot:
            await stage.answer(stage.eve, "/admin quota", per_day=1000, waiting=20)
            with stage.worker():
                song = await _verbs(stage)
                await _suggestions(stage)
                await _buttons_of_a_song(stage, song)
                await _comparison(stage)
                await _lists(stage)
                await _privacy(stage)
            await _cancelling(stage)
            await _settings(stage)
            await _delete(stage, song)
            assert set(registered(stage.sandbox)) - set(used(stage.sandbox)) == set()
            assert acts(bot) - set(pressed(stage.sandbox)) == set()
            assert all(interaction.answer for interaction in stage.sandbox.interactions.values())

    play(tmp_path, scene)


async def _verbs(stage: Stage) -> Message:
    """Use every verb with all of its options; return a song."""
    not_of_words = ("key", "tempo", "meter", "chords", "length", "voice")
    words_alone = {name: value for name, value in OF_A_SONG.items() if name not in not_of_words}
    music = {name: OF_A_SONG[name] for name in ("style", "key", "tempo", "meter", "chords", "seed")}
    song = await stage.finished_song(**OF_A_SONG)
    title = "Rain"
    await stage.finished_song(command="/lyrics", language="zh", tune="浣溪沙", **words_alone, **SAMPLING)
    await stage.finished_song(**OF_A_SONG | {"language": "zh", "tune": "浣溪沙", "theme": "江南春雨", "title": "春雨"})
    tune = await stage.finished_song(command="/music", **music, bars=8, instrument="flute")
    assert finished(await (await stage.sandbox.press(stage.bob, tune, "Continue")).final(until=finished))
    await stage.finished_song(command="/sing", lyrics="Row the boat", voice="child", length="0:40", **music)
    await stage.finished_song(command="/transpose", song=title, semitones=-3, seed=1)
    await stage.finished_song(command="/transpose", file=midi(), key="D")
    await stage.finished_song(command="/tempo", song=title, percent=120, seed=1)
    await stage.finished_song(command="/tempo", file=midi(), tempo=100.0)
    await stage.finished_song(command="/words", song=title, lyrics="Row", seed=1)
    await stage.finished_song(command="/verse", song=title, theme="winter", seed=1)
    await stage.finished_song(command="/mute", song=title, part="drums", seed=1)
    await stage.finished_song(command="/mute", file=midi(), part="bass")
    await stage.finished_song(command="/mute", file=midi(), track="1")
    await stage.finished_song(command="/rewrite", song=title, line="1", theme="snow", seed=1)
    await stage.finished_song(command="/insert", song=title, after=1, theme="snow", seed=1)
    await stage.finished_song(command="/continue", song=title, form="V", theme="snow", seed=1)
    await stage.finished_song(command="/continue", start="Row the boat", lines=2)
    await stage.finished_song(command="/continue", file=midi())
    await stage.finished_song(command="/words-for", song=title, theme="snow", style="folk", rhyme="AABB", seed=1)
    await stage.finished_song(command="/words-for", file=midi(), theme="snow", track="1")
    await stage.finished_song(command="/blend", song=title, to=title, steps=3, bars=2, seed=1)
    await stage.finished_song(command="/blend", file=midi(), to=title)
    await _music_edits(stage, title)
    form = await stage.sandbox.slash(stage.ada, stage.room, "/sing", style="waltz")
    sent = await stage.sandbox.submit_modal(form, {"lyrics": "Row the boat\nover the foam"})
    await sent.final(until=finished)
    return song


async def _music_edits(stage: Stage, title: str) -> None:
    """Use every edit of music on a song and on a file of a member's own."""
    bars_and_track = {"bars": "1-2", "track": "1", "seed": 1}
    for command, options in (
        ("/extend", {"bars": 4, "seed": 1}),
        ("/harmonize", {"voices": "choir", **bars_and_track}),
        ("/melody", bars_and_track),
        ("/remix", {"what": "rhythm", "amount": 50, **bars_and_track}),
        ("/infill", bars_and_track),
        ("/arrange", {"style": "jazz", "track": "1", "seed": 1}),
        ("/instrument", {"instrument": "flute", "part": "chords", "seed": 1}),
        ("/instrument", {"instrument": "flute", "track": "1"}),
        ("/humanize", {"amount": 30, "bars": "1-2", "seed": 1}),
        ("/export", {"formats": "kar, sheet", "seed": 1}),
        ("/explain", {"seed": 1}),
    ):
        await stage.finished_song(command=command, song=title, **options)
        await stage.finished_song(command=command, file=midi(), **options)


def midi(name: str = "tune.mid") -> Attachment:
    """Return what begins as a MIDI file does."""
    return Attachment(name, b"MThd" + bytes(10))


async def _suggestions(stage: Stage) -> None:
    """Begin to type every option that offers something, and every one must."""
    for command, option in suggesting(stage.sandbox):
        offered = await stage.sandbox.autocomplete(stage.eve, stage.room, command, focused=option)
        assert offered or option == "artist", (command, option)  # the authors are those of the model
        assert len(offered) <= 25
    typed = await stage.sandbox.autocomplete(stage.ada, stage.room, "/song", focused="chords", chords="Zz")
    assert typed[0]["value"] == "Zz"


async def _buttons_of_a_song(stage: Stage, song: Message) -> None:
    content_before = song.content
    for stars in "★1", "★2", "★3", "★4", "★5":
        await stage.pressed(stage.bob, song, stars)
    assert "★ 5.0 (1)" in song.text
    assert song.content == content_before
    for label in "Another take", "Faster", "Slower", "Key up", "Key down", "Continue", "Re-harmonise", "Explain":
        assert finished(await (await stage.sandbox.press(stage.bob, song, label)).final(until=finished))
    words = await stage.sandbox.press(stage.bob, song, "Edit words")
    sent = await stage.sandbox.submit_modal(words, {"Words, one line per sung line": "Row\nrow"})
    assert finished(await sent.final(until=finished))
    line = await stage.sandbox.press(stage.bob, song, "Rewrite a line")
    assert finished(await (await stage.sandbox.submit_modal(line, {"line": "1"})).final(until=finished))
    others = await stage.pressed(stage.bob, song, "Other formats")
    assert [file.filename for file in others.attachments] == ["song.txt"]
    chosen = await stage.sandbox.select(stage.bob, others, "Make another format …", "mp3")
    assert finished(await chosen.final(until=finished))
    assert "Am" in (await stage.pressed(stage.bob, song, "Details")).text
    assert "among" in (await stage.pressed(stage.bob, song, "Favourite")).text
    assert "no longer" in (await stage.pressed(stage.bob, song, "Favourite")).text
    await stage.pressed(stage.ada, song, "Favourite")
    ask = await stage.pressed(stage.ada, song, "Delete")
    await stage.sandbox.press(stage.ada, ask, "No, keep")
    await stage.sandbox.until(lambda: not ask.controls)
    assert not song.deleted


async def _comparison(stage: Stage) -> None:
    in_chinese = {"language": "zh", "tune": "浣溪沙", "theme": "江南春雨"}
    asked = await stage.finished_song(command="/compare", **OF_A_SONG | in_chinese)
    _, _, song_a, song_b, _ = asked.find("Take A")["custom_id"].split(":")
    tally = stage.client().comparisons.tally
    for label, thanks, preferred in (
        ("Take A", "Take A", "a"),
        ("Take B", "Take B", "b"),
        ("Both the same", "both", "same"),
    ):
        assert thanks in (await stage.pressed(stage.bob, asked, label)).text
        assert tally(song_a, song_b) == replace(PairTally(), **{preferred: 1})  # the last choice counts, as a pair
    for label in "Play A", "Play B":
        assert finished(await stage.pressed(stage.bob, asked, label))


async def _lists(stage: Stage) -> None:
    history = await stage.answer(stage.ada, "/history", page=1)
    await (await stage.sandbox.press(stage.ada, history, "Next")).ack()
    await stage.sandbox.until(lambda: "Page 2" in history.text)
    await (await stage.sandbox.press(stage.ada, history, "Previous")).ack()
    await stage.sandbox.until(lambda: "Page 1" in history.text)
    found = await stage.answer(stage.ada, "/library search", words="rain", theme="rain")
    chosen = next(iter(found.find("▶ Play")["options"]))["value"]
    assert finished(await (await stage.sandbox.select(stage.ada, found, "▶ Play", chosen)).final())
    assert "Rain" in (await stage.answer(stage.ada, "/favourites", page=1)).text
    assert "3 ratings" in (await stage.answer(stage.ada, "/top", page=1)).text
    assert "Rain" in (await stage.answer(stage.ada, "/song-info", song="rain")).text
    assert "Songs like Rain" in (await stage.answer(stage.ada, "/similar", song="rain", count=3)).text


async def _privacy(stage: Stage) -> None:
    assert "rating" in (await stage.answer(stage.bob, "/privacy show")).text
    assert (await stage.answer(stage.bob, "/privacy export")).attachments[0].filename == "songwright-export.zip"
    assert "may be used" in (await stage.answer(stage.bob, "/privacy training", on=True)).text
    ask = await stage.answer(stage.bob, "/privacy delete")
    await stage.sandbox.press(stage.bob, ask, "Yes, delete")
    await stage.sandbox.until(lambda: "is deleted" in ask.text and not ask.controls)
    assert "Nothing is stored" in (await stage.answer(stage.bob, "/privacy show")).text


async def _cancelling(stage: Stage) -> None:
    reply = await stage.song(theme="snow")
    message = await reply.final()
    await stage.sandbox.press(stage.ada, message, "Cancel")
    await stage.sandbox.until(lambda: "Cancelled" in message.text and not message.controls)


async def _settings(stage: Stage) -> None:
    role = await stage.sandbox.add_role(stage.guild, "Singers")
    for command, options in (
        ("/admin channels", {"channel": stage.room, "allowed": True}),
        ("/admin role", {"role": role, "times": 2.0}),
        ("/admin allow", {"command": "sing", "role": role, "allowed": True}),
        ("/admin language", {"language": "en"}),
        ("/admin filter", {"change": "add", "word": "Rum"}),
        ("/admin filter", {"level": "mild"}),
        ("/admin stats", {}),
        ("/admin models", {}),
        ("/admin finetune", {"start": "lyrics"}),
        ("/admin finetune", {"cancel": "lyrics"}),
        ("/admin show", {}),
        ("/admin reset", {}),
    ):
        assert (await stage.answer(stage.eve, command, **options)).text, command


async def _delete(stage: Stage, song: Message) -> None:
    ask = await stage.pressed(stage.ada, song, "Delete")
    await stage.sandbox.press(stage.ada, ask, "Yes, delete")
    await stage.sandbox.until(lambda: song.deleted)


# What there is, and what was used of it.

Name = tuple[str, ...]  # ("/song",), ("/song", "theme") or ("/song", "theme", "suggestions")


def leaves(sandbox: Sandbox) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield every command that can be sent, with its options."""
    for command in sandbox.commands[None]:
        inner = [part for part in command.get("options", []) if part["type"] == 1]
        for part in inner:
            yield f"/{command['name']} {part['name']}", part.get("options", [])
        if not inner:
            yield f"/{command['name']}", command.get("options", [])


def suggesting(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(name, part["name"]) for name, options in leaves(sandbox) for part in options if part.get("autocomplete")]


def registered(sandbox: Sandbox) -> Iterator[Name]:
    for name, options in leaves(sandbox):
        yield (name,)
        yield from ((name, part["name"]) for part in options)
    yield from ((name, option, "suggestions") for name, option in suggesting(sandbox))


def used(sandbox: Sandbox) -> Iterator[Name]:
    for interaction in sandbox.interactions.values():
        if interaction.kind not in (COMMAND, AUTOCOMPLETE):
            continue
        name, options = f"/{interaction.data['name']}", interaction.data.get("options", [])
        if options and options[0]["type"] == 1:
            name, options = f"{name} {options[0]['name']}", options[0].get("options", [])
        if interaction.kind == COMMAND:
            yield (name,)
            yield from ((name, part["name"]) for part in options)
        else:
            yield from ((name, part["name"], "suggestions") for part in options if part.get("focused"))


def acts(bot: commands.Bot) -> set[str]:
    """Return what buttons, menus and forms there are, as `pressed` names them."""
    cog: Any = bot.get_cog(COG_NAME)
    forms = {f"form:{verb.name}:{name}" for verb in VERBS.values() for name in long_texts(verb)}
    stars = {f"rate:{stars}" for stars in range(1, 6)}
    choices = {f"prefer:{which}" for which in ("a", "b", "same")}
    plain = set(cog.handlers) - {UNKNOWN, "do", "rate", "prefer", "export"}
    menus = {"play in a menu", "export in a menu"}
    return plain | {f"do:{name}" for name in SHORTCUTS} | stars | choices | forms | menus


def long_texts(verb: Verb) -> list[str]:
    return [name for name, field in option_fields(verb.request).items() if extra_of(field).get("long_text")]


def pressed(sandbox: Sandbox) -> Iterator[str]:
    for interaction in sandbox.interactions.values():
        prefix, _, rest = str(interaction.data.get("custom_id", "")).partition(":")
        if interaction.kind == MODAL:
            yield ":".join(rest.split(":")[:3])
        elif interaction.kind == COMPONENT and prefix == "swm":
            yield f"{rest.split(':')[0]} in a menu"
        elif interaction.kind == COMPONENT:
            act, _, *value = rest.split(":")
            yield f"{act}:{value[-1]}" if act in ("do", "rate", "prefer") else act
