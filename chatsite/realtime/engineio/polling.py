"""Engine.IO's polling: GET waits for packets, POST brings them."""

import socket as sockets
from http import HTTPStatus
from typing import Any, NamedTuple

import eventlet
from django.conf import settings
from eventlet.event import Event

from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.protocol import packets
from chatsite.realtime.protocol.frames import MESSAGE_BYTES, UNAUTHENTICATED_MESSAGE_BYTES, payload_of
from chatsite.realtime.scheduling import hub

SEPARATOR = b"\x1e"
# Bytes of a body. python-socketio puts all waiting packets into one, however many.
MAX_POST_BYTES = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


class Answer(NamedTuple):
    """An HTTP answer."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class Refused(Exception):
    """An HTTP error in the form of Socket.IO's own server: `{"code": 0–5, "message": …}`."""

    def __init__(
        self, status: HTTPStatus, code: int, message: str, headers: list[tuple[str, str]] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or []

    def answer(self) -> Answer:
        body = packets.to_json({"code": self.code, "message": self.message})
        status = f"{self.status.value} {self.status.phrase}"
        return Answer(status, [("Content-Type", "application/json"), *self.headers], body)


def text(body: bytes) -> Answer:
    return Answer("200 OK", [("Content-Type", "text/plain; charset=UTF-8")], body)


def frames(packets: list[bytes]) -> Answer:
    return text(b"\x1e".join(payload_of(frame) for frame in packets))


def poll(socket: EngineSocket, environ: dict[str, Any]) -> Answer:
    """Answer a GET once something can be sent. A second poll beside the first ends the session, as the
    protocol asks."""
    if socket.poll is not None:
        socket.fail("two polls at once")
        raise bad_request("Overlapping polls")
    if not socket.outbox and not socket.upgrading:
        step_aside(environ)
        wait(socket, environ["gunicorn.socket"])
    return waiting(socket)


def step_aside(environ: dict[str, Any]) -> None:
    """Give the request's place in `request_queue.py` to others."""
    if "chatsite.visit" in environ:
        environ["chatsite.visit"].step_aside()


def name_payer(socket: EngineSocket, environ: dict[str, Any]) -> None:
    """Charge the request to the session's person: a poll has no cookie or address that tells."""
    payer = socket.session.payer
    if "chatsite.visit" in environ and isinstance(payer, int):
        environ["chatsite.visit"].person = payer


def waiting(socket: EngineSocket) -> Answer:
    """Return the queued packets. CLOSE comes alone: the official client would forget what came before it in
    the same answer."""
    if socket.outbox and not socket.upgraded:
        return frames(socket.take())
    return frames([packets.CLOSED_FRAME if socket.closed else packets.NOOP_FRAME])


def wait(socket: EngineSocket, client: Any) -> None:
    """Wait until the session has something to send, is closed or upgraded. A client that hangs up meanwhile
    ends its session."""
    socket.poll = poll_event = Event()

    def on_readable(descriptor: int) -> None:
        if hung_up(client) and socket.poll is poll_event:
            socket.close(reason=socket.server.reason.TRANSPORT_CLOSE)
        else:
            # The next request came early; gunicorn reads it after this one.
            stop_watching()

    listeners = [hub.watch(hub.READ, client.fileno(), on_readable)]

    def stop_watching() -> None:
        while listeners:
            hub.unwatch(listeners.pop())

    try:
        poll_event.wait()
    finally:
        stop_watching()


def hung_up(client: Any) -> bool:
    try:
        return not client.fd.recv(1, sockets.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def post(socket: EngineSocket, environ: dict[str, Any]) -> Answer:
    """Handle the packets of a POST in order. One that breaks the protocol ends the session and is answered
    400, as by Socket.IO's own server; the packets behind it are dropped."""
    if socket.posting:
        socket.fail("two posts at once")
        raise bad_request("Overlapping posts")
    socket.posting = True
    try:
        for packet in read_packets(socket, environ):
            check_size(socket, packet)
            socket.session.count(len(packet))
            while (socket.session.is_full or socket.session.rate_paused) and not socket.closed:
                step_aside(environ)
                eventlet.sleep(0.02)
            if socket.closed:
                raise bad_request("The session is closed")
            take(socket, decoded(socket, packet))
    finally:
        socket.posting = False
    return text(b"ok")


def take(socket: EngineSocket, packet: str) -> None:
    """Handle one packet. Raises Refused for one that breaks the protocol, which closes the session."""
    socket.receive_text(packet)
    if socket.closed and packet != "1":
        raise bad_request("Bad request")


def read_packets(socket: EngineSocket, environ: dict[str, Any]) -> list[bytes]:
    """Return the body's packets. Raises Refused for a body of more than MAX_POST_BYTES, which closes the
    session."""
    body = b"" if content_length(environ) > MAX_POST_BYTES else environ["wsgi.input"].read(MAX_POST_BYTES + 1)
    if max(len(body), content_length(environ)) > MAX_POST_BYTES:
        raise too_large(socket)
    return body.split(SEPARATOR)


def check_size(socket: EngineSocket, packet: bytes) -> None:
    """Raise Refused for a packet that a websocket couldn't carry in one message, which closes the session."""
    if len(packet) > (UNAUTHENTICATED_MESSAGE_BYTES if socket.session.person is None else MESSAGE_BYTES):
        raise too_large(socket)


def too_large(socket: EngineSocket) -> Refused:
    socket.fail("a post is too big")
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 3, "Payload too large")


def decoded(socket: EngineSocket, packet: bytes) -> str:
    """Return the packet as text. Raises Refused for other than UTF-8, which closes the session."""
    try:
        return packet.decode()
    except UnicodeDecodeError:
        socket.fail("a post is not UTF-8")
        raise bad_request("Not UTF-8") from None


def content_length(environ: dict[str, Any]) -> int:
    """Return the bytes of the body that the client announces; 0 where it doesn't. The server has refused
    other than numbers."""
    return int(environ.get("CONTENT_LENGTH") or 0)


def bad_request(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, 3, message)
