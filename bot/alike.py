"""Songs that are alike, for the terminal and for Discord: which may be seen, which of them are near, and why in words.

Does not know how songs are compared (see `engine.song.likeness`) nor how a list is shown.
"""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import RequestError
from worker.client import Client
from worker.loaded_models import promoted_paths
from worker.store.library import Listed

if TYPE_CHECKING:
    from engine.song.likeness import Compared, Likeness, Reason
    from worker.store.likeness import ComparableSong

MOST_COMPARED = 500  # of the songs that a member may see, the newest
COUNT, MOST_SHOWN = 5, 10
ASSOCIATIONS_FILE = "associations.npz"


@dataclass(frozen=True)
class AlikeSong:
    """A song of a list, how near it is (-1 to 1, 1 the same), and why."""

    listed: Listed
    likeness: float
    reasons: tuple[Reason, ...]


class AlikeSongs:
    """Finds the songs that are most like one. Blocking; what it has read of songs it remembers, for they never change."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._likeness: Likeness | None = None
        self._one_at_a_time = threading.Lock()

    def nearest(self, song_id: str, *, server: str | None, member: str | None, count: int) -> tuple[AlikeSong, ...]:
        """Return up to `count` songs that the member may see, the nearest first; member None: a host at the terminal.

        Songs made from it, or with it from one, are left out. RequestError where the song is gone.
        """
        library = self._client.library
        family = library.kin(song_id)
        among = [found for found in library.visible(server, member, MOST_COMPARED) if found not in family]
        with self._one_at_a_time:
            likeness = self._opened()
            asked = library.comparable([song_id])
            if not asked:
                raise RequestError(f"there is no song {song_id!r}; it may have been deleted")
            likeness.learn(_compared(song) for song in library.comparable(likeness.unknown(among)))
            near = likeness.nearest(_compared(asked[0]), among, count)
        rows = {row.id: row for row in library.listed([found.id for found in near])}
        return tuple(AlikeSong(rows[found.id], found.likeness, found.reasons) for found in near if found.id in rows)

    def _opened(self) -> Likeness:
        if self._likeness is None:
            from engine.song.likeness import Likeness

            self._likeness = Likeness.open(promoted_paths(self._client.store)["lyrics"] / ASSOCIATIONS_FILE)
        return self._likeness


class Sayings(Protocol):
    """Sentences of a language by their keys, such as `bot.translations.Words`."""

    def __call__(self, key: str, /, **given: Any) -> str: ...
    def choice(self, value: object) -> str: ...


def reasons_text(words: Sayings, reasons: tuple[Reason, ...]) -> str:
    """Return why two songs are alike, in the reader's language: "the same key, both with rain and sea, similar leaps"."""
    told = []
    for reason in reasons:
        values = dict(reason.values)
        if "key" in values:
            tonic, _, mode = values["key"].partition(" ")
            values["key"] = words(f"song.key_{mode}", tonic=tonic)
        if "style" in values:
            values["style"] = words.choice(values["style"])
        told.append(words(f"similar.{reason.kind}", **values))
    return ", ".join(told)


def _compared(song: ComparableSong) -> Compared:
    from engine.song.likeness import Compared

    return Compared(**asdict(song))
