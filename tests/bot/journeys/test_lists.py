"""Lists of songs: pages that turn, menus that play, searches that find, and nothing that others may not see."""

from __future__ import annotations

from pathlib import Path

from tests.bot.stage import Stage, finished, play


def test_pages_turn_and_the_songs_of_each_can_be_played(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            await stage.answer(stage.eve, "/admin quota", per_day=1000, waiting=20)
            with stage.worker():
                for number in range(21):
                    # At most 20 of a member may wait at once.
                    await (stage.song if number % 10 else stage.finished_song)(theme=f"rain {number}")
                await stage.sandbox.until(
                    lambda: stage.client().library.history(stage.ada.id, page=1, size=50).total == 21
                )
                history = await stage.answer(stage.ada, "/history")
                assert history.ephemeral
                assert "Page 1 of 3 · 21 songs" in history.text
                assert history.find("Previous")["disabled"]
                for page in 2, 3:
                    await stage.sandbox.press(stage.ada, history, "Next")
                    await stage.sandbox.until(lambda page=page: f"Page {page} of 3" in history.text)
                assert history.find("Next")["disabled"]
                menu = history.find("▶ Play")
                assert [option["label"] for option in menu["options"]] == ["21. Rain 0"]
                played = await (await stage.sandbox.select(stage.ada, history, "▶ Play", "21. Rain 0")).final()
                assert played.ephemeral
                assert finished(played)
                assert "Page 3 of 3" in (await stage.answer(stage.ada, "/history", page=9)).text

    play(tmp_path, scene)


def test_a_search_finds_words_and_themes_and_keeps_them_while_pages_turn(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            await stage.answer(stage.eve, "/admin quota", per_day=1000, waiting=20)
            with stage.worker():
                for number in range(11):
                    await stage.finished_song(theme=f"rain: {number}")
                await stage.finished_song(theme="snow")
                found = await stage.answer(stage.bob, "/library search", words="rain:")
                assert "Page 1 of 2 · 11 songs" in found.text
                await stage.sandbox.press(stage.bob, found, "Next")
                await stage.sandbox.until(lambda: "Page 2 of 2 · 11 songs" in found.text)
                assert "Snow" in (await stage.answer(stage.bob, "/library search", theme="snow")).text
                assert "Nothing was found" in (await stage.answer(stage.bob, "/library search", words="x" * 55)).text
                both = await stage.answer(stage.bob, "/library search", words="y" * 55, theme="|:" * 27)
                assert "Nothing was found" in both.text

    play(tmp_path, scene)


def test_the_best_of_a_server_needs_votes_and_is_for_everybody_there(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        elsewhere = stage.sandbox.guild("Elsewhere", stage.bob).channel("songs")
        async with stage.bot():
            assert "has 3 ratings yet" in (await stage.answer(stage.ada, "/top")).text
            with stage.worker():
                song = await stage.finished_song(theme="rain")
                cat = stage.sandbox.user("cat")
                stage.guild.members.append(cat)
                for member in stage.ada, stage.bob, stage.eve:
                    await stage.pressed(member, song, "★5")
                assert "Rain" not in (await stage.answer(stage.bob, "/top")).text  # Ada's own stars do not count
                await stage.pressed(cat, song, "★5")
                top = await stage.answer(stage.bob, "/top")
                assert "Rain" in top.text
                assert not top.ephemeral
                assert finished(await (await stage.sandbox.select(stage.eve, top, "▶ Play", "1. Rain")).final())
                other = await (await stage.sandbox.slash(stage.bob, elsewhere, "/top")).final()
                assert "Rain" not in other.text
                hidden = await stage.sandbox.slash(stage.bob, elsewhere, "/song-info", song="Rain")
                assert "There is no song" in (await hidden.final()).text
                taken = await stage.sandbox.slash(stage.bob, elsewhere, "/tempo", song="Rain", percent=110)
                assert "There is no song" in (await taken.final()).text

    play(tmp_path, scene)


def test_favourites_are_each_members_own(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            with stage.worker():
                song = await stage.finished_song(theme="rain")
                assert "no favourites yet" in (await stage.answer(stage.bob, "/favourites")).text
                await stage.pressed(stage.bob, song, "Favourite")
                assert "Rain" in (await stage.answer(stage.bob, "/favourites")).text
                assert "no favourites yet" in (await stage.answer(stage.ada, "/favourites")).text
                await stage.pressed(stage.bob, song, "Favourite")
                assert "no favourites yet" in (await stage.answer(stage.bob, "/favourites")).text

    play(tmp_path, scene)
