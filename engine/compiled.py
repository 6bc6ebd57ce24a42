"""Functions over whole numbers that are written once and run in two ways: as plain Python, and compiled by numba.

Knows nothing of music. Importing numba takes 0.2 s, compiling a second more, once on a machine; who changes one small
file waits for neither, and who reads thousands waits once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., object])


class Kernel(Generic[Function]):
    """A function, and its compiled form from when the process has given it much to do.

    plain_size: how much the plain function may do in one process, in the unit of `for_size`; a fifth of a second or so.
    """

    def __init__(self, function: Function, plain_size: int) -> None:
        self.plain, self._plain_size_left = function, plain_size
        self._compiled: Function | None = None
        self._lock = threading.Lock()

    def for_size(self, size: int) -> Function:
        """Return the function, as it is or compiled, for something of this size."""
        if self._compiled is not None:
            return self._compiled
        with self._lock:
            self._plain_size_left -= size
            return self.plain if self._plain_size_left >= 0 else self.compiled()

    def compiled(self) -> Function:
        """Return the compiled function, which compiles at its first call; or the plain one.

        That is where numba does not work or its cache cannot be written.
        """
        if self._compiled is None:
            self._compiled = _compiled(self.plain)
        return self._compiled


def _compiled(function: Function) -> Function:
    try:
        from numba import njit

        return cast(Function, njit(cache=True, nogil=True)(function))
    except (ImportError, RuntimeError):
        return function
