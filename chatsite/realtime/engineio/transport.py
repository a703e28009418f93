"""Engine.IO 4 over HTTP: polls, posts, websockets and upgrades. Errors are those of Socket.IO's own server."""

import logging
import math
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

import engineio
from gunicorn.workers.base_async import ALREADY_HANDLED

from chatsite.observability.addresses import client_address
from chatsite.observability.metrics import counters
from chatsite.realtime.engineio import origins, polling
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.engineio.handshake import handshake, take_socket, wants_websocket
from chatsite.realtime.engineio.handshake_queue import HandshakeQueue
from chatsite.realtime.engineio.heartbeat import HeartbeatSchedule
from chatsite.realtime.engineio.polling import Answer, Refused
from chatsite.realtime.engineio.probe import Probe
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.limits.limits import AddressLimits
from chatsite.realtime.protocol import frames, packets
from chatsite.realtime.scheduling.hub import clock

logger = logging.getLogger("chatsite.realtime")

# An absent client is noticed after these two and presence's grace of 3 s: within the 20 s of the contract's
# G6.
PING_INTERVAL = 8
PING_TIMEOUT = 6
# Seconds for which a closed polling session is kept, so that its client can fetch the rest.
CLOSED_SESSION_SECONDS = 5

TRANSPORT, SESSION, METHOD, REQUEST, FORBIDDEN, VERSION = range(6)


class EngineServer(engineio.Server):
    """python-engineio's server over our sockets. `handlers` has the Socket.IO server's "connect" and
    "disconnect"."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            async_mode="eventlet",
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            max_http_buffer_size=frames.MESSAGE_BYTES,
            cors_allowed_origins=origins.allowed,
            monitor_clients=False,
            logger=logger,
            **options,
        )
        self.running = False
        # The prefix of every session id, where there are several workers: see `socket_handoff.py`.
        self.worker = ""
        self.handshake_queue = HandshakeQueue()
        self.addresses = AddressLimits()
        self.half_open = self.handshake_queue.half_open
        self.heartbeats = HeartbeatSchedule(PING_INTERVAL, PING_TIMEOUT)
        self._closed: dict[str, EngineSocket] = {}

    def start(self) -> None:
        self.running = True
        clock.start()
        self.heartbeats.start()

    def stop(self) -> None:
        """Take no new socket, and close all: their clients come back to another process at once."""
        self.running = False
        for socket in list(self.sockets.values()):
            socket.close(code=frames.GOING_AWAY)

    def handle_request(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = self._answer(environ)
        except Refused as error:
            counters.refusals[str(error.status.value), str(error)] += 1
            answer = error.answer()
        if answer is None:
            taken: Iterable[bytes] = ALREADY_HANDLED
            return taken
        headers = [*answer.headers, ("Content-Length", str(len(answer.body))), ("Cache-Control", "no-store")]
        start_response(answer.status, headers + self._cors_headers(environ))
        return [answer.body]

    def upgrade(self, environ: dict[str, Any]) -> bool:
        """Return whether the request became a websocket. One that didn't is unchanged, for `handle_request`
        to answer."""
        if not wants_websocket(environ) or self.handshake_queue.is_full(client_address(environ)):
            return False
        try:
            return self._answer(environ) is None
        except Refused:
            return False

    def _answer(self, environ: dict[str, Any]) -> Answer | None:
        """Answer a request; None where it became a websocket. Raises Refused."""
        if not self.running:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                REQUEST,
                "The server is stopping, or isn't run by its own worker",
            )
        if not origins.allowed(environ.get("HTTP_ORIGIN"), environ):
            raise Refused(HTTPStatus.FORBIDDEN, FORBIDDEN, "Origin not allowed")
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return Answer("204 No Content", [], b"")
        if method not in ("GET", "POST"):
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, METHOD, "Bad handshake method")
        query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        transport = query.get("transport", [""])[0]
        if transport not in self.transports:
            raise Refused(HTTPStatus.BAD_REQUEST, TRANSPORT, "Transport unknown")
        if "j" in query:
            raise Refused(HTTPStatus.BAD_REQUEST, REQUEST, "No JSONP")
        if "sid" in query:
            return self._existing(environ, method, transport, query["sid"][0])
        return self._new(environ, method, transport, query)

    def _new(
        self, environ: dict[str, Any], method: str, transport: str, query: dict[str, list[str]]
    ) -> Answer | None:
        if query.get("EIO") != ["4"]:
            raise Refused(HTTPStatus.BAD_REQUEST, VERSION, "Unsupported protocol version")
        if method != "GET":
            raise Refused(HTTPStatus.BAD_REQUEST, METHOD, "Bad handshake method")
        response = None
        if transport == "websocket":
            response = handshake(environ)
            if response is None:
                raise refused_handshake()
        address = client_address(environ)
        self._check(address)
        if not self.handshake_queue.enter(address):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, REQUEST, "Too many unfinished connections")
        counters.handshakes[transport,] += 1
        socket = self._open(environ, address)
        if response is not None:
            self._begin(socket, environ, response)
            return None
        return polling.text(frames.payload_of(self._greeting(socket, ["websocket"])))

    def _check(self, address: str) -> None:
        if self.addresses.are_full(address):
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, REQUEST, "Too many connections of this address")
        wait = self.addresses.wait(address)
        if wait:
            again = [("Retry-After", str(math.ceil(wait)))]
            raise Refused(
                HTTPStatus.TOO_MANY_REQUESTS, REQUEST, "Too many new connections of this address", again
            )

    def _open(self, environ: dict[str, Any], address: str) -> EngineSocket:
        socket = EngineSocket(self, self.worker + self.generate_id(), address)
        socket.connected = True
        self.sockets[socket.sid] = socket
        self.addresses.opened(address)
        self.handlers["connect"](socket.sid, environ)
        self.heartbeats.add(socket)
        return socket

    def _begin(self, socket: EngineSocket, environ: dict[str, Any], response: bytes) -> None:
        try:
            socket.websocket, socket.upgraded = WebSocket(take_socket(environ), socket), True
        except OSError:
            # The client went while its request was read.
            socket.close(reason=self.reason.TRANSPORT_CLOSE)
            return
        socket.push(response)
        socket.push(self._greeting(socket, []))
        socket.flush()

    def _greeting(self, socket: EngineSocket, upgrades: list[str]) -> bytes:
        """Return the frame of the OPEN packet."""
        return frames.frame(
            b"0"
            + packets.to_json(
                {
                    "sid": socket.sid,
                    "upgrades": upgrades,
                    "pingInterval": PING_INTERVAL * 1000,
                    "pingTimeout": PING_TIMEOUT * 1000,
                    "maxPayload": frames.MESSAGE_BYTES,
                }
            )
        )

    def _existing(self, environ: dict[str, Any], method: str, transport: str, sid: str) -> Answer | None:
        socket = self.sockets.get(sid)
        if socket is None and method == "GET" and transport == "polling" and sid in self._closed:
            return polling.waiting(self._closed[sid])
        if socket is None:
            raise Refused(HTTPStatus.BAD_REQUEST, SESSION, "Session ID unknown")
        if transport == "websocket":
            self._open_probe(environ, method, socket)
            return None
        if socket.upgraded:
            raise Refused(HTTPStatus.BAD_REQUEST, REQUEST, "The session has moved to a websocket")
        polling.name_payer(socket, environ)
        if method == "POST":
            return polling.post(socket, environ)
        return polling.poll(socket, environ)

    def _open_probe(self, environ: dict[str, Any], method: str, socket: EngineSocket) -> None:
        response = handshake(environ)
        if method != "GET" or response is None:
            raise refused_handshake()
        if socket.upgraded or socket.probe is not None:
            raise Refused(HTTPStatus.BAD_REQUEST, REQUEST, "The session has a websocket already")
        socket.probe = probe = Probe(socket, take_socket(environ))
        if probe.websocket.send(response) != len(response):
            socket.drop_probe()

    def ended(self, socket: EngineSocket, reason: str) -> None:
        """Forget a socket. Each socket calls this once, first thing in its close."""
        counters.closings[reason,] += 1
        self.sockets.pop(socket.sid, None)
        self.addresses.closed(socket.address)
        self.handlers["disconnect"](socket.sid, reason)
        if not socket.upgraded:
            self._closed[socket.sid] = socket
            clock.after(CLOSED_SESSION_SECONDS, lambda: self._forget(socket))

    def _forget(self, socket: EngineSocket) -> None:
        self._closed.pop(socket.sid, None)


def refused_handshake() -> Refused:
    return Refused(
        HTTPStatus.BAD_REQUEST, REQUEST, "Bad websocket handshake", [("Sec-WebSocket-Version", "13")]
    )
