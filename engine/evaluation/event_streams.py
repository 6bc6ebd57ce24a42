"""Whether streams of events keep to their grammar and to a range of pitches. Does not know what wrote them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.music.events import EventVocabulary
from engine.music.score import Score


@dataclass(frozen=True)
class StreamFigures:
    """streams: how many. refused: by the grammar at some id. out_of_range: with a pitch outside. finished: with the end id."""

    streams: int
    refused: int
    out_of_range: int
    finished: int


def stream_figures(
    vocabulary: EventVocabulary, streams: Sequence[Sequence[int]], *, low: int = 0, high: int = 127
) -> StreamFigures:
    """Return the figures of streams, each read by a grammar of its own; low, high: pitches, both included, drums left out."""
    refused = [ids for ids in streams if not _is_accepted(vocabulary, ids)]
    scores = [vocabulary.decode(ids) for ids in streams if ids not in refused]
    return StreamFigures(
        len(streams),
        len(refused),
        sum(_leaves(score, low, high) for score in scores),
        sum(bool(ids) and ids[-1] == vocabulary.end_id for ids in streams),
    )


def _is_accepted(vocabulary: EventVocabulary, ids: Sequence[int]) -> bool:
    grammar = vocabulary.grammar()
    try:
        for token_id in ids:
            grammar.advance(token_id)
    except ValueError:
        return False
    return True


def _leaves(score: Score, low: int, high: int) -> bool:
    return any(not low <= note.pitch <= high for track in score.tracks if not track.is_drum for note in track.notes)
