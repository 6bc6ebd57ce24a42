"""The requests that wishes for single lines become, and how they are repeated. Reads no words itself."""

from __future__ import annotations

from bot.wishes.options import Phrase, checked
from engine.contract import MORE_LINES_RANGE, ContinueRequest, InsertRequest, Request, RewriteRequest

LINE_FIELDS = ("rewrite", "insert", "continue")


def line_change(
    field: str, value: str | int | bool, source: str, song_id: str, has_words: bool, theme: tuple[str, str]
) -> tuple[Request | None, Phrase]:
    """Return the request and its phrase; no request where the song has no words. theme: its text and source, or ""."""
    whole, about = f"{source} {theme[1]}".strip(), theme[0] or None
    if not has_words:
        return None, Phrase("wish.no_lines", {}, whole)
    if field == "rewrite":
        request: Request = RewriteRequest(source=song_id, line=str(value), theme=about)
        phrase = Phrase("understood.rewrite_line", {"line": str(value)}, whole)
    elif field == "insert":
        request = InsertRequest(source=song_id, after=int(value), theme=about)
        phrase = Phrase("understood.insert_after", {"line": str(value)}, whole)
    elif value is True:
        request, phrase = ContinueRequest(source=song_id, theme=about), Phrase("understood.go_on", {}, whole)
    else:
        more = int(checked("lines", int(value), MORE_LINES_RANGE, ", got {}; continue again for more"))
        request = ContinueRequest(source=song_id, more=more, theme=about)
        phrase = Phrase("understood.more_lines", {"lines": str(more)}, whole)
    return request, phrase
