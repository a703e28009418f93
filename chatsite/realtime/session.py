"""The Socket.IO side of one Engine.IO session: its packets in order, one at a time, and its connection once it is let in."""

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from chatsite.errors import ChatError, Invalid, Unauthorized
from chatsite.realtime import delivery, dispatch, packets, wire
from chatsite.realtime.connection import Connection
from chatsite.realtime.engine_socket import EngineSocket
from chatsite.realtime.loop import clock
from chatsite.realtime.packets import Packet
from chatsite.realtime.routing import Event
from chatsite.realtime.websocket import PROTOCOL

if TYPE_CHECKING:
    from chatsite.realtime.server import ChatServer

logger = logging.getLogger("chatsite.realtime")

# Packets that may wait for their handler before the client isn't read any more, and when it is read again.
FULL, ROOMY = 64, 16
# Protocol errors that are answered; the last one closes.
FAULTS = 3
# Seconds for a new client to ask for the namespace, and for a refused one to go.
DEADLINE = 5
UNREADABLE, GONE = "unreadable", "gone"


class Session:
    __slots__ = (
        "_deferred",
        "_faults",
        "_inbox",
        "_paused",
        "admitted",
        "asked",
        "connection",
        "environ",
        "queued",
        "server",
        "socket",
    )

    def __init__(self, server: "ChatServer", socket: EngineSocket, environ: dict[str, Any]) -> None:
        self.server = server
        self.socket = socket
        self.environ: dict[str, Any] | None = environ
        self.connection: Connection | None = None
        self.asked = self.admitted = self.queued = self._paused = False
        self._inbox: deque[Packet] = deque()
        self._faults = self._deferred = 0

    # In the hub: nothing here waits

    @property
    def is_full(self) -> bool:
        return len(self._inbox) >= FULL

    def received(self, text: str) -> None:
        try:
            packet = packets.decode(text)
        except packets.Unreadable as error:
            # Valid JSON that no handler should see: the client is answered, as for any other bad input.
            self._accept(Packet(UNREADABLE, "", error.number, str(error)))
        except packets.PacketError as error:
            self.fail(str(error))
        else:
            self._accept(packet)

    def _accept(self, packet: Packet) -> None:
        if packet.namespace:
            self._foreign(packet)
        elif packet.kind == packets.CONNECT:
            if self.asked:
                self.fail("a second CONNECT")
                return
            self.asked = True
            self.server.asked(self)
            self._put(packet)
        elif not self.asked:
            self.fail("a packet before CONNECT")
        elif packet.kind != packets.ACK:
            self._put(packet)

    def _foreign(self, packet: Packet) -> None:
        if packet.kind == packets.CONNECT:
            self.socket.push(wire.refused("Invalid namespace", "invalid", packet.namespace))
            self._fault("another namespace")
        else:
            self.fail("a packet for another namespace")

    def _put(self, packet: Packet) -> None:
        self._inbox.append(packet)
        if not self._paused and self.is_full and self.socket.link is not None:
            self._paused = True
            self.socket.link.pause()
        self.server.runners.wake(self)

    def _fault(self, why: str) -> None:
        self._faults += 1
        if self._faults == 1:
            logger.warning("%s: %s", self.socket.sid, why)
        if self._faults >= FAULTS:
            self._inbox.clear()
            self.socket.close(reason=self.server.reason.TRANSPORT_ERROR, code=PROTOCOL)

    def fail(self, why: str) -> None:
        """A malformed packet: what came before it isn't handled any more."""
        self._inbox.clear()
        self.socket.fail(why)

    def check_asked(self) -> None:
        """A while after it was opened: an open socket is for those who come in."""
        if not self.asked and not self.socket.closed:
            self.socket.fail("no connection to the namespace in time")

    def ended(self) -> None:
        """The socket is closed: nothing is delivered from now on; `disconnected` follows what is being handled."""
        if self.connection is not None:
            delivery.detach(self.connection)
        if self.asked:
            self._inbox.append(Packet(GONE, "", None, None))
            self.server.runners.wake(self)

    # In a runner's greenlet

    @property
    def has_work(self) -> bool:
        if not self._inbox or not self._deferred:
            return bool(self._inbox)
        return self._deferred < FULL and self._deferred_event(self._inbox[0]) is not None

    def _deferred_event(self, packet: Packet) -> Event | None:
        event = self.server.router.events.get(packet.data[0]) if packet.kind == packets.EVENT else None
        return event if event is not None and event.deferred else None

    def _finished(self) -> None:
        """A deferred event has its answer; what waited for it may go on."""
        self._deferred -= 1
        self.server.runners.wake(self)

    def step(self) -> None:
        """Handle the oldest packet."""
        packet = self._inbox.popleft()
        if self._paused and len(self._inbox) <= ROOMY:
            self._paused = False
            if self.socket.link is not None:
                self.socket.link.resume()
        if packet.kind == packets.CONNECT:
            self._connect(packet.data)
        elif packet.kind == GONE:
            self._gone()
        elif self.connection is not None and not self.connection.closed:
            self._handle(self.connection, packet)

    def _handle(self, connection: Connection, packet: Packet) -> None:
        deferred = self._deferred_event(packet)
        if deferred is not None:
            self._deferred += 1
            dispatch.begin(deferred, connection, packet, self._finished)
        elif packet.kind == packets.EVENT:
            dispatch.handle(self.server.router, connection, packet)
        elif packet.kind == UNREADABLE:
            dispatch.reply(
                connection, packet.number, "", Invalid(f"The packet can't be read: {packet.data}.")
            )
        else:
            self.socket.close(reason=self.server.reason.CLIENT_DISCONNECT)

    def _connect(self, auth: Any) -> None:
        environ, self.environ = self.environ, None
        try:
            self._admit(environ or {}, auth)
        except ChatError as error:
            self._refuse(error)
        except Exception as error:
            self._refuse(dispatch.translated(error, "connect"))

    def _admit(self, environ: dict[str, Any], auth: Any) -> None:
        router = self.server.router
        identity = router.authenticate(environ, auth)
        if self.socket.closed:
            return
        connection = Connection(self.server.eio.generate_id(), identity, self.socket, self.socket.address)
        # Before it is authorised: a ban that comes in between finds it.
        self.connection = connection
        delivery.attach(connection)
        connection.user = router.authorise(connection)
        if connection.closed:
            return
        self.admitted = True
        router.connected(connection)
        self.socket.push(wire.connected(connection.sid))

    def _refuse(self, error: ChatError) -> None:
        """CONNECT_ERROR. The client should close now; what is left of it later is closed here."""
        if self.connection is not None:
            delivery.detach(self.connection)
        code = "unauthorized" if isinstance(error, Unauthorized) else error.code
        self.socket.push(wire.refused(error.detail, code))
        clock.after(DEADLINE, self._close_refused)

    def _close_refused(self) -> None:
        self.socket.close(reason=self.server.reason.SERVER_DISCONNECT, code=PROTOCOL)

    def _gone(self) -> None:
        if self.admitted and self.connection is not None:
            self.admitted = False
            self.server.router.disconnected(self.connection)
