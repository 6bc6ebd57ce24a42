"""`songwright up`, `bot` and `worker`: what a host runs. Does not know how Discord is spoken to or songs are made."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

import click

from bot.settings import BotSettings
from bot.terminal.process_log import set_up_process_log
from bot.terminal.redaction import secrets_of
from bot.terminal.supervisor import Supervisor, end_with_parent
from engine.errors import RequestError
from worker.settings import hosting_settings

CHILDREN = ("worker", "bot")
M_ARENA_MAX = -8  # malloc.h


@click.command()
def up() -> None:
    """Run the bot and a worker, each in a process of its own, and keep both running until Ctrl-C.

    Nothing else is needed: songs are kept in a SQLite database, and the processes ring each other through a folder.
    """
    BotSettings.from_environment(os.environ)
    hosting_settings(os.environ)
    commands = {name: (sys.executable, "-m", "bot", name) for name in CHILDREN}
    sentence = Supervisor(commands, environ=os.environ).run()
    if sentence is not None:
        raise RequestError(sentence)


@click.command()
def bot() -> None:
    """Run the Discord bot until Ctrl-C. DISCORD_TOKEN is its token; `.env.example` lists all that can be set."""
    end_with_parent()
    bot_settings = BotSettings.from_environment(os.environ)
    _log_to_screen(bot_settings)
    settings = hosting_settings(os.environ)
    from bot.app import run

    run(settings, bot_settings)


@click.command()
def worker() -> None:
    """Run a worker until Ctrl-C: it makes songs one after the other. Start as many as there are cores to spare."""
    end_with_parent()
    _log_to_screen(BotSettings.from_environment(os.environ, needs_token=False))
    settings = hosting_settings(os.environ)
    from bot.terminal.song import one_blas_thread

    one_blas_thread()
    few_memory_arenas()
    from worker.worker_process import run_worker

    run_worker(settings, when_ready=click.echo)


def few_memory_arenas() -> None:
    """Let all threads share two pools of memory, so that what a song took is given back when it is done.

    Measured over 30 songs: what is left between songs stays at 390 MB at best, where it otherwise rose to 470.
    """
    with suppress(OSError, AttributeError):  # only the GNU C library has the call
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def _log_to_screen(bot_settings: BotSettings) -> None:
    set_up_process_log(bot_settings.log_level, bot_settings.log_format, secrets_of(os.environ))
