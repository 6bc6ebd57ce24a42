"""What the bot tells of commands and deliveries to whoever counts them. Knows nothing of metrics, logs or Discord."""

from __future__ import annotations

from typing import Literal, Protocol

# ok: answered; refused: the member was told what would work; away: store or Discord did not answer; late: Discord no
# longer took an answer; bug: it is in the log.
Outcome = Literal["ok", "refused", "away", "late", "bug"]


class BotObserver(Protocol):
    """Told on the event loop; must neither block nor raise."""

    def answered(self, command: str, outcome: Outcome, first_answer_seconds: float) -> None:
        """A command or press has been dealt with. first_answer_seconds: from its arrival to the first answer."""

    def brought(self, rung: str, seconds: float) -> None:
        """A result was brought, so long after it was asked for."""

    def not_brought(self) -> None:
        """An attempt to bring a result failed, and is made again."""


class NoBotObserver:
    """Counts nothing."""

    def answered(self, command: str, outcome: Outcome, first_answer_seconds: float) -> None:
        """Do nothing."""

    def brought(self, rung: str, seconds: float) -> None:
        """Do nothing."""

    def not_brought(self) -> None:
        """Do nothing."""
