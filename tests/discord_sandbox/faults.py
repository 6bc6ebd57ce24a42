"""What a test can make go wrong with a request. Knows nothing of how requests are carried out."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class Fault:
    """What happens to the next ``times`` requests that match, as in ``POST /interactions/*``.

    ``delay`` is in seconds; ``drop`` cuts the connection; ``status`` answers in the route's place. With ``after`` the
    request is carried out first, so that only its answer is late or lost. ``with_files``: only requests that bring some.
    """

    match: str
    status: int | None = None
    retry_after: float = 0.5
    delay: float = 0.0
    drop: bool = False
    global_limit: bool = False
    times: int = 1
    after: bool = False
    with_files: bool = False

    def meets(self, entry: dict[str, Any]) -> bool:
        """Return whether it is for a logged request."""
        return fnmatchcase(f"{entry['method']} {entry['route']}", self.match)
