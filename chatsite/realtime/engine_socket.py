"""One Engine.IO session: polling at first or a websocket from the start, and the bounded outbox before either."""

import logging
from time import monotonic
from typing import TYPE_CHECKING, Any

from engineio.base_socket import BaseSocket
from eventlet.event import Event

from chatsite.realtime import websocket, wire
from chatsite.realtime.link import Link
from chatsite.realtime.loop import clock, outgoing

if TYPE_CHECKING:
    from chatsite.realtime.transport import EngineServer

logger = logging.getLogger("chatsite.realtime")

# The contract's G8: bytes that may wait for one client, and seconds in which it takes none of them.
OUTBOX = 1024 * 1024
STALLED = 10
# Above this, what may be dropped is.
CROWDED = OUTBOX // 2
# Seconds from the probe to the upgrade, as in Socket.IO's own server.
UPGRADE = 10


class EngineSocket(BaseSocket):
    """`link` is the websocket, None while polling; `probe` is a websocket that asks to take over from polling."""

    __slots__ = (
        "address",
        "closed",
        "closing",
        "connected",
        "dirty",
        "heard",
        "link",
        "outbox",
        "pinged",
        "poll",
        "posting",
        "probe",
        "server",
        "session",
        "sid",
        "taken",
        "upgraded",
        "upgrading",
        "waiting",
        "watched",
    )

    def __init__(self, server: "EngineServer", sid: str, address: str) -> None:
        # The base class would make an unbounded queue here.
        self.server = server
        self.sid = sid
        self.address = address
        self.session: Any = None
        self.link: Link | None = None
        self.probe: Link | None = None
        self.poll: Event | None = None
        self.outbox: list[bytes] = []
        self.waiting = 0
        self.heard = self.taken = monotonic()
        self.pinged = 0.0
        self.connected = self.upgrading = self.upgraded = self.closing = self.closed = False
        self.dirty = self.posting = self.watched = False

    # Sending

    def push(self, frame: bytes, droppable: bool = False) -> None:
        """Queue one websocket frame for the end of the tick; a reader that is 1 MiB behind is cut."""
        if self.closed:
            return
        waiting = self.waiting + len(frame)
        if waiting > CROWDED:
            if droppable:
                return
            if waiting > OUTBOX:
                self.cut("its outbox is full")
                return
        self.waiting = waiting
        self.outbox.append(frame)
        if not self.dirty:
            self.dirty = True
            outgoing.add(self)

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

    def writable(self, link: Link) -> None:
        self.flush()

    def take(self) -> list[bytes]:
        """Everything that waits, as frames, for a poll's answer."""
        frames, self.outbox, self.waiting = self.outbox, [], 0
        self.taken = monotonic()
        return frames

    def release_poll(self) -> None:
        poll, self.poll = self.poll, None
        if poll is not None:
            poll.send()

    def _write(self, link: Link) -> None:
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

    # Receiving

    def message(self, link: Link, message: websocket.Message) -> None:
        self.heard = monotonic()
        if message.opcode == websocket.TEXT:
            if link is self.probe:
                self._probed(link, message.text)
            else:
                self.receive_text(message.text)
        elif message.opcode == websocket.CLOSE:
            self._closed_by_peer(link, message.payload)
        elif message.opcode == websocket.PING:
            self._answer_ping(link, message.payload)
        elif message.opcode == websocket.BINARY:
            self.broken(link, websocket.WebSocketError(websocket.UNSUPPORTED, "binary"))

    def receive_text(self, text: str) -> None:
        """One Engine.IO packet of an open session."""
        kind = text[:1]
        if kind == "4":
            self.server.handlers["message"](self.sid, text[1:])
        elif text == "3":
            self._ponged()
        elif text == "1":
            self.close(reason=self.server.reason.CLIENT_DISCONNECT)
        elif text != "6":
            self.fail("not a packet of Engine.IO")

    def broken(self, link: Link, error: websocket.WebSocketError) -> None:
        if link is self.probe:
            self.drop_probe()
        else:
            self.fail(str(error), error.code)

    def lost(self, link: Link) -> None:
        link.close()
        if link is self.probe:
            self.probe, self.upgrading = None, False
        else:
            self.link = None
            self.outbox.clear()
            self.close(reason=self.server.reason.TRANSPORT_CLOSE)

    def _closed_by_peer(self, link: Link, payload: bytes) -> None:
        if link is self.probe:
            self.drop_probe()
        else:
            code = int.from_bytes(payload[:2], "big") if payload else websocket.NORMAL
            self.close(reason=self.server.reason.CLIENT_DISCONNECT, code=code)

    def _answer_ping(self, link: Link, payload: bytes) -> None:
        frame = websocket.frame(payload, websocket.PONG)
        if link is self.probe:
            self._tell_probe(link, frame)
        else:
            self.push(frame)

    # Heartbeat

    def ping(self) -> None:
        if self.closed:
            return
        self.pinged = monotonic()
        self.push(wire.PING)
        clock.after(self.server.ping_timeout, self._check_pong)

    def _ponged(self) -> None:
        if self.pinged:
            self.pinged = 0.0
            clock.after(self.server.ping_interval, self.ping)

    def _check_pong(self) -> None:
        if self.closed or not self.pinged:
            return
        if self.heard > self.pinged:
            # Its pong waits behind what it is still sending: it lives.
            self.pinged = self.heard
            clock.after(self.server.ping_timeout, self._check_pong)
        else:
            self.close(reason=self.server.reason.PING_TIMEOUT)

    # From polling to websocket

    def offer(self, link: Link) -> None:
        """A websocket that names this polling session. It has 10 s to probe and to take over."""
        self.probe = link
        clock.after(UPGRADE, lambda: self._end_probe(link))

    def _end_probe(self, link: Link) -> None:
        if link is self.probe:
            self.drop_probe()

    def _probed(self, link: Link, text: str) -> None:
        if text == "2probe":
            self.upgrading = True
            self._tell_probe(link, wire.PROBED)
            # The client waits for its poll to end before it says "5".
            if self.poll is not None:
                self.push(wire.NOOP)
        elif text == "5" and self.upgrading:
            self._upgrade(link)
        else:
            self.drop_probe()

    def _tell_probe(self, link: Link, frame: bytes) -> None:
        try:
            if link.send(frame) == len(frame):
                return
        except OSError:
            pass
        self.drop_probe()

    def _upgrade(self, link: Link) -> None:
        self.link, self.probe = link, None
        self.upgrading, self.upgraded = False, True
        self.release_poll()
        self.flush()

    def drop_probe(self) -> None:
        """The upgrade failed; polling goes on."""
        link, self.probe, self.upgrading = self.probe, None, False
        if link is not None:
            link.close()

    # The end

    def fail(self, why: str, code: int = websocket.PROTOCOL) -> None:
        """The client broke a protocol: one line in the log, and the end."""
        if not self.closed:
            logger.warning("closing %s: %s", self.sid, why)
            self.close(reason=self.server.reason.TRANSPORT_ERROR, code=code)

    def cut(self, why: str) -> None:
        """Too slow a reader: what waits for it is forgotten, it gets it by `sync` when it is back."""
        logger.warning("cutting %s: %s", self.sid, why)
        self.outbox.clear()
        link, self.link = self.link, None
        if link is not None:
            link.reset()
        self.close(reason=self.server.reason.TRANSPORT_ERROR)

    def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None, code: int = websocket.NORMAL
    ) -> None:
        """The one way a session ends. What is queued still goes out; a poll gets the rest and a CLOSE packet."""
        if self.closed:
            return
        self.closed = self.closing = True
        self.server.ended(self, reason or self.server.reason.SERVER_DISCONNECT)
        self.drop_probe()
        link = self.link
        if link is None:
            self.outbox.append(wire.CLOSED)
            self.release_poll()
            return
        link.pause()
        self.outbox.append(websocket.close_frame(code))
        self._write(link)
        clock.after(STALLED, link.reset)
