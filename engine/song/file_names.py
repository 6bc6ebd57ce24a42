"""Which files were asked for, by their names. Does not know how any is made."""

from __future__ import annotations

import difflib

from engine.errors import RequestError
from engine.file_requests import FILES

SHOWN_CHARACTERS = 20


def named_files(text: str) -> tuple[str, ...]:
    """Return the names in a text such as "mid, kar", each once; RequestError names those that there are."""
    names = tuple(dict.fromkeys(text.lower().replace(",", " ").replace(".", " ").split()))
    unknown = next((name for name in names if name not in FILES), None)
    if unknown is None and names:
        return names
    near = difflib.get_close_matches(unknown or "", FILES, n=2, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    raise RequestError(f"files can be {', '.join(FILES)}, got {(unknown or '')[:SHOWN_CHARACTERS]!r}{hint}")
