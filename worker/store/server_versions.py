"""Model versions of one server: which may be so, and what is left of them when the server is forgotten.

Knows nothing of how a version is put to use.
"""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from engine.errors import RequestError
from worker.store.tables import ModelVersionRow, SnapshotRow

FORGOTTEN = "forgotten"  # stands for the id of a server that was forgotten: nobody else is to have its versions


def check_server(server: str | None, base_digest: str | None, known: ModelVersionRow | None = None) -> None:
    """Raise RequestError for what is not an adapter and for one server, or a whole model and for everybody.

    base_digest: of an adapter. known: the version that is there of the same digest, of another server.
    """
    if known is not None:
        where = "everybody" if known.server is None else f"the server {known.server}"
        raise RequestError(f"{known.id} is for {where} already, and a version is for one; tune an adapter for {server}")
    if server is not None and base_digest is None:
        raise RequestError(
            "only adapters may be for one server, for they share one model in memory, and this is a whole model; "
            "leave --server out, or tune one: songwright finetune lyrics --adapter"
        )
    if server is None and base_digest is not None:
        raise RequestError(f"this is an adapter of the model {base_digest} and is for one server; name it: --server ID")


def forget(session: Session, server: str) -> None:
    """Take the versions of a server out of use, and its id from them and from its snapshots; their folders stay."""
    retired = {"state": "retired", "trial_share": None, "server": FORGOTTEN}
    session.execute(update(ModelVersionRow).where(ModelVersionRow.server == server).values(**retired))
    session.execute(update(SnapshotRow).where(SnapshotRow.server == server).values(server=FORGOTTEN))
