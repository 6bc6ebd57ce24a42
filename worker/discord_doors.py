"""The client's doors to what only a bot needs: deliveries, and the commands that Discord was sent.

Knows nothing of Discord's own objects, only of ids as text. See `worker.store.deliveries` for what each act promises.
"""

from __future__ import annotations

from worker.door import Door
from worker.store import deliveries, pending, synced_commands
from worker.store.deliveries import Delivery, Rung
from worker.store.pending import Pending

HOLD_SECONDS = 60.0  # longer than any single call to Discord


class Deliveries(Door):
    """Deliveries: what is open, taking one, ending one."""

    def pending(self, application_id: str) -> tuple[Pending, ...]:
        """Return what is still to be brought, with how far its jobs are and when they are expected to be ready."""
        with self._reading() as session:
            return pending.pending(session, application_id, self._now())

    def find(self, delivery_id: str) -> Delivery | None:
        """Return the delivery as it is now, None if there is none."""
        with self._reading() as session:
            return deliveries.find(session, delivery_id)

    def servers(self, application_id: str) -> tuple[str, ...]:
        """Return the servers in which an application was ever asked for something that is still stored."""
        with self._reading() as session:
            return deliveries.servers(session, application_id)

    def of_message(self, message_id: str) -> Delivery | None:
        """Return the delivery that a message shows, None if there is none."""
        with self._reading() as session:
            return deliveries.of_message(session, message_id)

    def of_job(self, job_id: str) -> Delivery | None:
        """Return the delivery that brings a job, None if there is none."""
        with self._reading() as session:
            return deliveries.of_job(session, job_id)

    def set_message(self, delivery_id: str, message_id: str, channel_id: str | None = None) -> None:
        """Write down which message shows the progress."""
        with self._writing() as session:
            deliveries.set_message(session, delivery_id, message_id, channel_id)

    def take(self, delivery_id: str, holder: str, hold_seconds: float = HOLD_SECONDS) -> bool:
        """Hold a delivery; False if another bot process has it or it has ended."""
        with self._writing() as session:
            return deliveries.take(session, delivery_id, holder, self._now(), hold_seconds)

    def release(self, delivery_id: str, holder: str, failure: str | None = None) -> bool:
        """Let go of a delivery that could not be brought now; False if it is not held by this holder."""
        with self._writing() as session:
            return deliveries.release(session, delivery_id, holder, failure)

    def mark_delivered(
        self,
        delivery_id: str,
        holder: str,
        rung: Rung,
        channel_id: str | None = None,
        message_id: str | None = None,
    ) -> bool:
        """End a delivery as brought; False, and nothing written, if it is not held by this holder."""
        with self._writing() as session:
            return deliveries.mark_delivered(session, delivery_id, holder, rung, channel_id, message_id, self._now())

    def give_up(self, delivery_id: str, holder: str, failure: str) -> bool:
        """End a delivery that cannot be brought; its result stays in the history. False if not held."""
        with self._writing() as session:
            return deliveries.give_up(session, delivery_id, holder, failure, self._now())

    def erase_expired_tokens(self) -> int:
        """Erase the interaction tokens that have expired; return how many."""
        with self._writing() as session:
            return deliveries.erase_expired_tokens(session, self._now())


class Commands(Door):
    """Which commands Discord has been sent. scope: "" for everywhere, or a server's id."""

    def stored_hash(self, application_id: str, scope: str = "") -> str | None:
        """Return the hash of the commands that were sent last, None if none were."""
        with self._reading() as session:
            return synced_commands.stored_hash(session, application_id, scope)

    def store_hash(self, application_id: str, scope: str, tree_hash: str) -> None:
        """Write down that the commands of this hash were sent."""
        with self._writing() as session:
            synced_commands.store_hash(session, application_id, scope, tree_hash, self._now())
