"""`songwright doctor`: what is ready, what is missing, and what to do about it. Does not know how songs are made.

It changes nothing, and by default imports nothing heavy; --deep runs a decoding step and asks torch for a GPU.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from bot.terminal.check import Check, State
from bot.terminal.delivery import check_folder
from bot.terminal.discord_checks import INVITE, ask_discord, look_at_bot
from engine.errors import EngineError
from worker.settings import Settings, hosting_settings

if TYPE_CHECKING:
    from engine.roles import Role

OLDEST_PYTHON = (3, 11)
FREE_BYTES_WANTED = 100_000_000
BROKER_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
BROKER_SECONDS = 2.0

MARKS: dict[State, str] = {"ok": "[green]✓ ok[/]", "missing": "[red]✗ missing[/]", "optional": "[yellow]- optional[/]"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
@click.option("--deep", is_flag=True, help="also run a decoding step, look for a GPU and ask Discord (some seconds)")
@click.option("--out", type=click.Path(path_type=Path), default=Path("songs"), help="folder for the files  [songs]")
def doctor(as_json: bool, deep: bool, out: Path) -> None:
    """Say what is ready and what is missing. Exit code 0 when a song can be made, 1 otherwise."""
    settings = Settings.from_environment(os.environ)
    checks = [*look(settings, out), *look_at_bot(os.environ, Path.cwd()), *(look_deeper() if deep else ())]
    ready = all(check.state != "missing" for check in checks if check.needed_for == "song")
    bot_ready = ready and all(check.state == "ok" for check in checks if check.needed_for == "bot")
    if as_json:
        found = {"ready": ready, "bot_ready": bot_ready, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(found, indent=2))
    else:
        print_table(checks, ready, bot_ready)
    sys.exit(0 if ready else 1)


def look(settings: Settings, out: Path) -> Iterator[Check]:
    """Look at everything that costs less than a blink."""
    yield check_python(sys.version_info[:3])
    yield check_database(settings.database_url)
    yield from check_models(settings)
    yield check_output_folder(out)
    if settings.artifacts_url is not None:
        yield check_place(settings.artifacts_url)
    yield check_soundfont(settings.soundfont)
    yield check_engraver(settings.engraver)
    yield check_package("numba", "fast decoding", "pip install numba; until then songs take many times longer")
    yield check_package("torch", "training", "to train models of your own: pip install 'songwright[train]'")
    yield check_broker(settings.broker_url)


def check_python(found: tuple[int, ...]) -> Check:
    state: State = "ok" if found[:2] >= OLDEST_PYTHON else "missing"
    text = f"{'.'.join(map(str, found))} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return Check("Python", state, text, "" if state == "ok" else "install Python 3.11 or later")


def check_database(database_url: str) -> Check:
    """Look at the database without making it; an absent SQLite file is ready if its folder can be written."""
    from worker.store.database import HEAD_REVISION, current_revision, parse_url, shown_url

    try:
        revision = current_revision(database_url)
        url = parse_url(database_url)
        if url.get_backend_name() == "sqlite":
            check_folder(Path(str(url.database)).parent)
        where = shown_url(database_url)
    except EngineError as error:
        return Check("database", "missing", str(error), "correct or unset SONGWRIGHT_DATABASE_URL")
    if revision is None:
        return Check("database", "ok", f"{where} will be made with the first song")
    if revision != HEAD_REVISION:
        return Check("database", "ok", f"{where}, revision {revision}", "songwright db upgrade, or just make a song")
    return Check("database", "ok", f"{where}, up to date")


def check_models(settings: Settings) -> Iterator[Check]:
    """Verify the promoted models, or the starters, against their manifests."""
    from engine.checkpoint import open_checkpoint
    from engine.roles import JUDGE

    for role, path in model_paths(settings.database_url).items():
        try:
            checkpoint = open_checkpoint(path)
        except EngineError as error:
            remedy = (
                "songwright finetune judge makes another, songwright models retire ID does without"
                if role == JUDGE
                else f"get the whole repository again, or train one: songwright train {role}"
            )
            yield Check(f"{role} model", "missing", str(error), remedy)
            continue
        megabytes = sum(file.stat().st_size for file in path.iterdir()) / 1e6
        yield Check(f"{role} model", "ok", f"{checkpoint.digest}, {megabytes:.1f} MB, verified ({path})")


def model_paths(database_url: str) -> Mapping[Role, Path]:
    """Return where the models in use are; the starters where the database cannot say."""
    from worker.loaded_models import promoted_paths, starter_paths
    from worker.store.database import HEAD_REVISION, current_revision, open_store

    try:
        if current_revision(database_url) != HEAD_REVISION:
            return starter_paths()
        store = open_store(database_url)
    except EngineError:
        return starter_paths()
    try:
        return promoted_paths(store)
    finally:
        store.close()


def check_output_folder(out: Path) -> Check:
    try:
        check_folder(out)
    except EngineError as error:
        return Check("output folder", "missing", str(error), "choose another folder with --out")
    place = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    tight = free < FREE_BYTES_WANTED
    found = f"{out.absolute()} can be written, {free / 1e9:.1f} GB free"
    return Check("output folder", "ok", found, "make room: a song takes about 1 MB" if tight else "")


def check_place(artifacts_url: str) -> Check:
    """Look at the place for the files of songs; a bucket is not asked."""
    from worker.store.artifact_places import open_places

    try:
        place = open_places(artifacts_url).writing
        if place is not None and place.is_local:
            check_folder(Path(place.root))
    except EngineError as error:
        return Check("song files", "missing", str(error), "correct or unset SONGWRIGHT_ARTIFACTS_URL")
    if place is None:
        return Check("song files", "ok", "new ones go into the database")
    return Check("song files", "ok", place.shown + (" can be written" if place.is_local else ", not asked"))


def check_soundfont(asked: Path | None) -> Check:
    from engine.output.audio import describe_soundfont

    try:
        return Check("SoundFont", "ok", describe_soundfont(asked))
    except EngineError as error:
        return Check("SoundFont", "optional", f"{error}", "without one, songs come without the .ogg")


def check_engraver(asked: str | None) -> Check:
    """Look which program draws lead sheets, or could."""
    from engine.output.engraver import AUTO, find_engraver

    try:
        found = find_engraver(asked or AUTO).program
    except EngineError as error:
        if asked is None:
            return Check("lead sheets", "ok", "drawn by Songwright itself; neither MuseScore nor LilyPond is found")
        return Check("lead sheets", "optional", str(error), "until then Songwright draws them itself")
    if asked is None:
        way_out = f"to have them drawn by it, set SONGWRIGHT_ENGRAVER={found.name}"
        return Check("lead sheets", "ok", f"drawn by Songwright itself; {found} is found", way_out)
    return Check("lead sheets", "ok", f"drawn by {found}")


def check_package(package: str, purpose: str, way_out: str) -> Check:
    """Look whether a package is installed, without importing it."""
    if find_spec(package) is None:
        return Check(purpose, "optional", f"{package} is not installed", way_out)
    try:
        return Check(purpose, "ok", f"{package} {version(package)}")
    except PackageNotFoundError:
        return Check(purpose, "ok", f"{package}, version unknown")


def check_broker(broker_url: str | None) -> Check:
    """Look whether the bot could ring a worker: the broker's packages, and its folder or its address."""
    from worker.queue import check_broker as raise_unless_usable

    if broker_url is None and find_spec("celery") is None:
        found = "no broker is set and celery is not installed; workers look into the database"
        return Check("queue", "optional", found)
    url = broker_url or hosting_settings(os.environ).broker_url or ""
    scheme = url.partition("://")[0]
    try:
        raise_unless_usable(url)
        return Check("queue", "ok", f"{scheme} broker, {_reached(url)}")
    except EngineError as error:
        return Check("queue", "missing", str(error), "correct or unset SONGWRIGHT_BROKER_URL")
    except (OSError, ValueError) as error:
        way_out = "start the broker, or correct or unset SONGWRIGHT_BROKER_URL"
        return Check("queue", "missing", f"the {scheme} broker does not answer ({error})", way_out)


def _reached(broker_url: str) -> str:
    """Return where a broker answers; OSError where it does not, EngineError for a folder that cannot be written."""
    parts = urlsplit(broker_url)
    if parts.scheme == "filesystem":
        folder = Path(broker_url.removeprefix("filesystem://"))
        check_folder(folder)
        return f"{folder} can be written"
    if parts.scheme not in BROKER_PORTS:
        return "in this process only"
    place = (parts.hostname or "localhost", parts.port or BROKER_PORTS[parts.scheme])
    socket.create_connection(place, timeout=BROKER_SECONDS).close()
    return f"{place[0]}:{place[1]} answers"


def look_deeper() -> Iterator[Check]:
    """Look at what takes seconds: compiled kernels, torch with its devices, and Discord."""
    yield _tried("decoding kernels", "the numpy fallback is many times slower; pip install -U numba", _kernels)
    if find_spec("torch") is not None:
        yield _tried("GPU", "training runs on the CPU", _gpu)
    yield ask_discord(os.environ)


def _tried(name: str, way_out: str, look_at: Callable[[], str]) -> Check:
    try:
        return Check(name, "ok", look_at())
    except (ImportError, RuntimeError, OSError) as error:
        return Check(name, "optional", str(error), way_out)


def _kernels() -> str:
    import engine.llama_numba  # compiles, or loads what was compiled

    return f"{engine.llama_numba.__name__} is compiled"


def _gpu() -> str:
    import torch

    if not torch.cuda.is_available():
        raise RuntimeError(f"torch {torch.__version__} sees none")
    return torch.cuda.get_device_name()


def print_table(checks: list[Check], ready: bool, bot_ready: bool) -> None:
    """Print the checks as a table and what they come to."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for column in ("mark", "name", "found"):
        table.add_column(column, no_wrap=column != "found", overflow="fold")
    for check in checks:
        if check.name == INVITE and check.state == "ok":
            continue  # it is printed below
        way_out = f"\n[dim]→ {escape(check.way_out)}[/]" if check.way_out else ""
        table.add_row(MARKS[check.state], check.name, escape(check.found) + way_out)
    console = Console(highlight=False)
    console.print(table)
    for check in checks:
        if check.name == INVITE and check.state == "ok":  # on a line of its own, to be copied
            console.print(f"The invite link; {check.way_out}:\n{check.found}", soft_wrap=True, markup=False)
    console.print("A bot can be run: songwright up" if bot_ready else "No bot can be run yet: see what it lacks above.")
    console.print("A song can be made." if ready else "No song can be made yet: see what is missing above.")
