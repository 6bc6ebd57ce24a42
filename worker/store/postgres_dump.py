"""Songwright's tables in PostgreSQL, written into a file and read from it with PostgreSQL's own tools.

Knows nothing of what is in the tables. Tables of other programs in the same database are left alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL

from worker.store.store_error import StoreError
from worker.store.tables import Base

MARK = b"PGDMP"
CHUNK_BYTES = 1 << 20


def dump(url: URL, file: Path) -> None:
    """Write the tables as they are at one moment; others read and write meanwhile."""
    tables = [f"--table={name}" for name in _tables()]
    command = [_tool("pg_dump"), "--format=custom", "--no-owner", "--no-privileges", *tables]
    _run([*command, f"--file={file}", f"--dbname={_address(url)}"], _environment(url))


def verified_revision(file: Path) -> str | None:
    """Return the revision of the tables in a dump that can be read to its end; StoreError if it cannot."""
    _run([_tool("pg_restore"), "--file=/dev/null", str(file)], None)
    only = ["--data-only", "--table=alembic_version", "--file=-"]
    lines = _run([_tool("pg_restore"), *only, str(file)], None).splitlines()
    begin = next((place for place, line in enumerate(lines) if line.startswith("COPY ")), None)
    return None if begin is None else lines[begin + 1].strip()


def load(url: URL, file: Path) -> None:
    """Put the tables of a dump in the place of those that are there, in one transaction."""
    asking = [_tool("psql"), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={_address(url)}"]
    reading = [_tool("pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    with (
        subprocess.Popen(reading, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as source,
        subprocess.Popen(
            asking, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment(url)
        ) as target,
    ):
        assert source.stdout is not None
        assert target.stdin is not None
        assert target.stderr is not None
        try:
            target.stdin.write(f"BEGIN;\nDROP TABLE IF EXISTS {', '.join(_tables())} CASCADE;\n".encode())
            shutil.copyfileobj(source.stdout, target.stdin, CHUNK_BYTES)
            if source.wait() == 0:
                target.stdin.write(b"\nCOMMIT;\n")  # without it nothing of all this has happened
            target.stdin.close()
        except BrokenPipeError:  # psql has ended, and says why
            source.kill()
        said = target.stderr.read().decode(errors="replace")
        if target.wait() != 0 or source.returncode != 0:
            raise StoreError(f"PostgreSQL did not take the backup ({_first_line(said)}); nothing was changed")


def _tables() -> list[str]:
    return [*(table.name for table in Base.metadata.sorted_tables), "alembic_version"]


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise StoreError(f"this needs PostgreSQL's program {name}; install the package postgresql-client")
    return found


def _address(url: URL) -> str:
    """Return the address without the password, which other users of the machine could read in the list of processes."""
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    return plain.render_as_string(hide_password=False)


def _environment(url: URL) -> dict[str, str]:
    password = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    return dict(os.environ) | {"PGCONNECT_TIMEOUT": "10"} | password


def _run(command: list[str], environment: dict[str, str] | None) -> str:
    ended = subprocess.run(command, env=environment, capture_output=True, check=False)
    if ended.returncode != 0:
        said = _first_line(ended.stderr.decode(errors="replace"))
        raise StoreError(f"{Path(command[0]).name} could not do its work ({said}); see to that and try again")
    return ended.stdout.decode(errors="replace")


def _first_line(said: str) -> str:
    return next((line.strip() for line in said.splitlines() if line.strip()), "it does not say why")
