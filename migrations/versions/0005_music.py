"""A fourth role for models: the composer, which edits music.

Revision: 0005, after 0004. Made on 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

ROLES = ("lyrics", "melody", "chinese")


def upgrade() -> None:
    """Let model versions be of the role music."""
    _let_roles_be((*ROLES, "music"))


def downgrade() -> None:
    """Forget the versions of that role; their directories stay."""
    versions = sa.table("model_versions", sa.column("role"), sa.column("parent_id"))
    gone = versions.c.role == "music"
    op.execute(versions.update().where(gone).values(parent_id=None))
    op.execute(versions.delete().where(gone))
    _let_roles_be(ROLES)


def _let_roles_be(roles: tuple[str, ...]) -> None:
    known = ", ".join(f"'{role}'" for role in roles)
    with _without_parents(), op.batch_alter_table("model_versions") as versions:
        versions.drop_constraint(op.f("ck_model_versions_role_known"), type_="check")
        versions.create_check_constraint(op.f("ck_model_versions_role_known"), f"role IN ({known})")


@contextmanager
def _without_parents() -> Iterator[None]:
    """Take the parents of the model versions away for as long as SQLite copies the table, which refers to itself."""
    bind = op.get_bind()
    versions = sa.table("model_versions", sa.column("id"), sa.column("parent_id"))
    parents = bind.execute(sa.select(versions).where(versions.c.parent_id.is_not(None))).all()
    op.execute(versions.update().values(parent_id=None))
    yield
    for version, parent in parents:
        op.execute(versions.update().where(versions.c.id == version).values(parent_id=parent))
