"""Whether a process is alive and ready, and its metrics, over HTTP: GET /live, /ready and /metrics.

Knows neither bot nor worker nor database: each question is a function that returns the reasons against, none if all is
well. /live says whether the process is to be started again, /ready whether it does its work now.
"""

from __future__ import annotations

import errno
import json
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from engine.errors import RequestError
from worker.settings import host_and_port

log = logging.getLogger(__name__)

Reasons = Callable[[], Sequence[str]]  # why not, in sentences; empty: yes
Metrics = Callable[[], tuple[str, bytes]]  # media type and text

NO_METRICS = "metrics need the Python package prometheus-client; pip install 'songwright[queue]'\n"
PLAIN = "text/plain; charset=utf-8"
READ_SECONDS = 5.0  # for a client to finish its question in


class HealthServer:
    """Answers from a thread of its own until it is closed. metrics: None where their package is not installed."""

    def __init__(self, address: str, *, live: Reasons, ready: Reasons, metrics: Metrics | None = None) -> None:
        """Listen at host:port, port 0 for any that is free; RequestError where that cannot be had."""
        self._server = _listen(address, _answers(live, ready, metrics))
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)
        self._thread.start()
        log.info("health and metrics are at %s", self.url)

    @property
    def url(self) -> str:
        """Where it answers, such as http://127.0.0.1:9101."""
        host, port = self._server.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{shown}:{port}"

    def close(self) -> None:
        """Stop answering and let go of the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking for the machine's full name, which takes seconds where no name server answers."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong with one question, most often a client that went away."""
        log.debug("a question about health was not answered", exc_info=True)


def _listen(address: str, handler: type[BaseHTTPRequestHandler]) -> _Server:
    host, port = host_and_port(address)

    class Server(_Server):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    try:
        return Server((host, port), handler)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "another program listens there" if taken else f"it is not to be had here ({error.strerror})"
        raise RequestError(
            f"SONGWRIGHT_METRICS_ADDRESS={address!r} cannot be used: {why}; choose another or unset it"
        ) from error


def _answers(live: Reasons, ready: Reasons, metrics: Metrics | None) -> type[BaseHTTPRequestHandler]:
    """Return the class that answers these questions."""

    class Answer(BaseHTTPRequestHandler):
        server_version = "songwright"
        sys_version = ""
        timeout = READ_SECONDS

        def do_GET(self) -> None:
            """Answer one question."""
            match self.path.partition("?")[0]:
                case "/live":
                    self._say(*_verdict(live))
                case "/ready":
                    self._say(*_verdict(ready))
                case "/metrics":
                    self._say(*_measured(metrics))
                case _:
                    self._say(HTTPStatus.NOT_FOUND, PLAIN, b"there are /live, /ready and /metrics\n")

        do_HEAD = do_GET  # noqa: N815  # the name that the library calls

        def _say(self, status: HTTPStatus, media_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Be quiet: somebody asks every few seconds."""

    return Answer


def _measured(metrics: Metrics | None) -> tuple[HTTPStatus, str, bytes]:
    """Return the metrics, or why there are none."""
    if metrics is None:
        return HTTPStatus.NOT_IMPLEMENTED, PLAIN, NO_METRICS.encode()
    try:
        return HTTPStatus.OK, *metrics()
    except Exception:
        log.exception("a bug in asking for metrics")
        return HTTPStatus.INTERNAL_SERVER_ERROR, PLAIN, b"a bug in asking; see the log\n"


def _verdict(reasons: Reasons) -> tuple[HTTPStatus, str, bytes]:
    """Return the answer to a question: 200, or 503 with the reasons against. A bug in asking counts as one."""
    try:
        against = list(reasons())
    except Exception:
        log.exception("a bug in asking for health")
        against = ["a bug in asking; see the log"]
    body = {"status": "unavailable" if against else "ok", "reasons": against}
    status = HTTPStatus.SERVICE_UNAVAILABLE if against else HTTPStatus.OK
    return status, "application/json", json.dumps(body).encode() + b"\n"
