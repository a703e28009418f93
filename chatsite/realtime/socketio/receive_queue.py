"""A client's received packets: decoded, charged, and queued in order. Runs in the hub: nothing here waits."""

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from chatsite.contract.errors import ChatError, Invalid, TooLarge
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.limits import limits
from chatsite.realtime.limits.loop_budget import loop_budget
from chatsite.realtime.limits.read_pauses import read_pauses
from chatsite.realtime.protocol import decoder, encoder
from chatsite.realtime.protocol.decoder import Packet
from chatsite.realtime.protocol.frames import PROTOCOL

if TYPE_CHECKING:
    from chatsite.realtime.socketio.server import ChatServer

logger = logging.getLogger("chatsite.realtime")

# Queued packets at which the client isn't read any more, and at which it is read again.
PAUSE_AT_PACKETS, RESUME_AT_PACKETS = 64, 16
# Frames, each with one more for each KiB, that are read of a client before it is admitted: a CONNECT, and
# some events behind it.
UNAUTHENTICATED_FRAMES = 192
# Loop seconds of a frame, from reading it to the start of its handler: for any frame, and for each byte
# (measured with events, of which the largest are the dearest).
FRAME_SECONDS, BYTE_SECONDS = 25e-6, 15e-9
# Further loop seconds of a message, for each read before it is whole, and for each of its fragments.
READ_SECONDS, FRAGMENT_SECONDS = 8e-6, 2e-6
# Protocol errors that are tolerated; the last one closes.
MAX_FAULTS = 3
REFUSED, DISCONNECTED = "refused", "gone"


def refusal(error: decoder.Unreadable) -> ChatError:
    if isinstance(error, decoder.Oversized):
        return TooLarge(f"An event has at most {decoder.PACKET_BYTES // 1024} KiB.")
    return Invalid(f"The packet can't be read: {error}.")


class ReceiveQueue:
    """`connect_received` is set by the client's CONNECT, `rate_paused` while it isn't read because its person
    sends too much; `queued` is the handler pool's mark."""

    __slots__ = (
        "_early_events",
        "_early_frames",
        "_faults",
        "_inbox",
        "_paused",
        "connect_received",
        "queued",
        "rate_paused",
        "server",
        "socket",
    )

    def __init__(self, server: "ChatServer", socket: EngineSocket) -> None:
        self.server = server
        self.socket = socket
        self.connect_received = self.rate_paused = self.queued = self._paused = False
        # A deque while a packet waits: an empty one takes 720 bytes, and nearly all are empty.
        self._inbox: Any = ()
        self._faults = 0
        # Frames and events that came before the client was admitted: charged to its person then.
        self._early_events, self._early_frames = 0, 0.0

    @property
    def is_full(self) -> bool:
        return len(self._inbox) >= PAUSE_AT_PACKETS

    def count(self, size: int) -> None:
        """Charge any frame of `size` bytes. Whoever goes on in spite of refusals isn't read, on any of their
        connections, until that is paid off: even a refusal takes time for which others wait."""
        person, frames = self.person, 1 + size / 1024
        if person is None:
            self._count_early(frames)
            return
        limits.frame_rates.charge(person, frames)
        loop_budget.charge(person, FRAME_SECONDS + size * BYTE_SECONDS)
        self._pause_if_over_budget(person)

    def count_part(self, fragments: int) -> None:
        """Charge an unfinished message, which came in so many fragments: even a byte of it costs a turn."""
        person, seconds = self.person, READ_SECONDS + fragments * FRAGMENT_SECONDS
        if person is None:
            self._count_early(seconds / FRAME_SECONDS)
            return
        loop_budget.charge(person, seconds)
        self._pause_if_over_budget(person)

    def _pause_if_over_budget(self, person: int) -> None:
        if not self.rate_paused and (wait := limits.reading_wait(person)):
            read_pauses.pause(person, wait)

    def _count_early(self, frames: float) -> None:
        self._early_frames += frames
        if self._early_frames > UNAUTHENTICATED_FRAMES and not self.rate_paused:
            self.rate_paused = True
            self.read_or_pause()

    def charge_early(self, person: int) -> None:
        """Charge the frames and events before admission to the person, who is known now."""
        limits.frame_rates.charge(person, self._early_frames)
        limits.event_rates.charge(person, self._early_events)
        if self._early_frames > UNAUTHENTICATED_FRAMES:
            self.rate_paused = False
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

    def received(self, text: str) -> None:
        """Decode and queue one packet; a malformed one closes the session."""
        try:
            packet = decoder.decode(text)
        except decoder.Unreadable as error:
            # The client is answered in its turn, as for any other bad input; no handler sees this packet.
            self._accept(Packet(REFUSED, "", error.number, (error.name, refusal(error))))
        except decoder.PacketError as error:
            self.fail(str(error))
        else:
            self._accept(packet)

    def _accept(self, packet: Packet) -> None:
        if packet.namespace:
            self._foreign(packet)
        elif packet.kind == decoder.CONNECT:
            if self.connect_received:
                self.fail("a second CONNECT")
                return
            self.connect_received = True
            self.server.connect_received(self)
            self._put(packet)
        elif not self.connect_received:
            self.fail("a packet before CONNECT")
        elif packet.kind in (decoder.EVENT, REFUSED):
            self._put(self._paced(packet))
        elif packet.kind != decoder.ACK:
            self._put(packet)

    def _paced(self, packet: Packet) -> Packet:
        """Return the packet, or, where its person sends too much, one that is answered with `rate_limited` in
        its turn."""
        if (person := self.person) is None:
            self._early_events += 1
            return packet
        wait = limits.event_rates.take(person)
        if not wait:
            return packet
        return Packet(REFUSED, "", packet.number, (packet.data[0], limits.rate_limited(wait)))

    def _foreign(self, packet: Packet) -> None:
        if packet.kind == decoder.CONNECT:
            self.socket.push(encoder.refused("Invalid namespace", "invalid", packet.namespace))
            self._fault("another namespace")
        else:
            self.fail("a packet for another namespace")

    def _append(self, packet: Packet) -> None:
        if not self._inbox:
            self._inbox = deque()
        self._inbox.append(packet)

    def _put(self, packet: Packet) -> None:
        self._append(packet)
        if not self._paused and self.is_full and self.socket.websocket is not None:
            self._paused = True
            self.read_or_pause()
        self.server.handler_pool.wake(self)

    def _fault(self, why: str) -> None:
        self._faults += 1
        if self._faults == 1:
            logger.warning("%s: %s", self.socket.log_name, why)
        if self._faults >= MAX_FAULTS:
            self._inbox = ()
            self.socket.close(reason=self.server.reason.TRANSPORT_ERROR, code=PROTOCOL)

    def fail(self, why: str) -> None:
        """Close on a malformed packet: queued packets are dropped."""
        self._inbox = ()
        self.socket.fail(why)

    def check_connect_received(self) -> None:
        """Close a session that sent no CONNECT in time."""
        if not self.connect_received and not self.socket.closed:
            self.socket.fail("no connection to the namespace in time")

    def enqueue_disconnect(self) -> None:
        """Queue the session's end behind its packets."""
        self._append(Packet(DISCONNECTED, "", None, None))
        self.server.handler_pool.wake(self)

    def _next(self) -> Packet:
        """Take the oldest packet. A client whose packets were too many is read again when most are handled."""
        packet: Packet = self._inbox.popleft()
        if not self._inbox:
            self._inbox = ()
        if self._paused and len(self._inbox) <= RESUME_AT_PACKETS:
            self._paused = False
            self.read_or_pause()
        return packet

    @property
    def has_work(self) -> bool:
        return bool(self._inbox)

    @property
    def only_starts(self) -> bool:
        raise NotImplementedError

    @property
    def payer(self) -> int | str:
        raise NotImplementedError

    @property
    def person(self) -> int | None:
        raise NotImplementedError

    def step(self) -> None:
        raise NotImplementedError
