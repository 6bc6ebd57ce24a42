"""What a model of events looked at while it wrote one bar: the weights of its attention, by layer. Does not know pictures.

Read from one pass of the whole network in torch over what was written, with float32 weights and the heads averaged.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.checkpoint import Checkpoint, open_checkpoint
from engine.errors import CheckpointError
from engine.evaluation.music_with_ids import Event, MusicWithIds, written_by


@dataclass(frozen=True)
class BarAttention:
    """looks: (L, Q, K) of L layers, Q events of the bar and K events up to its end; what each event looked at adds up to 1.

    An event looks when its ids are chosen, so its row is that of the ids before them: their mean, and the sum over the
    ids of what is looked at. music: up to the end of the bar, of which the last Q events are the bar's.
    """

    family: str
    bar: int
    music: MusicWithIds
    looks: NDArray[np.float64]

    @property
    def rows(self) -> tuple[Event, ...]:
        """The events of the bar."""
        return self.music.events[len(self.music.events) - self.looks.shape[1] :]

    @property
    def on_notes(self) -> float:
        """The share of all looks of the bar that lies on notes."""
        is_note = [event.pitch is not None for event in self.music.events]
        return float(self.looks[:, :, is_note].sum(axis=-1).mean())

    def note_shares(self) -> NDArray[np.float64]:
        """Return how much the bar's notes looked at each event, over all layers (K,), an event's looks at itself left out."""
        rows = self._notes_looking()
        shares: NDArray[np.float64] = rows.mean(axis=0) if len(rows) else np.zeros(len(self.music.events))
        return shares

    def strongest(self, count: int) -> list[tuple[Event, Event, float]]:
        """Return the strongest looks of a note of the bar at an earlier note, over all layers, the strongest first."""
        events = self.music.events
        notes = [row for row in self.rows if row.pitch is not None]
        found = [
            (row, event, float(share))
            for row, shares in zip(notes, self._notes_looking(), strict=True)
            for event, share in zip(events, shares, strict=True)
            if event.pitch is not None and event.first < row.first
        ]
        return sorted(found, key=lambda look: -look[2])[:count]

    def _notes_looking(self) -> NDArray[np.float64]:
        """Return the looks of the bar's notes (notes, K), averaged over layers, 0 at themselves."""
        begin = len(self.music.events) - len(self.rows)
        shares = self.looks.mean(axis=0)
        places = [place for place, row in enumerate(self.rows) if row.pitch is not None]
        looking = shares[places].copy()
        looking[range(len(places)), [begin + place for place in places]] = 0.0
        return looking


def attention_of_bar(directory: Path, bar: int, seed: int) -> BarAttention:
    """Write a piece with a checkpoint and return what it looked at in a bar, counted from 1.

    RequestError for a bar that the piece has not; CheckpointError for a model that tells nothing of its attention.
    """
    checkpoint = open_checkpoint(directory)
    music = written_by(checkpoint, seed).up_to(bar)
    weights = _weights(checkpoint, music)  # (L, T, T)
    return BarAttention(checkpoint.family, bar, music, looks_of(weights, music, bar))


def looks_of(weights: NDArray[np.float32], music: MusicWithIds, bar: int) -> NDArray[np.float64]:
    """Return the looks (L, Q, K) of a bar's events, from weights (L, T, T) of each id at the ids up to it."""
    firsts = [event.first for event in music.events]
    by_event = np.add.reduceat(weights.astype(np.float64), firsts, axis=-1)  # (L, T, K)
    # The start id is given: it is chosen by nothing.
    rows = [event for event in music.events if music.bar_of(event.step) == bar and event.first > 0]
    return np.stack([by_event[:, row.first - 1 : row.stop - 1].mean(axis=1) for row in rows], axis=1)


def _weights(checkpoint: Checkpoint, music: MusicWithIds) -> NDArray[np.float32]:
    """Return the weights of all layers (L, T, T), heads averaged."""
    import torch

    from engine.music.attention import weights_of
    from engine.music.event_networks import NETWORKS, open_network
    from engine.music.transformer_xl import FAMILY as TRANSFORMER_XL

    ids = torch.tensor([music.ids])  # (1, T)
    with torch.inference_mode():
        if checkpoint.family in NETWORKS:
            network: Any = open_network(checkpoint)
            places = {"onsets": torch.tensor([music.steps])} if checkpoint.family == TRANSFORMER_XL else {}
            with weights_of(block.attention for block in network.layers) as found:
                network(input_ids=ids, **places)
        else:
            found = _transformers_weights(checkpoint, ids)
    return torch.stack([layer[0].mean(dim=0) for layer in found]).numpy()


def _transformers_weights(checkpoint: Checkpoint, ids: Any) -> list[Any]:
    """Return the weights (1, H, T, T) of each layer of a model that transformers knows."""
    import torch
    from transformers import AutoModelForCausalLM

    from engine.torch_causal import quiet

    try:
        with quiet():
            network: Any = AutoModelForCausalLM.from_pretrained(
                checkpoint.directory, dtype=torch.float32, use_safetensors=True, local_files_only=True,
                attn_implementation="eager",  # the only one that returns its weights
            )  # fmt: skip
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"transformers cannot open {checkpoint.directory}: {reason}") from error
    found = getattr(network.eval()(input_ids=ids, output_attentions=True), "attentions", None)
    if not found:
        raise CheckpointError(
            f"{checkpoint.directory} tells nothing of its attention; name a music-transformer, a transformer-xl, the "
            "composer or a transformer of hf-causal"
        )
    return list(found)
