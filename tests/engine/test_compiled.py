"""Kernels: a process runs them as they are for little, compiled from then on, and without numba for good."""

from __future__ import annotations

import sys

import pytest

from engine.compiled import Kernel


def doubled(number: int) -> int:
    return 2 * number


def test_a_process_runs_it_plainly_first_and_compiles_when_there_is_much_to_do() -> None:
    kernel = Kernel(doubled, 100)
    assert kernel.for_size(60) is doubled
    assert kernel.for_size(40) is doubled
    assert kernel.for_size(1) is kernel.for_size(1) is kernel.compiled() is not doubled
    assert kernel.compiled()(4) == doubled(4)


def test_who_knows_that_there_will_be_much_to_do_compiles_at_once() -> None:
    kernel = Kernel(doubled, 100)
    assert kernel.compiled() is kernel.for_size(1) is not doubled


def test_it_runs_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numba", None)
    kernel = Kernel(doubled, 0)
    assert kernel.for_size(1)(4) == 8
