"""What `songwright gate` compares a candidate with, where nobody says it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.terminal.gate import _parent
from bot.terminal.shown import hosts_client
from tests.bot.conftest import Terminal
from tests.tiny_adapters import write_tiny_adapter
from worker import promotion
from worker.clock import utc_now
from worker.loaded_models import starter_paths

if TYPE_CHECKING:
    from tests.tiny_models import TinyModels


def test_an_adapter_is_compared_with_what_it_lies_upon_added_or_not(
    terminal: Terminal, tiny_models: TinyModels, tmp_path: Path
) -> None:
    with hosts_client() as client:
        version = promotion.add(client.store, tiny_models.lyrics, now=utc_now())
        for base in (tiny_models.lyrics, starter_paths()["melody"]):
            path = write_tiny_adapter(tmp_path / base.parent.name, base)
            found = promotion.look_at(path, client.store)
            assert _parent(client, None, found) == base
            promotion.add(client.store, path, now=utc_now(), server="71000000000000001")
            assert _parent(client, None, found) == base
            assert _parent(client, version.id, found) == tiny_models.lyrics
        assert _parent(client, None, promotion.look_at(tiny_models.lyrics)) == starter_paths()["lyrics"]


def test_an_adapter_without_its_base_is_a_sentence(terminal: Terminal, tiny_models: TinyModels, tmp_path: Path) -> None:
    path = write_tiny_adapter(tmp_path / "alone", tiny_models.lyrics)
    outcome = terminal.run("gate", str(path), "--snapshot", "nothing")
    assert (outcome.code, outcome.out) == (1, "")
    assert "add that one first: songwright models add DIR" in outcome.err
