"""The gateway: sessions over a websocket, with resume, and the ways it goes wrong. Knows nothing of requests."""

from __future__ import annotations

import json
import secrets
import time
import zlib
from asyncio import Transport
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from .messages import Message
from .places import Channel, Guild

if TYPE_CHECKING:
    from .state import State

GUILDS, GUILD_MEMBERS, GUILD_PRESENCES, GUILD_MESSAGES = 1 << 0, 1 << 1, 1 << 8, 1 << 9
DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 12, 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
PAYLOAD_SIZE = 4096
SENDS, SENDS_PER_SECONDS = 120, 60.0
SESSION_TTL_SECONDS = 180.0
SCHEMAS = {"GUILD_CREATE": "GuildResponse", "MESSAGE_CREATE": "MessageResponse", "MESSAGE_UPDATE": "MessageResponse"}


class Close(Exception):  # noqa: N818 - it is a close frame on its way, and no failure of the sandbox
    """The connection ends with this code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


@dataclass(eq=False)
class Socket:
    """One connection, compressed if the client asked for it."""

    ws: web.WebSocketResponse
    transport: Transport | None
    deflate: Any = None

    async def send(self, op: int, data: Any = None, **extra: Any) -> None:
        """Send one payload; nothing happens on a closed connection."""
        text = json.dumps({"op": op, "d": data, "s": None, "t": None} | extra)
        if self.ws.closed:
            return
        try:
            if self.deflate:
                await self.ws.send_bytes(self.deflate.compress(text.encode()) + self.deflate.flush(zlib.Z_SYNC_FLUSH))
            else:
                await self.ws.send_str(text)
        except ConnectionError:
            pass  # cut while it was being written; the session replays it


@dataclass(eq=False)
class Session:
    """What one identified bot was sent, so that it can resume; ``left`` is when its connection ended."""

    intents: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sent: list[dict[str, Any]] = field(default_factory=list)
    socket: Socket | None = None
    left: float | None = None


class Gateway:
    """All sessions. ``silent``: heartbeats go unanswered, as on a zombie connection."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.sessions: dict[str, Session] = {}
        self.silent = False

    def add_routes(self, app: web.Application) -> None:
        """Serve the websocket at the root."""
        app.router.add_get("/", self.connect)

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until it ends."""
        ws = web.WebSocketResponse(max_msg_size=1 << 20)
        await ws.prepare(request)
        zlib_stream = request.query.get("compress") == "zlib-stream"
        socket = Socket(ws, request.transport, zlib.compressobj() if zlib_stream else None)
        self.state.record("gateway_open", query=dict(request.query))
        await socket.send(10, {"heartbeat_interval": int(self.state.heartbeat * 1000)})
        session: Session | None = None
        sends: deque[float] = deque(maxlen=SENDS)
        try:
            async for frame in ws:
                if frame.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    continue
                if len(sends) == SENDS and sends[0] > time.monotonic() - SENDS_PER_SECONDS:
                    raise Close(4008, "Rate limited")
                sends.append(time.monotonic())
                session = await self._receive(socket, session, frame.data)
        except Close as reason:
            self.state.record("gateway_refused", code=reason.code, text=reason.text)
            await ws.close(code=reason.code, message=reason.text.encode())
        if session and session.socket is socket:
            session.socket, session.left = None, time.monotonic()
            if ws.close_code in (1000, 1001):
                self.sessions.pop(session.id, None)
        self.state.record("gateway_closed", code=ws.close_code)
        return ws

    async def _receive(self, socket: Socket, session: Session | None, frame: str | bytes) -> Session | None:
        if len(frame.encode() if isinstance(frame, str) else frame) > PAYLOAD_SIZE:
            raise Close(4002, "Decode error: more than 4096 bytes")
        try:
            payload = json.loads(frame)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError):
            raise Close(4002, "Decode error") from None
        if op == 1:
            if not self.silent:
                await socket.send(11)
            return session
        shown = {key: value for key, value in (data or {}).items() if key != "token"}
        self.state.record("gateway_receive", op=op, data=shown)
        if op in (2, 6):
            if data.get("token") != self.state.token:
                raise Close(4004, "Authentication failed")
            if session:
                raise Close(4005, "Already authenticated")
            return await (self._identify if op == 2 else self._resume)(socket, data)
        if session is None:
            raise Close(4003, "Not authenticated")
        if op not in (3, 4, 8, 31, 43):
            raise Close(4001, "Unknown opcode")
        return session

    async def _identify(self, socket: Socket, data: dict[str, Any]) -> Session:
        intents = int(data["intents"])
        if intents & PRIVILEGED & ~self.state.privileged_intents:
            raise Close(4014, "Disallowed intent(s)")
        session = Session(intents, socket=socket)
        self.sessions[session.id] = session
        guilds = [guild for guild in self.state.guilds if guild.installed]
        hello = {
            "v": 10,
            "user": self.state.bot.payload() | {"verified": True, "mfa_enabled": False},
            "session_id": session.id,
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "resume_gateway_url": self.state.gateway_url,
            "application": {"id": self.state.application_id, "flags": 0},
            "session_type": "normal",
            "private_channels": [],
        }
        shard = {"shard": data["shard"]} if "shard" in data else {}
        await self._send(session, "READY", hello | shard)
        for guild in guilds:
            await self._send_guild(session, guild)
        self.state.record("gateway_ready", guilds=len(guilds))
        return session

    async def _send_guild(self, session: Session, guild: Guild) -> None:
        if session.intents & GUILDS:
            everyone = session.intents & GUILD_PRESENCES
            await self._send(session, "GUILD_CREATE", guild.created(guild.members if everyone else [self.state.bot]))

    async def _resume(self, socket: Socket, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data.get("session_id", ""))
        if session is None or (session.left and time.monotonic() - session.left > SESSION_TTL_SECONDS):
            await socket.send(9, False)
            return None
        if data["seq"] > len(session.sent):
            raise Close(4007, "Invalid seq")
        session.socket, session.left = socket, None
        for payload in session.sent[data["seq"] :]:
            await socket.send(**payload)
        await self._send(session, "RESUMED", {"_trace": []})
        self.state.record("gateway_resumed", from_seq=data["seq"])
        return session

    async def _send(self, session: Session, event: str, data: Any) -> None:
        if self.state.self_check and event in SCHEMAS and (problems := self.state.spec.component(SCHEMAS[event], data)):
            self.state.record("self_check", event=event, problems=list(map(str, problems)))
        payload = {"op": 0, "data": data, "t": event, "s": len(session.sent) + 1}
        session.sent.append(payload)
        if session.socket:
            await session.socket.send(**payload)

    async def dispatch(self, event: str, data: Any, intent: int | None = None) -> None:
        """Send an event to every session that may have it; those away get it when they resume."""
        self.state.record("dispatch", event=event, id=data.get("id"))
        for session in list(self.sessions.values()):
            if intent is None or session.intents & intent:
                await self._send(session, event, data)

    async def message(self, event: str, message: Message) -> None:
        """Send a message's event, empty of what people wrote for sessions that may not read it."""
        channel, guild = message.channel, message.channel.guild
        if not channel.reachable:
            return
        place = self.place(channel)
        if guild and message.author in guild.members and not message.interaction:
            member = guild.member(message.author)
            place |= {"member": {key: value for key, value in member.items() if key != "user"}}
        self.state.record("dispatch", event=event, id=message.id)
        intent = GUILD_MESSAGES if guild else DIRECT_MESSAGES
        for session in [session for session in self.sessions.values() if session.intents & intent]:
            sees = None if session.intents & MESSAGE_CONTENT else self.state.readable
            body = {"id": message.id} if event == "MESSAGE_DELETE" else message.payload(sees)
            await self._send(session, event, body | place)

    @staticmethod
    def place(channel: Channel) -> dict[str, Any]:
        """Return where an event happened."""
        return {"channel_id": channel.id} | ({"guild_id": channel.guild.id} if channel.guild else {})

    async def joined(self, guild: Guild) -> None:
        """Tell that the bot was added to a guild."""
        self.state.record("dispatch", event="GUILD_CREATE", id=guild.id)
        for session in list(self.sessions.values()):
            await self._send_guild(session, guild)

    # What a test can make go wrong

    @property
    def connected(self) -> bool:
        """Whether a bot has identified and is there."""
        return any(session.socket for session in self.sessions.values())

    def _sockets(self) -> list[Socket]:
        return [session.socket for session in self.sessions.values() if session.socket]

    async def drop(self, code: int | None = None) -> None:
        """Close every connection with a code, or cut it without one; sessions can be resumed."""
        for session in list(self.sessions.values()):
            socket, session.socket, session.left = session.socket, None, time.monotonic()
            if socket and code:
                await socket.ws.close(code=code)
            elif socket and socket.transport:
                socket.transport.abort()

    async def reconnect(self) -> None:
        """Ask for a reconnect (op 7); the session can be resumed."""
        for socket in self._sockets():
            await socket.send(7)

    async def invalidate(self, resumable: bool = False) -> None:
        """Call the session invalid (op 9)."""
        sockets = self._sockets()
        if not resumable:
            self.sessions.clear()
        for socket in sockets:
            await socket.send(9, resumable)
