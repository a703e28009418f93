"""The Socket.IO side of one Engine.IO session: its packets in order, one at a time."""

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from chatsite.contract.errors import ChatError, Invalid, TooLarge
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.limits import event_costs, limits
from chatsite.realtime.limits.event_costs import loop_budget
from chatsite.realtime.limits.read_pauses import read_pauses
from chatsite.realtime.protocol import packets
from chatsite.realtime.protocol.frames import PROTOCOL
from chatsite.realtime.protocol.packets import Packet
from chatsite.realtime.socketio import dispatch
from chatsite.realtime.socketio.admission import Admission
from chatsite.realtime.socketio.routing import Event

if TYPE_CHECKING:
    from chatsite.realtime.socketio.server import ChatServer

logger = logging.getLogger("chatsite.realtime")

# Queued packets at which the client isn't read any more, and at which it is read again.
PAUSE_AT_PACKETS, RESUME_AT_PACKETS = 64, 16
# Protocol errors that are tolerated; the last one closes.
MAX_FAULTS = 3
# Bytes of unfinished messages that are kept for all connections of a person, where one has more than
# UNAUTHENTICATED_MESSAGE_BYTES of them.
PERSON_PARTS_BYTES = 4 * 1024 * 1024
# Kinds of packets that no client sends.
REFUSED, DISCONNECTED = "refused", "gone"
# The queue of all sessions for which nothing waits, as nearly always: an empty deque takes 720 bytes.
NO_PACKETS: deque[Packet] = deque(maxlen=0)


def refusal(error: packets.Unreadable) -> ChatError:
    if isinstance(error, packets.Oversized):
        return TooLarge(f"An event has at most {packets.PACKET_BYTES // 1024} KiB.")
    return Invalid(f"The packet can't be read: {error}.")


class Session:
    """A Socket.IO session. Packets come in the hub, where nothing may wait; steps handle them in greenlets of
    the handler pool, whose mark is `queued`.

    `connect_received` is set by the client's CONNECT, `admission` is there until it is admitted, `person` is
    the person's id between `connected` and `disconnected`, else None, and `rate_paused` is set while it isn't
    read because its person sends too much.
    """

    __slots__ = (
        "_deferred",
        "_faults",
        "_packets",
        "_paused",
        "_pending",
        "admission",
        "connect_received",
        "connection",
        "person",
        "queued",
        "rate_paused",
        "server",
        "socket",
    )

    def __init__(self, server: "ChatServer", socket: EngineSocket, environ: dict[str, Any]) -> None:
        self.server = server
        self.socket = socket
        self.connection: Connection | None = None
        self.person: int | None = None
        self.connect_received = self.rate_paused = self.queued = self._paused = False
        self._packets = NO_PACKETS
        self._faults = 0
        # The deferred event whose answers are outstanding, and how many of them.
        self._deferred: Event | None = None
        self._pending = 0
        self.admission: Admission | None = Admission(self, environ)

    # Its person

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
        return sum(one.channel.waiting for one in mine)

    @property
    def may_buffer_parts(self) -> bool:
        """Whether more than UNAUTHENTICATED_MESSAGE_BYTES of an unfinished message may be kept: of an
        admitted client whose person has at most PERSON_PARTS_BYTES of them."""
        if self.person is None:
            return False
        mine = subscriptions.connections(self.person)
        return sum(one.channel.unfinished_bytes for one in mine) <= PERSON_PARTS_BYTES

    # What is read of it

    def count(self, size: int) -> None:
        """Charge any frame of `size` bytes. A person who goes on in spite of refusals isn't read, on any of their
        connections, until that is paid off: even a refusal takes time for which others wait."""
        person, frames = self.person, 1 + size / 1024
        if person is not None:
            seconds = event_costs.frame_seconds(size)
            wait = max(limits.frame_rates.charge(person, frames), loop_budget.charge(person, seconds))
            self._pause_reading(person, wait)
        elif self.admission is not None:
            self.admission.count(frames)

    def count_part(self, fragments: int) -> None:
        """Charge an unfinished message, which came in so many fragments."""
        person, seconds = self.person, event_costs.part_seconds(fragments)
        if person is not None:
            self._pause_reading(
                person, max(limits.frame_rates.wait(person), loop_budget.charge(person, seconds))
            )
        elif self.admission is not None:
            self.admission.count(seconds / event_costs.FRAME_SECONDS)

    def _pause_reading(self, person: int, wait: float) -> None:
        if wait and not self.rate_paused:
            read_pauses.pause(person, wait)

    def pause_by_rate(self, paused: bool) -> None:
        """Read this client, or don't, by what it alone has sent."""
        if paused != self.rate_paused:
            self.rate_paused = paused
            self.read_or_pause()

    def read_or_pause(self) -> None:
        """Read the client, unless one of the two pauses is on."""
        websocket = self.socket.websocket
        if websocket is None or self.socket.closed:
            return
        if self.rate_paused or self._paused:
            websocket.pause()
        else:
            websocket.resume()

    # Its packets

    def received(self, text: str) -> None:
        """Decode and queue one packet; a malformed one closes the session."""
        try:
            packet = packets.decode(text)
        except packets.Unreadable as error:
            # The client is answered in its turn, as for any other bad input; no handler sees this packet.
            self._accept(Packet(REFUSED, "", error.number, (error.name, refusal(error))))
        except packets.PacketError as error:
            self.fail(str(error))
        else:
            self._accept(packet)

    def _accept(self, packet: Packet) -> None:
        if packet.namespace:
            self._foreign(packet)
        elif packet.kind == packets.CONNECT:
            if self.connect_received:
                self.fail("a second CONNECT")
                return
            self.connect_received = True
            self.server.connect_received(self)
            self._put(packet)
        elif not self.connect_received:
            self.fail("a packet before CONNECT")
        elif packet.kind in (packets.EVENT, REFUSED):
            self._put(self._paced(packet))
        elif packet.kind != packets.ACK:
            self._put(packet)

    def _paced(self, packet: Packet) -> Packet:
        """Return the packet, or, where its person sends too much, one that is answered with `rate_limited` in
        its turn."""
        if (person := self.person) is None:
            if self.admission is not None:
                self.admission.events += 1
            return packet
        wait = limits.event_rates.take(person)
        if not wait:
            return packet
        return Packet(REFUSED, "", packet.number, (packet.data[0], limits.rate_limited(wait)))

    def _foreign(self, packet: Packet) -> None:
        if packet.kind == packets.CONNECT:
            self.socket.push(packets.refused("Invalid namespace", "invalid", packet.namespace))
            self._fault("another namespace")
        else:
            self.fail("a packet for another namespace")

    @property
    def is_full(self) -> bool:
        return len(self._packets) >= PAUSE_AT_PACKETS

    def _put(self, packet: Packet) -> None:
        if not self._packets:
            self._packets = deque()
        self._packets.append(packet)
        if not self._paused and self.is_full and self.socket.websocket is not None:
            self._paused = True
            self.read_or_pause()
        self.server.handler_pool.wake(self)

    def _next(self) -> Packet:
        """Take the oldest packet. A client whose packets were too many is read again when most are handled."""
        packet = self._packets.popleft()
        if not self._packets:
            self._packets = NO_PACKETS
        if self._paused and len(self._packets) <= RESUME_AT_PACKETS:
            self._paused = False
            self.read_or_pause()
        return packet

    def _fault(self, why: str) -> None:
        self._faults += 1
        if self._faults == 1:
            logger.warning("%s: %s", self.socket.log_name, why)
        if self._faults >= MAX_FAULTS:
            self._packets = NO_PACKETS
            self.socket.close(reason=self.server.reason.TRANSPORT_ERROR, code=PROTOCOL)

    def fail(self, why: str) -> None:
        """Close on a malformed packet: queued packets are dropped."""
        self._packets = NO_PACKETS
        self.socket.fail(why)

    # Its steps

    @property
    def has_work(self) -> bool:
        if not self._packets or (self.admission is not None and self.admission.under_way):
            return False
        if not self._pending:
            return True
        packet, deferred = self._packets[0], self._deferred
        return (
            deferred is not None
            and deferred.together
            and packet.kind == packets.EVENT
            and self.server.router.events.get(packet.data[0]) is deferred
            and self._pending < PAUSE_AT_PACKETS
        )

    @property
    def only_starts(self) -> bool:
        """Whether the next step never waits: it starts what is finished elsewhere."""
        packet = self._packets[0]
        if packet.kind == packets.CONNECT:
            return self.server.router.admits_later
        return self._deferred_event(packet) is not None

    def _deferred_event(self, packet: Packet) -> Event | None:
        event = self.server.router.events.get(packet.data[0]) if packet.kind == packets.EVENT else None
        return event if event is not None and event.deferred else None

    def step(self) -> None:
        """Handle the oldest packet."""
        packet = self._next()
        if packet.kind == packets.CONNECT:
            if self.admission is not None:
                self.admission.begin(packet.data)
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
        elif packet.kind == packets.EVENT:
            dispatch.handle(self.server.router, connection, packet)
        elif packet.kind == REFUSED:
            name, error = packet.data
            dispatch.reply(connection, packet.number, name, error)
        else:
            self.socket.close(reason=self.server.reason.CLIENT_DISCONNECT)

    def _answered(self) -> None:
        """A deferred event has its answer: handle the packets that waited for it."""
        self._pending -= 1
        self.wake()

    def wake(self) -> None:
        """Handle what waits."""
        if self._packets:
            self.server.handler_pool.wake(self)

    # Its end

    def ended(self) -> None:
        """The socket is closed: end delivery now; `disconnected` follows what is being handled."""
        if self.connection is not None:
            subscriptions.detach(self.connection)
            read_pauses.forget(self.connection.identity.user_id, self)
        if self.connect_received:
            self._put(Packet(DISCONNECTED, "", None, None))
        else:
            self.admission = None

    def _disconnected(self) -> None:
        self.admission = None
        if self.person is not None and self.connection is not None:
            self.person = None
            self.server.router.disconnected(self.connection)
