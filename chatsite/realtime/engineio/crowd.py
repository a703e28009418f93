"""Queue and flush for many sockets in one pass, by one system call where the kernel can do that."""

from collections.abc import Sequence
from errno import EAGAIN, EPIPE
from functools import cache, partial
from time import monotonic
from typing import Any, Protocol, TypeAlias

from django.conf import settings

from chatsite.realtime.engineio.engine_session import PERSON_CHECK_BYTES, EngineSocket
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.scheduling.epoll import WRITE
from chatsite.realtime.scheduling.flush_scheduler import flush_scheduler
from chatsite.realtime.scheduling.hub import guarded
from chatsite.realtime.scheduling.send_ring import ENTRIES, SendRing

# Sockets from which on one call for all is cheaper than a send for each: measured equal at ten.
RING_FROM = 16
# Bytes above which a socket's frames are sent by themselves: those of one pass are all held at once.
LARGE_BYTES = PERSON_CHECK_BYTES
# All that waits for an open websocket, as one.
Sending: TypeAlias = tuple[EngineSocket, WebSocket, bytes]


class Sender(Protocol):
    """A connection, with a channel that may be an EngineSocket."""

    @property
    def channel(self) -> Any: ...


def push_all(connections: Sequence[Sender], frame: bytes) -> None:
    """Do `EngineSocket.push` for all of them."""
    size, fresh = len(frame), []
    for connection in connections:
        socket = connection.channel
        if type(socket) is not EngineSocket or socket.closed or socket.waiting + size > PERSON_CHECK_BYTES:
            socket.push(frame)
            continue
        socket.waiting += size
        socket.outbox.append(frame)
        if not socket.dirty:
            socket.dirty = True
            fresh.append(socket)
    flush_scheduler.add_all(fresh)


def flush_all(sockets: Sequence[EngineSocket]) -> None:
    """Do `EngineSocket.flush` for all of them. Another's failure doesn't keep one from its turn."""
    sendings, others = gathered(sockets)
    for start in range(0, len(sendings), ENTRIES):
        some = sendings[start : start + ENTRIES]
        note(some, send_all(some))
    for socket in others:
        guarded(socket.flush)


def gathered(sockets: Sequence[EngineSocket]) -> tuple[list[Sending], list[EngineSocket]]:
    """Return what is to be sent, and the sockets that are better flushed by themselves. The frames of a socket are joined;
    those of a room have the same waiting, which are joined once."""
    sendings, others = [], []
    outbox, data = None, b""
    for socket in sockets:
        websocket, waiting = socket.websocket, socket.outbox
        if (
            websocket is None
            or not waiting
            or socket.closed
            or socket.waiting > LARGE_BYTES
            or websocket.wanted & WRITE
        ):
            others.append(socket)
            continue
        if waiting != outbox:
            outbox = waiting
            data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        sendings.append((socket, websocket, data))
    return sendings, others


def send_all(sendings: Sequence[Sending]) -> list[int]:
    """Return how many bytes the kernel took of each, or an error's number, negative."""
    ring = send_ring() if len(sendings) >= RING_FROM else None
    if ring is not None and ring.works:
        return ring.send_all([(websocket.raw.fileno(), data) for _, websocket, data in sendings])
    return [send(websocket, data) for _, websocket, data in sendings]


def send(websocket: WebSocket, data: bytes) -> int:
    """Return how many bytes the kernel took, or an error's number, negative."""
    try:
        return websocket.send(data)
    except OSError as error:
        return -(error.errno or EPIPE)


def note(sendings: Sequence[Sending], results: Sequence[int]) -> None:
    """Note what the kernel took, and end the sessions of sockets that failed."""
    now, failed = monotonic(), []
    for (socket, websocket, data), taken in zip(sendings, results, strict=True):
        if taken == len(data):
            # What `sent` does, without a call.
            socket.dirty = False
            socket.outbox.clear()
            socket.waiting = 0
            socket.last_taken_at = now
        elif taken >= 0 or taken == -EAGAIN:
            guarded(partial(socket.sent, websocket, data, max(taken, 0)))
        else:
            failed.append((socket, websocket))
    # The end of one session may be the end of others: all that was sent is noted before.
    for socket, websocket in failed:
        if socket.websocket is websocket:
            guarded(partial(socket.lost, websocket))


@cache
def send_ring() -> SendRing | None:
    """Return this process's ring; None where there is none, or where it isn't wanted. Made for the first crowd: a process
    must not share its parent's."""
    return SendRing.open() if settings.IO_URING else None
