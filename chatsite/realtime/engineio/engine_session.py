"""One Engine.IO session: polling at first or a websocket from the start, its send buffer and its heartbeat.

The send buffer is bounded in bytes: a client that doesn't read harms nobody.
"""

import logging
import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

from engineio.base_socket import BaseSocket

from chatsite.observability.metrics import counters
from chatsite.realtime.engineio.probe import Probe
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.protocol import frames, packets
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
# Bytes of an unfinished message between two checks of what its person has of them in all.
PARTS_STEP = 16 * 1024


class EngineSocket(BaseSocket):
    """An Engine.IO session: owns its `websocket`, which is None while polling, and the `probe` that may replace
    polling by one.

    `outbox` are frames that wait, `waiting` their bytes. `pinged_in_tick` is the tick of the open ping, 0 for
    none; `heard_since_ping` whether anything came since.
    """

    __slots__ = (
        "address",
        "closed",
        "closing",
        "connected",
        "dirty",
        "heard_since_ping",
        "last_taken_at",
        "outbox",
        "pinged_in_tick",
        "poll",
        "posting",
        "probe",
        "server",
        "session",
        "sid",
        "upgraded",
        "upgrading",
        "waiting",
        "watched",
        "websocket",
    )

    # Sockets that a flush of it writes to.
    size = 1

    def __init__(self, server: "EngineServer", sid: str, address: str) -> None:
        # The base class's constructor would make an unbounded queue.
        self.server = server
        self.sid = sid
        # Interned: the same few addresses come again and again, each time as a new string.
        self.address = sys.intern(address)
        self.session: Any = None
        self.websocket: WebSocket | None = None
        self.probe: Probe | None = None
        self.poll: Any = None
        self.outbox: list[bytes] = []
        self.waiting = 0
        self.last_taken_at = monotonic()
        self.connected = self.upgrading = self.upgraded = self.closing = self.closed = False
        self.dirty = self.watched = self.posting = self.heard_since_ping = False
        self.pinged_in_tick = 0

    @property
    def log_name(self) -> str:
        """The session's name in the log. Whoever knows a polling session's whole id could speak for it."""
        return self.sid[:8]

    def push(self, frame: bytes, droppable: bool = False) -> None:
        """Queue one websocket frame for the end of the turn; a client that is MAX_BUFFERED_BYTES behind is
        cut."""
        if self.closed:
            return
        self.step_out()
        waiting = self.waiting + len(frame)
        if waiting > PERSON_CHECK_BYTES and not self._may_buffer(waiting, droppable):
            return
        self.waiting = waiting
        self.outbox.append(frame)
        if not self.dirty:
            self.dirty = True
            flush_scheduler.add(self)

    def step_out(self) -> None:
        """Leave the step of the crowd that has this socket, as it gets something of its own."""
        websocket = self.websocket
        if websocket is not None and websocket.crowd is not None:
            websocket.crowd.part(self)

    def _may_buffer(self, waiting: int, droppable: bool) -> bool:
        """Return whether `waiting` bytes may be buffered for this client. If not, the frame is dropped where it may be;
        otherwise the client is cut."""
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
            self.step_out()
            self.waiting += len(frame)
            self.outbox.append(frame)

    def send(self, frame: bytes) -> None:
        """Send what waits and this frame now, without waiting for the end of the turn: for callers that go
        through all sockets."""
        self.step_out()
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
        taken, self.outbox = self.outbox[:PACKETS_PER_POLL], self.outbox[PACKETS_PER_POLL:]
        self.waiting -= sum(map(len, taken))
        self.last_taken_at = monotonic()
        return taken

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
        self.sent(websocket, data, sent)

    def sent(self, websocket: WebSocket, data: bytes, taken: int) -> None:
        """Note that the kernel took so many bytes of `data`, which was all that waited."""
        if taken:
            self.last_taken_at = monotonic()
        if taken == len(data):
            self.dirty = False
            self.outbox.clear()
            self.waiting = 0
            websocket.finish() if self.closed else websocket.written()
            return
        self.outbox[:] = [data[taken:]]
        self.waiting -= taken
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
        websocket, self.websocket = self.websocket, None
        if websocket is not None:
            websocket.reset()
        self.outbox.clear()
        self.close(reason=self.server.reason.TRANSPORT_ERROR)

    # Receiving

    def message(self, websocket: WebSocket, message: frames.Message) -> None:
        """Handle a whole message of the websocket."""
        if self.closed:
            return
        if message is frames.PONG_PACKET and self.pinged_in_tick:
            # Not counted: there is one for each of our pings. Any further one is.
            self.ponged()
            return
        self.heard_since_ping = True
        self.session.count(len(message.payload))
        if message.opcode == frames.TEXT:
            self.receive_text(message.text)
        elif message.opcode == frames.CLOSE:
            code = int.from_bytes(message.payload[:2], "big") if message.payload else frames.NORMAL
            self.close(reason=self.server.reason.CLIENT_DISCONNECT, code=code)
        elif message.opcode == frames.PING:
            self.push(frames.frame(message.payload, frames.PONG))
        elif message.opcode == frames.BINARY:
            self.fail("binary", frames.UNSUPPORTED)

    def unfinished(self, websocket: WebSocket, size: int, fragments: int) -> None:
        """Charge part of a message, `size` bytes in `fragments` frames: a client may be large or slow with it."""
        if self.closed:
            return
        self.session.count_part(fragments)
        kept = websocket.unfinished_bytes
        if kept < frames.UNAUTHENTICATED_MESSAGE_BYTES or kept // PARTS_STEP == (kept - size) // PARTS_STEP:
            return
        if not self.session.may_buffer_parts:
            self.fail("too much of unfinished messages", frames.TOO_BIG)

    @property
    def unfinished_bytes(self) -> int:
        """Bytes kept of the websocket's unfinished message."""
        return 0 if self.websocket is None else self.websocket.unfinished_bytes

    def receive_text(self, text: str) -> None:
        """Handle one Engine.IO packet of an open session."""
        kind = text[:1]
        if kind == "4":
            self.session.received(text[1:])
        elif text == "3":
            self.ponged()
        elif text == "1":
            self.close(reason=self.server.reason.CLIENT_DISCONNECT)
        elif text != "6":
            self.fail("not a packet of Engine.IO")

    def broken(self, websocket: WebSocket, error: frames.WebSocketError) -> None:
        """The client broke RFC 6455: close."""
        self.fail(str(error), error.code)

    # Heartbeat

    def ping(self, tick: int = 1) -> None:
        """Send a ping, also while the last one is open: the client expects it. `check_pong` judges by the
        first."""
        if not self.pinged_in_tick:
            self.pinged_in_tick, self.heard_since_ping = tick, False
        self.send(packets.PING_FRAME)

    def ponged(self) -> None:
        self.pinged_in_tick = 0

    def check_pong(self) -> None:
        if self.closed or not self.pinged_in_tick:
            return
        if self.heard_since_ping or (self.websocket is not None and self.websocket.paused):
            # The client lives: its pong waits behind what it still sends, or what we don't read yet.
            self.heard_since_ping = False
        else:
            self.close(reason=self.server.reason.PING_TIMEOUT)

    # From polling to websocket

    def upgrade(self, websocket: WebSocket) -> None:
        """Go on by the probe's websocket instead of polling."""
        websocket.owner = self
        self.websocket, self.probe = websocket, None
        self.upgrading, self.upgraded = False, True
        self.release_poll()
        self.flush()

    def drop_probe(self) -> None:
        """Give up the upgrade; polling goes on."""
        probe, self.probe, self.upgrading = self.probe, None, False
        if probe is not None:
            probe.websocket.close()

    # The end

    def lost(self, websocket: WebSocket) -> None:
        """The websocket's connection has ended: end the session."""
        websocket.close()
        self.websocket = None
        self.outbox.clear()
        self.close(reason=self.server.reason.TRANSPORT_CLOSE)

    def fail(self, why: str, code: int = frames.PROTOCOL) -> None:
        """Log that the client broke a protocol, and close."""
        if not self.closed:
            logger.warning("closing %s: %s", self.log_name, why)
            self.close(reason=self.server.reason.TRANSPORT_ERROR, code=code)

    def close(
        self, wait: bool = True, abort: bool = False, reason: str | None = None, code: int = frames.NORMAL
    ) -> None:
        """End the session, once; there is no other way. What is queued still goes out, followed by a close."""
        if self.closed:
            return
        self.closed = self.closing = True
        self.server.ended(self, reason or self.server.reason.SERVER_DISCONNECT)
        self.drop_probe()
        websocket = self.websocket
        if websocket is not None:
            websocket.leave_crowd()
            websocket.pause()
            self.outbox.append(frames.close_frame(code))
            self._write(websocket)
            clock.after(STALL_SECONDS, websocket.reset)
        else:
            self.release_poll()
