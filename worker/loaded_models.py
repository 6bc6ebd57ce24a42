"""The models in use, each opened once per process and held while it makes songs or may be asked to.

Knows nothing of how a model is built or used. A promotion needs no restart: every song asks anew which models there
are, keeps what it was given to its end, and the last song that is made with an old model lets go of it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from engine.errors import CheckpointError
from engine.roles import JUDGE, Role
from worker.held_models import DecodingStatistics, Held, HeldModel
from worker.model_choice import Adapter, Key, ModelChoice, Trial
from worker.store import model_versions
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.whole_models import WholeModel, by_digest
from worker.whole_models import digests_of_starters as digests_of_starters
from worker.whole_models import starter_paths as starter_paths

log = logging.getLogger(__name__)

OpenModel = Callable[[Role, Path], Any]
OpenAdapter = Callable[[Role, Path, Any], Any]


class LoadedModels:
    """Opens checkpoint directories at the first need and holds them; safe to share between threads.

    choice: which models there are now, asked before every song. Paths alone stand for a choice without trials.
    open_model: `engine.song.models.open_role` unless another is handed in. What it returns is closed when it is let go,
    if it, or its `model`, has a `close`. open_adapter: `engine.song.models.open_adapted`, the same for an adapter, given
    the opened model that it lies upon: that is in memory once, for everybody and for all servers.
    """

    def __init__(
        self,
        choice: Callable[[], ModelChoice | Mapping[Role, Path]],
        open_model: OpenModel | None = None,
        open_adapter: OpenAdapter | None = None,
    ) -> None:
        self._choice, self._open_model, self._open_adapter = choice, open_model, open_adapter
        self._held: dict[Key, Held] = {}
        self._wanted: set[Key] = set()
        self._let_go: dict[Role, DecodingStatistics] = {}
        self._warned: set[Path] = set()
        self._lock = threading.Lock()

    def in_use(self, seed: int = 0, member: str | None = None, server: str | None = None) -> ModelsInUse:
        """Return the models for one song, to be used inside a `with` block; opened when first asked for.

        They are settled now: a promotion in the middle of the song changes nothing for it.
        """
        chosen = self._choice()
        choice = chosen if isinstance(chosen, ModelChoice) else ModelChoice(chosen)
        everybodys = choice.everybodys(seed, member)
        own = {role: one for role, one in choice.of(seed, member, server).items() if isinstance(one, Adapter)}
        with self._lock:
            self._wanted = choice.keys()
            held = {role: self._hold(role, path) for role, path in everybodys.items()}
            adapters = {role: self._hold_adapter(role, one) for role, one in own.items() if one.base is not None}
            for model in (*held.values(), *adapters.values()):
                model.songs += 1
            out_of_use = self._take_out_of_use()
        _close(out_of_use)
        for role, one in own.items():
            if one.base is None:
                self._warn(role, one.path, f"the model {one.base_digest} that it lies upon is not here; add it again")
        return ModelsInUse(self, held, adapters)

    def opened(self, held: Held) -> Any:
        """Return a held model, opened if need be; CheckpointError if it is missing or damaged. Others do not wait."""
        try:
            return self._open(held)
        except CheckpointError as error:
            log.error("songs fail, for the %s model cannot be opened: %s", held.role, error)
            raise

    def opened_adapter(self, held: Held) -> Any | None:
        """Return a held adapter, opened if need be; None if that cannot be: what everybody uses takes its place."""
        try:
            return self._open(held)
        except CheckpointError as error:
            self._warn(held.role, held.path, str(error))
            return None

    def done_with(self, models: Iterable[Held]) -> None:
        """Note that a song is over, and let go of what is out of use by it."""
        with self._lock:
            for model in models:
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

    def _hold(self, role: Role, path: Path, base: Held | None = None) -> Held:
        return self._held.setdefault((role, path), Held(role, path, base))

    def _hold_adapter(self, role: Role, adapter: Adapter) -> Held:
        assert adapter.base is not None
        return self._hold(role, adapter.path, self._hold(role, adapter.base))

    def _open(self, held: Held) -> Any:
        with held.opening:
            if held.model is None:
                held.model = self._opened_now(held.role, held.path, held.base)
            return held.model

    def _opened_now(self, role: Role, path: Path, base: Held | None) -> Any:
        if base is None:
            return (self._open_model or _engine_open_role())(role, path)
        return (self._open_adapter or _engine_open_adapted())(role, path, self._open(base))

    def _warn(self, role: Role, path: Path, why: str) -> None:
        """Say once why a server's songs are made with what everybody uses; members get their songs."""
        with self._lock:
            is_new = path not in self._warned
            self._warned.add(path)
        if is_new:
            log.warning("the adapter %s for the %s of one server is not used: %s", path, role, why)

    def _take_out_of_use(self) -> list[Held]:
        """Forget the models that no song is made with nor will be; the caller has the lock and closes them without.

        What an adapter lies upon stays as long as that is held, and is closed after it.
        """
        models: list[Held] = []
        while gone := [key for key, model in self._held.items() if self._is_idle(key, model)]:
            models += [self._held.pop(key) for key in gone]
        for model in models:
            if (statistics := model.statistics()) is not None:
                so_far = self._let_go.get(model.role, DecodingStatistics())
                self._let_go[model.role] = replace(so_far.plus(statistics), slots=0, slots_used=0)
        return models

    def _is_idle(self, key: Key, model: Held) -> bool:
        is_base = any(other.base is model for other in self._held.values())
        return model.songs == 0 and key not in self._wanted and not is_base


class ModelsInUse:
    """The models that one song is made with, the same from its first word to its last note; words alone open one.

    adapters: those of the server, which come before what everybody uses.
    """

    def __init__(
        self, loaded: LoadedModels, held: Mapping[Role, Held], adapters: Mapping[Role, Held] = MappingProxyType({})
    ) -> None:
        self._loaded, self._held, self._adapters = loaded, held, adapters
        self._unusable: set[Held] = set()

    @property
    def lyrics(self) -> Any:
        """The lyric model."""
        return self._opened("lyrics")

    @property
    def melody(self) -> Any:
        """The melody model."""
        return self._opened("melody")

    @property
    def chinese(self) -> Any:
        """The model of Chinese lyrics."""
        return self._opened("chinese")

    @property
    def music(self) -> Any:
        """The composer, which edits music."""
        return self._opened("music")

    @property
    def judge(self) -> Any:
        """The judge of takes; None where none is promoted."""
        return self._opened(JUDGE) if JUDGE in self._held else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loaded.done_with((*self._held.values(), *self._adapters.values()))

    def _opened(self, role: Role) -> Any:
        adapter = self._adapters.get(role)
        opened = None if adapter is None or adapter in self._unusable else self._loaded.opened_adapter(adapter)
        if opened is not None:
            return opened
        if adapter is not None:
            self._unusable.add(adapter)  # for the whole song, should it be mended in the middle
        return self._loaded.opened(self._held[role])


def promoted_paths(store: Store) -> Mapping[Role, Path]:
    """Return where the promoted model of each role is; the starter where none is promoted."""
    return model_choice(store).paths


def model_choice(store: Store) -> ModelChoice:
    """Return the models that songs are made with now, read at one moment: two promoted together come into use together."""
    with store.reading() as session:
        versions = model_versions.in_use(session)
        bases = by_digest(session, {version.base_digest for version in versions if version.base_digest is not None})
    promoted = [version for version in versions if version.state == "promoted"]
    of_servers: dict[str, dict[Role, Adapter]] = {}
    for version in promoted:
        if version.server is not None:
            of_servers.setdefault(version.server, {})[version.role] = _adapter(version, bases)
    return ModelChoice(
        {**starter_paths(), **{version.role: Path(version.path) for version in promoted if version.server is None}},
        {version.role: _trial(version) for version in versions if version.state == "trial"},
        of_servers,
    )


def _adapter(version: ModelVersion, bases: Mapping[str, WholeModel]) -> Adapter:
    digest = version.base_digest or ""
    base = bases.get(digest)
    return Adapter(Path(version.path), None if base is None else base.path, digest)


def _trial(version: ModelVersion) -> Trial:
    return Trial(Path(version.path), version.trial_share or 0.0, version.digest)


def _close(models: list[Held]) -> None:
    for model in (model for model in models if model.model is not None):
        log.info("the %s model in %s is out of use and let go", model.role, model.path.name)
        model.close()


def _engine_open_role() -> Callable[[Role, Path], Any]:
    from engine.song.models import open_shared  # brings the numeric libraries with it, so not before a model is needed

    opened: Callable[[Role, Path], Any] = open_shared
    return opened


def _engine_open_adapted() -> OpenAdapter:
    from engine.song.models import open_adapted  # what lies upon a shared model is shared as well

    opened: OpenAdapter = open_adapted
    return opened
