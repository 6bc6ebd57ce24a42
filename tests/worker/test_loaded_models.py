"""Models in use: opened once, when needed; swapped after a promotion; two at once during a trial; let go in the end."""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.errors import CheckpointError
from engine.roles import ROLES, Role
from tests.worker.conftest import WoundClock
from worker.held_models import DecodingStatistics
from worker.loaded_models import LoadedModels, model_choice, promoted_paths, starter_paths
from worker.model_choice import ModelChoice, Trial, place_in_trial
from worker.store import model_versions
from worker.store.database import Store
from worker.store.model_versions import ModelVersion

PATIENCE_SECONDS = 20
OLD, NEW = Path("/old"), Path("/new")


@dataclass
class Shared:
    """A model between songs that notes when it is closed."""

    closed: list[Path]
    path: Path

    def close(self) -> None:
        """Note it."""
        self.closed.append(self.path)

    def statistics(self) -> DecodingStatistics:
        """Return what a shared model tells of itself."""
        return DecodingStatistics(tokens=70, steps=7, rows=14, busy_seconds=0.5, slots=8, slots_used=2)


@dataclass
class Model:
    """An opened model; its path is its version."""

    version: str
    model: Shared


@dataclass
class Opener:
    """Opens models, and notes which were opened and closed."""

    opened: list[Path] = field(default_factory=list)
    closed: list[Path] = field(default_factory=list)
    models: list[weakref.ref[Model]] = field(default_factory=list)

    def __call__(self, role: Role, path: Path) -> Model:
        """Return a model of this path."""
        self.opened.append(path)
        model = Model(str(path), Shared(self.closed, path))
        self.models.append(weakref.ref(model))
        return model

    def in_memory(self) -> int:
        """Return how many of the models are still there."""
        return sum(model() is not None for model in self.models)


@dataclass
class Chosen:
    """A choice that the test changes."""

    lyrics: Path = OLD
    trials: dict[Role, Trial] = field(default_factory=dict)

    def __call__(self) -> ModelChoice:
        """Return the choice of this moment."""
        return ModelChoice({"lyrics": self.lyrics, "melody": Path("/tune")}, dict(self.trials))


def versions(loaded: LoadedModels) -> list[str]:
    """Return the lyric models in memory."""
    return [held.version for held in loaded.held() if held.role == "lyrics"]


def seed_at(low: float, high: float) -> int:
    """Return a seed whose place in trials lies in this range."""
    return next(seed for seed in range(10_000) if low <= place_in_trial("", f"seed {seed}") < high)


def test_a_model_is_opened_once_and_only_when_needed() -> None:
    opener = Opener()
    loaded = LoadedModels(starter_paths, opener)
    with loaded.in_use() as one, loaded.in_use() as other:
        assert one.lyrics is other.lyrics
    with loaded.in_use() as later:
        assert later.lyrics is one.lyrics
    assert opener.opened == [starter_paths()["lyrics"]]


def test_every_role_has_a_starter() -> None:
    assert set(starter_paths()) == set(ROLES)
    assert all(path.parent.name == "starter" for path in starter_paths().values())


def added(store: Store, clock: WoundClock, role: Role, name: str) -> ModelVersion:
    with store.writing() as session:
        return model_versions.add(
            session, role=role, digest=name, family="f", path=f"/{name}", card={}, now=clock()
        )  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_a_promotion_is_used_from_the_next_song_on(role: Role, store: Store, clock: WoundClock) -> None:
    loaded = LoadedModels(lambda: model_choice(store), Opener())
    begun = loaded.in_use()
    version = added(store, clock, role, "new")
    with store.writing() as session:
        model_versions.promote(session, version.id, now=clock())
    assert getattr(begun, role).version == str(starter_paths()[role])
    with loaded.in_use() as models:
        assert getattr(models, role).version == "/new"
    assert promoted_paths(store)[role] == NEW


def test_a_trial_makes_its_share_of_the_songs(store: Store, clock: WoundClock) -> None:
    version = added(store, clock, "melody", "new")
    with store.writing() as session:
        model_versions.begin_trial(session, version.id, 0.25, now=clock())
    choice = model_choice(store)
    made = Counter(choice.of(seed)["melody"] for seed in range(4000))
    assert made[NEW] == pytest.approx(1000, abs=100)
    assert made[starter_paths()["melody"]] == 4000 - made[NEW]
    assert {choice.of(seed)["lyrics"] for seed in range(100)} == {starter_paths()["lyrics"]}
    assert [choice.of(seed) for seed in range(50)] == [model_choice(store).of(seed) for seed in range(50)]


def test_a_member_keeps_to_one_side_of_a_trial_whatever_the_seed_and_other_trials_fall_to_others() -> None:
    choice = ModelChoice({"lyrics": OLD}, {"lyrics": Trial(NEW, 0.1, "abc")})
    members = [f"member {n}" for n in range(2000)]
    sides = {member: choice.of(0, member)["lyrics"] for member in members}
    assert all(choice.of(seed, member)["lyrics"] == sides[member] for member in members[:50] for seed in range(20))
    assert sum(side == NEW for side in sides.values()) == pytest.approx(200, abs=50)
    later = ModelChoice({"lyrics": OLD}, {"lyrics": Trial(NEW, 0.1, "def")})
    in_both = sum(sides[member] == later.of(0, member)["lyrics"] == NEW for member in members)
    assert in_both < 50


def test_the_place_in_a_trial_is_the_same_on_every_machine() -> None:
    assert [round(place_in_trial("abc", who), 6) for who in ("seed 0", "member 81")] == [0.605335, 0.932144]


def test_during_a_trial_both_models_are_held_and_after_it_one() -> None:
    opener, chosen = Opener(), Chosen(trials={"lyrics": Trial(NEW, 0.5)})
    loaded = LoadedModels(chosen, opener)
    for _ in range(3):
        for seed, path in ((seed_at(0, 0.5), NEW), (seed_at(0.5, 1), OLD)):
            with loaded.in_use(seed) as models:
                assert models.lyrics.version == str(path)
    assert opener.opened == [NEW, OLD]
    assert versions(loaded) == ["/new", "/old"]
    chosen.trials.clear()
    with loaded.in_use():
        assert versions(loaded) == ["/old"]
    assert opener.closed == [NEW]


def test_a_song_keeps_its_model_and_the_last_one_lets_go_of_it() -> None:
    opener, chosen = Opener(), Chosen()
    loaded = LoadedModels(chosen, opener)
    first, second = loaded.in_use(), loaded.in_use()
    assert first.lyrics.version == second.lyrics.version == str(OLD)
    chosen.lyrics = NEW
    with loaded.in_use() as third:
        assert third.lyrics.version == str(NEW)
        assert first.lyrics.version == str(OLD)
        with first:
            pass
        assert opener.closed == []
        assert [(held.version, held.songs) for held in loaded.held()] == [("/new", 1), ("/old", 1)]
        with second:
            pass
        assert opener.closed == [OLD]
    assert versions(loaded) == ["/new"]


def test_statistics_are_of_all_models_since_the_process_began() -> None:
    chosen = Chosen()
    loaded = LoadedModels(chosen, Opener())
    assert loaded.statistics() == {}
    for path in (OLD, NEW, OLD):
        chosen.lyrics = path
        with loaded.in_use() as models:
            assert models.lyrics
    assert loaded.statistics() == {"lyrics": DecodingStatistics(210, 21, 42, 1.5, slots=8, slots_used=2)}
    with LoadedModels(chosen, lambda role, path: path).in_use() as models:
        assert models.lyrics == OLD  # a model that keeps no account
        assert models._loaded.statistics() == {}


def test_promoting_back_and_forth_holds_two_models() -> None:
    opener, chosen = Opener(), Chosen()
    loaded = LoadedModels(chosen, opener)
    for turn in range(20):
        chosen.lyrics = (OLD, NEW)[turn % 2]
        with loaded.in_use(turn) as models:
            assert models.lyrics.version == str(chosen.lyrics)
            assert models.melody.version == "/tune"
        assert len(loaded.held()) == opener.in_memory() == 2
    assert len(opener.opened) == len(opener.closed) + 2


def test_opening_one_model_does_not_keep_the_songs_of_another_waiting() -> None:
    opening, go_on = threading.Event(), threading.Event()

    def slow_for_new(role: Role, path: Path) -> str:
        if path == NEW:
            opening.set()
            assert go_on.wait(PATIENCE_SECONDS)
        return str(path)

    loaded = LoadedModels(Chosen(trials={"lyrics": Trial(NEW, 0.5)}), slow_for_new)
    slow = loaded.in_use(seed_at(0, 0.5))
    thread = threading.Thread(target=lambda: slow.lyrics)
    thread.start()
    assert opening.wait(PATIENCE_SECONDS)
    with loaded.in_use(seed_at(0.5, 1)) as models:
        assert models.lyrics == str(OLD)
        assert models.melody == "/tune"
    assert thread.is_alive()
    go_on.set()
    thread.join(PATIENCE_SECONDS)
    assert slow.lyrics == str(NEW)


def test_many_threads_open_a_model_once() -> None:
    opener = Opener()
    loaded = LoadedModels(Chosen(), opener)
    gate = threading.Barrier(8)

    def song() -> None:
        gate.wait(PATIENCE_SECONDS)
        with loaded.in_use() as models:
            assert models.lyrics.version == str(OLD)

    threads = [threading.Thread(target=song) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert opener.opened == [OLD]
    assert [held.songs for held in loaded.held()] == [0]


def test_a_damaged_model_fails_its_song_and_is_tried_again_at_the_next(caplog: pytest.LogCaptureFixture) -> None:
    whole: list[str] = []

    def damaged_at_first(role: Role, path: Path) -> str:
        if not whole:
            raise CheckpointError("the model is damaged; fetch it again")
        return whole[0]

    loaded = LoadedModels(Chosen(), damaged_at_first)
    with pytest.raises(CheckpointError, match="fetch it again"), loaded.in_use() as models:
        assert models.lyrics
    assert "songs fail" in caplog.text
    whole.append("mended")
    with loaded.in_use() as models:
        assert models.lyrics == "mended"
