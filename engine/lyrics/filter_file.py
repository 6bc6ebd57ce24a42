"""A file that holds one filter of a corpus beside a model, and one number about it, 1 or more. Does not know of what."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from engine.errors import CheckpointError
from engine.lyrics.fuse_filter import FuseFilter

FORMAT = 1


def filter_bytes(kept: FuseFilter, number: int) -> bytes:
    """Return what `read_filter` reads: the same bytes for the same filter."""
    facts = np.array([FORMAT, number, kept.segment_length, kept.seed, kept.size], np.int64)
    written = io.BytesIO()
    np.savez(written, facts=facts, table=kept.table)
    return written.getvalue()


def read_filter(path: Path, number: int | None = None) -> tuple[FuseFilter, int]:
    """Return the filter of a file and its number, 1 or more; CheckpointError where it is none, or of another format.

    number: what it must be, if anything.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            facts, table = arrays["facts"].tolist(), arrays["table"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(
            f"{path} cannot be read ({error}); write it again with `songwright corpus remember`"
        ) from error
    is_ours = len(facts) == 5 and facts[0] == FORMAT and facts[1] == (number or max(1, facts[1]))
    if not is_ours or table.dtype != np.uint8:
        raise CheckpointError(f"{path} is not of format {FORMAT}; write it again with `songwright corpus remember`")
    return FuseFilter(table, segment_length=facts[2], seed=facts[3], size=facts[4]), facts[1]
