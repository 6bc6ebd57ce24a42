"""Where the terminal writes down what only those who mend it need: warnings and whole stack traces.

Knows nothing of commands. SONGWRIGHT_DEBUG=1 shows the same on standard error instead.
"""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from bot.terminal.redaction import RedactingFormatter, secrets_of
from worker.settings import data_directory

DEBUG_VARIABLE = "SONGWRIGHT_DEBUG"
MOST_BYTES = 1_000_000

log = logging.getLogger("songwright")


class ScreenHandler(logging.StreamHandler[TextIO]):
    """Shows every fault on standard error; being there says that no file need be looked into."""


class QuietFileHandler(RotatingFileHandler):
    """Makes its folder and file at the first record; a record that cannot be written is no second fault."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's own name
        """Stay silent: the sentence for people says how to see the details anyway."""


def log_path() -> Path:
    """Return the file that the details are written to."""
    return data_directory(os.environ) / "songwright.log"


def is_debugging() -> bool:
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def set_up_log() -> None:
    """Send warnings and faults to the log file, or to standard error when debugging; nothing else is shown there."""
    handler: logging.Handler = (
        ScreenHandler() if is_debugging() else QuietFileHandler(log_path(), maxBytes=MOST_BYTES, delay=True)
    )
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(RedactingFormatter(plain, secrets_of(os.environ)))
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)


def where_to_look() -> str:
    """Say in a few words where the details of a fault are."""
    if any(isinstance(handler, ScreenHandler) for handler in logging.getLogger().handlers):
        return "the details are above"
    return f"the details are in {log_path()}, or on the screen with {DEBUG_VARIABLE}=1"
