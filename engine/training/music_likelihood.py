"""The nats of a checkpoint of music by task, whichever family it is of. Does not know how tasks are built."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedModel

from engine.checkpoint import Checkpoint, open_checkpoint
from engine.corpus.music_pieces import read_works
from engine.corpus.records import Split
from engine.errors import RequestError
from engine.music.event_model import VOCABULARY
from engine.music.event_networks import NETWORKS, open_network
from engine.music.part_vocabulary import VOCABULARY as PARTS
from engine.torch_causal import load_causal
from engine.training.composing import nats_by_task, shown_works
from engine.training.note_tasks import nats_by_note_task


def nats_by_task_of(directory: Path, data: Path, split: Split, count: int) -> dict[str, dict[str, float]]:
    """Return by task the mean nats per id over `count` examples of held-out works.

    RequestError for a model that has neither the composer's ids nor note events, and where the split has no works.
    """
    checkpoint = open_checkpoint(directory)
    works = [work for work in read_works(data) if work.split == split]
    if not works:
        raise RequestError(f"{data} has no works in {split}; name a folder that holds more")
    vocabulary = checkpoint.config.get(VOCABULARY)
    if vocabulary == "note-events":
        return nats_by_note_task(_network(checkpoint), works, count=count)
    if vocabulary is None and checkpoint.config.get("vocab_size") == len(PARTS):
        return nats_by_task(_network(checkpoint), shown_works(works, split), count)
    raise RequestError(
        f"{directory} is over {vocabulary or 'other ids'}; tasks are measured of composers and of models over note-events"
    )


def _network(checkpoint: Checkpoint) -> PreTrainedModel:
    if checkpoint.family in NETWORKS:
        return open_network(checkpoint)
    network: PreTrainedModel = load_causal(checkpoint.directory, threads=1)[0]
    return network
