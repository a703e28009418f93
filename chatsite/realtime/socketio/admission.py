"""The admission of one client: from its session's start by CONNECT to `hello`, or to CONNECT_ERROR."""

from typing import TYPE_CHECKING, Any

from chatsite.contract.errors import ChatError, Unauthorized
from chatsite.observability.metrics import counters
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.limits import limits
from chatsite.realtime.limits.event_costs import loop_budget
from chatsite.realtime.protocol import packets
from chatsite.realtime.protocol.frames import PROTOCOL
from chatsite.realtime.scheduling.hub import clock, hubs
from chatsite.realtime.socketio import dispatch

if TYPE_CHECKING:
    from chatsite.realtime.socketio.session import Session

# Seconds for a new client to send CONNECT, and for a refused one to go.
CONNECT_TIMEOUT_SECONDS = 5
# Loop seconds of a connection's admission: handshake, authentication, and end.
CONNECT_SECONDS = 1e-3
# Frames, each with one more for each KiB, that are read of a client before it is admitted: a CONNECT, and
# some events behind it.
UNAUTHENTICATED_FRAMES = 192


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


class Admission:
    """A session's way to its connection, as the router's `ConnectionRequest`. The session has it until it is
    admitted.

    `under_way` is set while the router, or the person's loop budget, lets the client wait: its other packets
    wait too. `frames` and `events` are what came so far, which its person is charged once they are known.
    """

    __slots__ = ("_session", "address", "auth", "environ", "events", "frames", "under_way")

    def __init__(self, session: "Session", environ: dict[str, Any]) -> None:
        self._session = session
        self.environ, self.auth = environ, None
        self.address = session.socket.address
        self.frames, self.events = 0.0, 0
        self.under_way = False
        clock.after(CONNECT_TIMEOUT_SECONDS, self._check_begun)

    def _check_begun(self) -> None:
        """Close a session that sent no CONNECT in time."""
        session = self._session
        if not session.connect_received and not session.socket.closed:
            session.socket.fail("no connection to the namespace in time")

    @property
    def connection(self) -> Connection | None:
        return self._session.connection

    def count(self, frames: float) -> None:
        """Count what is read; a client that sends too much is read again once it is admitted."""
        self.frames += frames
        if self.frames > UNAUTHENTICATED_FRAMES:
            self._session.pause_by_rate(True)

    def begin(self, auth: Any) -> None:
        """Ask the router, which calls `conclude` now or later."""
        self.auth, self.under_way = auth, True
        self._session.server.router.admit(self, self.conclude)

    def attach(self, identity: Identity) -> Connection:
        """Return the session's new connection; a closed one where the socket is closed already."""
        session, socket = self._session, self._session.socket
        connection = Connection(
            session.server.eio.generate_id(), identity, MutedChannel(socket), socket.address
        )
        if socket.closed:
            connection.closed = True
        else:
            session.connection = connection
            subscriptions.attach(connection)
        return connection

    def conclude(self, error: Exception | None) -> None:
        """Admit the client or, with an error, refuse it, and handle what it sent meanwhile. A person who has
        spent too much loop time waits here: otherwise they would come and go as fast as they can."""
        # A refused session keeps its admission, and timers keep any, for seconds; `auth` may have 64 KiB.
        self.environ, self.auth = {}, None
        connection = self._open_connection()
        if error is None and connection and (wait := loop_budget.wait(connection.identity.user_id)):
            hubs.get_hub().schedule_call_global(wait, self.conclude, None)
            return
        self.under_way = False
        try:
            if error is not None:
                self._refuse(self._translated(error))
            elif connection is not None:
                over = limits.connection_limit_error(connection)
                self._refuse(over) if over else self._enter(connection)
        finally:
            self._session.wake()

    def _open_connection(self) -> Connection | None:
        connection = self.connection
        return None if connection is None or connection.closed else connection

    def _translated(self, error: Exception) -> ChatError:
        if isinstance(error, ChatError):
            return error
        session = self._session
        return dispatch.translated(session.server.router, error, "connect", session.socket.sid)

    def _enter(self, connection: Connection) -> None:
        session, router = self._session, self._session.server.router
        session.admission, session.person = None, connection.identity.user_id
        self._charge(connection.identity.user_id)
        counters.admissions["ok",] += 1
        router.connected(connection)
        session.socket.push(packets.connected(connection.sid))
        if router.hello is not None:
            session.socket.push(packets.event("hello", router.hello(connection)))
        connection.channel = session.socket

    def _charge(self, person: int) -> None:
        """Charge the person for their connection and what it has sent."""
        loop_budget.charge(person, CONNECT_SECONDS)
        limits.frame_rates.charge(person, self.frames)
        limits.event_rates.charge(person, self.events)
        if self.frames > UNAUTHENTICATED_FRAMES:
            self._session.pause_by_rate(False)

    def _refuse(self, error: ChatError) -> None:
        """Send CONNECT_ERROR. The client should close now; a session that is left later is closed here."""
        if self.connection is not None:
            subscriptions.detach(self.connection)
        code = "unauthorized" if isinstance(error, Unauthorized) else error.code
        counters.admissions[code,] += 1
        self._session.socket.push(packets.refused(error.detail, code, retry_after=error.retry_after))
        clock.after(CONNECT_TIMEOUT_SECONDS, self._close_refused)

    def _close_refused(self) -> None:
        session = self._session
        session.socket.close(reason=session.server.reason.SERVER_DISCONNECT, code=PROTOCOL)
