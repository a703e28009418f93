"""The send buffer of one client, bounded in bytes: a client that doesn't read harms nobody."""

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from engineio.base_socket import BaseSocket

from chatsite.observability.metrics import counters
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.scheduling.flush_scheduler import flush_scheduler
from chatsite.realtime.scheduling.hub import clock

if TYPE_CHECKING:
    from chatsite.realtime.engineio.transport import EngineServer

logger = logging.getLogger("chatsite.realtime")

# The contract's G8: bytes that may wait for one client, and seconds in which the client takes none of them.
MAX_BUFFERED_BYTES = 1024 * 1024
STALL_SECONDS = 10
# Packets in one answer to a poll: python-engineio's client drops a connection that sends more.
PACKETS_PER_POLL = 16
# Buffered bytes above which droppable frames are dropped.
DROP_ABOVE_BYTES = MAX_BUFFERED_BYTES // 2
# Bytes that may wait for all connections of one person; checked whenever so many more wait for one of them.
PERSON_BUFFERED_BYTES, PERSON_CHECK_BYTES = 4 * MAX_BUFFERED_BYTES, 64 * 1024


class SendBuffer(BaseSocket):
    """The sending half of an Engine.IO socket: flushed once in a turn of the hub, to `websocket` or as the
    answer to `poll`."""

    __slots__ = (
        "closed",
        "closing",
        "connected",
        "dirty",
        "last_taken_at",
        "outbox",
        "poll",
        "server",
        "session",
        "sid",
        "upgraded",
        "upgrading",
        "waiting",
        "watched",
        "websocket",
    )

    def __init__(self, server: "EngineServer", sid: str) -> None:
        # The base class's constructor would make an unbounded queue.
        self.server = server
        self.sid = sid
        self.session: Any = None
        self.websocket: WebSocket | None = None
        self.poll: Any = None
        self.outbox: list[bytes] = []
        self.waiting = 0
        self.last_taken_at = monotonic()
        self.connected = self.upgrading = self.upgraded = self.closing = self.closed = False
        self.dirty = self.watched = False

    @property
    def log_name(self) -> str:
        """The session's name in the log. Whoever knows a polling session's whole id could speak for it."""
        return self.sid[:8]

    def push(self, frame: bytes, droppable: bool = False) -> None:
        """Queue one websocket frame for the end of the turn; a client that is MAX_BUFFERED_BYTES behind is
        cut."""
        if self.closed:
            return
        waiting = self.waiting + len(frame)
        if waiting > PERSON_CHECK_BYTES and not self._may_buffer(waiting, droppable):
            return
        self.waiting = waiting
        self.outbox.append(frame)
        if not self.dirty:
            self.dirty = True
            flush_scheduler.add(self)

    def _may_buffer(self, waiting: int, droppable: bool) -> bool:
        """Whether so many bytes may wait for this client. Where not, it is cut, or a droppable frame is
        dropped."""
        if waiting > DROP_ABOVE_BYTES and droppable:
            counters.dropped[()] += 1
            return False
        if waiting > MAX_BUFFERED_BYTES:
            self.cut("its outbox is full")
        elif (
            waiting // PERSON_CHECK_BYTES > self.waiting // PERSON_CHECK_BYTES
            and self.session.waiting > PERSON_BUFFERED_BYTES
        ):
            self.cut("its person's outboxes are full")
        return not self.closed

    def piggyback(self, frame: bytes) -> None:
        """Queue one frame for the next send, with a ping at the latest; dropped for a slow reader."""
        if not self.closed and self.waiting + len(frame) <= DROP_ABOVE_BYTES:
            self.waiting += len(frame)
            self.outbox.append(frame)

    def send(self, frame: bytes) -> None:
        """Send what waits and this frame now, without waiting for the end of the turn: for callers that go
        through all sockets."""
        if self.dirty or self.websocket is None or self.closed:
            self.push(frame)
            return
        self.waiting += len(frame)
        self.outbox.append(frame)
        self._write(self.websocket)

    def flush(self) -> None:
        """Send what waits: by one send to the websocket, or as the answer to the poll."""
        self.dirty = False
        if not self.outbox:
            return
        if self.websocket is not None:
            self._write(self.websocket)
        elif self.poll is not None:
            self.release_poll()
        else:
            self._watch()

    def writable(self, websocket: WebSocket) -> None:
        self.flush()

    def take(self) -> list[bytes]:
        """Take the frames for a poll's answer, PACKETS_PER_POLL at most."""
        frames, self.outbox = self.outbox[:PACKETS_PER_POLL], self.outbox[PACKETS_PER_POLL:]
        self.waiting -= sum(map(len, frames))
        self.last_taken_at = monotonic()
        return frames

    def release_poll(self) -> None:
        poll, self.poll = self.poll, None
        if poll is not None:
            poll.send()

    def _write(self, websocket: WebSocket) -> None:
        data = self.outbox[0] if len(self.outbox) == 1 else b"".join(self.outbox)
        try:
            sent = websocket.send(data)
        except OSError:
            self.lost(websocket)
            return
        if sent:
            self.last_taken_at = monotonic()
        if sent == len(data):
            self.outbox.clear()
            self.waiting = 0
            websocket.finish() if self.closed else websocket.written()
            return
        self.outbox[:] = [data[sent:]]
        self.waiting -= sent
        self.dirty = True  # until it is writable again, a tick needn't try
        websocket.await_writable()
        self._watch()

    def _watch(self) -> None:
        if not self.watched:
            self.watched = True
            self.last_taken_at = monotonic()
            clock.after(1, self._check_progress)

    def _check_progress(self) -> None:
        self.watched = False
        if self.closed or not self.outbox:
            return
        if monotonic() - self.last_taken_at >= STALL_SECONDS:
            self.cut("it took nothing for 10 s")
        else:
            self.watched = True
            clock.after(1, self._check_progress)

    def cut(self, why: str) -> None:
        """Close a client that reads too slowly. What waits for it is dropped; it gets that by `sync` when it
        is back."""
        counters.cuts[why,] += 1
        logger.warning("cutting %s: %s", self.log_name, why)
        self.outbox.clear()
        websocket, self.websocket = self.websocket, None
        if websocket is not None:
            websocket.reset()
        self.close(reason=self.server.reason.TRANSPORT_ERROR)

    def lost(self, websocket: WebSocket) -> None:
        raise NotImplementedError

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        raise NotImplementedError
