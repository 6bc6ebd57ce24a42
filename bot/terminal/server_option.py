"""The option --server of commands on snapshots and models of one Discord server. Does not know what is done for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from engine.errors import RequestError


def server_option(what: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option, None where it is left out. what: it says in the help."""
    return click.option("--server", default=None, metavar="ID", callback=_an_id, help=what)


def _an_id(_context: click.Context, _parameter: click.Parameter, given: str | None) -> str | None:
    if given is not None and not (given.isascii() and given.isdecimal()):
        raise RequestError(
            f"a server's id is digits, got {given[:40]!r}; Discord copies it from the server's menu in developer mode"
        )
    return given
