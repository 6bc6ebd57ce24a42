"""What becomes of a tuned model of plain songs: no songs are made with it, so neither gate nor servers take it.

Does not know how it was tuned or how it is measured.
"""

from __future__ import annotations

from pathlib import Path

from engine.errors import RequestError


def how_to_measure(parent: Path | str, candidate: Path) -> str:
    """Return the command that measures a tuned model of plain songs beside its parent."""
    return f"songwright compare {parent} {candidate} --data PREPARED"


def refuse_plain(directory: Path) -> None:
    """RequestError for a model of plain songs, which says what to do in place of the gate; CheckpointError for no model."""
    from engine.lyrics.text_models import writes_plain_songs

    if writes_plain_songs(directory):
        raise RequestError(
            f"{directory} writes plain songs, and the gate is held for models that songs are made with; measure it beside "
            f"its parent: {how_to_measure('PARENT', directory)}"
        )
