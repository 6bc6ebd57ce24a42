"""What the doctor looks at for the sake of a bot: packages, token, invite link, `.env`. Does not import discord.py.

The token is never part of what is found.
"""

from __future__ import annotations

import asyncio
import shutil
import stat
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlencode

from bot.settings import DOTENV, WHERE_TOKENS_ARE, BotSettings
from bot.terminal.check import Check
from engine.errors import RequestError
from worker.settings import ENVIRONMENT_VARIABLES as WORKER_VARIABLES
from worker.settings import data_directory

API = "https://discord.com/api/v10"
ASK_SECONDS = 10.0
SONG_BYTES = 1_000_000  # the files of a song, all in all
FREE_BYTES_WANTED = 1_000_000_000
INVITE = "invite link"
INSTALL = "pip install 'songwright[discord]'"
# What the bot does in a channel; the bits are Discord's, and a test compares them with those that bot.app asks for.
PERMISSION_BITS = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Send Messages in Threads": 1 << 38,
}
PERMISSIONS = sum(PERMISSION_BITS.values())


def look_at_bot(environ: Mapping[str, str], folder: Path) -> Iterator[Check]:
    """Look at everything that a bot needs and the terminal does not. folder: where its `.env` would be."""
    for package, name in (("discord", "discord.py"), ("celery", "celery"), ("dotenv", "python-dotenv")):
        yield check_installed(package, name)
    yield check_disk(data_directory(environ))
    yield check_dotenv(folder)
    yield check_token(environ)
    yield Check("intents", "ok", "no privileged intent is needed; leave all three off at Discord", needed_for="bot")
    yield check_invite(environ)


def check_installed(package: str, name: str) -> Check:
    if find_spec(package) is None:
        return Check(name, "optional", "not installed", f"for a Discord bot: {INSTALL}", needed_for="bot")
    return Check(name, "ok", version(name), needed_for="bot")


def check_disk(folder: Path) -> Check:
    """Look how much room there is for members' songs."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free for {folder}, room for {free // SONG_BYTES:,} songs"
    if free >= FREE_BYTES_WANTED:
        return Check("disk", "ok", found, needed_for="bot")
    way_out = f"make room, or set {WORKER_VARIABLES['database_url']} to another place"
    return Check("disk", "optional", found, way_out, needed_for="bot")


def check_dotenv(folder: Path) -> Check:
    """Look whether there is a `.env`, that it is read, and that others cannot read it."""
    path = folder / DOTENV
    if not path.is_file():
        return Check(DOTENV, "ok", f"none in {folder}; settings come from the environment", needed_for="bot")
    if find_spec("dotenv") is None:
        return Check(DOTENV, "missing", f"{path} is not read without python-dotenv", INSTALL, needed_for="bot")
    open_to_others = path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    way_out = f"it may hold your token: chmod 600 {path}" if open_to_others else ""
    return Check(DOTENV, "ok", f"{path} is read", way_out, needed_for="bot")


def check_token(environ: Mapping[str, str]) -> Check:
    """Look whether there is a token, and whether it looks like one."""
    try:
        settings = BotSettings.from_environment(environ, needs_token=False)
    except RequestError as error:
        return Check("token", "missing", str(error), f"see .env.example, and {WHERE_TOKENS_ARE}", needed_for="bot")
    if settings.token is None:
        way_out = f"for a Discord bot: get one at {WHERE_TOKENS_ARE} and put DISCORD_TOKEN=... into {DOTENV}"
        return Check("token", "optional", "DISCORD_TOKEN is not set", way_out, needed_for="bot")
    if settings.application_id is None:
        found = "three parts, but the first stands for no application"
        way_out = f"if Discord refuses it, copy it again from {WHERE_TOKENS_ARE}"
        return Check("token", "missing", found, way_out, needed_for="bot")
    return Check("token", "ok", f"well-formed, of application {settings.application_id}", needed_for="bot")


def check_invite(environ: Mapping[str, str]) -> Check:
    """Give the link that adds the bot to a server, with the permissions that it asks for."""
    try:
        application = BotSettings.from_environment(environ, needs_token=False).application_id
    except RequestError:
        application = None
    if application is None:
        way_out = "the link is known once the token is; its scopes are bot and applications.commands"
        return Check(INVITE, "optional", _permissions(), way_out, needed_for="bot")
    way_out = f"open it to add the bot to a server of yours ({_permissions()})"
    return Check(INVITE, "ok", invite_link(application), way_out, needed_for="bot")


def _permissions() -> str:
    return f"permissions {PERMISSIONS}: {', '.join(PERMISSION_BITS)}"


def invite_link(application: int) -> str:
    """Return where a server's owner agrees to what the bot may do."""
    query = {"client_id": application, "scope": "bot applications.commands", "permissions": PERMISSIONS}
    return f"https://discord.com/oauth2/authorize?{urlencode(query)}"


def ask_discord(environ: Mapping[str, str], *, api: str = API) -> Check:
    """Ask Discord whether it takes the token; waits at most ten seconds."""
    try:
        settings = BotSettings.from_environment(environ)
    except RequestError as error:
        return Check("Discord", "optional", f"not asked: {error}", needed_for="bot")
    if find_spec("aiohttp") is None:
        return Check("Discord", "optional", "not asked: aiohttp is not installed", INSTALL, needed_for="bot")
    return asyncio.run(_asked(settings, api))


async def _asked(settings: BotSettings, api: str) -> Check:
    import aiohttp

    assert settings.token is not None
    headers = {"Authorization": f"Bot {settings.token.get_secret_value()}"}
    timeout = aiohttp.ClientTimeout(total=ASK_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.get(f"{api}/applications/@me", proxy=settings.proxy) as answer,
        ):
            status, body = answer.status, await answer.json(content_type=None) if answer.status == 200 else {}
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        way_out = "look at the network, and at DISCORD_PROXY if there is a proxy"
        return Check("Discord", "missing", f"cannot be reached ({type(error).__name__})", way_out, needed_for="bot")
    if status == 200:
        return Check("Discord", "ok", f"takes the token of {str(body.get('name', 'the bot'))[:80]}", needed_for="bot")
    if status == 401:
        way_out = f"reset and copy the token at {WHERE_TOKENS_ARE}"
        return Check("Discord", "missing", "refuses the token", way_out, needed_for="bot")
    return Check("Discord", "optional", f"answers with {status}", "try again later", needed_for="bot")
