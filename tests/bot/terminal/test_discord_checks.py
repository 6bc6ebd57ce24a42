"""What a bot lacks is named with the way out, the invite link is right, and the token is never shown."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.terminal import discord_checks
from bot.terminal.check import Check
from bot.terminal.discord_checks import (
    INVITE,
    PERMISSIONS,
    ask_discord,
    check_disk,
    check_dotenv,
    check_token,
    look_at_bot,
)

TOKEN = f"{base64.urlsafe_b64encode(b'123456789012345678').decode()}.Gabc12.{'secret_' * 4}"
GIVEN = {"DISCORD_TOKEN": TOKEN}


def looked_at(environ: dict[str, str], folder: Path) -> dict[str, Check]:
    return {check.name: check for check in look_at_bot(environ, folder)}


def test_with_a_token_all_is_ready_and_the_token_is_not_shown(tmp_path: Path) -> None:
    checks = looked_at(GIVEN, tmp_path)
    assert {check.state for check in checks.values()} == {"ok"}
    assert "secret_" not in str(checks)
    assert "123456789012345678" in checks["token"].found


def test_the_link_asks_for_what_the_bot_does_and_no_more(tmp_path: Path) -> None:
    discord = pytest.importorskip("discord")
    link = urlsplit(looked_at(GIVEN, tmp_path)[INVITE].found)
    query = parse_qs(link.query)
    assert (link.scheme, link.netloc, link.path) == ("https", "discord.com", "/oauth2/authorize")
    assert query["client_id"] == ["123456789012345678"]
    assert query["scope"] == ["bot applications.commands"]
    wanted = discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        embed_links=True,
        attach_files=True,
        read_message_history=True,
    )
    assert query["permissions"] == [str(wanted.value)]
    assert wanted.value == PERMISSIONS


@pytest.mark.parametrize("token", ["nonsense secret_", "secret_.b", "a.b.c.secret_"])
def test_a_token_that_is_none_is_missing(tmp_path: Path, token: str) -> None:
    checks = looked_at({"DISCORD_TOKEN": token}, tmp_path)
    assert (checks["token"].state, checks[INVITE].state) == ("missing", "optional")
    assert "DISCORD_TOKEN cannot be used" in checks["token"].found
    assert "secret_" not in str(checks)
    assert str(PERMISSIONS) in checks[INVITE].found


def test_without_token_and_packages_every_line_has_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord_checks, "find_spec", lambda package: None)
    lacking = [check for check in look_at_bot({}, tmp_path) if check.state != "ok"]
    assert {check.name for check in lacking} == {"discord.py", "celery", "python-dotenv", "token", INVITE}
    assert all(check.way_out and check.needed_for == "bot" for check in lacking)
    assert ask_discord(GIVEN).state == "optional"


def test_a_file_that_others_can_read_is_pointed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.touch(mode=0o600)
    assert check_dotenv(tmp_path).way_out == ""
    path.chmod(0o644)
    assert "chmod 600" in check_dotenv(tmp_path).way_out
    monkeypatch.setattr(discord_checks, "find_spec", lambda package: None)
    assert check_dotenv(tmp_path).state == "missing"


def test_a_disk_that_is_nearly_full_is_pointed_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_disk(tmp_path / "not" / "yet").state == "ok"
    monkeypatch.setattr(discord_checks, "FREE_BYTES_WANTED", 10**18)
    assert "SONGWRIGHT_DATABASE_URL" in check_disk(tmp_path).way_out


def test_a_token_of_no_application_is_said_to_be_none() -> None:
    check = check_token({"DISCORD_TOKEN": "no.real.token"})
    assert (check.state, bool(check.way_out)) == ("missing", True)


@pytest.fixture
def discord_answering() -> Iterator[Callable[[int], str]]:
    """Return a function that starts an API answering with a status, and returns its address."""
    web = pytest.importorskip("aiohttp.web")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runners = []

    async def serve(status: int) -> str:
        async def answer(request: web.Request) -> web.Response:
            assert request.headers["Authorization"] == f"Bot {TOKEN}"
            return web.json_response({"name": "Singer"}, status=status)

        app = web.Application()
        app.router.add_get("/api/applications/@me", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}/api"

    yield lambda status: asyncio.run_coroutine_threadsafe(serve(status), loop).result(10)
    for runner in runners:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("status", "state", "found"),
    [(200, "ok", "takes the token of Singer"), (401, "missing", "refuses the token"), (503, "optional", "503")],
)
def test_discord_is_asked_whether_it_takes_the_token(
    discord_answering: Callable[[int], str], status: int, state: str, found: str
) -> None:
    check = ask_discord(GIVEN, api=discord_answering(status))
    assert check.state == state
    assert found in check.found


def test_a_discord_that_is_away_is_said() -> None:
    check = ask_discord(GIVEN, api="http://127.0.0.1:1")
    assert (check.state, "cannot be reached" in check.found) == ("missing", True)
