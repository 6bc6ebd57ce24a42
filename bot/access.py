"""Who may ask for what, where and how often, by a server's settings. Pure: knows neither Discord's objects nor SQL."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from bot.plain_text import cleaned
from engine.contract import Request
from engine.errors import RequestError
from engine.lyrics.word_filter import first_left_out, list_of
from worker.store.server_settings import ServerSettings

MOST_NAMED = 10  # channels or roles in a sentence
# Scripts that are written without spaces: there a word is looked for inside of others.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


class Refusal(RequestError):  # noqa: N818  # an event, not a mistake
    """A refusal that has its own text in the language files. key and values: for `Words`."""

    def __init__(self, key: str, **values: Any) -> None:
        super().__init__(key)
        self.key, self.values = key, values


def check_channel(settings: ServerSettings, channels: Collection[str]) -> None:
    """Refuse outside the allowed channels. channels: ids of the channel and, for a thread, of its parent."""
    if not settings.allows_channel(*channels):
        raise Refusal("access.channel_not_allowed", channels=_some(f"<#{one}>" for one in settings.allowed_channels))


def check_role(settings: ServerSettings, command: str, roles: Collection[str]) -> None:
    """Refuse a command that the server keeps for roles that the member does not have."""
    if not settings.allows(command, roles):
        shown = _some(f"<@&{role}>" for role in settings.allowed_roles[command])
        raise Refusal("access.role_needed", command=f"/{command}", roles=shown)


def check_words(settings: ServerSettings, request: Request) -> None:
    """Refuse a request that holds a word of the server's filter, whatever the case, width or marks inside of it."""
    check_texts(settings, typed_texts(request))


def check_texts(settings: ServerSettings, typed: Iterable[str]) -> None:
    """Refuse texts that hold a word of the server's filter: they might be repeated where all can read them."""
    texts = [plain_word(text) for text in typed]
    if any(first_left_out(text, settings.filter_level) for text in texts):
        raise Refusal("filter.refused")
    if any(_holds(text, word) for word in map(plain_word, settings.filter_words) for text in texts):
        raise Refusal("filter.refused")


def plain_word(text: str) -> str:
    """Return a text so that the same words look the same: without invisible signs, in one case, with single spaces."""
    same = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(sign for sign in cleaned(same) if unicodedata.category(sign) != "Cf").split())


def songs_per_day(settings: ServerSettings, roles: Collection[str]) -> int:
    """Return how many songs a member with these roles may ask for a day."""
    return settings.songs_per_day_of(roles)


def with_avoided_words(request: Request, settings: ServerSettings) -> Request:
    """Return the request with the server's filter as words that the model must not write."""
    avoid = (*settings.filter_words, *list_of(settings.filter_level))
    if "avoid" not in type(request).model_fields or not avoid:
        return request
    return request.model_copy(update={"avoid": avoid})


def _holds(text: str, word: str) -> bool:
    if _UNSPACED.search(word):
        return word in text
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def typed_texts(request: Request) -> Iterator[str]:
    """Yield what somebody typed for a request."""
    for name, value in request:
        if isinstance(value, str) and name not in ("kind", "source", "other"):
            yield value


def _some(mentions: Iterable[str]) -> str:
    named = list(mentions)
    return ", ".join(named[:MOST_NAMED]) + (", …" if len(named) > MOST_NAMED else "")
