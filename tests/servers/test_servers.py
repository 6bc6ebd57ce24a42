"""Servers of one's own: shared while anybody uses them, gone afterwards; and a proxy that cuts them off."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.servers import fixtures
from tests.servers.cut_off import behind_proxy
from tests.servers.kinds import POSTGRESQL, RABBITMQ, REDIS, Kind, NotToBeHad
from tests.servers.sharing import own_server, server


def own(kind: Kind, folder: Path):  # type: ignore[no-untyped-def]  # a context manager
    """Return a server of one's own; skip where its program is not installed."""
    serving = own_server(kind, folder)
    try:
        return serving, serving.__enter__()
    except NotToBeHad as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("kind", [POSTGRESQL, REDIS, RABBITMQ], ids=lambda kind: kind.name)
def test_a_server_is_there_until_its_last_user_has_left(kind: Kind, tmp_path: Path) -> None:
    serving, url = own(kind, tmp_path)
    with own_server(kind, tmp_path) as second:
        assert second == url
    assert kind.answers(url)
    serving.__exit__(None, None, None)
    assert not kind.answers(url)


def test_a_server_that_is_named_but_does_not_answer_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(REDIS.variable, "redis://127.0.0.1:1/0")
    with pytest.raises(NotToBeHad, match="SONGWRIGHT_TEST_REDIS"), server(REDIS, tmp_path):
        pass


@pytest.mark.parametrize(("ci", "outcome"), [("true", "Failed"), ("", "Skipped")])
def test_a_server_that_cannot_be_had_fails_the_tests_only_where_they_are_required(
    ci: str, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv(REDIS.variable, "redis://127.0.0.1:1/0")
    with pytest.raises(BaseException, match="SONGWRIGHT_TEST_REDIS") as ended, fixtures.required(REDIS, tmp_path):
        pass
    assert ended.type.__name__ == outcome


def is_over(connection: socket.socket) -> bool:
    """Return whether a connection has ended, politely or not."""
    try:
        return not connection.recv(1)
    except ConnectionError:
        return True


def test_a_proxy_passes_on_cuts_off_and_returns() -> None:
    with socket.create_server(("127.0.0.1", 0)) as echo:
        port = echo.getsockname()[1]
        with behind_proxy(f"tcp://me@127.0.0.1:{port}//") as (url, proxy):
            assert url == f"tcp://me@127.0.0.1:{proxy.port}//"
            before = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
            there, _ = echo.accept()
            before.sendall(b"la")
            assert there.recv(2) == b"la"
            proxy.cut()
            assert is_over(before)
            with pytest.raises(ConnectionError):
                socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
            proxy.restore()
            after = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
            there_again, _ = echo.accept()
            there_again.sendall(b"lo")
            assert after.recv(2) == b"lo"
            for connection in (before, there, after, there_again):
                connection.close()
