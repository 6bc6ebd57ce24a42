"""The models in use, each opened once per process and held while it makes songs or may be asked to.

Knows nothing of how a model is built or used. A promotion needs no restart: every song asks anew which models there
are, keeps what it was given to its end, and the last song that is made with an old model lets go of it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from engine.errors import CheckpointError
from engine.roles import JUDGE, ROLES, Role
from worker.store import model_versions
from worker.store.database import Store
from worker.store.model_versions import ModelVersion

log = logging.getLogger(__name__)

Key = tuple[Role, Path]
OpenModel = Callable[[Role, Path], Any]


@dataclass(frozen=True)
class Trial:
    """A model that makes the songs of a share (0-1) of the members. digest: so that each trial falls to others."""

    path: Path
    share: float
    digest: str = ""


@dataclass(frozen=True)
class ModelChoice:
    """The models that songs are made with at one moment: where that of each role is, and what is on trial beside it."""

    paths: Mapping[Role, Path]
    trials: Mapping[Role, Trial] = field(default_factory=dict)

    def of(self, seed: int, member: str | None = None) -> Mapping[Role, Path]:
        """Return where the models for a song are: a member, or the seed of what nobody asked for, keeps to one side."""
        who = f"seed {seed}" if member is None else f"member {member}"
        on_trial = {
            role: trial.path for role, trial in self.trials.items() if place_in_trial(trial.digest, who) < trial.share
        }
        return MappingProxyType({**self.paths, **on_trial})

    def keys(self) -> set[Key]:
        """Return every model that a song may be made with."""
        return {*self.paths.items(), *((role, trial.path) for role, trial in self.trials.items())}


def place_in_trial(digest: str, who: str) -> float:
    """Return a number 0-1 that is even over those who ask and the same for one on every machine, for one trial."""
    return int.from_bytes(hashlib.sha256(f"trial {digest} {who}".encode()).digest()[:8]) / 2**64


@dataclass(frozen=True)
class HeldModel:
    """A model in memory. songs: how many are being made with it."""

    role: Role
    version: str
    songs: int


@dataclass(frozen=True)
class DecodingStatistics:
    """What the models of a role have decoded since the process began, those that are let go included.

    slots, slots_used: sequences that those in memory have room for, and hold now.
    """

    tokens: int = 0
    steps: int = 0
    rows: int = 0
    busy_seconds: float = 0.0
    slots: int = 0
    slots_used: int = 0

    def plus(self, other: Any) -> DecodingStatistics:
        """Return the sum with the figures of another, of any type that has these fields."""
        names = self.__dataclass_fields__
        return DecodingStatistics(**{name: getattr(self, name) + getattr(other, name) for name in names})


class LoadedModels:
    """Opens checkpoint directories at the first need and holds them; safe to share between threads.

    choice: which models there are now, asked before every song. Paths alone stand for a choice without trials.
    open_model: `engine.song.models.open_role` unless another is handed in. What it returns is closed when it is let go,
    if it, or its `model`, has a `close`.
    """

    def __init__(
        self, choice: Callable[[], ModelChoice | Mapping[Role, Path]], open_model: OpenModel | None = None
    ) -> None:
        self._choice, self._open_model = choice, open_model
        self._held: dict[Key, _Held] = {}
        self._wanted: set[Key] = set()
        self._let_go: dict[Role, DecodingStatistics] = {}
        self._lock = threading.Lock()

    def in_use(self, seed: int = 0, member: str | None = None) -> ModelsInUse:
        """Return the models for one song, to be used inside a `with` block; opened when first asked for.

        Both are settled now: a promotion in the middle of the song changes nothing for it.
        """
        chosen = self._choice()
        choice = chosen if isinstance(chosen, ModelChoice) else ModelChoice(chosen)
        paths = choice.of(seed, member)
        with self._lock:
            self._wanted = choice.keys()
            held = {role: self._held.setdefault((role, path), _Held(role, path)) for role, path in paths.items()}
            for model in held.values():
                model.songs += 1
            out_of_use = self._take_out_of_use()
        _close(out_of_use)
        return ModelsInUse(self, held)

    def opened(self, held: _Held) -> Any:
        """Return a held model, opened if need be; CheckpointError if it is missing or damaged. Others do not wait."""
        with held.opening:
            if held.model is None:
                try:
                    held.model = (self._open_model or _engine_open_role())(held.role, held.path)
                except CheckpointError as error:
                    log.error("songs fail, for the %s model cannot be opened: %s", held.role, error)
                    raise
            return held.model

    def done_with(self, models: Mapping[Role, _Held]) -> None:
        """Note that a song is over, and let go of what is out of use by it."""
        with self._lock:
            for model in models.values():
                model.songs -= 1
            out_of_use = self._take_out_of_use()
        _close(out_of_use)

    def held(self) -> tuple[HeldModel, ...]:
        """Return what is in memory now, in a settled order."""
        with self._lock:
            held = [(model, model.songs) for model in self._held.values() if model.model is not None]
        found = (HeldModel(m.role, str(getattr(m.model, "version", "")), songs) for m, songs in held)
        return tuple(sorted(found, key=lambda model: (model.role, model.version)))

    def statistics(self) -> dict[Role, DecodingStatistics]:
        """Return what has been decoded, by role; of models that keep no statistics there is nothing."""
        with self._lock:
            found = dict(self._let_go)
            opened = [(model.role, model.statistics()) for model in self._held.values()]
        for role, statistics in opened:
            if statistics is not None:
                found[role] = found.get(role, DecodingStatistics()).plus(statistics)
        return found

    def _take_out_of_use(self) -> list[_Held]:
        """Forget the models that no song is made with nor will be; the caller has the lock and closes them without."""
        gone = [key for key, model in self._held.items() if model.songs == 0 and key not in self._wanted]
        models = [self._held.pop(key) for key in gone]
        for model in models:
            if (statistics := model.statistics()) is not None:
                so_far = self._let_go.get(model.role, DecodingStatistics())
                self._let_go[model.role] = replace(so_far.plus(statistics), slots=0, slots_used=0)
        return models


class _Held:
    """A model that is in memory, or will be when it is first asked for. songs: how many are being made with it."""

    def __init__(self, role: Role, path: Path) -> None:
        self.role, self.path = role, path
        self.songs = 0
        self.model: Any = None
        self.opening = threading.Lock()

    def statistics(self) -> Any:
        """Return what a model that is shared between songs tells of its work; None for one that keeps no account."""
        statistics = getattr(getattr(self.model, "model", None), "statistics", None)
        return statistics() if callable(statistics) else None

    def close(self) -> None:
        """End the threads and free the memory of a model that has any of its own."""
        for part in (self.model, getattr(self.model, "model", None)):
            close = getattr(part, "close", None)
            if callable(close):
                close()


class ModelsInUse:
    """The models that one song is made with, the same from its first word to its last note; words alone open one."""

    def __init__(self, loaded: LoadedModels, held: Mapping[Role, _Held]) -> None:
        self._loaded, self._held = loaded, held

    @property
    def lyrics(self) -> Any:
        """The lyric model."""
        return self._loaded.opened(self._held["lyrics"])

    @property
    def melody(self) -> Any:
        """The melody model."""
        return self._loaded.opened(self._held["melody"])

    @property
    def chinese(self) -> Any:
        """The model of Chinese lyrics."""
        return self._loaded.opened(self._held["chinese"])

    @property
    def music(self) -> Any:
        """The composer, which edits music."""
        return self._loaded.opened(self._held["music"])

    @property
    def judge(self) -> Any:
        """The judge of takes; None where none is promoted."""
        return self._loaded.opened(self._held[JUDGE]) if JUDGE in self._held else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loaded.done_with(self._held)


def starter_paths() -> Mapping[Role, Path]:
    """Return where the checkpoints are that ship with the engine."""
    import engine

    starter = Path(engine.__path__[0]) / "starter"
    return MappingProxyType({role: starter / role for role in ROLES})


@cache
def digests_of_starters() -> Mapping[Role, str]:
    """Return the digest of each checkpoint that ships with the engine, as songs name it."""
    return MappingProxyType(
        {
            role: str(json.loads((path / "manifest.json").read_text(encoding="utf-8"))["digest"])
            for role, path in starter_paths().items()
        }
    )


def promoted_paths(store: Store) -> Mapping[Role, Path]:
    """Return where the promoted model of each role is; the starter where none is promoted."""
    return model_choice(store).paths


def model_choice(store: Store) -> ModelChoice:
    """Return the models that songs are made with now, read at one moment: two promoted together come into use together."""
    with store.reading() as session:
        versions = model_versions.in_use(session)
    promoted = {version.role: Path(version.path) for version in versions if version.state == "promoted"}
    trials = {version.role: _trial(version) for version in versions if version.state == "trial"}
    return ModelChoice({**starter_paths(), **promoted}, trials)


def _trial(version: ModelVersion) -> Trial:
    return Trial(Path(version.path), version.trial_share or 0.0, version.digest)


def _close(models: list[_Held]) -> None:
    for model in (model for model in models if model.model is not None):
        log.info("the %s model in %s is out of use and let go", model.role, model.path.name)
        model.close()


def _engine_open_role() -> Callable[[Role, Path], Any]:
    from engine.song.models import open_shared  # brings the numeric libraries with it, so not before a model is needed

    opened: Callable[[Role, Path], Any] = open_shared
    return opened
