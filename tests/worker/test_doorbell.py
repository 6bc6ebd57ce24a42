"""Rings from a thread of its own: nobody waits for the broker, and when it is back it is rung at again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import make_url

from tests.servers.proxy import Proxy
from worker import doorbell, queue
from worker.doorbell import Doorbell
from worker.queue import BrokerAwayError, celery_app


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


class Broker:
    """A broker that notes what it hears, may be away, and may be slow."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.tried: list[str] = []
        self.is_away = False
        self.answers = threading.Event()
        self.answers.set()

    def ring(self, broker_url: str, job_id: str) -> None:
        assert broker_url == "amqp://harbour"
        self.tried.append(job_id)
        assert self.answers.wait(20)
        if self.is_away:
            raise BrokerAwayError("Connection refused")
        self.heard.append(job_id)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(queue, "ring", broker.ring)
    monkeypatch.setattr(doorbell, "PAUSES_SECONDS", (0.05, 0.1))
    return broker


def test_every_ring_is_heard_in_its_order(broker: Broker) -> None:
    bell = Doorbell("amqp://harbour")
    for number in range(50):
        bell.ring(str(number))
    bell.close()
    assert broker.heard == [str(number) for number in range(50)]


def test_nobody_waits_for_a_slow_broker_and_a_job_waits_there_once(broker: Broker) -> None:
    broker.answers.clear()
    bell = Doorbell("amqp://harbour")
    began = time.monotonic()
    bell.ring("first")
    until(lambda: broker.tried)
    for _ in range(1000):
        bell.ring("second")
    bell.close(within_seconds=0.1)
    assert time.monotonic() - began < 2
    broker.answers.set()
    until(lambda: broker.heard == ["first", "second"])


def test_no_more_wait_than_there_is_room_for(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "MOST_WAITING", 3)
    broker.answers.clear()
    bell = Doorbell("amqp://harbour")
    bell.ring("first")
    until(lambda: broker.tried)
    for number in range(10):
        bell.ring(str(number))
    broker.answers.set()
    bell.close()
    assert broker.heard == ["first", "0", "1", "2"]


def test_an_outage_is_said_once_and_its_end_once(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="worker.doorbell")
    bell = Doorbell("amqp://harbour")
    broker.is_away = True
    for number in range(4):
        bell.ring(str(number))
        until(lambda number=number: len(broker.tried) > number)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "Connection refused" in caplog.text
    broker.is_away = False
    bell.ring("after")
    until(lambda: broker.heard == ["after"])
    bell.close()
    assert len(caplog.records) == 2
    assert "can be used again; 4 rings were dropped" in caplog.records[1].getMessage()


def test_closing_does_not_wait_for_a_broker_that_is_away(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(doorbell, "PAUSES_SECONDS", (3600.0,))
    broker.is_away = True
    bell = Doorbell("amqp://harbour")
    bell.ring("first")
    until(lambda: caplog.records)
    bell.ring("second")
    began = time.monotonic()
    bell.close()
    assert time.monotonic() - began < 0.5
    assert broker.tried == ["first"]


def test_a_bell_that_was_closed_can_be_rung_again(broker: Broker) -> None:
    bell = Doorbell("amqp://harbour")
    bell.close()
    bell.ring("first")
    bell.close()
    bell.ring("second")
    bell.close()
    assert broker.heard == ["first", "second"]


@pytest.mark.parametrize("kind", ["redis_queue", "rabbitmq_queue"])
def test_after_a_broker_was_away_rings_arrive_again(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also the first one after a restart that nobody has noticed: the connection that waits has died meanwhile."""
    monkeypatch.setattr(doorbell, "PAUSES_SECONDS", (0.05,))
    url: str = request.getfixturevalue(kind)
    server = make_url(url)
    assert server.host is not None
    assert server.port is not None
    proxy = Proxy(server.host, server.port)
    bell = Doorbell(url.replace(f"{server.host}:{server.port}", f"127.0.0.1:{proxy.port}"))
    try:
        bell.ring("before")
        bell.close(10)
        proxy.cut()
        bell.ring("meanwhile")
        until(lambda: "cannot be used" in caplog.text)
        proxy.restore()
        bell.ring("after")
        until(lambda: "used again" in caplog.text)
        proxy.cut()
        proxy.restore()
        bell.ring("after a restart that went unseen")
        bell.close(10)
    finally:
        proxy.close()
    assert heard(url) == ["before", "after", "after a restart that went unseen"]


def heard(url: str) -> list[str]:
    """Take the job ids out of a queue."""
    app = celery_app(url)
    ids = []
    with app.connection_for_read() as connection:
        waiting = connection.SimpleQueue(app.conf.task_default_queue)
        while True:
            try:
                message = waiting.get(timeout=1)
            except waiting.Empty:
                return ids
            message.ack()
            ids.append(message.payload[0][0])
