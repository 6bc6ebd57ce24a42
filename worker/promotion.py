"""Taking checkpoints into the store and putting them to use; each is opened and tried before, so that none can fail songs.

Knows nothing of the gate, nor of who decides. Loads the numeric libraries, so processes that only ask do not import it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.adapters import FAMILY as ADAPTERS
from engine.adapters import base_digest
from engine.errors import CheckpointError
from engine.roles import JUDGE, Role
from worker import gate_verdict
from worker.gate_verdict import on_record
from worker.store import model_versions
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.whole_models import WholeModel, by_digest, starters_by_digest

if TYPE_CHECKING:
    from engine.checkpoint import Checkpoint
    from engine.song.models import DecodingModel

HOST = "host"  # who decides, where nobody else is named


@dataclass(frozen=True)
class FoundModel:
    """A checkpoint that songs can be made with. base: what an adapter lies upon, base_digest: its digest."""

    role: Role
    digest: str
    family: str
    path: Path
    card: dict[str, Any]
    base: WholeModel | None = None
    base_digest: str | None = None


def add(
    store: Store, path: Path, *, now: datetime, parent_id: str | None = None, server: str | None = None
) -> ModelVersion:
    """Look at a checkpoint and write it down as a candidate; the one already there if the digest is known.

    It stays where it is, so every worker must see it under the same path. CheckpointError if no song can be made with it.
    server: of an adapter, whose songs it is for; its parent is what it lies upon, unless another is named.
    """
    found = look_at(path, store)
    if found.base is not None:
        parent_id = parent_id or found.base.version_id
    with store.writing() as session:
        return model_versions.add(
            session,
            role=found.role,
            digest=found.digest,
            family=found.family,
            path=str(found.path),
            card=found.card,
            now=now,
            parent_id=parent_id,
            server=server,
            base_digest=found.base_digest,
        )


def promote(
    store: Store, version_id: str, *, now: datetime, by: str = HOST, why: str = "", despite: str | None = None,
    unsafe: bool = False,
) -> ModelVersion:  # fmt: skip
    """Put a version to use, for all songs that begin from now on; CheckpointError if it is not what was added.

    by, why: for the record. despite: the reason for which one that did not pass the gate is promoted all the same, which
    is written down; without it RequestError says what it did not pass. unsafe: although safety lines failed or were not
    measured, which are written down, too.
    """
    version = _version(store, version_id)
    verify(version, store)
    gap = gate_verdict.check(version, despite=despite, unsafe=unsafe)
    with store.writing() as session:
        if despite is not None and not version.may_be_promoted:
            model_versions.pass_despite(session, version_id, despite, by=by, now=now, safety=gap.as_json())
        model_versions.promote(session, version_id, now=now)
        return model_versions.record(session, version_id, "promoted", on_record(despite or why, gap), by=by, now=now)


def begin_trial(store: Store, version_id: str, share: float, *, now: datetime, by: str = HOST) -> ModelVersion:
    """Let a version make a share (above 0, at most 0.5) of the songs; CheckpointError as in `promote`."""
    model_versions.check_share(share)
    verify(_version(store, version_id), store)
    with store.writing() as session:
        model_versions.begin_trial(session, version_id, share, now=now)
        return model_versions.record(session, version_id, "trial", f"{share:.0%} of the songs", by=by, now=now)


def roll_back(
    store: Store, role: Role, *, now: datetime, by: str = HOST, why: str = "", server: str | None = None
) -> ModelVersion | None:
    """Put the version back that was promoted before, everybody's or a server's; CheckpointError, and nothing done, as above.

    None: the starter is in use again, or in the server what everybody uses.
    """
    with store.reading() as session:
        former = model_versions.promoted_before(session, role, server)
        in_use = model_versions.promoted(session, role, server)
    if former is not None:
        verify(former, store)
    with store.writing() as session:
        back = model_versions.roll_back(session, role, server)
        if in_use is not None:
            model_versions.record(session, in_use.id, "rolled back", why, by=by, now=now)
        return back


def verify(version: ModelVersion, store: Store | None = None) -> None:
    """Raise CheckpointError unless the checkpoint of a version is there, whole, the one that was added, and works."""
    found = look_at(Path(version.path), store)
    if (found.digest, found.role) != (version.digest, version.role):
        raise CheckpointError(
            f"{version.path} now holds the {found.role} model {found.digest}, and {version.digest} was added; "
            "put that back, or add this one from a directory of its own"
        )


def look_at(path: Path, store: Store | None = None) -> FoundModel:
    """Open a checkpoint, verify it against its manifest, and decode with it once; a judge only has to open.

    store: where the model is known that an adapter lies upon, if that is no starter.
    """
    from engine.checkpoint import open_checkpoint
    from engine.song.judge import FAMILY as JUDGES
    from engine.song.judge import Judge
    from engine.song.models import open_with_base

    checkpoint = open_checkpoint(path)
    base = find_base(path, store) if checkpoint.family == ADAPTERS else None
    role = base.role if base else JUDGE if checkpoint.family == JUDGES else _role_of(path, checkpoint.config)
    _check_weights(checkpoint)
    model = open_with_base(role, path, base.path if base else None)
    if not isinstance(model, Judge):
        try:
            _try(model, path)
        finally:
            close = getattr(model.model, "close", None)
            if callable(close):
                close()
    return FoundModel(
        role, checkpoint.digest, checkpoint.family, path.resolve(), dict(checkpoint.card), base,
        base_digest(path) if base else None,
    )  # fmt: skip


def find_base(path: Path, store: Store | None = None) -> WholeModel:
    """Return the model that an adapter lies upon, among the starters and the versions; CheckpointError where it is gone."""
    digest = base_digest(path)
    found = starters_by_digest().get(digest)
    if found is None and store is not None:
        with store.reading() as session:
            found = by_digest(session, {digest}).get(digest)
    if found is None:
        raise CheckpointError(
            f"{path} is an adapter of the model {digest}, which is not here; add that one first: songwright models add DIR"
        )
    return found


def _role_of(path: Path, config: Any) -> Role:
    """Return what the model of this directory writes, told by what lies beside its weights."""
    from engine.music.melody_tokens import VOCABULARY
    from engine.music.part_vocabulary import VOCABULARY as PARTS
    from engine.song.models import TUNES_FILE, WORDS_FILE

    if (path / WORDS_FILE).is_file():
        return "lyrics"
    if (path / TUNES_FILE).is_file():
        return "chinese"
    if config.get("vocab_size") == len(VOCABULARY):
        return "melody"
    if config.get("vocab_size") == len(PARTS):
        return "music"
    raise CheckpointError(
        f"{path} is neither a lyric model (it has no {WORDS_FILE}), nor one of Chinese lyrics (it has no {TUNES_FILE}), "
        f"nor one of melodies or music (it knows {config.get('vocab_size')} tokens, not {len(VOCABULARY)} or {len(PARTS)}); "
        "train one with songwright train"
    )


def _check_weights(checkpoint: Checkpoint) -> None:
    """See that the weights are numbers; a training that failed leaves others."""
    import numpy as np

    for name, values in checkpoint.read_weights().items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise CheckpointError(
                f"the weights {name} in {checkpoint.directory} are not all numbers, so its training failed; "
                "use an earlier checkpoint of it"
            )


def _try(opened: DecodingModel, path: Path) -> None:
    """Decode one step and see that as many numbers come of it as there are tokens."""
    model = opened.model
    tokenizer = getattr(opened, "tokenizer", None)
    if tokenizer is not None and tokenizer.vocab_size > model.vocab_size:
        raise CheckpointError(
            f"the tokenizer in {path} knows {tokenizer.vocab_size} tokens and the model {model.vocab_size}; "
            "they do not belong together, train or fetch the model again"
        )
    logits = model.extend(model.new_memory(1), 0, [1])
    if logits.shape != (model.vocab_size,) or not all(map(math.isfinite, logits.tolist())):
        raise CheckpointError(f"the model in {path} decodes to no numbers; train or fetch it again")


def _version(store: Store, version_id: str) -> ModelVersion:
    with store.reading() as session:
        return model_versions.get(session, version_id)
