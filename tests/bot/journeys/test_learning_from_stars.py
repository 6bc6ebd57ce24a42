"""From the stars below songs to the next version and back: buttons, snapshot, run, trial, promotion, roll-back.

Bot, store, words and models are the real ones; only the tuning and the gate are stand-ins, which leave a tiny model.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bot.stage import Stage, play
from tests.discord_sandbox import Message, User
from tests.tiny_models import TinyModels, write_tiny_lyric_model
from worker import promotion, trials, tuning_schedule
from worker.clock import utc_now
from worker.loaded_models import digests_of_starters, model_choice
from worker.settings import Settings
from worker.snapshots import all_of
from worker.store import model_versions, tunings
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.tuning import Tuner
from worker.worker_process import song_generator

ROOT = Path(__file__).parents[3]
FAKE = (sys.executable, str(ROOT / "tests" / "worker" / "fake_tuner.py"))
SHARE = 0.5
SONGS_OF_EACH, RATERS = 4, 5  # 20 ratings of each version: the fewest that decide anything
MOST_RATINGS = 150  # until a roll-back


def has_stars(message: Message) -> bool:
    return any(name.startswith("sw:rate:") for name in message.controls)


async def words(stage: Stage, user: User, seed: int) -> Message:
    """Let a member ask for words and wait for them."""
    reply = await stage.song(user, "/lyrics", theme="rain over the harbour", form="V", seed=seed)
    return await reply.final(timeout=60, until=has_stars)


def version_of(stage: Stage, message: Message) -> str:
    """Return the digest of the lyric model that wrote what a message shows."""
    song = next(name.split(":")[2] for name in message.controls if name.startswith("sw:rate:"))
    return str(stage.client().song(song).model_versions["lyrics"])


async def rated(stage: Stage, raters: Sequence[User], message: Message, stars: int) -> None:
    for user in raters:
        assert f"You gave {stars} of 5" in (await stage.pressed(user, message, f"★{stars}")).text


def tuned(store: Store, stage: Stage, checkpoint: Path) -> ModelVersion:
    """Let what is due be queued, as a worker does, and carry the run of words out; return its version."""
    told: Settings = stage.settings.model_copy(update={"tune_after": RATERS, "tune_share": SHARE})
    queued = tuning_schedule.look(store, told, now=utc_now())
    with store.writing() as session:
        for run in queued:
            if run.role != "lyrics":
                tunings.cancel(session, run.id, now=utc_now())
        (snapshot,) = all_of(session)
    assert (snapshot.statistics["judgements"], snapshot.statistics["raters"]) == (RATERS, RATERS)
    told.tunings_dir.mkdir(parents=True, exist_ok=True)
    plan = {"steps": 2, "pause": 0.0, "passed": True, "checkpoint": str(checkpoint)}
    (told.tunings_dir / "plan.json").write_text(json.dumps(plan))
    ended = Tuner(store, told, program=FAKE, environ={**os.environ, "PYTHONPATH": str(ROOT)}, niceness=0).run_next()
    assert ended is not None
    assert ended.version_id is not None, ended.error
    return state_of(store, ended.version_id)


def state_of(store: Store, version_id: str) -> ModelVersion:
    with store.reading() as session:
        return model_versions.get(session, version_id)


def test_stars_below_songs_make_the_next_version_and_take_a_worse_one_back(
    tmp_path: Path, tiny_models: TinyModels
) -> None:
    async def scene(stage: Stage) -> None:
        store = stage.client().store
        raters = [stage.sandbox.user(f"rater{number}") for number in range(RATERS)]
        for user in raters:
            stage.guild.add_member(user)
        with stage.worker(song_generator(store, stage.settings)):
            async with stage.bot():
                for user in (stage.ada, *raters):
                    await stage.answer(user, "/privacy training", on=True)
                await rated(stage, raters, await words(stage, stage.ada, 1), 3)
                new = await asyncio.to_thread(tuned, store, stage, tiny_models.lyrics)
                assert (new.state, new.trial_share) == ("trial", SHARE)

                await try_on_both_sides(stage, store, raters, new)
                (decision,) = trials.decide(store, now=utc_now())
                assert (decision.act, state_of(store, new.id).state) == ("promoted", "promoted")

                path = write_tiny_lyric_model(tmp_path / "worse", variety=1)
                worse = promotion.add(store, path, now=utc_now())
                promotion.promote(store, worse.id, now=utc_now())
                taken = await rate_until_decided(stage, store, raters, worse)
                assert taken <= MOST_RATINGS
                assert state_of(store, worse.id).state == "retired"
                assert state_of(store, new.id).state == "promoted"
                assert version_of(stage, await words(stage, stage.ada, 300)) == new.digest

    play(tmp_path, scene)


async def try_on_both_sides(stage: Stage, store: Store, raters: Sequence[User], new: ModelVersion) -> None:
    """Let a member of either side ask; all love what the new version writes, and nobody what the starter does."""
    askers: dict[bool, User] = {}
    while len(askers) < 2:
        user = stage.sandbox.user(f"asker{len(stage.guild.members)}")
        stage.guild.add_member(user)
        askers.setdefault(model_choice(store).of(0, user.id)["lyrics"] == Path(new.path), user)
    for number in range(SONGS_OF_EACH):
        for is_new, user in askers.items():
            message = await words(stage, user, 100 + number)
            assert version_of(stage, message) == (new.digest if is_new else digests_of_starters()["lyrics"])
            await rated(stage, raters, message, 5 if is_new else 1)


async def rate_until_decided(stage: Stage, store: Store, raters: Sequence[User], worse: ModelVersion) -> int:
    """Let everybody rate what a worse version writes; return after how many ratings it was taken back."""
    taken = 0
    while taken < MOST_RATINGS:
        message = await words(stage, stage.ada, 200 + taken)
        assert version_of(stage, message) == worse.digest
        await rated(stage, raters, message, 2)
        taken += len(raters)
        if decided := trials.decide(store, now=utc_now()):
            assert [one.act for one in decided] == ["rolled back"]
            break
    return taken
