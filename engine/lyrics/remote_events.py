"""Server-sent events: the data of each as it comes. Does not know what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def events_of(parts: Iterable[bytes]) -> Iterator[str]:
    """Give the data of every event (https://html.spec.whatwg.org/multipage/server-sent-events.html).

    Parts may end anywhere, within a letter too. An event that the end cuts off gives nothing; comments, names and ids of
    events mean nothing here.
    """
    data: list[str] = []
    for line in _lines(parts):
        if not line and data:
            yield "\n".join(data)
            data = []
        name, _, value = line.partition(":")
        if name == "data":
            data.append(value.removeprefix(" "))


def _lines(parts: Iterable[bytes]) -> Iterator[str]:
    """Give whole lines; \\n, \\r\\n and \\r end one."""
    held = b""
    for part in parts:
        held += part
        settled = held[:-1] if held.endswith(b"\r") else held  # \n may follow
        cut = max(settled.rfind(b"\n"), settled.rfind(b"\r")) + 1
        yield from _split(held[:cut])
        held = held[cut:]
    if held.endswith(b"\r"):
        yield from _split(held)


def _split(lines: bytes) -> list[str]:
    return lines.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
