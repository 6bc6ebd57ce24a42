"""What is on record of a model version, gathered for its card. Does not know how a card is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.evaluation.model_card import Ancestor, CardFacts
from engine.roles import ROLES, Role
from worker.store import model_versions, tunings, version_figures
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.store.tables import JobRow, SnapshotRow, SongRow
from worker.store.tunings import Tuning
from worker.trial_watch import sentence, watches
from worker.whole_models import digests_of_starters, starter_paths

README = "README.md"
EXAMPLES, LOOKED_AT = 2, 50  # shown, and the last songs among which they are looked for


def card_facts(store: Store, named: str) -> CardFacts:
    """Return what is on record of a version by its id or digest, or of a starter by the name of its role or its digest."""
    with store.reading() as session:
        for role in ROLES:
            if named in (role, digests_of_starters()[role]):
                return _of_starter(session, role)
        return _of_version(session, model_versions.get(session, named))


def _of_starter(session: Session, role: Role) -> CardFacts:
    path = starter_paths()[role]
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    state = "not in use" if model_versions.promoted(session, role) else "in use"
    return CardFacts(
        name="starter", role=role, digest=manifest["digest"], family=manifest["family"], state=state, card=manifest["card"],
        readme=_readme(path), ratings=_ratings(session, manifest["digest"]), examples=_examples(session, manifest["digest"], role),
    )  # fmt: skip


def _of_version(session: Session, version: ModelVersion) -> CardFacts:
    run = tunings.of_version(session, version.id)
    watch = next((watch for watch in watches(session) if watch.version.id == version.id), None)
    return CardFacts(
        name=version.id, role=version.role, digest=version.digest, family=version.family, state=_state(version),
        card=version.card, readme=_readme(Path(version.path)), ancestors=_ancestors(session, version),
        snapshot=_learned_from(session, version, run), gate=version.gate, ratings=_ratings(session, version.digest),
        trial="" if watch is None else sentence(watch), decisions=version.decisions,
        examples=_examples(session, version.digest, version.role),
    )  # fmt: skip


def _state(version: ModelVersion) -> str:
    """Return the state; a card may be shown to anybody, so it does not say of which server an adapter is."""
    return version.state if version.server is None else f"{version.state}, for one server"


def _ancestors(session: Session, version: ModelVersion) -> list[Ancestor]:
    """Return the versions that one goes back to, its parent first, and the starter where the first of them came from it."""
    found, before = [], version
    while before.parent_id is not None:
        before = model_versions.get(session, before.parent_id)
        found.append(Ancestor(before.id, before.digest, before.card, _readme(Path(before.path))))
    run = tunings.of_version(session, before.id)
    starter = digests_of_starters().get(before.role)
    if starter is not None and starter in (before.base_digest, run and run.parent_digest):
        path = starter_paths()[before.role]
        card = json.loads((path / "manifest.json").read_text(encoding="utf-8"))["card"]
        found.append(Ancestor("starter", starter, card, _readme(path)))
    return found


def _learned_from(session: Session, version: ModelVersion, run: Tuning | None) -> dict[str, Any] | None:
    """Return what is known of the snapshot that a version was tuned on; None for one that was not tuned on any."""
    if run is not None and run.snapshot_id is not None:
        row = session.get(SnapshotRow, run.snapshot_id)
    elif digest := version.card.get("snapshot"):  # tuned by hand
        row = session.scalar(select(SnapshotRow).where(SnapshotRow.digest == digest))
        if row is None:  # made on another machine
            told = {"day": version.card.get("snapshot_day"), "rules": {"consent": version.card.get("consent")}}
            return {"digest": digest, **dict.fromkeys(("judgements", "raters", "takes", "prompts"), "some"), **told}
    else:
        row = None
    return None if row is None else _snapshot(row)


def _snapshot(row: SnapshotRow) -> dict[str, Any]:
    """Return what is known of a snapshot, its rules where its folder is there."""
    rules: dict[str, Any] = {}
    manifest = Path(row.path) / "manifest.json"
    if manifest.is_file():
        rules = json.loads(manifest.read_text(encoding="utf-8")).get("rules", {})
    return {**row.statistics, "digest": row.digest, "day": row.created_at.date().isoformat(), "rules": rules}


def _ratings(session: Session, digest: str) -> tuple[int, int, float | None]:
    found = version_figures.recent(session).get(digest)
    return (0, 0, None) if found is None else (found.songs, found.ratings, found.mean_stars)


def _examples(session: Session, digest: str, role: Role) -> list[tuple[str, str]]:
    """Return its last songs of people who agreed to training: others are not shown."""
    from worker.store.members import training_songs

    agreed = set(training_songs(session))
    query = select(SongRow, JobRow).join(JobRow, JobRow.id == SongRow.job_id).order_by(SongRow.created_at.desc())
    query = query.where(SongRow.model_versions[role].as_string() == digest).limit(LOOKED_AT)
    found = [
        (str(job.request.get("theme", song.title)), song.lyrics)
        for song, job in session.execute(query)
        if song.id in agreed
    ]
    return found[:EXAMPLES]


def _readme(path: Path) -> str:
    file = path / README
    return file.read_text(encoding="utf-8") if file.is_file() else ""
