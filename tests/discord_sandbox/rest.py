"""The REST API's pipeline, which every request goes through. What the routes do is written beside them.

A request is logged, meets the faults the test asked for, is held to the rate limits and to Discord's OpenAPI document
and documented limits, and only then reaches its route. The sandbox's own answers are held to the same document.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
import zlib
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from . import limits
from .call import ApiError, Call, Handler, Routes
from .command_routes import CommandRoutes
from .faults import Fault
from .interaction_routes import InteractionRoutes
from .message_routes import MessageRoutes
from .place_routes import PlaceRoutes

if TYPE_CHECKING:
    from .state import State

API = "/api/v10"
INTERACTION_ROUTES = ("/interactions/", "/webhooks/")
MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")


def _too_many(retry_after: float, everywhere: bool = False) -> ApiError:
    extra = {"retry_after": round(retry_after, 3), "global": everywhere}
    return ApiError(429, 0, "You are being rate limited.", **extra)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise ApiError(400, 50109, "The request body contains invalid JSON.") from None


class Rest(Routes):
    """All routes behind one pipeline."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._used: dict[tuple[str, ...], deque[float]] = defaultdict(deque)
        self.messages = MessageRoutes(state)
        groups = (
            PlaceRoutes(state),
            self.messages,
            InteractionRoutes(state, self.messages),
            CommandRoutes(state),
        )
        self.routes = [route for group in groups for route in group.routes()]

    def app(self) -> web.Application:
        """Return the application that serves the API and the files."""
        app = web.Application(client_max_size=limits.REQUEST_SIZE * 2)
        for method, template, handler in self.routes:
            app.router.add_route(method, API + template, self._serve(method, template, handler))
        app.router.add_get("/attachments/{channel_id}/{attachment_id}/{filename}", self.cdn)
        app.router.add_route("*", API + "/{rest:.*}", self.not_here)
        return app

    def _serve(self, method: str, template: str, handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            entry = self.state.record("request", method=method, route=template, path=request.path[len(API) :])
            headers: dict[str, str] = {}
            fault = self._fault(entry, brings_files=request.content_type == "multipart/form-data")
            try:
                await asyncio.sleep(self.state.latency / 2)
                if fault and not fault.after:
                    await self._go_wrong(fault, request)
                self._authorise(request, template)
                headers = self._limit_rate(request, method, template)
                status, body = await self._carry_out(request, handler, entry)
                if fault and fault.after:
                    await self._go_wrong(fault, request)
            except ApiError as error:
                status, body = error.status, error.body
                if status == 429:
                    headers |= {"Retry-After": str(math.ceil(body["retry_after"])), "X-RateLimit-Scope": "user"}
                    headers |= {"X-RateLimit-Global": "true"} if body["global"] else {}
            except Exception as error:
                if isinstance(error, web.HTTPException):
                    raise
                # a mistake of the sandbox, or of a body that no document judged: a complaint, not a silent 500
                self.state.record("self_check", route=f"{method} {template}", problems=[repr(error)])
                status, body = 500, {"message": "500: Internal Server Error", "code": 0}
            await asyncio.sleep(self.state.latency / 2)
            entry |= {"status": status} | ({"error": body} if status >= 400 else {})
            self.state.pulse.touch()
            return web.Response(
                status=status,
                headers=headers | {"Via": "1.1 sandbox"},
                body=None if body is None else json.dumps(body).encode(),
                content_type=None
                if body is None
                else "application/json",  # discord.py would read an empty body as JSON
            )

        return serve

    def _fault(self, entry: dict[str, Any], *, brings_files: bool) -> Fault | None:
        likely = (fault for fault in self.state.faults if fault.times > 0 and (brings_files or not fault.with_files))
        fault = next((fault for fault in likely if fault.meets(entry)), None)
        if fault:
            fault.times -= 1
            entry["injected"] = fault.match
        return fault

    async def _go_wrong(self, fault: Fault, request: web.Request) -> None:
        await asyncio.sleep(fault.delay)
        if fault.drop and request.transport:
            request.transport.abort()
            raise web.HTTPServiceUnavailable
        if fault.status == 429:
            raise _too_many(fault.retry_after, fault.global_limit)
        if fault.status:
            raise ApiError(fault.status, 0, f"{fault.status}: injected fault")

    def _authorise(self, request: web.Request, template: str) -> None:
        if template == "/gateway" or template.startswith(INTERACTION_ROUTES):
            return
        if request.headers.get("Authorization") != f"Bot {self.state.token}":
            raise ApiError(401, 0, "401: Unauthorized")

    def _limit_rate(self, request: web.Request, method: str, template: str) -> dict[str, str]:
        """Count the request against its bucket, and against the requests a second of the whole bot."""
        if not template.startswith(INTERACTION_ROUTES):
            self._take(("global",), self.state.requests_per_second, 1.0, everywhere=True)
        rates = self.state.rate_limits
        name = next((pattern for pattern in rates if fnmatchcase(f"{method} {template}", pattern)), None)
        if name is None:
            return {}
        most, per = rates[name]
        major = [request.match_info[key] for key in MAJOR if key in request.match_info]
        left, reset = self._take((name, *major), most, per)
        return {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": f"{time.time() + reset:.3f}",
            "X-RateLimit-Reset-After": f"{reset:.3f}",
            "X-RateLimit-Bucket": f"{zlib.crc32(name.encode()):08x}",
        }

    def _take(self, key: tuple[str, ...], most: int, per: float, everywhere: bool = False) -> tuple[int, float]:
        used, clock = self._used[key], time.monotonic()
        while used and used[0] <= clock - per:
            used.popleft()
        if len(used) >= most:
            raise _too_many(used[0] + per - clock, everywhere)
        used.append(clock)
        return most - len(used), used[0] + per - clock

    async def _carry_out(self, request: web.Request, handler: Handler, entry: dict[str, Any]) -> tuple[int, Any]:
        method, template = entry["method"], entry["route"]
        call = await self._read(request)
        entry |= {"body": call.body, "files": {name: len(data) for name, data in call.files.values()}}
        if request.can_read_body or method in ("PUT", "POST", "PATCH"):
            self.judge(self.state.spec.request(method, template, call.body), template)
        status, body = handler(call)
        if self.state.self_check and (problems := self.state.spec.response(method, template, status, body)):
            self.state.record("self_check", route=f"{method} {template}", problems=list(map(str, problems)))
        return status, body

    async def _read(self, request: web.Request) -> Call:
        call = Call(dict(request.match_info), dict(request.query))
        if request.content_type == "multipart/form-data":
            size = 0
            async for part in await request.multipart():
                assert isinstance(part, BodyPartReader)
                data = bytes(await part.read())
                size += len(data)
                if part.name == "payload_json":
                    call.body = _json(data)
                elif match := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
                    call.files[match[1]] = part.filename or "unnamed", data
            if size > limits.REQUEST_SIZE:
                raise ApiError(413, 40005, "Request entity too large")
        elif data := await request.read():
            call.body = _json(data)
        return call

    async def not_here(self, request: web.Request) -> web.Response:
        """Answer a route that the sandbox does not have: 501 if it is documented, or the document is absent."""
        template = self.state.spec.template(request.method, request.path[len(API) :])
        known = bool(template) or self.state.spec.document is None
        self.state.record("unimplemented" if known else "unknown_route", method=request.method, path=request.path)
        text = f"the sandbox does not have {template or request.path}" if known else "404: Not Found"
        body = json.dumps({"message": text, "code": 0}).encode()
        return web.Response(status=501 if known else 404, body=body, content_type="application/json")

    async def cdn(self, request: web.Request) -> web.Response:
        """Serve a file."""
        await asyncio.sleep(self.state.latency)
        for attachment in self.state.attachments():
            if attachment.id == request.match_info["attachment_id"]:
                return web.Response(body=attachment.data)
        return web.Response(status=404)
