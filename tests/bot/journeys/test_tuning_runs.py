"""What managers do with tuning runs in Discord: begin one, follow it, end it; across several servers only the owner may."""

from __future__ import annotations

from pathlib import Path

from tests.bot.stage import Stage, play
from tests.discord_sandbox import Message
from worker.store import tunings
from worker.store.tunings import Tuning
from worker.whole_models import digests_of_starters


async def finetune(stage: Stage, **options: str) -> str:
    return (await stage.answer(stage.eve, "/admin finetune", **options)).text


async def rated_song(stage: Stage) -> Message:
    """Return a song whose asker and rater agreed to training, with a star more."""
    for member in (stage.ada, stage.bob):
        await stage.answer(member, "/privacy training", on=True)
    with stage.worker():
        song = await stage.finished_song(stage.ada)
    await stage.pressed(stage.bob, song, "★4")
    return song


def runs(stage: Stage) -> tuple[Tuning, ...]:
    with stage.client().store.reading() as session:
        return tunings.all_of(session)


def test_a_run_is_begun_followed_and_ended(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            assert "begun by /admin finetune start" in await finetune(stage)
            assert "Nothing new was said" in await finetune(stage, start="lyrics")
            assert "nothing to cancel" in await finetune(stage, cancel="lyrics")
            await rated_song(stage)
            said = await finetune(stage, start="lyrics")
            assert "A run that tunes **lyrics** waits" in said
            assert "new since the last run: 1)" in said
            (run,) = runs(stage)
            assert (run.role, run.status, run.snapshot_id) == ("lyrics", "queued", None)
            assert run.parent_digest == digests_of_starters()["lyrics"]
            assert "A run tunes lyrics already" in await finetune(stage, start="lyrics")
            assert "**lyrics** · waits" in await finetune(stage)
            assert "one of the two" in await finetune(stage, start="melody", cancel="lyrics")
            assert "is cancelled" in await finetune(stage, cancel="lyrics")
            assert "**lyrics** · cancelled" in await finetune(stage)
            assert "nothing to cancel" in await finetune(stage, cancel="melody")

    play(tmp_path, scene)


def test_members_without_the_permission_begin_nothing(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        async with stage.bot():
            await rated_song(stage)
            admin = next(command for command in stage.sandbox.commands[None] if command["name"] == "admin")
            admin["default_member_permissions"] = "0"  # as if a client did not look at it
            refused = await stage.answer(stage.bob, "/admin finetune", start="lyrics")
            assert refused.text == "That needs the permission Manage Server."
        assert runs(stage) == ()

    play(tmp_path, scene)


def test_where_the_bot_is_in_several_servers_only_its_owner_begins_and_ends_runs(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        loft = stage.sandbox.guild("Choir", stage.eve).channel("loft")
        async with stage.bot():
            await rated_song(stage)
            for act in ("start", "cancel"):
                assert "only the owner of this bot" in await finetune(stage, **{act: "lyrics"})
            assert runs(stage) == ()
            owner = stage.sandbox.owner
            begun = await stage.sandbox.slash(owner, loft, "/admin finetune", start="lyrics")
            assert "waits" in (await begun.final()).text
            assert "**lyrics** · waits" in await finetune(stage)  # managers see it
            ended = await stage.sandbox.slash(owner, loft, "/admin finetune", cancel="lyrics")
            assert "is cancelled" in (await ended.final()).text

    play(tmp_path, scene)
