"""`songwright up`, `bot`, `worker` and `beat`: what a host runs. Does not know how Discord is spoken to or songs are made."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import click

from bot.settings import BotSettings
from bot.terminal.process_log import set_up_process_log
from bot.terminal.redaction import secrets_of
from bot.terminal.supervisor import Supervisor, end_with_parent
from engine.errors import RequestError
from worker.queue import LOOK_EVERY_SECONDS, check_broker, run_beat
from worker.settings import ENVIRONMENT_VARIABLES, Settings, host_and_port, hosting_settings

log = logging.getLogger(__name__)

CHILDREN = ("worker", "bot")


@click.command()
def up() -> None:
    """Run the bot and a worker, each in a process of its own, and keep both running until Ctrl-C.

    Nothing else is needed: songs are kept in a SQLite database, and the processes ring each other through a folder.
    """
    BotSettings.from_environment(os.environ)
    settings = hosting_settings(os.environ)
    commands = {name: (sys.executable, "-m", "bot", name) for name in CHILDREN}
    sentence = Supervisor(commands, environ=os.environ, added=_bots_own_address(settings)).run()
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
@click.option("--tuning", is_flag=True, help="carry out tuning runs, too, at low priority (SONGWRIGHT_TUNING=1)")
def worker(tuning: bool) -> None:
    """Run a worker until Ctrl-C: it makes songs, SONGWRIGHT_WORKER_THREADS of them at once.

    Ctrl-C lets songs that are nearly ready be finished and leaves the others to the next worker; a second one does not
    wait. Start one for each GPU, or for every two cores.
    """
    end_with_parent()
    own = BotSettings.from_environment(os.environ, needs_token=False)
    _log_to_screen(own)
    settings = hosting_settings(os.environ)
    if tuning:
        settings = settings.model_copy(update={"tuning": True})
    from bot.terminal.song import one_blas_thread

    one_blas_thread()
    from worker.operation import run_watched_worker
    from worker.process_memory import share_pools

    share_pools()

    run_watched_worker(settings, when_ready=_say(own))


@click.command()
@click.option(
    "--every", "every_seconds", default=LOOK_EVERY_SECONDS, show_default=True, type=click.FloatRange(1, 86_400),
    help="seconds between two rings",
)  # fmt: skip
def beat(every_seconds: float) -> None:
    """Ring the workers, now and every five minutes, to look whether a tuning run is due, until Ctrl-C. One per deployment.

    A run is due after SONGWRIGHT_TUNE_AFTER new judgements; whichever worker hears the ring queues it, and a worker with
    --tuning carries it out. Those look by themselves, too; this is for deployments where none of them is always there.
    """
    end_with_parent()
    own = BotSettings.from_environment(os.environ, needs_token=False)
    _log_to_screen(own)
    settings = hosting_settings(os.environ)
    if settings.broker_url is None:
        raise RequestError(
            "there is no broker to ring through; set SONGWRIGHT_BROKER_URL and install songwright[queue]"
        )
    check_broker(settings.broker_url)
    _say(own)(f"beat {os.getpid()} rings every {every_seconds:g} s ({settings.broker_url.partition('://')[0]} broker)")
    run_beat(settings.broker_url, every_seconds)


def _say(own: BotSettings) -> Callable[[str], None]:
    """Return what a line for people goes to: programs that read the log find every line in one form."""
    return log.info if own.log_format == "json" else click.echo


def _bots_own_address(settings: Settings) -> dict[str, dict[str, str]]:
    """Return what the bot's environment gets beside a worker: the next port for its metrics, if they are served."""
    if settings.metrics_address is None:
        return {}
    _, port = host_and_port(settings.metrics_address)
    own = f"{settings.metrics_address.rpartition(':')[0]}:{port + 1 if port else 0}"
    return {"bot": {ENVIRONMENT_VARIABLES["metrics_address"]: own}}


def _log_to_screen(bot_settings: BotSettings) -> None:
    set_up_process_log(bot_settings.log_level, bot_settings.log_format, secrets_of(os.environ))
