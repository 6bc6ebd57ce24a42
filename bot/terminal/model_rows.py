"""Model versions as rows, and as objects for programs. Does not know which are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot.terminal.shown import NONE, share_text, time_text
from engine.roles import Role

if TYPE_CHECKING:
    from worker.store.model_versions import ModelVersion
    from worker.store.version_figures import VersionFigures

STARTER = "starter"
COLUMNS = ["id", "role", "server", "state", "digest", "songs", "ratings", "stars", "promoted last"]
NUMBERS = ("songs", "ratings", "stars")


def version_row(version: ModelVersion, figures: Mapping[str, VersionFigures]) -> list[str]:
    """Return a version in COLUMNS; its server is there where it is not for everybody."""
    return [version.id, version.role, version.server or NONE, state_text(version), version.digest,
            *figures_text(figures, version.digest), time_text(version.promoted_at)]  # fmt: skip


def starter_row(starter: Mapping[str, Any], figures: Mapping[str, VersionFigures]) -> list[str]:
    """Return what `starter_object` says in COLUMNS."""
    digest, state = starter["digest"], "in use" if starter["in_use"] else "kept"
    return [STARTER, starter["role"], NONE, state, digest, *figures_text(figures, digest), NONE]


def state_text(version: ModelVersion) -> str:
    """Return the state, in a trial with its share."""
    return version.state if version.trial_share is None else f"trial, {share_text(version.trial_share)} of the songs"


def starter_object(role: Role, versions: list[ModelVersion]) -> dict[str, Any]:
    """Return the starter's digest, and whether it makes songs: it does where no version of its role is for everybody."""
    from worker.loaded_models import starter_paths

    manifest = json.loads((starter_paths()[role] / "manifest.json").read_text(encoding="utf-8"))
    in_use = [v for v in versions if v.role == role and v.state == "promoted" and v.server is None]
    return {"role": role, "digest": manifest["digest"], "in_use": not in_use}


def version_object(version: ModelVersion, figures: Mapping[str, VersionFigures]) -> dict[str, Any]:
    """Return a version with its figures."""
    return asdict(version) | figures_object(figures, version.digest)


def figures_object(figures: Mapping[str, VersionFigures], digest: str) -> dict[str, Any]:
    """Return how many songs a model has made and how they are rated."""
    found = figures.get(digest)
    return asdict(found) if found else {"songs": 0, "ratings": 0, "mean_stars": None}


def figures_text(figures: Mapping[str, VersionFigures], digest: str) -> tuple[str, str, str]:
    """Return songs, ratings and stars of a model."""
    found = figures.get(digest)
    if found is None:
        return "0", "0", NONE
    return str(found.songs), str(found.ratings), NONE if found.mean_stars is None else f"{found.mean_stars:.2f}"
