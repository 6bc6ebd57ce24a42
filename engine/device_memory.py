"""How many sequences fit into the memory that is free, of a GPU or of the machine. Knows nothing of who uses them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

SLOTS_PER_SONG = 66  # the most that a song asks for: its context and 32 candidates, each with its twin under guidance
MOST_SLOTS = 64 * SLOTS_PER_SONG
GPU_SHARE, RAM_SHARE = 0.4, 0.2  # of what is free when a model is opened; lyrics and melody have one each


def device_of(model: Any) -> str:
    """Return "cpu" or the device that a model says it is on."""
    return str(getattr(model, "device", "cpu"))


def measured_slots(model: Any, least: int = SLOTS_PER_SONG) -> int:
    """Return how many slots a model's share of the free memory holds, between one song's and MOST_SLOTS.

    A model that does not say what a slot takes (`slot_bytes`) gets two songs' slots.
    """
    each = int(getattr(model, "slot_bytes", 0))
    if not each:
        return max(least, 2 * SLOTS_PER_SONG)
    if device_of(model) == "cpu":
        budget = free_ram_bytes() * RAM_SHARE
    else:
        import torch

        budget = torch.cuda.mem_get_info()[0] * GPU_SHARE
    return int(min(max(budget // each, least), MOST_SLOTS))


def free_ram_bytes() -> int:
    """Return what is free of the machine's memory, and of the container's where there is one."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):  # not Linux
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2 if hasattr(os, "sysconf") else 2**31
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no container, or "max"
        return free
    return max(0, min(free, limit - used))
