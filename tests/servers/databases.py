"""Databases and queues of one's own on a server that others use too. Knows nothing of what is put into them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Make a PostgreSQL database, give its URL, and drop it at the end of the block."""
    url = make_url(server_url)
    name = f"songwright_test_{uuid.uuid4().hex[:12]}"
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())  # no test cuts the power
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def fresh_queue(broker_url: str) -> Iterator[str]:
    """Give the broker's URL with a queue of one's own, and delete that queue at the end of the block."""
    name = f"songwright_test_{uuid.uuid4().hex[:12]}"
    try:
        yield f"{broker_url}?queue={name}"
    finally:
        delete = _delete_redis_queue if broker_url.startswith("redis") else _delete_rabbitmq_queue
        delete(broker_url, name)


def _delete_redis_queue(broker_url: str, name: str) -> None:
    import redis

    with redis.Redis.from_url(broker_url) as connection:
        # Messages that a killed worker had: any worker on this server would put them back into the queue, minutes later.
        for tag, message in connection.hscan_iter("unacked"):
            if name.encode() in message:
                connection.hdel("unacked", tag)
                connection.zrem("unacked_index", tag)
        for key in connection.scan_iter(match=f"*{name}*"):
            connection.delete(key)


def _delete_rabbitmq_queue(broker_url: str, name: str) -> None:
    from kombu import Connection

    with Connection(broker_url) as connection:
        channel = connection.channel()
        channel.queue_delete(name)
        channel.exchange_delete(name)


def filesystem_queue(folder: Path) -> str:
    """Return the URL of a broker in a folder."""
    return f"filesystem://{folder}"
