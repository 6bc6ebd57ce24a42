"""The roles that models have in making songs, named once. Does not know models or where they are kept."""

from __future__ import annotations

from typing import Literal

Role = Literal["lyrics", "melody", "chinese", "music", "judge"]
ROLES: tuple[Role, ...] = ("lyrics", "melody", "chinese", "music")  # each of which has a starter
JUDGE: Role = "judge"  # chooses between takes; none ships, so there is one only where one was promoted
ALL_ROLES: tuple[Role, ...] = (*ROLES, JUDGE)
