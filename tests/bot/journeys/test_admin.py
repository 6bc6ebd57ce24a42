"""What a server sets by /admin is what its members meet; everything here is set and met through Discord."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bot.stage import Stage, finished, play
from tests.discord_sandbox import ClientRefused, Message, User
from worker.clock import utc_now
from worker.store import model_versions
from worker.store.server_settings import ServerSettings
from worker.whole_models import digests_of_starters


async def asked(stage: Stage, user: User, theme: str = "rain", command: str = "/song") -> Message:
    """Ask for a song and return what the answer says at last."""
    options = {"theme": theme} if command in ("/song", "/lyrics") else {}
    return await (await stage.sandbox.slash(user, stage.room, command, **options)).final()


def test_songs_are_made_in_the_allowed_channels_only(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            there = await stage.sandbox.add_channel(stage.guild, "songs only")
            said = await stage.answer(stage.eve, "/admin channels", channel=there)
            assert f"<#{there.id}>" in said.text
            refused = await asked(stage, stage.ada)
            assert refused.ephemeral
            assert refused.text == f"On this server I make songs only in <#{there.id}>."
            talked = await stage.sandbox.say(stage.ada, stage.room, "a song about rain", mention=True)
            assert f"<#{there.id}>" in (await stage.sandbox.next_message(stage.room, after=talked)).text
            with stage.worker():
                reply = await stage.sandbox.slash(stage.ada, there, "/song", theme="rain")
                song = await reply.final(until=finished)
                await stage.answer(stage.eve, "/admin channels", channel=there, allowed=False)
                await stage.answer(stage.eve, "/admin channels", channel=stage.room)
                pressed = await stage.sandbox.press(stage.ada, song, "Faster")
                assert "I make songs only in" in (await pressed.final()).text
                await stage.answer(stage.eve, "/admin channels", channel=stage.room, allowed=False)
                assert finished(await (await stage.sandbox.press(stage.ada, song, "Faster")).final(until=finished))

    play(tmp_path, scene)


def test_quotas_multipliers_and_waiting_limits_hold(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            singers, silent = [await stage.sandbox.add_role(stage.guild, name) for name in ("Singers", "Silent")]
            assert "1 song a day" in (await stage.answer(stage.eve, "/admin quota", per_day=1, waiting=1)).text
            await stage.answer(stage.eve, "/admin role", role=singers, times=2.0)
            await stage.answer(stage.eve, "/admin role", role=silent, times=0.0)
            assert "Give a number" in (await stage.answer(stage.eve, "/admin quota")).text
            with stage.worker():
                await stage.finished_song(stage.bob)
                refused = await asked(stage, stage.bob)
                assert re.search(r"1 song a day here; the next one <t:\d+:R>", refused.text)
                stage.guild.give_role(stage.bob, singers)
                await stage.finished_song(stage.bob)
                assert "2 songs a day" in (await asked(stage, stage.bob)).text
            stage.guild.give_role(stage.bob, silent)
            assert "may not ask for songs here" in (await asked(stage, stage.bob)).text
            first = await asked(stage, stage.ada)
            assert "1 request waiting" in (await asked(stage, stage.ada)).text
            await stage.sandbox.press(stage.ada, first, "Cancel")
            await stage.sandbox.until(lambda: "Cancelled" in first.text)

    play(tmp_path, scene)


def test_a_command_kept_for_a_role_is_refused_to_others(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            role = await stage.sandbox.add_role(stage.guild, "Singers")
            for command in "song", "tempo", "history", "top", "library", "favourites", "song-info", "compare":
                said = await stage.answer(stage.eve, "/admin allow", command=f"/{command}", role=role)
                assert f"/{command}" in said.text
            unknown = await stage.answer(stage.eve, "/admin allow", command="da*nce", role=role)
            assert r"no command “da\*nce”" in unknown.text
            for command in "/song", "/history", "/top", "/library search", "/favourites":
                refused = await asked(stage, stage.bob, command=command)
                assert "for members with" in refused.text, command
                assert refused.ephemeral, command
            assert "for members with" in (await stage.answer(stage.bob, "/song-info", song="x")).text
            assert "for members with" in (await stage.answer(stage.bob, "/compare", theme="x")).text
            stage.guild.give_role(stage.ada, role)
            with stage.worker():
                song = await stage.finished_song(stage.ada)
                faster = await stage.sandbox.press(stage.bob, song, "Faster")
                assert "for members with" in (await faster.final()).text
                talked = await stage.sandbox.say(stage.bob, stage.room, "faster", reply_to=song)
                assert "for members with" in (await stage.sandbox.next_message(stage.room, after=talked)).text
                for command in "song", "top":
                    await stage.answer(stage.eve, "/admin allow", command=command, role=role, allowed=False)
                await stage.finished_song(stage.bob)
                assert not (await asked(stage, stage.bob, command="/top")).ephemeral

    play(tmp_path, scene)


def test_filtered_words_are_neither_asked_for_nor_sung(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            for word in "Rum", "大海", "two  words":
                await stage.answer(stage.eve, "/admin filter", change="add", word=word)
            assert "Rum" not in (await stage.answer(stage.eve, "/admin filter", change="add", word="RUM")).text
            assert (
                "needs a letter" in (await stage.answer(stage.eve, "/admin filter", change="add", word="\u200b")).text
            )
            assert (
                "not in the filter"
                in (await stage.answer(stage.eve, "/admin filter", change="remove", word="gin")).text
            )
            for theme in "a bottle of rum", "R\u200bUM!", "ｒｕｍ", "关于大海的歌", "here are two words":
                assert "does not allow a word" in (await asked(stage, stage.ada, theme)).text, theme
            assert (
                "does not allow" in (await stage.answer(stage.ada, "/sing", lyrics="yo ho\nand a bottle of Rum")).text
            )
            form = await stage.sandbox.slash(stage.ada, stage.room, "/sing")
            sent = await stage.sandbox.submit_modal(form, {"lyrics": "rum"})
            assert "does not allow a word" in (await sent.final()).text
            with stage.worker():
                song = await stage.finished_song(stage.ada, theme="a drum")
            made = stage.client().song_of_message(song.id)
            assert made is not None
            assert set(made.request["avoid"]) == {"rum", "大海", "two words"}
            await stage.answer(stage.eve, "/admin filter", change="remove", word="RUM")
            await stage.song(theme="a bottle of rum")

    play(tmp_path, scene)


def test_a_level_filters_kinds_of_words_beside_the_servers_own(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            assert "Only insults" in (await stage.answer(stage.eve, "/admin filter", level="off")).text
            said = await stage.answer(stage.eve, "/admin filter", level="strict")
            assert "alcohol, drugs and violence" in said.text
            await stage.answer(stage.eve, "/admin filter", change="add", word="mud")
            for options in ({"change": "add"}, {"word": "x"}, {"change": "add", "word": "x", "level": "mild"}, {}):
                assert "one of the two" in (await stage.answer(stage.eve, "/admin filter", **options)).text, options
            assert "Word filter: strict" in (await stage.answer(stage.eve, "/admin show")).text
            for theme in "a glass of wine", "mud on the road":
                assert "does not allow a word" in (await asked(stage, stage.ada, theme)).text, theme
            with stage.worker():
                song = await stage.finished_song(stage.ada, theme="a vineyard")
            made = stage.client().song_of_message(song.id)
            assert made is not None
            assert set(made.request["avoid"]) == {"mud", "@strict"}
            await stage.answer(stage.eve, "/admin filter", level="mild")
            await stage.song(theme="a glass of wine")

    play(tmp_path, scene)


def test_the_servers_language_is_spoken_in_public(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            assert "Deutsch" in (await stage.answer(stage.eve, "/admin language", language="de")).text
            with stage.worker():
                song = await stage.finished_song(style="waltz")
                assert "Walzer" in song.text
                assert "Asked for" in (await stage.answer(stage.ada, "/song-info", song="rain")).text
                assert "Noch kein Lied" in (await asked(stage, stage.ada, command="/top")).text
            assert "Language: " in (await stage.answer(stage.eve, "/admin show")).text
            await stage.answer(stage.eve, "/admin language")
            with stage.worker():
                assert "waltz" in (await stage.finished_song(style="waltz")).text

    play(tmp_path, scene)


def test_a_reset_brings_everything_back_and_keeps_the_songs(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                await stage.finished_song()
            await stage.answer(stage.eve, "/admin quota", per_day=3)
            await stage.answer(stage.eve, "/admin filter", change="add", word="rum")
            assert "1 song" in (await stage.answer(stage.eve, "/admin stats")).text
            assert "3 songs per member" in (await stage.answer(stage.eve, "/admin show")).text
            await stage.answer(stage.eve, "/admin reset")
        client = stage.client()
        assert client.servers.settings(stage.guild.id) == ServerSettings()
        assert client.library.history(stage.ada.id, page=1, size=10).total == 1

    play(tmp_path, scene)


def test_settings_are_known_again_after_a_restart(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            await stage.answer(stage.eve, "/admin filter", change="add", word="rum")
        await stage.sandbox.gone()
        async with stage.bot() as bot:
            await bot.wait_until_ready()
            assert "does not allow a word" in (await asked(stage, stage.ada, "rum")).text

    play(tmp_path, scene)


def test_admin_is_hidden_from_members_and_refused_if_they_send_it_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with pytest.raises(ClientRefused):
                await stage.sandbox.slash(stage.bob, stage.room, "/admin show")
            admin = next(command for command in stage.sandbox.commands[None] if command["name"] == "admin")
            admin["default_member_permissions"] = "0"  # as if a client did not look at it
            for command, options in (
                ("/admin show", {}),
                ("/admin stats", {}),
                ("/admin reset", {}),
                ("/admin quota", {"per_day": 1000}),
                ("/admin filter", {"change": "remove", "word": "rum"}),
                ("/admin language", {"language": "de"}),
                ("/admin channels", {"channel": stage.room}),
            ):
                refused = await stage.answer(stage.bob, command, **options)
                assert refused.ephemeral
                assert refused.text == "That needs the permission Manage Server."
            log = "\n".join(record.getMessage() for record in caplog.records)
            assert log.count("/admin was refused") == 7
            assert stage.bob.id not in log
        assert stage.client().servers.settings(stage.guild.id) == ServerSettings()

    play(tmp_path, scene)


def test_managers_see_their_servers_own_model_and_no_other_servers(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        elsewhere = stage.sandbox.guild("Choir", stage.eve)
        elsewhere.owner = stage.eve
        loft, base = elsewhere.channel("loft"), digests_of_starters()["lyrics"]
        ours, theirs = [promoted_adapter(stage, str(place.id), base) for place in (stage.guild, elsewhere)]
        async with stage.bot():
            here = await stage.answer(stage.eve, "/admin models")
            there = await (await stage.sandbox.slash(stage.eve, loft, "/admin models")).final()
            for message, seen, unseen in ((here, ours, theirs), (there, theirs, ours)):
                text = str(message.embeds[0].get("description"))
                assert f"{seen}, an adapter that this server has to itself" in text
                assert unseen not in text
                assert not [place for place in (stage.guild, elsewhere) if str(place.id) in text]

    play(tmp_path, scene)


def promoted_adapter(stage: Stage, server: str, base: str) -> str:
    """Return the id of a version that a server has to itself."""
    with stage.client().store.writing() as session:
        version = model_versions.add(
            session, role="lyrics", digest=f"digest {server}", family="adapter", path=f"/{server}", card={}, now=utc_now(),
            server=server, base_digest=base,
        )  # fmt: skip
        return model_versions.promote(session, version.id, now=utc_now()).id
