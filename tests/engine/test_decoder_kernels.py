"""The compiled kernels: the same numbers whoever compiled them. Does not know whether the numbers are right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from engine import decoder_kernels, matrix_kernels, sampling_kernels, vector_tiles

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "module",
    [decoder_kernels, matrix_kernels, sampling_kernels, vector_tiles],
    ids=lambda module: module.__name__,
)
def test_whatever_a_kernel_calls_is_inlined_by_force(module: ModuleType) -> None:
    functions = [value for value in vars(module).values() if hasattr(value, "targetoptions")]
    assert functions
    for function in functions:
        is_kernel = function.py_func.__name__ in ("run_layers", "run_adapted_layers", "choose_rows", "race")
        assert function.targetoptions.get("forceinline", False) is not is_kernel, function.py_func.__name__


@pytest.mark.songs
def test_process_that_compiles_computes_what_one_that_loads_does(tmp_path: Path) -> None:
    compiling, loading = digests(tmp_path), digests(tmp_path)
    assert list(tmp_path.rglob("*.nbc"))
    assert compiling == loading


def digests(cache: Path) -> dict[str, Any]:
    """Return what a process of its own computes, with kernels from this cache if they are there."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "tests.engine.kernel_digests"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(run.stdout)
    return found
