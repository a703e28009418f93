"""What waits for one client, counted in bytes: nobody is harmed by a client that doesn't read."""

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from engineio.base_socket import BaseSocket

from chatsite.observability.metrics import counters
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.scheduling.flush_scheduler import outgoing
from chatsite.realtime.scheduling.hub import clock

if TYPE_CHECKING:
    from chatsite.realtime.engineio.transport import EngineServer

logger = logging.getLogger("chatsite.realtime")

# The contract's G8: bytes that may wait for one client, and seconds in which it takes none of them.
LIMIT = 1024 * 1024
STALLED = 10
# python-engineio's client takes no more packets than this in one answer, and drops the connection over it.
PACKETS = 16
# Above this, what may be dropped is.
CROWDED = LIMIT // 2
# Bytes that may wait for all connections of one person; looked at where another so many wait for one of them.
PERSON_LIMIT, PERSON_STEP = 4 * LIMIT, 64 * 1024


class SendBuffer(BaseSocket):
    """The sending half of an Engine.IO socket: once a tick by `link` or, while polling, as the answer to `poll`."""

    __slots__ = (
        "closed",
        "closing",
        "connected",
        "dirty",
        "link",
        "outbox",
        "poll",
        "server",
        "session",
        "sid",
        "taken",
        "upgraded",
        "upgrading",
        "waiting",
        "watched",
    )

    def __init__(self, server: "EngineServer", sid: str) -> None:
        # The base class would make an unbounded queue here.
        self.server = server
        self.sid = sid
        self.session: Any = None
        self.link: WebSocket | None = None
        self.poll: Any = None
        self.outbox: list[bytes] = []
        self.waiting = 0
        self.taken = monotonic()
        self.connected = self.upgrading = self.upgraded = self.closing = self.closed = False
        self.dirty = self.watched = False

    @property
    def called(self) -> str:
        """In the log. Who knows a polling session's whole id could speak for it."""
        return self.sid[:8]

    def push(self, frame: bytes, droppable: bool = False) -> None:
        """Queue one websocket frame for the end of the tick; a reader that is 1 MiB behind is cut."""
        if self.closed:
            return
        waiting = self.waiting + len(frame)
        if waiting > PERSON_STEP and not self._may_hold(waiting, droppable):
            return
        self.waiting = waiting
        self.outbox.append(frame)
        if not self.dirty:
            self.dirty = True
            outgoing.add(self)

    def _may_hold(self, waiting: int, droppable: bool) -> bool:
        """Whether so many bytes may wait for it; else it is cut, or goes without a droppable frame."""
        if waiting > CROWDED and droppable:
            counters.dropped[()] += 1
            return False
        if waiting > LIMIT:
            self.cut("its outbox is full")
        elif waiting // PERSON_STEP > self.waiting // PERSON_STEP and self.session.waiting > PERSON_LIMIT:
            self.cut("its person's outboxes are full")
        return not self.closed

    def leave(self, frame: bytes) -> None:
        """Queue one websocket frame for whenever something is sent next, with a ping at the latest. One more that a slow
        reader may miss."""
        if not self.closed and self.waiting + len(frame) <= CROWDED:
            self.waiting += len(frame)
            self.outbox.append(frame)

    def send(self, frame: bytes) -> None:
        """What waits and this at once, where the tick's end needn't be waited for: for whoever goes through all sockets."""
        if self.dirty or self.link is None or self.closed:
            self.push(frame)
            return
        self.waiting += len(frame)
        self.outbox.append(frame)
        self._write(self.link)

    def flush(self) -> None:
        """Hand over what waits: one send to the websocket, or an answer to the poll."""
        self.dirty = False
        if not self.outbox:
            return
        if self.link is not None:
            self._write(self.link)
        elif self.poll is not None:
            self.release_poll()
        else:
            self._watch()

    def writable(self, link: WebSocket) -> None:
        self.flush()

    def take(self) -> list[bytes]:
        """What waits, as frames, for a poll's answer."""
        frames, self.outbox = self.outbox[:PACKETS], self.outbox[PACKETS:]
        self.waiting -= sum(map(len, frames))
        self.taken = monotonic()
        return frames

    def release_poll(self) -> None:
        poll, self.poll = self.poll, None
        if poll is not None:
            poll.send()

    def _write(self, link: WebSocket) -> None:
        data = self.outbox[0] if len(self.outbox) == 1 else b"".join(self.outbox)
        try:
            sent = link.send(data)
        except OSError:
            self.lost(link)
            return
        if sent:
            self.taken = monotonic()
        if sent == len(data):
            self.outbox.clear()
            self.waiting = 0
            link.finish() if self.closed else link.written()
            return
        self.outbox[:] = [data[sent:]]
        self.waiting -= sent
        self.dirty = True  # until it is writable again, a tick needn't try
        link.await_writable()
        self._watch()

    def _watch(self) -> None:
        if not self.watched:
            self.watched = True
            self.taken = monotonic()
            clock.after(1, self._check_progress)

    def _check_progress(self) -> None:
        self.watched = False
        if self.closed or not self.outbox:
            return
        if monotonic() - self.taken >= STALLED:
            self.cut("it took nothing for 10 s")
        else:
            self.watched = True
            clock.after(1, self._check_progress)

    def cut(self, why: str) -> None:
        """Too slow a reader: what waits for it is forgotten, it gets it by `sync` when it is back."""
        counters.cuts[why,] += 1
        logger.warning("cutting %s: %s", self.called, why)
        self.outbox.clear()
        link, self.link = self.link, None
        if link is not None:
            link.reset()
        self.close(reason=self.server.reason.TRANSPORT_ERROR)

    def lost(self, link: WebSocket) -> None:
        raise NotImplementedError

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:
        raise NotImplementedError
