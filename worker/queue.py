"""The doorbell: a Celery message that carries a job id and means "there is something to claim".

Knows nothing of what a worker does when it rings. A lost ring loses no job, for the row is the truth. Celery is imported
at the first ring.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RequestError

if TYPE_CHECKING:
    from celery import Celery

TASK_NAME = "songwright.run_next_job"
LOOK_TASK_NAME = "songwright.look_at_ratings"  # rung by beat: is a tuning run due?
LOOK_EVERY_SECONDS = 300.0
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
RING_TIMEOUT_SECONDS = 2.0

# Why each is so: "Reliability" in the design notes. In short: no result backend (the row has the result), late
# acknowledgement and one message at a time (a killed worker's ring comes again), the lease as the cap on attempts.
CELERY_SETTINGS: dict[str, Any] = {
    "task_acks_late": True,
    "worker_prefetch_multiplier": 1,
    "task_ignore_result": True,
    "broker_connection_retry_on_startup": True,
    "broker_connection_timeout": RING_TIMEOUT_SECONDS,
    "worker_soft_shutdown_timeout": 30,
    "worker_hijack_root_logger": False,
    "worker_enable_remote_control": False,  # nobody asks, and each answer would be a file on the filesystem broker
    "broker_connection_max_retries": None,  # for ever: the sweep finds the jobs meanwhile
    "task_default_queue": "songwright",
    "result_expires": None,  # or beat would ring every night for results to be cleared, and there are none
}
# A connection that waits in the pool may have died unseen: the second attempt is on a new one. Without a confirmation
# RabbitMQ's client writes into a dead connection and takes that for success.
PUBLISH_OPTIONS: dict[str, Any] = {
    "retry": True,
    "retry_policy": {"max_retries": 1, "interval_start": 0},
    "confirm_timeout": 5.0,
}
AMQP_OPTIONS: dict[str, Any] = {"confirm_publish": True}
TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 300,  # a generation must stay below this, or Redis rings a second time (harmless: claimed)
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",
    "socket_timeout": 10,  # or a ring would wait for ever where the server is gone without a word
}


# What a broker URL may begin with, and the modules that it takes to ring there.
BROKERS = {
    "amqp": ("celery",),
    "amqps": ("celery",),
    "redis": ("celery", "redis"),
    "rediss": ("celery", "redis"),
    "filesystem": ("celery",),
    "memory": ("celery",),
}


def check_broker(broker_url: str) -> None:
    """Raise RequestError unless this is a broker that can be rung from here; nothing is connected or imported."""
    scheme = broker_url.partition("://")[0]
    if scheme not in BROKERS:
        known = ", ".join(sorted(BROKERS))
        raise RequestError(f"the broker must be one of {known}, got {scheme!r}; correct SONGWRIGHT_BROKER_URL")
    missing = [module for module in BROKERS[scheme] if find_spec(module) is None]
    if missing:
        packages = " and ".join(missing)
        raise RequestError(
            f"a {scheme} broker needs the Python package {packages}; install it or unset SONGWRIGHT_BROKER_URL"
        )


def new_celery_app(broker_url: str) -> Celery:
    """Return an app for a broker, for the tasks of one worker.

    `filesystem:///folder` keeps its messages there; `?queue=name` names the queue.
    """
    from celery import Celery

    url, queue = _own_queue(broker_url)
    app = Celery("songwright", broker=_broker(url), set_as_current=False)
    app.conf.update(CELERY_SETTINGS | {"task_default_queue": queue})
    app.conf.broker_transport_options = _transport_options(url)
    return app


@lru_cache(maxsize=4)
def celery_app(broker_url: str) -> Celery:
    """Return the app with which this process rings at a broker."""
    return new_celery_app(broker_url)


def beat_app(broker_url: str, every_seconds: float = LOOK_EVERY_SECONDS) -> Celery:
    """Return an app whose beat rings for a look at the ratings, at once and then every so many seconds."""
    app = new_celery_app(broker_url)
    look = {
        "task": LOOK_TASK_NAME,
        "schedule": every_seconds,
        "last_run_at": LONG_AGO,  # due at once: a beat that is started again before its time would else never ring
        "options": {"expires": every_seconds},  # what nobody was there for is not made up for: the next one comes
    }
    app.conf.beat_schedule = {"look at the ratings": look}
    return app


def run_beat(broker_url: str, every_seconds: float = LOOK_EVERY_SECONDS) -> None:
    """Ring for looks at the ratings until SIGTERM or SIGINT, in the main thread; while the broker is away, try again."""
    scheduler = "celery.beat:Scheduler"  # not the one that keeps a file: when it rang last may be forgotten
    beat_app(broker_url, every_seconds).Beat(scheduler=scheduler, loglevel="WARNING", quiet=True).run()


class BrokerAwayError(Exception):
    """The broker did not take a ring."""


def ring(broker_url: str, job_id: str) -> None:
    """Ring for a worker; BrokerAwayError where the broker does not take it. May take seconds: see `worker.doorbell`."""
    from celery.exceptions import CeleryError
    from kombu.exceptions import KombuError

    try:
        celery_app(broker_url).send_task(TASK_NAME, args=(job_id,), **PUBLISH_OPTIONS)
    except (OSError, KombuError, CeleryError) as error:  # kombu's OperationalError is a KombuError
        raise BrokerAwayError(str(error)) from error


def _own_queue(broker_url: str) -> tuple[str, str]:
    """Return the broker without `?queue=name`, and that name: for two Songwrights that share a broker."""
    url, _, name = broker_url.partition("?queue=")
    return url, name or CELERY_SETTINGS["task_default_queue"]


def _broker(broker_url: str) -> str:
    return "filesystem://localhost" if broker_url.startswith("filesystem://") else broker_url


def _transport_options(broker_url: str) -> dict[str, Any]:
    if broker_url.startswith(("redis://", "rediss://")):
        return dict(TRANSPORT_OPTIONS)
    if broker_url.startswith(("amqp://", "amqps://")):
        return dict(AMQP_OPTIONS)
    if not broker_url.startswith("filesystem://"):
        return {}
    folder = Path(broker_url.removeprefix("filesystem://"))
    folders = {"data_folder_in": folder / "messages", "control_folder": folder / "control"}
    for path in folders.values():
        path.mkdir(parents=True, exist_ok=True)
    options = {name: str(path) for name, path in folders.items()}
    return options | {"data_folder_out": options["data_folder_in"], "polling_interval": 0.25}
