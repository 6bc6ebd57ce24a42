"""What a host can mend about the place where songs are kept. Knows nothing of databases, folders or buckets."""

from __future__ import annotations

from engine.errors import EngineError


class StoreError(EngineError):
    """The database or the place for files cannot be opened, read or written for a reason that a host can mend.

    passing: it may mend itself (a restart, a busy moment), so trying again within the minute makes sense. names_place:
    the sentence says where the database is, which is for hosts and not for members.
    """

    def __init__(self, sentence: str, *, passing: bool = False, names_place: bool = False) -> None:
        super().__init__(sentence)
        self.passing = passing
        self.names_place = names_place
