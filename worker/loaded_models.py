"""The models in use, each opened once per process and kept. Knows nothing of how a model is built or used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from worker.store import model_versions
from worker.store.database import Store
from worker.store.model_versions import Role

ROLES: tuple[Role, ...] = ("lyrics", "melody")


OpenModel = Callable[[Role, Path], Any]


class LoadedModels:
    """Opens checkpoint directories at the first need and keeps them; safe to share between threads.

    paths: where the model of each role is now, asked before every song, so that a promotion needs no restart.
    open_model: `engine.song.models.open_role` unless a test hands in its own.
    """

    def __init__(self, paths: Callable[[], Mapping[Role, Path]], open_model: OpenModel | None = None) -> None:
        self._paths, self._open_model = paths, open_model
        self._opened: dict[tuple[Role, Path], Any] = {}
        self._lock = threading.Lock()

    def in_use(self) -> ModelsInUse:
        """Return the models for one song, opened when asked for; lets go of those that are out of use."""
        paths = self._paths()
        with self._lock:
            self._opened = {key: model for key, model in self._opened.items() if key in paths.items()}
        return ModelsInUse(self, paths)

    def opened(self, role: Role, path: Path) -> Any:
        """Return the model of a role at this path; CheckpointError if it is missing or damaged."""
        with self._lock:
            if (role, path) not in self._opened:
                self._opened[role, path] = (self._open_model or _engine_open_role())(role, path)
            return self._opened[role, path]


@dataclass(frozen=True)
class ModelsInUse:
    """The models that one song is made with, the same from its first word to its last note; words alone open one."""

    loaded: LoadedModels
    paths: Mapping[Role, Path]

    @property
    def lyrics(self) -> Any:
        """The lyric model."""
        return self.loaded.opened("lyrics", self.paths["lyrics"])

    @property
    def melody(self) -> Any:
        """The melody model."""
        return self.loaded.opened("melody", self.paths["melody"])


def starter_paths() -> Mapping[Role, Path]:
    """Return where the checkpoints are that ship with the engine."""
    import engine

    starter = Path(engine.__path__[0]) / "starter"
    return MappingProxyType({role: starter / role for role in ROLES})


def promoted_paths(store: Store) -> Mapping[Role, Path]:
    """Return where the promoted model of each role is; the starter where none is promoted."""
    with store.reading() as session:
        versions = {role: model_versions.promoted(session, role) for role in ROLES}
    starter = starter_paths()
    return {role: Path(version.path) if version else starter[role] for role, version in versions.items()}


def _engine_open_role() -> Callable[[Role, Path], Any]:
    from engine.song.models import open_role  # brings the numeric libraries with it, so not before a model is needed

    opened: Callable[[Role, Path], Any] = open_role
    return opened
