"""The Socket.IO side of one Engine.IO session: its packets in order, one at a time, and its connection once
admitted."""

from typing import TYPE_CHECKING, Any

from chatsite.contract.errors import ChatError, Unauthorized
from chatsite.observability.metrics import counters
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.limits import limits
from chatsite.realtime.limits.loop_budget import loop_budget
from chatsite.realtime.limits.read_pauses import read_pauses
from chatsite.realtime.protocol import decoder, encoder
from chatsite.realtime.protocol.decoder import Packet
from chatsite.realtime.protocol.frames import PROTOCOL
from chatsite.realtime.scheduling.hub import clock, hubs
from chatsite.realtime.socketio import dispatch
from chatsite.realtime.socketio.receive_queue import DISCONNECTED, PAUSE_AT_PACKETS, REFUSED, ReceiveQueue
from chatsite.realtime.socketio.routing import Event

if TYPE_CHECKING:
    from chatsite.realtime.socketio.server import ChatServer

# Seconds for a new client to send CONNECT, and for a refused one to go.
CONNECT_TIMEOUT_SECONDS = 5
# Bytes of unfinished messages that are kept for all connections of a person, where one has more than
# UNAUTHENTICATED_MESSAGE_BYTES of them.
PERSON_PARTS_BYTES = 4 * 1024 * 1024
# Loop seconds of a connection's admission: handshake, authentication, and end.
CONNECT_SECONDS = 1e-3


class PendingConnection:
    """A session that asks to be admitted: the server's `ConnectionRequest`."""

    __slots__ = ("address", "auth", "environ", "session")

    def __init__(self, session: "Session", environ: dict[str, Any], auth: Any) -> None:
        self.session = session
        self.environ, self.auth = environ, auth
        self.address = session.socket.address

    @property
    def connection(self) -> Connection | None:
        return self.session.connection

    def attach(self, identity: Identity) -> Connection:
        return self.session.attach(identity)


class MutedChannel:
    """The channel of a connection whose CONNECT isn't answered yet. Events are dropped, as `hello` comes
    first and the client then asks for all that was before. It can be closed."""

    __slots__ = ("socket",)

    def __init__(self, socket: EngineSocket) -> None:
        self.socket = socket

    def push(self, frame: bytes, droppable: bool = False) -> None:
        pass

    def piggyback(self, frame: bytes) -> None:
        pass

    def close(self, *, reason: str) -> None:
        self.socket.close(reason=reason)

    @property
    def session(self) -> Any:
        return self.socket.session

    @property
    def waiting(self) -> int:
        return self.socket.waiting

    @property
    def unfinished_bytes(self) -> int:
        return self.socket.unfinished_bytes


class Session(ReceiveQueue):
    """A Socket.IO session; its steps run in greenlets of the handler pool. `admitted` is set between
    `connected` and `disconnected`."""

    __slots__ = ("_admitting", "_deferred", "_pending", "admitted", "connection", "environ")

    def __init__(self, server: "ChatServer", socket: EngineSocket, environ: dict[str, Any]) -> None:
        super().__init__(server, socket)
        self.environ: dict[str, Any] | None = environ
        self.connection: Connection | None = None
        self.admitted = self._admitting = False
        # The deferred event whose answers are outstanding, and how many of them.
        self._deferred: Event | None = None
        self._pending = 0

    def ended(self) -> None:
        """The socket is closed: end delivery now; `disconnected` follows what is being handled."""
        if self.connection is not None:
            subscriptions.detach(self.connection)
            read_pauses.forget(self.connection.identity.user_id, self)
        if self.connect_received:
            self.enqueue_disconnect()

    @property
    def has_work(self) -> bool:
        if not self._inbox or self._admitting:
            return False
        if not self._pending:
            return True
        event = self._deferred_event(self._inbox[0])
        return (
            event is not None
            and event.together
            and event is self._deferred
            and self._pending < PAUSE_AT_PACKETS
        )

    @property
    def only_starts(self) -> bool:
        """Whether the next step never waits: it starts what is finished elsewhere."""
        packet = self._inbox[0]
        if packet.kind == decoder.CONNECT:
            return self.server.router.admits_later
        return self._deferred_event(packet) is not None

    @property
    def payer(self) -> int | str:
        """The person's id; before they are known, the address."""
        return self.socket.address if self.connection is None else self.connection.identity.user_id

    @property
    def waiting(self) -> int:
        """Bytes that wait for all connections of the person."""
        if self.connection is None:
            return self.socket.waiting
        mine = subscriptions.connections(self.connection.identity.user_id)
        return sum(one.channel.waiting for one in mine)  # type: ignore[attr-defined]

    @property
    def may_buffer_parts(self) -> bool:
        """Whether more than UNAUTHENTICATED_MESSAGE_BYTES of an unfinished message may be kept: of an
        admitted client whose person has at most PERSON_PARTS_BYTES of them."""
        if self.person is None:
            return False
        mine = subscriptions.connections(self.person)
        return sum(one.channel.unfinished_bytes for one in mine) <= PERSON_PARTS_BYTES  # type: ignore[attr-defined]

    @property
    def person(self) -> int | None:
        """The person's id once they are admitted, before that None."""
        return self.connection.identity.user_id if self.admitted and self.connection is not None else None

    def _deferred_event(self, packet: Packet) -> Event | None:
        event = self.server.router.events.get(packet.data[0]) if packet.kind == decoder.EVENT else None
        return event if event is not None and event.deferred else None

    def _answered(self) -> None:
        """A deferred event has its answer: handle the packets that waited for it."""
        self._pending -= 1
        if self._inbox:
            self.server.handler_pool.wake(self)

    def step(self) -> None:
        """Handle the oldest packet."""
        packet = self._next()
        if packet.kind == decoder.CONNECT:
            self._connect(packet.data)
        elif packet.kind == DISCONNECTED:
            self._disconnected()
        elif self.connection is not None and not self.connection.closed:
            self._handle(self.connection, packet)

    def _handle(self, connection: Connection, packet: Packet) -> None:
        deferred = self._deferred_event(packet)
        if deferred is not None:
            self._deferred = deferred
            self._pending += 1
            dispatch.begin(self.server.router, deferred, connection, packet, self._answered)
        elif packet.kind == decoder.EVENT:
            dispatch.handle(self.server.router, connection, packet)
        elif packet.kind == REFUSED:
            name, error = packet.data
            dispatch.reply(connection, packet.number, name, error)
        else:
            self.socket.close(reason=self.server.reason.CLIENT_DISCONNECT)

    def _connect(self, auth: Any) -> None:
        environ, self.environ = self.environ, None
        self._admitting = True
        self.server.router.admit(PendingConnection(self, environ or {}, auth), self._conclude_admission)

    def attach(self, identity: Identity) -> Connection:
        """Return the session's new connection; a closed one where the socket is closed already."""
        channel = MutedChannel(self.socket)
        connection = Connection(self.server.eio.generate_id(), identity, channel, self.socket.address)
        if self.socket.closed:
            connection.closed = True
        else:
            self.connection = connection
            subscriptions.attach(connection)
        return connection

    def _conclude_admission(self, error: Exception | None) -> None:
        """Admit the client or, with an error, refuse it, and handle what it sent meanwhile. A person who has
        spent too much loop time waits here: otherwise they would come and go as fast as they can."""
        if error is None and (wait := self._wait_to_enter()):
            hubs.get_hub().schedule_call_global(wait, self._conclude_admission, None)
            return
        self._admitting = False
        try:
            if error is not None:
                if not isinstance(error, ChatError):
                    error = dispatch.translated(self.server.router, error, "connect", self.socket.sid)
                self._refuse(error)
            elif self.connection is not None and not self.connection.closed:
                over = limits.connection_limit_error(self.connection)
                self._refuse(over) if over else self._enter(self.connection)
        finally:
            if self._inbox:
                self.server.handler_pool.wake(self)

    def _wait_to_enter(self) -> float:
        if self.connection is None or self.connection.closed:
            return 0.0
        return loop_budget.wait(self.connection.identity.user_id)

    def _enter(self, connection: Connection) -> None:
        self.admitted = True
        loop_budget.charge(connection.identity.user_id, CONNECT_SECONDS)
        self.charge_early(connection.identity.user_id)
        counters.admissions["ok",] += 1
        self.server.router.connected(connection)
        self.socket.push(encoder.connected(connection.sid))
        if self.server.router.hello is not None:
            self.socket.push(encoder.event("hello", self.server.router.hello(connection)))
        connection.channel = self.socket

    def _refuse(self, error: ChatError) -> None:
        """Send CONNECT_ERROR. The client should close now; a session that is left later is closed here."""
        if self.connection is not None:
            subscriptions.detach(self.connection)
        code = "unauthorized" if isinstance(error, Unauthorized) else error.code
        counters.admissions[code,] += 1
        self.socket.push(encoder.refused(error.detail, code, retry_after=error.retry_after))
        clock.after(CONNECT_TIMEOUT_SECONDS, self._close_refused)

    def _close_refused(self) -> None:
        self.socket.close(reason=self.server.reason.SERVER_DISCONNECT, code=PROTOCOL)

    def _disconnected(self) -> None:
        if self.admitted and self.connection is not None:
            self.admitted = False
            self.server.router.disconnected(self.connection)
