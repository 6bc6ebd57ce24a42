"""Models of servers in memory: what many adapters lie upon is there once, goes last, and songs are made where it is gone."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from engine.errors import CheckpointError
from engine.roles import Role
from tests.worker.conftest import WoundClock
from worker.held_models import DecodingStatistics
from worker.loaded_models import LoadedModels, model_choice, starter_paths
from worker.model_choice import Adapter, ModelChoice, Trial
from worker.store import model_versions
from worker.store.database import Store
from worker.whole_models import digests_of_starters

PATIENCE_SECONDS = 20
HARBOUR, FOREST, DESERT = "71000000000000001", "71000000000000002", "71000000000000003"
BASE, OTHER, TUNE = Path("/base"), Path("/other"), Path("/tune")
A, B = Path("/a"), Path("/b")


@dataclass
class Shared:
    """A model between songs that notes when it is closed."""

    closed: list[str]
    version: str

    def close(self) -> None:
        self.closed.append(self.version)

    def statistics(self) -> DecodingStatistics:
        return DecodingStatistics(tokens=70, steps=7, rows=14, busy_seconds=0.5, slots=8, slots_used=2)


@dataclass
class Model:
    """An opened model; its path is its version. base: what it lies upon."""

    version: str
    model: Shared
    base: Any = None


@dataclass
class Opener:
    """Opens whole models and adapters, and notes which were opened and closed. damaged: what cannot be opened."""

    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    damaged: set[Path] = field(default_factory=set)

    def whole(self, _role: Role, path: Path) -> Model:
        return self._open(path)

    def adapter(self, _role: Role, path: Path, base: Model) -> Model:
        return self._open(path, base)

    def _open(self, path: Path, base: Model | None = None) -> Model:
        if path in self.damaged:
            raise CheckpointError(f"{path} is damaged")
        self.opened.append(str(path))
        return Model(str(path), Shared(self.closed, str(path)), base)


@dataclass
class Chosen:
    """A choice that the test changes."""

    lyrics: Path = BASE
    own: dict[str, Adapter] = field(default_factory=dict)
    trials: dict[Role, Trial] = field(default_factory=dict)

    def __call__(self) -> ModelChoice:
        of_servers: dict[str, dict[Role, Adapter]] = {server: {"lyrics": one} for server, one in self.own.items()}
        return ModelChoice({"lyrics": self.lyrics, "melody": TUNE}, dict(self.trials), of_servers)


def loaded_of(chosen: Chosen, opener: Opener) -> LoadedModels:
    return LoadedModels(chosen, opener.whole, opener.adapter)


def sung(loaded: LoadedModels, server: str | None) -> Model:
    """Return the lyric model that a song is made with."""
    with loaded.in_use(server=server) as models:
        assert models.melody.version == str(TUNE)
        found: Model = models.lyrics
        assert models.lyrics is found
        return found


def test_two_servers_and_everybody_share_one_base_and_it_goes_last() -> None:
    chosen, opener = Chosen(own={HARBOUR: Adapter(A, BASE), FOREST: Adapter(B, BASE)}), Opener()
    loaded = loaded_of(chosen, opener)
    harbour, forest = sung(loaded, HARBOUR), sung(loaded, FOREST)
    everybody, desert, direct = sung(loaded, None), sung(loaded, DESERT), sung(loaded, None)
    assert [model.version for model in (harbour, forest, everybody)] == ["/a", "/b", "/base"]
    assert harbour.base is forest.base is everybody is desert is direct
    assert sorted(opener.opened) == ["/a", "/b", "/base", "/tune"]
    chosen.lyrics = OTHER  # a promotion: the adapters stay on theirs
    assert sung(loaded, DESERT).version == "/other"
    assert sung(loaded, HARBOUR) is harbour
    assert opener.closed == []
    del chosen.own[HARBOUR]
    assert sung(loaded, FOREST) is forest
    assert opener.closed == ["/a"]
    del chosen.own[FOREST]
    assert sung(loaded, FOREST).version == "/other"
    assert opener.closed == ["/a", "/b", "/base"]
    assert [held.version for held in loaded.held()] == ["/other", "/tune"]


def test_a_song_keeps_its_adapter_and_what_that_lies_upon() -> None:
    chosen, opener = Chosen(lyrics=OTHER, own={HARBOUR: Adapter(A, BASE)}), Opener()
    loaded = loaded_of(chosen, opener)
    with loaded.in_use(server=HARBOUR) as models:
        assert models.lyrics.version == "/a"
        chosen.own[HARBOUR] = Adapter(B, BASE)
        assert sung(loaded, HARBOUR).version == "/b"
        chosen.own.clear()
        assert sung(loaded, HARBOUR).version == "/other"
        assert opener.closed == ["/b"]
        assert models.lyrics.version == "/a"
    assert opener.closed == ["/b", "/a", "/base"]
    assert opener.opened.count("/base") == 1


def test_an_adapter_on_a_base_that_nobody_else_uses_opens_that_one_alone() -> None:
    opener = Opener()
    assert sung(loaded_of(Chosen(lyrics=OTHER, own={HARBOUR: Adapter(A, BASE)}), opener), HARBOUR).version == "/a"
    assert "/other" not in opener.opened


def test_a_base_that_is_gone_gives_what_everybody_uses_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    opener = Opener()
    loaded = loaded_of(Chosen(own={HARBOUR: Adapter(A, None, "0123456789abcdef")}), opener)
    for _ in range(3):
        assert sung(loaded, HARBOUR).version == "/base"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "0123456789abcdef" in caplog.text
    assert HARBOUR not in caplog.text


@pytest.mark.parametrize("damaged", [A, BASE])
def test_what_cannot_be_opened_gives_what_everybody_uses_for_the_whole_song(
    damaged: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opener = Opener(damaged={damaged})
    loaded = loaded_of(Chosen(lyrics=OTHER, own={HARBOUR: Adapter(A, BASE)}), opener)
    with loaded.in_use(server=HARBOUR) as models:
        assert models.lyrics.version == "/other"
        opener.damaged.clear()
        assert models.lyrics.version == "/other"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert f"{damaged} is damaged" in caplog.text
    assert sung(loaded, HARBOUR).version == "/a"


def test_a_server_with_its_own_model_is_in_no_trial() -> None:
    chosen = Chosen(own={HARBOUR: Adapter(A, BASE)}, trials={"lyrics": Trial(OTHER, 1.0)})
    loaded = loaded_of(chosen, Opener())
    assert [sung(loaded, server).version for server in (HARBOUR, FOREST, None)] == ["/a", "/other", "/other"]


def test_statistics_count_the_slots_of_a_base_once() -> None:
    chosen, opener = Chosen(own={HARBOUR: Adapter(A, BASE)}), Opener()
    loaded = loaded_of(chosen, opener)
    for server in (HARBOUR, None):
        sung(loaded, server)
    assert loaded.statistics()["lyrics"] == DecodingStatistics(140, 14, 28, 1.0, slots=8, slots_used=2)
    chosen.own.clear()
    sung(loaded, None)
    assert loaded.statistics()["lyrics"] == DecodingStatistics(140, 14, 28, 1.0, slots=8, slots_used=2)


def test_songs_of_many_servers_at_once_open_every_model_once() -> None:
    own = {f"{HARBOUR}{number}": Adapter(Path(f"/a{number % 3}"), BASE) for number in range(9)}
    opener = Opener()
    loaded, gate = loaded_of(Chosen(own=own), opener), threading.Barrier(len(own))
    found: list[str] = []

    def song(server: str) -> None:
        gate.wait(PATIENCE_SECONDS)
        found.append(sung(loaded, server).version)

    threads = [threading.Thread(target=song, args=(server,)) for server in own]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert sorted(found) == sorted(str(one.path) for one in own.values())
    assert sorted(opener.opened) == ["/a0", "/a1", "/a2", "/base", "/tune"]


def adapter(store: Store, clock: WoundClock, name: str, base: str, server: str, role: Role = "lyrics") -> str:
    """Add and promote an adapter."""
    with store.writing() as session:
        version = model_versions.add(
            session, role=role, digest=name, family="adapter", path=f"/{name}", card={}, now=clock(), server=server,
            base_digest=base,
        )  # fmt: skip
        return model_versions.promote(session, version.id, now=clock()).id


def whole(store: Store, clock: WoundClock, name: str) -> str:
    with store.writing() as session:
        return model_versions.add(
            session, role="lyrics", digest=name, family="llama", path=f"/{name}", card={}, now=clock()
        ).id  # fmt: skip


def test_bases_are_found_among_starters_and_versions_of_any_state(store: Store, clock: WoundClock) -> None:
    old = whole(store, clock, "old")
    with store.writing() as session:
        model_versions.retire(session, old)
    adapter(store, clock, "a", digests_of_starters()["lyrics"], HARBOUR)
    adapter(store, clock, "b", "old", FOREST)
    adapter(store, clock, "c", "gone", DESERT)
    adapter(store, clock, "d", "a", DESERT, "melody")  # an adapter is nothing to lie upon
    assert model_choice(store) == ModelChoice(
        starter_paths(),
        {},
        {
            HARBOUR: {"lyrics": Adapter(Path("/a"), starter_paths()["lyrics"], digests_of_starters()["lyrics"])},
            FOREST: {"lyrics": Adapter(Path("/b"), Path("/old"), "old")},
            DESERT: {
                "lyrics": Adapter(Path("/c"), None, "gone"),
                "melody": Adapter(Path("/d"), None, "a"),
            },
        },
    )


def test_a_promotion_in_a_server_is_used_there_from_the_next_song_on(store: Store, clock: WoundClock) -> None:
    opener = Opener()
    loaded = LoadedModels(lambda: model_choice(store), opener.whole, opener.adapter)
    starter = str(starter_paths()["lyrics"])
    with loaded.in_use(server=HARBOUR) as begun:
        adapter(store, clock, "a", digests_of_starters()["lyrics"], HARBOUR)
        for server, version in ((HARBOUR, "/a"), (FOREST, starter), (None, starter)):
            with loaded.in_use(server=server) as models:
                assert models.lyrics.version == version
        assert begun.lyrics.version == starter
    assert opener.opened == ["/a", starter] or opener.opened == [starter, "/a"]


def test_no_warning_is_given_where_nobody_has_an_adapter(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    opener = Opener()
    with (
        caplog.at_level(logging.WARNING),
        LoadedModels(lambda: model_choice(store), opener.whole).in_use(server=HARBOUR),
    ):
        pass
    assert caplog.records == []
