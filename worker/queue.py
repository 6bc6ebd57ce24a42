"""The doorbell: a Celery message that carries a job id and means "there is something to claim".

Knows nothing of what a worker does when it rings. A lost ring loses no job, for the row is the truth; so a broker that
does not answer is logged and nothing more. Celery is imported at the first ring.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import RequestError

if TYPE_CHECKING:
    from celery import Celery

log = logging.getLogger(__name__)

TASK_NAME = "songwright.run_next_job"
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
}
TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 300,  # a generation must stay below this, or Redis rings a second time (harmless: claimed)
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",
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


@lru_cache(maxsize=4)
def celery_app(broker_url: str) -> Celery:
    """Return the app for a broker. `filesystem:///folder` keeps its messages under that folder."""
    from celery import Celery

    app = Celery("songwright", broker=_broker(broker_url), set_as_current=False)
    app.conf.update(CELERY_SETTINGS)
    app.conf.broker_transport_options = _transport_options(broker_url)
    return app


def ring(broker_url: str, job_id: str) -> bool:
    """Ring for a worker; return whether the broker took it. Never raises for a broker that is away."""
    from celery.exceptions import CeleryError
    from kombu.exceptions import KombuError

    try:
        celery_app(broker_url).send_task(TASK_NAME, args=(job_id,), retry=False)
    except (OSError, KombuError, CeleryError) as error:  # kombu's OperationalError is a KombuError
        log.warning("job %s: the broker did not take the ring: %s", job_id, error, extra={"job_id": job_id})
        return False
    return True


def _broker(broker_url: str) -> str:
    return "filesystem://localhost" if broker_url.startswith("filesystem://") else broker_url


def _transport_options(broker_url: str) -> dict[str, Any]:
    if broker_url.startswith(("redis://", "rediss://")):
        return dict(TRANSPORT_OPTIONS)
    if not broker_url.startswith("filesystem://"):
        return {}
    folder = Path(broker_url.removeprefix("filesystem://"))
    folders = {"data_folder_in": folder / "messages", "control_folder": folder / "control"}
    for path in folders.values():
        path.mkdir(parents=True, exist_ok=True)
    options = {name: str(path) for name, path in folders.items()}
    return options | {"data_folder_out": options["data_folder_in"], "polling_interval": 0.25}
