"""Decoding with networks that are told where in the bar each id lies. Does not know how they use it.

The step of an id follows from the durations before it, so the ids of each slot are kept beside its keys and values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.music.events import EventVocabulary
from engine.torch_slots import LayerSize, SlotLayer, SlotMemory, TorchSlots


class EventMemory(SlotMemory):
    """The layers of all slots, and the ids of each."""

    def __init__(self, slots: int, layers: list[SlotLayer]) -> None:
        super().__init__(slots, layers)
        self.ids: list[list[int]] = [[] for _ in range(slots)]


class EventSlots(TorchSlots):
    """All sequences of a step at once, each with the grid steps of its new ids."""

    def __init__(
        self, model: Any, device: str, sizes: Sequence[LayerSize], context_length: int, vocabulary: EventVocabulary
    ) -> None:
        super().__init__(model, device, sizes, context_length)
        self._vocabulary = vocabulary

    def new_memory(self, slots: int) -> EventMemory:
        return EventMemory(slots, super().new_memory(slots).layers)

    def fork(self, memory: SlotMemory, source: int, targets: Sequence[int]) -> None:
        assert isinstance(memory, EventMemory)
        super().fork(memory, source, targets)
        for target in targets:
            memory.ids[target] = list(memory.ids[source])

    def truncate(self, memory: SlotMemory, slot: int, length: int) -> None:
        assert isinstance(memory, EventMemory)
        super().truncate(memory, slot, length)
        del memory.ids[slot][length:]

    def _more_inputs(
        self, memory: SlotMemory, slots: NDArray[np.int64], ids: NDArray[np.int64]
    ) -> dict[str, torch.Tensor]:
        assert isinstance(memory, EventMemory)
        new = [
            self._vocabulary.onsets([*memory.ids[slot], *row])[-len(row) :]
            for slot, row in zip(slots, ids.tolist(), strict=True)
        ]
        return {"onsets": torch.from_numpy(np.stack(new)).to(self.device)}

    def _run(self, memory: SlotMemory, slots: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.float32]:
        assert isinstance(memory, EventMemory)
        logits = super()._run(memory, slots, ids)
        for slot, row in zip(slots, ids.tolist(), strict=True):
            memory.ids[slot].extend(row)
        return logits
