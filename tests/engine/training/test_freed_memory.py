"""Freed memory is kept for the next step where the allocator can be told so."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from engine.training.freed_memory import keep_freed_memory
if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit("not glibc")
block = lambda: memoryview(bytearray(64 << 20))[::4096].tolist()
block()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    block()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _page_faults(manner: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, manner], capture_output=True, text=True, check=False)
    if "not glibc" in done.stderr:
        pytest.skip("the allocator is not glibc's")
    return int(done.stdout)


def test_a_large_block_is_not_asked_of_the_system_again() -> None:
    assert _page_faults("kept") * 10 < _page_faults("as usual")
