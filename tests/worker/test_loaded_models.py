"""Models in use: opened once, when needed, and swapped after a promotion."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worker.conftest import WoundClock
from worker.loaded_models import ROLES, LoadedModels, promoted_paths, starter_paths
from worker.store import model_versions
from worker.store.database import Store
from worker.store.model_versions import Role


class Opener:
    """Opens a model that is its own path, and notes that it did."""

    def __init__(self) -> None:
        self.opened: list[Path] = []

    def __call__(self, role: Role, path: Path) -> Path:
        """Return the path as the model."""
        self.opened.append(path)
        return path


def test_a_model_is_opened_once_and_only_when_needed() -> None:
    opener = Opener()
    loaded = LoadedModels(starter_paths, opener)
    assert loaded.in_use().lyrics == loaded.in_use().lyrics == starter_paths()["lyrics"]
    assert opener.opened == [starter_paths()["lyrics"]]


def test_every_role_has_a_starter() -> None:
    assert set(starter_paths()) == set(ROLES)
    assert all(path.parent.name == "starter" for path in starter_paths().values())


@pytest.mark.parametrize("role", ROLES)
def test_a_promotion_is_used_from_the_next_song_on(role: Role, store: Store, clock: WoundClock) -> None:
    opener = Opener()
    loaded = LoadedModels(lambda: promoted_paths(store), opener)
    begun = loaded.in_use()
    with store.writing() as session:
        version = model_versions.add(session, role=role, digest="d", family="f", path="/new", card={}, now=clock())
        model_versions.promote(session, version.id)
    assert getattr(begun, role) == starter_paths()[role]
    assert getattr(loaded.in_use(), role) == Path("/new")
