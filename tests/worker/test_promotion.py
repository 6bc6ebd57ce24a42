"""Promises of promotion during load: no job fails for it, and no song has words of one pair and a tune of another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from engine.contract import Progress, SongRequest
from engine.errors import CheckpointError
from tests.tiny_models import TinyModels, write_tiny_models
from tests.worker.conftest import WoundClock
from worker import promotion
from worker.clock import utc_now
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels, model_choice
from worker.model_choice import ModelChoice
from worker.settings import Settings
from worker.store import jobs, model_versions, songs
from worker.store.database import Store
from worker.store.jobs import Job
from worker.store.songs import Song
from worker.tasks import Shift

PATIENCE_SECONDS = 240
EVERY_SECONDS = 0.2
THREADS, SONGS, SONGS_MADE_AGAIN = 4, 24, 4
OUTPUTS = ("mid", "txt")
REQUEST = SongRequest(theme="rain", form="V", syllables="4", tempo_qpm=160)

Pair = tuple[str, str]  # the digests of a lyric and a melody model


@pytest.fixture(scope="module")
def models(tiny_models: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> list[TinyModels]:
    """Return three pairs of tiny models."""
    folder = tmp_path_factory.mktemp("pairs")
    return [tiny_models, *(write_tiny_models(folder / str(variety), variety) for variety in (1, 2))]


@dataclass
class Promoter:
    """Promotes pairs of models by turns, both of a pair at one moment, and notes when."""

    store: Store
    ids: dict[Pair, tuple[str, str]]
    promotions: list[tuple[datetime, Pair]] = field(default_factory=list)

    def promote(self, pair: Pair) -> None:
        """Put a pair to use. It is noted with a moment before, and the next one with a moment after."""
        before = utc_now()
        with self.store.writing() as session:
            for version in self.ids[pair]:
                model_versions.promote(session, version, now=before)
        self.promotions.append((before, pair))

    def in_use(self, begin: datetime, end: datetime) -> set[Pair]:
        """Return the pairs that were in use at some time in between."""
        ends = [moment for moment, _ in self.promotions[1:]] + [end]
        grace = EVERY_SECONDS  # a promotion counts from its commit, which comes after the moment that is noted
        return {
            pair
            for (since, pair), until in zip(self.promotions, ends, strict=True)
            if since <= end and (until - begin).total_seconds() >= -grace
        }

    @contextmanager
    def by_turns(self) -> Iterator[None]:
        """Promote another pair every EVERY_SECONDS, until the block ends; a fault is raised there."""
        over = threading.Event()
        faults: list[Exception] = []

        def go_on() -> None:
            number = 0
            while not over.wait(EVERY_SECONDS):
                number += 1
                try:
                    self.promote(list(self.ids)[number % len(self.ids)])
                except Exception as error:
                    faults.append(error)
                    return

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PATIENCE_SECONDS)
        assert faults == []


def added(store: Store, models: list[TinyModels]) -> dict[Pair, tuple[str, str]]:
    found = {}
    for pair in models:
        lyrics, melody = (promotion.add(store, path, now=utc_now()) for path in (pair.lyrics, pair.melody))
        found[lyrics.digest, melody.digest] = (lyrics.id, melody.id)
    return found


def submitted(store: Store, count: int) -> list[str]:
    with store.writing() as session:
        return [
            jobs.submit(session, REQUEST, now=utc_now(), requested_by=str(number % 7)).id for number in range(count)
        ]


def carried_out(store: Store, generate: SongGenerator, job_ids: list[str]) -> list[tuple[Job, Song | None]]:
    """Run the jobs with several threads, as a worker process does, and return how they ended."""
    settings = Settings(database_url="sqlite:////unused", models_dir=Path("/unused"), worker_threads=THREADS)
    shift = Shift(store, generate, settings)
    until = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            shift.fill()
            with store.reading() as session:
                found = [(jobs.get(session, job_id), songs.find(session, job_id)) for job_id in job_ids]
            if all(job.ended for job, _ in found):
                return found
            assert time.monotonic() < until, "the jobs take too long"
            shift.wait_for_slot(0.2)
    finally:
        shift.stop()
        shift.is_over(PATIENCE_SECONDS)
        shift.close()


def test_promotions_during_load_fail_no_job_and_mix_no_song(sqlite_store: Store, models: list[TinyModels]) -> None:
    store = sqlite_store
    promoter = Promoter(store, added(store, models))
    promoter.promote(next(iter(promoter.ids)))
    loaded = LoadedModels(lambda: model_choice(store))
    job_ids = submitted(store, SONGS)
    with promoter.by_turns():
        found = carried_out(store, SongGenerator(loaded, OUTPUTS, store=store), job_ids)
    assert {(job.status, job.error) for job, _ in found} == {("done", None)}
    used = set()
    for job, song in found:
        assert song is not None
        assert job.started_at is not None
        assert job.finished_at is not None
        pair = (song.model_versions["lyrics"], song.model_versions["melody"])
        assert pair in promoter.in_use(job.started_at, job.finished_at)
        used.add(pair)
    assert len(used) >= 2, "the promotions must fall into the load"
    assert sum(held.songs for held in loaded.held()) == 0
    with loaded.in_use():
        assert len(loaded.held()) <= 2
    made_again_alone(store, models, [song for _, song in found if song is not None][::-1][:SONGS_MADE_AGAIN])


def made_again_alone(store: Store, models: list[TinyModels], found: list[Song]) -> None:
    """See that the models that a song names, and no others, give the same song again with its seed."""
    paths = {}
    for pair in models:
        lyrics, melody = promotion.look_at(pair.lyrics), promotion.look_at(pair.melody)
        paths[lyrics.digest, melody.digest] = {"lyrics": pair.lyrics, "melody": pair.melody}
    for song in found:
        choice = ModelChoice(paths[song.model_versions["lyrics"], song.model_versions["melody"]])
        again = SongGenerator(LoadedModels(lambda choice=choice: choice), OUTPUTS)(
            REQUEST, song.report.seed, lambda progress: None, lambda: False
        )
        with store.reading() as session:
            kept = [songs.checked(one, store.files) for one in songs.stored_artifacts(session, song.id)]
        assert (again.lyrics_text, list(again.artifacts)) == (song.lyrics_text, kept)


def test_a_promotion_in_the_middle_of_a_song_changes_nothing_for_it(store: Store, models: list[TinyModels]) -> None:
    promoter = Promoter(store, added(store, models[:2]))
    first, second = promoter.ids
    promoter.promote(first)
    generate = SongGenerator(LoadedModels(lambda: model_choice(store)), OUTPUTS, store=store)

    def promote_at_the_first_word(progress: Progress) -> None:
        if progress.stage == "lyrics" and len(promoter.promotions) == 1:
            promoter.promote(second)

    song = generate(REQUEST, 5, promote_at_the_first_word, lambda: False)
    assert len(promoter.promotions) == 2
    assert (song.report.model_versions["lyrics"], song.report.model_versions["melody"]) == first
    after = generate(REQUEST, 5, lambda progress: None, lambda: False)
    assert (after.report.model_versions["lyrics"], after.report.model_versions["melody"]) == second
    assert generate.model_versions() == dict(zip(("lyrics", "melody"), second, strict=True))


def test_in_a_trial_a_seed_has_its_side_and_the_song_says_which(store: Store, models: list[TinyModels]) -> None:
    ids = added(store, models[:2])
    first, second = ids
    promoter = Promoter(store, ids)
    promoter.promote(first)
    for version in ids[second]:
        promotion.begin_trial(store, version, 0.5, now=utc_now())
    choice = model_choice(store)
    generate = SongGenerator(LoadedModels(lambda: choice), OUTPUTS)
    sides: dict[str, set[str]] = {"lyrics": set(), "melody": set()}
    for seed in range(6):
        made = [generate(REQUEST, seed, lambda progress: None, lambda: False) for _ in range(2)]
        assert made[0].artifacts == made[1].artifacts
        for role, versions in sides.items():
            versions.add(made[0].report.model_versions[role])
    assert sides == {role: {first[n], second[n]} for n, role in enumerate(sides)}


def test_in_a_trial_a_member_gets_all_songs_from_one_side(store: Store, models: list[TinyModels]) -> None:
    ids = added(store, models[:2])
    old, new = ids
    promotion.promote(store, ids[old][0], now=utc_now())
    promotion.begin_trial(store, ids[new][0], 0.5, now=utc_now())
    generate = SongGenerator(LoadedModels(lambda: model_choice(store)), OUTPUTS)
    seen = {}
    for member in ("Ann", "Bob", "Cat", "Dan"):
        made = [generate.asked_by(member)(REQUEST, seed, lambda progress: None, lambda: False) for seed in (1, 2, 3)]
        (seen[member],) = {song.report.model_versions["lyrics"] for song in made}
    assert set(seen.values()) == {old[0], new[0]}


def test_a_checkpoint_is_verified_before_it_is_put_to_use(
    store: Store, models: list[TinyModels], tmp_path: Path, clock: WoundClock
) -> None:
    missing = tmp_path / "missing"
    with store.writing() as session:
        version = model_versions.add(
            session, role="melody", digest="d", family="f", path=str(missing), card={}, now=clock()
        )  # fmt: skip
    for put_to_use in (
        lambda: promotion.promote(store, version.id, now=clock()),
        lambda: promotion.begin_trial(store, version.id, 0.1, now=clock()),
    ):
        with pytest.raises(CheckpointError, match="no model directory"):
            put_to_use()
    with store.reading() as session:
        assert model_versions.in_use(session) == ()


def test_what_was_taken_back_is_not_what_a_later_roll_back_goes_to(store: Store, clock: WoundClock) -> None:
    with store.writing() as session:
        ids = [
            model_versions.add(
                session, role="lyrics", digest=name, family="llama", path=f"/{name}", card={}, now=clock()
            ).id
            for name in ("good", "bad", "next")
        ]
        good, bad, new = ids
        model_versions.promote(session, good, now=clock())
        model_versions.promote(session, bad, now=clock())
        model_versions.roll_back(session, "lyrics")
        model_versions.promote(session, new, now=clock())
        former = model_versions.promoted_before(session, "lyrics")
        assert former is not None
        assert former.id == good
        model_versions.roll_back(session, "lyrics")
        assert model_versions.roll_back(session, "lyrics") is None  # then the starter, not what was taken back
