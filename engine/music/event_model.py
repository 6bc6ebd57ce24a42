"""A causal model over events with its vocabulary: any family of the registry, opened for writing music.

Does not know architectures or files of music. torch is needed for families that need it; a Llama runs without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.checkpoint import CONFIG, Checkpoint, open_checkpoint
from engine.contract import Sampling
from engine.decoding import Candidate, decode
from engine.decoding import Sequence as Wanted
from engine.errors import CheckpointError, RequestError
from engine.families import CausalModel, open_model
from engine.music.events import (
    EVENT_VOCABULARIES,
    EventGrammar,
    EventVocabulary,
    GrammarConstraint,
    grammar_after,
    open_vocabulary,
)
from engine.music.multitrack_events import MultitrackEvents
from engine.music.multitrack_grammar import Limits
from engine.music.note_events import NoteEvents
from engine.music.score import Score

VOCABULARY = "event_vocabulary"  # the field of config.json that names it
LEAST_ROOM = 16  # ids


@dataclass(frozen=True)
class Written:
    """A stream that was written: its ids from the start id on, and how it ended, as of `Candidate`."""

    ids: tuple[int, ...]
    ending: str
    score: Score


@dataclass(frozen=True)
class EventModel:
    """version: the digest of the checkpoint."""

    model: CausalModel
    vocabulary: EventVocabulary
    family: str
    version: str

    def write(
        self,
        seeds: Sequence[int],
        *,
        most_events: int,
        sampling: Sampling,
        start: Sequence[int] = (),
        pitches: tuple[int, int] = (0, 127),
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Written]:
        """Return a stream for each seed, after a start that the grammar accepts; nothing else than it accepts is written.

        most_events: ids at most, with those of the start; a stream that reaches them stops where it is. pitches: the
        lowest and the highest that may be written; drums are free.
        """
        prompt = list(start) or [self.vocabulary.start_id]
        room = min(most_events, self.model.context_length) - len(prompt)
        if room < LEAST_ROOM:
            raise RequestError(
                f"the start has {len(prompt)} events and {LEAST_ROOM} more must fit in "
                f"{min(most_events, self.model.context_length)}; ask for more, or give a shorter start"
            )
        grammar = grammar_after(_grammar(self.vocabulary, pitches), prompt)
        wanted = [
            Wanted(prompt, sampling, seed, room, GrammarConstraint(grammar, self.vocabulary.end_id)) for seed in seeds
        ]
        return [self._written(prompt, found) for found in decode(self.model, wanted, cancelled=cancelled)]

    def _written(self, prompt: Sequence[int], found: Candidate) -> Written:
        ids = (*prompt, *found.ids)
        return Written(ids, found.ending, self.vocabulary.decode(ids))


def _grammar(vocabulary: EventVocabulary, pitches: tuple[int, int]) -> EventGrammar:
    """Return a grammar that is held to a range; only the vocabularies that are here know how to."""
    low, high = pitches
    if isinstance(vocabulary, NoteEvents):
        return vocabulary.grammar(lowest_pitch=low, highest_pitch=high)
    if isinstance(vocabulary, MultitrackEvents):
        return vocabulary.grammar(Limits(lowest_pitch=low, highest_pitch=high))
    return vocabulary.grammar()


def is_event_checkpoint(place: Path | str) -> bool:
    """Say whether a directory has a model over events, without opening it."""
    try:
        return f'"{VOCABULARY}"' in (Path(place) / CONFIG).read_text(encoding="utf-8")
    except OSError:
        return False


def open_event_model(directory: Path, threads: int = 1) -> EventModel:
    """Open a checkpoint of any family over events; CheckpointError where it does not say which vocabulary it has."""
    checkpoint = open_checkpoint(directory)
    name = checkpoint.config.get(VOCABULARY)
    if not isinstance(name, str):
        raise CheckpointError(
            f"{directory} is no model over events; name a checkpoint that `songwright train music` wrote"
        )
    if name not in EVENT_VOCABULARIES:
        raise CheckpointError(
            f"{directory} was trained on {name} for a benchmark, which have no grammar to write by; name a checkpoint that "
            "`songwright train music` wrote"
        )
    model, vocabulary = _opened(checkpoint, threads), open_vocabulary(name)
    if model.vocab_size != vocabulary.size:
        raise CheckpointError(
            f"{directory} knows {model.vocab_size} events and {name} has {vocabulary.size}; open it with the version "
            "that trained it"
        )
    return EventModel(model, vocabulary, checkpoint.family, checkpoint.digest)


def _opened(checkpoint: Checkpoint, threads: int) -> CausalModel:
    """Open a checkpoint; one of transformers by the way that is quick for small networks over events."""
    if checkpoint.family != "hf-causal":
        return open_model(checkpoint.directory, threads=threads)
    from engine.music.event_networks import open_causal

    return open_causal(checkpoint, threads)
