"""Promises of the pages on models and runs: what is in use, on trial and decided is there in every language, within limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import discord
import pytest

from bot.language_files import languages
from bot.model_pages import models_page, tunings_page
from bot.pages import role_name
from bot.translations import Words
from engine.evaluation.sequential_test import compare
from tests.bot.embed_limits import faults
from worker.model_overview import Decided, Overview
from worker.store.model_versions import ModelVersion
from worker.store.tunings import Tuning
from worker.store.version_figures import VersionFigures
from worker.trial_watch import Watch

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VERSION = ModelVersion(
    "version-1", "lyrics", "digest-1", "llama", "trial", "/p", None, {}, NOW, 0.1, None, None, NOW, ()
)
WATCH = Watch(VERSION, "starter-digest", compare([5.0] * 30, [1.0] * 30), 30, 30)
FIGURES = {"digest-1": VersionFigures(12, 9, 4.25)}


def run(number: int = 0, **more: Any) -> Tuning:
    told: dict[str, Any] = {
        "id": f"run-{number}", "role": "lyrics", "snapshot_id": "s", "parent_digest": "p", "request": {}, "folder": "/f",
        "status": "done", "attempts": 1, "done": 60, "total": 60, "lease_token": None, "lease_expires_at": None, "error": None,
        "version_id": None, "gate": None, "created_at": NOW, "finished_at": NOW,
    }  # fmt: skip
    return Tuning(**told | more)


def text_of(embed: discord.Embed) -> str:
    assert faults([embed]) == []
    return f"{embed.title}\n{embed.description}"


@pytest.mark.parametrize("code", languages())
def test_the_page_of_models_has_trial_ratings_evidence_and_decisions(code: str) -> None:
    decided = Decided("lyrics", "version-1", "trial", "10 % of the songs", NOW)
    found = Overview((VERSION,), {"lyrics": "d0", "melody": "d1"}, FIGURES, {"version-1": WATCH}, (decided,) * 5)
    text = text_of(models_page(Words(code), found))
    for told in ("version-1", "10 %", "12", "4.25", "starter-dig", "+4.00", f"{WATCH.comparison.evidence:.1f}"):
        assert told in text, told


@pytest.mark.parametrize("code", languages())
def test_what_a_server_has_to_itself_is_said_without_its_id(code: str) -> None:
    own = replace(
        VERSION, id="adapter-1", state="promoted", trial_share=None, server="71000000000000001", base_digest="d0"
    )
    text = text_of(models_page(Words(code), Overview((own,), {"lyrics": "d0"}, FIGURES, {}, ())))
    assert Words(code)("admin.models_own", role=role_name(Words(code), "lyrics"), version="adapter-1") in text
    assert "71000000000000001" not in text


@pytest.mark.parametrize("code", languages())
def test_the_page_of_runs_says_what_the_gate_said(code: str) -> None:
    failed = {"passed": False, "lines": [{"name": "win rate", "passed": False}, {"name": "range", "passed": True}]}
    text = text_of(tunings_page(Words(code), [run(gate=failed), run(status="failed", error="x"), run(status="queued")]))
    assert "win rate" in text
    assert "range" not in text
    assert Words(code)("admin.finetune_empty") in text_of(tunings_page(Words(code), []))
    assert Words(code)("admin.finetune_host") in text


def test_long_names_and_many_runs_stay_within_the_limits() -> None:
    gate = {"passed": False, "lines": [{"name": "*" * 500, "passed": False}] * 50}
    text_of(tunings_page(Words("de"), [run(number, gate=gate) for number in range(40)]))
