"""The roles that models have in making songs, named once. Does not know models or where they are kept."""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal["lyrics", "melody", "chinese", "music"]
ROLES: tuple[Role, ...] = get_args(Role)
