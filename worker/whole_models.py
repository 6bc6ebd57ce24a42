"""Where whole models are: the starters that ship with the engine, and by their digest all that an adapter may lie upon.

Knows nothing of which are in use, and opens none.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.roles import ROLES, Role
from worker.store.tables import ModelVersionRow


@dataclass(frozen=True)
class WholeModel:
    """Where the checkpoint of a role is. version_id: None of a starter."""

    role: Role
    path: Path
    version_id: str | None = None


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


def starters_by_digest() -> Mapping[str, WholeModel]:
    """Return the starters by their digests."""
    paths = starter_paths()
    return {digest: WholeModel(role, paths[role]) for role, digest in digests_of_starters().items()}


def by_digest(session: Session, digests: Collection[str]) -> Mapping[str, WholeModel]:
    """Return the whole models of these digests, whatever their state; what is neither starter nor version is left out."""
    found = {digest: model for digest, model in starters_by_digest().items() if digest in digests}
    if len(found) == len(set(digests)):
        return found
    wanted = (ModelVersionRow.digest.in_(set(digests) - found.keys()), ModelVersionRow.base_digest.is_(None))
    return found | {row.digest: _of_version(row) for row in session.scalars(select(ModelVersionRow).where(*wanted))}


def _of_version(row: ModelVersionRow) -> WholeModel:
    return WholeModel(row.role, Path(row.path), row.id)  # type: ignore[arg-type]  # the table allows no other text
