"""The log of long-running processes: one line per event on standard error, for people or as JSON, without secrets.

Knows nothing of bot or worker. Records of every library pass through the one handler that is set up here.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

import structlog

from bot.terminal.bug_log import ScreenHandler
from bot.terminal.redaction import RedactingFormatter

# What these say at INFO is for those who work on them: every poll of a broker, every request of a client.
QUIET_LIBRARIES = ("aiohttp", "asyncio", "kombu", "amqp", "alembic", "matplotlib", "numba", "PIL", "celery", "discord")


def set_up_process_log(
    level: str, log_format: str, secrets: tuple[str, ...], *, stream: TextIO | None = None
) -> ScreenHandler:
    """Send all records to standard error (or a stream) through one redacting handler, which replaces all others.

    level: as logging names it. log_format: "console" or "json". secrets: never shown, wherever they turn up.
    """
    handler = ScreenHandler(stream or sys.stderr)
    handler.setFormatter(RedactingFormatter(_formatter(log_format), secrets))
    root = logging.getLogger()
    for other in root.handlers[:]:
        root.removeHandler(other)
        other.close()
    root.addHandler(handler)
    root.setLevel(level)
    for library in QUIET_LIBRARIES:
        logging.getLogger(library).setLevel(logging.DEBUG if level == "DEBUG" else logging.WARNING)
    if level == "DEBUG":
        logging.getLogger("discord").setLevel(logging.INFO)  # below that it writes down whole events, with their people
    logging.captureWarnings(True)
    _set_up_structlog()
    return handler


def _shared_processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(log_format: str) -> logging.Formatter:
    as_json = log_format == "json"
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if not as_json:
        renderer = structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=0, pad_level=False, exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared_processors(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
    )


def _set_up_structlog() -> None:
    """Let structlog's own loggers end in the same handler."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared_processors(),
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
