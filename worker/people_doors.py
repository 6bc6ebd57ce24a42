"""The client's doors to people and places: servers, members, and their right to see and delete what is stored.

Knows nothing of who may do what; the bot asks Discord for that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from worker.clock import Clock
from worker.door import Door
from worker.erasure import Erasure
from worker.export import as_zip
from worker.store import members, privacy, quotas, servers
from worker.store.database import Store
from worker.store.members import Membership
from worker.store.server_settings import ServerSettings

USES_KEPT = timedelta(days=2)  # quotas look at today only


class ForgettingDoor(Door):
    """A door behind which members are forgotten. erasure: rids the files of them; one for all doors of a client."""

    def __init__(self, store: Callable[[], Store], clock: Clock, erasure: Erasure) -> None:
        super().__init__(store, clock)
        self._erasure = erasure


class Servers(ForgettingDoor):
    """Servers: settings, figures, and being forgotten."""

    def settings(self, server: str | None) -> ServerSettings:
        """Return a server's settings; the defaults for an unknown one and in direct messages (None)."""
        with self._reading() as session:
            return servers.settings(session, server)

    def change(self, server: str, settings: ServerSettings) -> None:
        """Write a server's settings, over the earlier ones."""
        with self._writing() as session:
            servers.change(session, server, settings, self._now())

    def all_settings(self) -> dict[str, ServerSettings]:
        """Return the settings of every server that has some, by its id."""
        with self._reading() as session:
            return servers.all_settings(session)

    def weight(self, server: str) -> float:
        """Return how much more often than others a server's members come to their turn; 1 for an unknown one."""
        with self._reading() as session:
            return servers.weight(session, server)

    def set_weight(self, server: str, weight: float) -> None:
        """Write a server's weight, 0.1-10; it holds for what is asked for from now on. RequestError otherwise."""
        with self._writing() as session:
            servers.set_weight(session, server, weight, self._now())

    def statistics(self, server: str) -> dict[str, int]:
        """Return a server's figures: songs, members, ratings, waiting, running, today."""
        with self._reading() as session:
            return servers.statistics(session, server, self._now())

    def removed(self, server: str) -> None:
        """Write down that the server sent the bot away."""
        with self._writing() as session:
            servers.removed(session, server, self._now())

    def returned(self, server: str) -> None:
        """Write down that the bot is in the server: nothing of it is forgotten."""
        with self._writing() as session:
            servers.returned(session, server)

    def forget_removed(self, after: timedelta) -> int:
        """Forget the servers that sent the bot away this long ago; return how many."""
        with self._writing() as session:
            forgotten = servers.forget_removed(session, self._now(), after)
        if forgotten:
            self._erasure.of_everything()
        return forgotten


class Members(ForgettingDoor):
    """Members: where they were seen, and what they decided about training."""

    def see(self, member: str, server: str | None) -> None:
        """Write down that a member was here."""
        with self._writing() as session:
            members.see(session, member, server, self._now())

    def set_training(self, member: str, opted_in: bool) -> None:
        """Write down what a member decided about training."""
        with self._writing() as session:
            members.set_training(session, member, opted_in, self._now())

    def training(self, member: str) -> tuple[bool, datetime | None]:
        """Return whether a member's songs may be trained on and when they decided so; (False, None) if never."""
        with self._reading() as session:
            return members.training(session, member)

    def stale_memberships(self, unchecked_for: timedelta, limit: int) -> tuple[Membership, ...]:
        """Return memberships that were not checked for this long, the longest unchecked first."""
        with self._reading() as session:
            return members.stale_memberships(session, self._now() - unchecked_for, limit)

    def mark_checked(self, member: str, server: str, *, there: bool | None) -> None:
        """Write down whether Discord says that a member is in a server; None: it does not say."""
        with self._writing() as session:
            members.mark_checked(session, member, server, self._now(), there)

    def forget_absent(self, after: timedelta) -> int:
        """Forget the members who have been gone from every server for this long; return how many."""
        with self._writing() as session:
            forgotten = members.forget_absent(session, self._now(), after)
        if forgotten:
            self._erasure.of_everything()
        return forgotten

    def forget_old_uses(self) -> int:
        """Delete how many songs members asked for on days that no quota looks at any more; return how many rows."""
        with self._writing() as session:
            return quotas.forget_old(session, self._now() - USES_KEPT)


class Privacy(ForgettingDoor):
    """What is stored about a member: counted, handed out, deleted."""

    def stored_about(self, member: str) -> dict[str, int]:
        """Return how many things of each kind are stored about a member."""
        with self._reading() as session:
            return privacy.stored_about(session, member)

    def export_zip(self, member: str, *, at_most_bytes: int | None = None) -> bytes:
        """Return everything that is stored about a member as a zip file.

        at_most_bytes: files that would make it larger are left out, the oldest songs' first, and named in README.txt.
        """
        with self._reading() as session:
            return as_zip(session, member, at_most_bytes)

    def forget(self, member: str) -> int:
        """Delete everything that is stored about a member, and what is left of it in SQLite's files; return how much.

        The files are written anew at once, or by `erase_if_due` where that was done in the last minutes or cannot be
        done now.
        """
        with self._writing() as session:
            deleted = privacy.forget(session, member)
        if deleted:
            self._erasure.of_everything()
        return deleted

    def erase_if_due(self) -> bool:
        """Rid SQLite's files of what was deleted and is still in them; return whether nothing is left to do."""
        return self._erasure.if_due()
