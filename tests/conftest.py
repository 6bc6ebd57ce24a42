"""What tests of whole songs share: tiny models, written once per run. Knows nothing of what is tested with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from engine.song.models import SongModels
    from tests.tiny_models import TinyModels

pytest_plugins = ["tests.servers.fixtures"]

settings.register_profile("without_deadline", deadline=None)  # a busy machine breaks no promise
settings.load_profile("without_deadline")


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> TinyModels:
    """Return the directories of two tiny random checkpoints."""
    from tests.tiny_models import write_tiny_models

    return write_tiny_models(tmp_path_factory.mktemp("tiny_models"))


@pytest.fixture(scope="session")
def opened_tiny_models(tiny_models: TinyModels) -> SongModels:
    """Return the tiny models, opened as songs are made with them."""
    from engine.song.models import SongModels, open_lyric_model, open_melody_model

    return SongModels(open_lyric_model(tiny_models.lyrics), open_melody_model(tiny_models.melody))
