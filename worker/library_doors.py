"""The client's doors to songs as people find and judge them: library, ratings, comparisons, signals, uploads.

Knows nothing of how lists are shown or files read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from worker.door import Door
from worker.store import comparisons, favourites, library, likeness, ratings, signals, uploads
from worker.store.comparisons import PairTally, Preferred
from worker.store.library import Listed, Page
from worker.store.likeness import ComparableSong
from worker.store.ratings import Tally
from worker.store.signals import SignalKind

PAGE_SIZE = 10


class Library(Door):
    """Finding songs again; see `worker.store.library`."""

    def history(self, member: str, page: int = 1, size: int = PAGE_SIZE) -> Page:
        """Return what a member asked for, the newest first."""
        with self._reading() as session:
            return library.history(session, member, page, size)

    def top(self, server: str, page: int = 1, size: int = PAGE_SIZE, *, minimum_votes: int = 3) -> Page:
        """Return a server's songs with enough votes, the best first."""
        with self._reading() as session:
            return library.top(session, server, page, size, minimum_votes)

    def search(
        self,
        server: str | None,
        member: str,
        *,
        words: str | None = None,
        theme: str | None = None,
        page: int = 1,
        size: int = PAGE_SIZE,
    ) -> Page:
        """Return the songs of the server and the member's own that hold these words, the newest first."""
        with self._reading() as session:
            return library.search(session, server, member, words, theme, page, size)

    def favourites(self, member: str, page: int = 1, size: int = PAGE_SIZE) -> Page:
        """Return a member's favourites, the last chosen first."""
        with self._reading() as session:
            return library.favourites(session, member, page, size)

    def is_favourite(self, member: str, song_id: str) -> bool:
        """Return whether a song is among a member's favourites."""
        with self._reading() as session:
            return favourites.is_favourite(session, member, song_id)

    def toggle_favourite(self, member: str, song_id: str) -> bool:
        """Put a song among a member's favourites, or out; return whether it is there now."""
        with self._writing() as session:
            return favourites.toggle_favourite(session, member, song_id, self._now())

    def visible(self, server: str | None, member: str | None, limit: int) -> list[str]:
        """Return the ids of the newest songs that a member may see; None: a host at the terminal."""
        with self._reading() as session:
            return library.visible(session, server, member, limit)

    def listed(self, song_ids: Sequence[str]) -> tuple[Listed, ...]:
        """Return songs as lists show them."""
        with self._reading() as session:
            return library.listed(session, song_ids)

    def kin(self, song_id: str) -> frozenset[str]:
        """Return the songs that were made from this one or with it from the same song, itself among them."""
        with self._reading() as session:
            return likeness.kin(session, song_id)

    def comparable(self, song_ids: Sequence[str]) -> tuple[ComparableSong, ...]:
        """Return what songs are compared by."""
        with self._reading() as session:
            return likeness.comparable(session, song_ids)

    def own_titles(
        self, member: str, server: str | None, typed: str = "", limit: int = 25
    ) -> tuple[tuple[str, str], ...]:
        """Return (song id, title) for autocomplete: the member's own songs, then the server's."""
        with self._reading() as session:
            return library.own_titles(session, member, server, typed, limit)


class Ratings(Door):
    """One person's value for one song: 1-5 stars."""

    def rate(self, song_id: str, *, rater: str, stars: int) -> Tally:
        """Write a rating, over an earlier one; return how the song is rated then."""
        with self._writing() as session:
            ratings.rate(session, song_id, rater=rater, stars=stars, now=self._now())
            return ratings.tally(session, song_id)

    def tally(self, song_id: str) -> Tally:
        """Return how often and how well a song was rated."""
        with self._reading() as session:
            return ratings.tally(session, song_id)

    def of(self, member: str, song_id: str) -> int | None:
        """Return the stars that a member gave a song, None if they have not rated it."""
        with self._reading() as session:
            return ratings.of(session, song_id, rater=member)


class Comparisons(Door):
    """Which of two songs a person prefers."""

    def prefer(self, rater: str, song_a: str, song_b: str, preferred: Preferred) -> PairTally:
        """Write a judgement, over an earlier one of the pair; return how the two were compared then."""
        with self._writing() as session:
            comparisons.prefer(session, rater, song_a, song_b, preferred, self._now())
            return comparisons.tally(session, song_a, song_b)

    def tally(self, song_a: str, song_b: str) -> PairTally:
        """Return how two songs were compared."""
        with self._reading() as session:
            return comparisons.tally(session, song_a, song_b)


class Signals(Door):
    """What members did with a song beside rating it."""

    def mark(self, member: str, song_id: str, kind: SignalKind) -> None:
        """Write that a member asked for another take after a song, or for a file of it."""
        with self._writing() as session:
            signals.mark(session, member, song_id, kind, self._now())


class Uploads(Door):
    """MIDI files that were handed in."""

    def add(self, owner: str | None, name: str, data: bytes) -> str:
        """Keep a file and return its id; a request names it "upload:<id>"."""
        with self._writing() as session:
            return uploads.add(session, owner, name, data, self._now())

    def forget_unneeded(self, upload_id: str) -> None:
        """Delete an upload that no job names: what it was sent for was refused."""
        with self._writing() as session:
            uploads.forget_unneeded(session, upload_id)

    def forget_old(self, after: timedelta) -> int:
        """Delete the uploads that are older than this and that no unfinished job needs; return how many."""
        with self._writing() as session:
            return uploads.forget_old(session, self._now() - after)
