"""A job that does not fit into the device's memory is told so, and the jobs beside it are not harmed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.batching import SharedModel
from engine.contract import SongRequest
from engine.families import CausalModel
from engine.roles import Role
from engine.song.models import LyricModel, MelodyModel, open_role
from tests.tiny_models import TinyModels
from worker.clock import utc_now
from worker.generation import SongGenerator
from worker.loaded_models import LoadedModels
from worker.settings import Settings
from worker.store import jobs, songs
from worker.store.database import Store
from worker.tasks import Shift

LONGEST_SLOT = 150  # ids; a short song needs fewer, a long one more
SHORT = [SongRequest(theme="rain", form="V", syllables="4", seed=seed) for seed in range(3)]
LONG = SongRequest(theme="rain", form="VVVV", syllables="8", seed=9)


class SmallDevice:
    """A model on a device that has no memory for sequences that have grown long."""

    def __init__(self, model: CausalModel) -> None:
        self._model = model
        self.shortages = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def step(self, memory: Any, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Do what the model does, if there is memory."""
        if max(self._model.length(memory, int(slot)) for slot in slots) >= LONGEST_SLOT:
            self.shortages += 1
            raise MemoryError
        return self._model.step(memory, slots, ids)


def song_text(models: LoadedModels, request: SongRequest) -> str:
    made = SongGenerator(models, outputs=("txt",))(request, request.seed or 0, lambda progress: None, lambda: False)
    return made.lyrics_text


@pytest.mark.parametrize("threads", [4])
def test_the_one_is_told_and_its_neighbours_are_as_if_alone(
    sqlite_store: Store, tiny_models: TinyModels, threads: int
) -> None:
    paths = {"lyrics": tiny_models.lyrics, "melody": tiny_models.melody}
    devices: list[SmallDevice] = []

    def share(model: CausalModel) -> CausalModel:
        devices.append(SmallDevice(model))
        return SharedModel(devices[-1], slots=200)

    def open_small(role: Role, path: Path) -> LyricModel | MelodyModel:
        return open_role(role, path, share=share if role == "lyrics" else None)

    settings = Settings(database_url="sqlite://", models_dir=Path(), worker_threads=threads)
    generate = SongGenerator(LoadedModels(lambda: paths, open_small), outputs=("txt", "mid"))
    shift = Shift(sqlite_store, generate, settings)
    with sqlite_store.writing() as session:
        ids = [jobs.submit(session, one, now=utc_now()).id for one in (SHORT[0], LONG, *SHORT[1:])]
    shift.fill()
    until = time.monotonic() + 120
    while shift.running() or shift.fill():
        assert time.monotonic() < until
        time.sleep(0.02)
    shift.close()

    with sqlite_store.reading() as session:
        short, long, *others = [jobs.get(session, job_id) for job_id in ids]
        texts = [found.lyrics_text for job in (short, *others) if (found := songs.find(session, job.id)) is not None]
    assert devices[0].shortages >= 1
    assert (long.status, long.error_kind) == ("failed", "memory")
    assert "needs more memory than the device has" in (long.error or "")
    assert [job.status for job in (short, *others)] == ["done"] * 3
    alone = LoadedModels(lambda: paths, lambda role, path: open_role(role, path))
    assert texts == [song_text(alone, request) for request in SHORT]
