"""The tables as SQLAlchemy classes: songs, people, learning, operation.

Knows nothing of what is done with the rows; migrations/ holds the same tables in steps, and a test compares the two.
"""

from worker.store.tables.base import Base, UtcDateTime
from worker.store.tables.learning import SignalRow, SnapshotRow, TuningRow
from worker.store.tables.operation import ModelVersionRow, SyncedCommandsRow, WorkerRow
from worker.store.tables.people import DeliveryJobRow, DeliveryRow, MemberRow, MembershipRow, ServerRow, UseRow
from worker.store.tables.songs import (
    ArtifactRow,
    ComparisonRow,
    FavouriteRow,
    JobRow,
    ListingRow,
    RatingRow,
    SongRow,
    UploadRow,
)

__all__ = [
    "ArtifactRow",
    "Base",
    "ComparisonRow",
    "DeliveryJobRow",
    "DeliveryRow",
    "FavouriteRow",
    "JobRow",
    "ListingRow",
    "MemberRow",
    "MembershipRow",
    "ModelVersionRow",
    "RatingRow",
    "ServerRow",
    "SignalRow",
    "SnapshotRow",
    "SongRow",
    "SyncedCommandsRow",
    "TuningRow",
    "UploadRow",
    "UseRow",
    "UtcDateTime",
    "WorkerRow",
]
