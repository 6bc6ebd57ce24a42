"""The three kinds of servers: where one usually answers, whether it does, and how one of our own is started.

Knows nothing of who uses them. A server of our own listens on this machine only, trusts everybody there, and keeps
its data in a temporary folder that is deleted with it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 180.0  # on a machine that is busy with other tests
ANSWER_SECONDS = 3.0


class NotToBeHad(Exception):  # noqa: N818  # says what is missing
    """There is no such server and none can be started. The sentence names the way out."""


@dataclass(frozen=True)
class Kind:
    """A kind of server. variable: the environment variable that names one. program: what one is started with.

    answers: whether one answers at a URL. start: begins one in a folder, given a free port and where the program is.
    """

    name: str
    variable: str
    usual_url: str
    program: str
    answers: Callable[[str], bool]
    start: Callable[[Path, int, Path], tuple[str, subprocess.Popen[bytes]]]
    stop_signal: signal.Signals = signal.SIGTERM


def started(kind: Kind, folder: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a server with its data in this folder; return its URL and its process, which leads a group, once it answers."""
    program = _find(kind.program)
    if program is None:
        raise NotToBeHad(
            f"no {kind.name} answers at {kind.usual_url} and {kind.program} is not installed; "
            f"start or install one, or name one in {kind.variable}"
        )
    url, process = kind.start(folder, free_port(), program)
    until = time.monotonic() + START_SECONDS
    while not kind.answers(url):
        if process.poll() is not None or time.monotonic() > until:
            stop(kind, process.pid)
            process.wait()
            said = (folder / "log").read_text(errors="replace")[-800:]
            raise NotToBeHad(f"{kind.program} was started but does not answer at {url}; it said: {said}")
        time.sleep(0.1)
    return url, process


def stop(kind: Kind, group: int) -> None:
    """Ask the processes of a server to end; they may be gone."""
    with suppress(ProcessLookupError):
        os.killpg(group, kind.stop_signal)


def free_port() -> int:
    """Return a port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _postgres_answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url.replace("+psycopg", ""), connect_timeout=int(ANSWER_SECONDS)).close()
    except psycopg.OperationalError:
        return False
    return True


def _start_postgres(folder: Path, port: int, program: Path) -> tuple[str, subprocess.Popen[bytes]]:
    user = _no_root()
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    initdb = [str(program.parent / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync"]
    subprocess.run([*initdb, "--encoding=UTF8", "--locale=C"], check=True, capture_output=True, user=user, cwd=folder)
    listens = ["-p", str(port), "-h", "127.0.0.1", "-k", str(folder), "-F"]
    process = _spawn([str(program), "-D", str(data), *listens], folder, user=user)
    return f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", process


def _redis_answers(url: str) -> bool:
    import redis

    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS
        ) as connection:
            return bool(connection.ping())
    except redis.RedisError:
        return False


def _start_redis(folder: Path, port: int, program: Path) -> tuple[str, subprocess.Popen[bytes]]:
    options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "no"]
    return f"redis://127.0.0.1:{port}/0", _spawn([str(program), *options], folder)


def _rabbitmq_answers(url: str) -> bool:
    from kombu import Connection
    from kombu.exceptions import KombuError

    try:
        with Connection(url, connect_timeout=ANSWER_SECONDS) as connection:
            connection.connect()
    except (OSError, KombuError):
        return False
    return True


def _start_rabbitmq(folder: Path, port: int, program: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """Start a node of its own. Erlang's port mapper (epmd), which all nodes of a machine share, may stay behind."""
    if _no_root() is not None:  # the distribution's own wrapper would change to a user who may not write here
        unwrapped = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
        program = unwrapped if unwrapped.exists() else program
    environ = {
        "HOME": str(folder),  # for the Erlang cookie
        "RABBITMQ_NODENAME": f"songwright{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }
    return f"amqp://guest:guest@127.0.0.1:{port}//", _spawn([str(program)], folder, environ=environ)


def _spawn(
    program: list[str], folder: Path, *, user: str | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            program,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            user=user,
            env=os.environ | (environ or {}),
            start_new_session=True,  # Ctrl-C is for the tests; and the group is what is stopped
        )


def _no_root() -> str | None:
    """Return the user to run as where this is root, whom PostgreSQL refuses to serve; None otherwise."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _find(program: str) -> Path | None:
    """Return where a program is: on the PATH, or where Debian and Fedora hide it."""
    found = shutil.which(program)
    hidden = [*sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}")), Path("/usr/sbin") / program]
    places = [Path(found)] if found else [path for path in hidden if path.exists()]
    return places[-1] if places else None


POSTGRESQL = Kind(
    "PostgreSQL",
    "SONGWRIGHT_TEST_POSTGRES",
    "postgresql+psycopg://postgres@127.0.0.1:5432/test",
    "postgres",
    _postgres_answers,
    _start_postgres,
    signal.SIGINT,  # its "fast" stop: clients are not waited for
)
REDIS = Kind("Redis", "SONGWRIGHT_TEST_REDIS", "redis://127.0.0.1:6379/0", "redis-server", _redis_answers, _start_redis)
RABBITMQ = Kind(
    "RabbitMQ",
    "SONGWRIGHT_TEST_RABBITMQ",
    "amqp://guest:guest@127.0.0.1:5672//",
    "rabbitmq-server",
    _rabbitmq_answers,
    _start_rabbitmq,
)
