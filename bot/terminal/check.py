"""One thing that the doctor looked at. Knows nothing of what is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "missing", "optional"]


@dataclass(frozen=True)
class Check:
    """state: missing is what cannot be done without; optional is what songs do without.

    found: what is there, or why not. way_out: what to do, "" where nothing needs to be done. needed_for: whether no
    song can be made without it, or no bot be run.
    """

    name: str
    state: State
    found: str
    way_out: str = ""
    needed_for: Literal["song", "bot"] = "song"
