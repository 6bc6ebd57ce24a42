"""Takes tokens and passwords out of text before it is logged. Does not know who logs it.

All patterns are looked for in the finished line, stack traces included: a library may put a secret anywhere.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping

HIDDEN = "[hidden]"
SECRET_VARIABLES = ("DISCORD_TOKEN", "SONGWRIGHT_DISCORD_TOKEN", "SONGWRIGHT_REMOTE_KEY")
SHORTEST_SECRET = 6  # what is shorter would blot out ordinary words

_PATTERNS = (
    # Interactions are answered through webhooks, so the token is in the path of either.
    re.compile(r"(?P<kept>/(?:webhooks|interactions)/\d+/)[\w%.-]+"),
    re.compile(r"(?P<kept>://[^/\s:@]*:)[^/\s@]+(?=@)"),  # the password of a proxy, broker or database
    re.compile(r"(?P<kept>\bBot )[\w-]+\.[\w-]+\.[\w-]+", re.IGNORECASE),
    re.compile(r"(?P<kept>)\b[\w-]{23,30}\.[\w-]{5,7}\.[\w-]{27,}"),  # any bot's token
    re.compile(r"""(?P<kept>token\\?["']?\s*[:=]\s*\\?["'])[^"'\\\s]+""", re.IGNORECASE),  # in a payload
)


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """Return the text without these secrets, and without whatever looks like a token or a password in a URL."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern in _PATTERNS:
        text = pattern.sub(rf"\g<kept>{HIDDEN}", text)
    return text


def secrets_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets that an environment holds, the longest first."""
    found = {environ.get(name, "").strip() for name in SECRET_VARIABLES}
    return tuple(sorted((secret for secret in found if len(secret) >= SHORTEST_SECRET), key=len, reverse=True))


class RedactingFormatter(logging.Formatter):
    """Formats as another formatter does, then hides the secrets."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner, self._secrets = inner, tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line, or lines, without secrets."""
        return redacted(self._inner.format(record), self._secrets)
