"""A client's Socket.IO packets: read, and kept in order until their turn comes. All in the hub: nothing here waits."""

import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from chatsite.contract.errors import ChatError, Invalid, TooLarge
from chatsite.realtime.engineio.engine_session import EngineSocket
from chatsite.realtime.limits import limits
from chatsite.realtime.limits.loop_budget import spent
from chatsite.realtime.limits.read_pauses import holds
from chatsite.realtime.protocol import decoder, encoder
from chatsite.realtime.protocol.decoder import Packet
from chatsite.realtime.protocol.frames import PROTOCOL

if TYPE_CHECKING:
    from chatsite.realtime.socketio.server import ChatServer

logger = logging.getLogger("chatsite.realtime")

# Packets that may wait for their handler before the client isn't read any more, and when it is read again.
FULL, ROOMY = 64, 16
# Frames, each with one more for each KiB, that are read of who isn't let in yet: a CONNECT, and some events behind it.
EARLY = 192
# What reading a frame costs the loop in seconds, to the begin of its handler: at all, and for each byte (measured with
# events, of which the largest are the dearest).
FRAME_SECONDS, BYTE_SECONDS = 25e-6, 15e-9
# What a message costs it besides, for each read before it is whole, and for each of its fragments.
READ_SECONDS, FRAGMENT_SECONDS = 8e-6, 2e-6
# Protocol errors that are answered; the last one closes.
FAULTS = 3
REFUSED, GONE = "refused", "gone"


def refusal(error: decoder.Unreadable) -> ChatError:
    if isinstance(error, decoder.Oversized):
        return TooLarge(f"An event has at most {decoder.PACKET_BYTES // 1024} KiB.")
    return Invalid(f"The packet can't be read: {error}.")


class ReceiveQueue:
    """`asked` once the client has sent its CONNECT; `held` while it isn't read because its person sends too much; `queued`
    is the runners' mark."""

    __slots__ = (
        "_early_events",
        "_early_frames",
        "_faults",
        "_inbox",
        "_paused",
        "asked",
        "held",
        "queued",
        "server",
        "socket",
    )

    def __init__(self, server: "ChatServer", socket: EngineSocket) -> None:
        self.server = server
        self.socket = socket
        self.asked = self.held = self.queued = self._paused = False
        # A deque while there is something in it: an empty one takes 720 bytes, and nearly all are empty.
        self._inbox: Any = ()
        self._faults = 0
        # What came before it was known whose it is.
        self._early_events, self._early_frames = 0, 0.0

    @property
    def is_full(self) -> bool:
        return len(self._inbox) >= FULL

    def count(self, size: int) -> None:
        """Anything at all has come. Who goes on in spite of being refused isn't read for as long as it was too much, with
        none of their connections: even a refusal takes time, and others wait for it."""
        person, frames = self.person, 1 + size / 1024
        if person is None:
            self._count_early(frames)
            return
        limits.frames.charge(person, frames)
        spent.charge(person, FRAME_SECONDS + size * BYTE_SECONDS)
        self._hold_who_owes(person)

    def count_part(self, fragments: int) -> None:
        """Part of a message has come, in so many fragments: it costs a turn, however little it is."""
        person, seconds = self.person, READ_SECONDS + fragments * FRAGMENT_SECONDS
        if person is None:
            self._count_early(seconds / FRAME_SECONDS)
            return
        spent.charge(person, seconds)
        self._hold_who_owes(person)

    def _hold_who_owes(self, person: int) -> None:
        if not self.held and (wait := limits.reading_wait(person)):
            holds.hold(person, wait)

    def _count_early(self, frames: float) -> None:
        self._early_frames += frames
        if self._early_frames > EARLY and not self.held:
            self.held = True
            self.read_or_pause()

    def charge_early(self, person: int) -> None:
        """It is known now whose this is: they did what came already."""
        limits.frames.charge(person, self._early_frames)
        limits.events.charge(person, self._early_events)
        if self._early_frames > EARLY:
            self.held = False
            self.read_or_pause()

    def read_or_pause(self) -> None:
        """Read the client, or don't."""
        link = self.socket.link
        if link is None or self.socket.closed:
            return
        if self.held or self._paused:
            link.pause()
        else:
            link.resume()

    def received(self, text: str) -> None:
        try:
            packet = decoder.decode(text)
        except decoder.Unreadable as error:
            # Valid JSON that no handler should see: the client is answered, as for any other bad input.
            self._accept(Packet(REFUSED, "", error.number, (error.name, refusal(error))))
        except decoder.PacketError as error:
            self.fail(str(error))
        else:
            self._accept(packet)

    def _accept(self, packet: Packet) -> None:
        if packet.namespace:
            self._foreign(packet)
        elif packet.kind == decoder.CONNECT:
            if self.asked:
                self.fail("a second CONNECT")
                return
            self.asked = True
            self.server.asked(self)
            self._put(packet)
        elif not self.asked:
            self.fail("a packet before CONNECT")
        elif packet.kind in (decoder.EVENT, REFUSED):
            self._put(self._paced(packet))
        elif packet.kind != decoder.ACK:
            self._put(packet)

    def _paced(self, packet: Packet) -> Packet:
        """The same; where its person sends too much, one that is answered so in its turn."""
        if (person := self.person) is None:
            self._early_events += 1
            return packet
        wait = limits.events.take(person)
        if not wait:
            return packet
        return Packet(REFUSED, "", packet.number, (packet.data[0], limits.too_quick(wait)))

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
        if not self._paused and self.is_full and self.socket.link is not None:
            self._paused = True
            self.read_or_pause()
        self.server.handler_pool.wake(self)

    def _fault(self, why: str) -> None:
        self._faults += 1
        if self._faults == 1:
            logger.warning("%s: %s", self.socket.called, why)
        if self._faults >= FAULTS:
            self._inbox = ()
            self.socket.close(reason=self.server.reason.TRANSPORT_ERROR, code=PROTOCOL)

    def fail(self, why: str) -> None:
        """A malformed packet: what came before it isn't handled any more."""
        self._inbox = ()
        self.socket.fail(why)

    def check_asked(self) -> None:
        """A while after it was opened: an open socket is for those who come in."""
        if not self.asked and not self.socket.closed:
            self.socket.fail("no connection to the namespace in time")

    def gone(self) -> None:
        """The last packet: nothing comes after it."""
        self._append(Packet(GONE, "", None, None))
        self.server.handler_pool.wake(self)

    def _next(self) -> Packet:
        """The oldest packet. A client that was too quick is read again when most of its packets are handled."""
        packet: Packet = self._inbox.popleft()
        if not self._inbox:
            self._inbox = ()
        if self._paused and len(self._inbox) <= ROOMY:
            self._paused = False
            self.read_or_pause()
        return packet

    @property
    def has_work(self) -> bool:
        return bool(self._inbox)

    @property
    def only_begins(self) -> bool:
        raise NotImplementedError

    @property
    def whose(self) -> int | str:
        raise NotImplementedError

    @property
    def person(self) -> int | None:
        raise NotImplementedError

    def step(self) -> None:
        raise NotImplementedError
