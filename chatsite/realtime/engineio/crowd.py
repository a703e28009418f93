"""Send to many sockets in one pass, by one system call where the kernel can do that."""

from collections.abc import Sequence, Set
from errno import EAGAIN, EPIPE
from functools import cache, partial
from time import monotonic
from typing import Any, NamedTuple, TypeAlias

from django.conf import settings

from chatsite.realtime.engineio.engine_session import PERSON_CHECK_BYTES, EngineSocket
from chatsite.realtime.engineio.websocket import WebSocket
from chatsite.realtime.scheduling.epoll import WRITE
from chatsite.realtime.scheduling.flush_scheduler import Flushable, flush_scheduler
from chatsite.realtime.scheduling.hub import guarded
from chatsite.realtime.scheduling.send_ring import (
    COMPLETION_BYTES,
    ENTRIES,
    REQUEST_BYTES,
    Addressees,
    SendRing,
    records,
    results,
)

# Sockets from which on one call for all is cheaper than a send for each: measured equal at ten.
RING_FROM = 16
# Bytes that wait for a socket, above which they are sent by themselves: those of one pass are all held at once.
LARGE_BYTES = PERSON_CHECK_BYTES


class Crowd:
    """Sockets that are sent the same, so that what waits for them is queued once: a frame costs as much for a hundred as for
    one. There are SOCKETS_PER_TURN at most.

    `members` are open websockets by socket. All are in step, for whom `frames` wait, but the `strays`: who gets anything for
    itself leaves the step, with a copy of what waits, and is back in it when all of that is sent. `size` is how many are in
    step, `waiting` the bytes of the frames, LARGE_BYTES at most.
    """

    __slots__ = ("_addressees", "_places", "frames", "last_taken_at", "members", "size", "strays", "waiting")

    def __init__(self) -> None:
        self.members: dict[EngineSocket, WebSocket] = {}
        self.strays: set[EngineSocket] = set()
        self.size = 0
        self.frames: list[bytes] = []
        self.waiting = 0
        self.last_taken_at = 0.0
        # The members as the kernel is told them, and the place of each; None after a change.
        self._addressees: Addressees | None = None
        self._places: dict[EngineSocket, int] = {}

    def add(self, socket: EngineSocket, websocket: WebSocket) -> None:
        """Take a socket in. What waits already isn't for it, so it is in step from the next time on."""
        websocket.crowd = self
        self.members[socket] = websocket
        self.strays.add(socket)
        self._addressees = None

    def part(self, socket: EngineSocket) -> None:
        """Let a member get by itself what waits for all, and what comes until that is sent."""
        if socket in self.strays:
            return
        self.strays.add(socket)
        self.size -= 1
        if self.frames:
            socket.outbox += self.frames
            socket.waiting += self.waiting
            if not socket.dirty:
                socket.dirty = True
                flush_scheduler.add(socket)

    def drop(self, socket: EngineSocket) -> None:
        """Let a member go, with what waits for it. Its descriptor isn't used any more."""
        self.part(socket)
        self.strays.discard(socket)
        self.members.pop(socket).crowd = None
        self._addressees = None

    def push(self, frame: bytes, droppable: bool = False, skip: Set[Any] = frozenset()) -> None:
        """Do `EngineSocket.push` for all members, but for those of `skip`."""
        if self.strays and not self.frames:
            self._fall_in()
        for socket in self.members.keys() & skip if skip else ():
            self.part(socket)
        if self.waiting + len(frame) > LARGE_BYTES:
            self._disperse()
        elif self.size:
            if not self.frames:
                flush_scheduler.add(self)
            self.frames.append(frame)
            self.waiting += len(frame)
        for socket in [*self.strays]:
            if socket not in skip:
                socket.push(frame, droppable)

    def _fall_in(self) -> None:
        """Take those strays into step again for whom nothing waits."""
        for socket in [*self.strays]:
            if not (socket.dirty or socket.outbox or self.members[socket].wanted & WRITE):
                self.strays.discard(socket)
                self.size += 1

    def _disperse(self) -> None:
        """Let all members get by themselves what waits: it is bounded for each alone."""
        for socket in self.members:
            self.part(socket)
        self.frames, self.waiting = [], 0

    def flush(self) -> None:
        """Send what waits, to this crowd alone."""
        flush_all([self])

    def take(self) -> "Letter | None":
        """Take what is to be sent to all in step; None if that is nothing, or nobody."""
        frames, self.frames, self.waiting = self.frames, [], 0
        self.last_taken_at = monotonic()
        return Letter(b"".join(frames), self) if frames and self.size else None

    def sendings(self, data: bytes) -> "list[Sending]":
        """Return the data for each in step, in the order of `records`."""
        return [
            (socket, websocket, data)
            for socket, websocket in self.members.items()
            if socket not in self.strays
        ]

    def records(self, data: bytes) -> tuple[bytes, bytes]:
        """Return requests to the kernel for all in step, and what it answers if it takes all."""
        if self._addressees is None:
            self._addressees = Addressees([websocket.raw.fileno() for websocket in self.members.values()])
            self._places = {socket: place for place, socket in enumerate(self.members)}
        requests, completions = self._addressees.records(data)
        if not self.strays:
            return requests, completions
        # All members' records, with those of the strays left out.
        kept, expected, start = [], [], 0
        for place in sorted(map(self._places.__getitem__, self.strays)):
            kept.append(requests[start * REQUEST_BYTES : place * REQUEST_BYTES])
            expected.append(completions[start * COMPLETION_BYTES : place * COMPLETION_BYTES])
            start = place + 1
        kept.append(requests[start * REQUEST_BYTES :])
        expected.append(completions[start * COMPLETION_BYTES :])
        return b"".join(kept), b"".join(expected)


# All that waits for an open websocket, as one.
Sending: TypeAlias = tuple[EngineSocket, WebSocket, bytes]


class Letter(NamedTuple):
    """What those of a crowd who are in step are sent."""

    data: bytes
    crowd: Crowd


def flush_all(due: Sequence[Flushable]) -> None:
    """Flush sockets and crowds, ENTRIES at a time. Another's failure doesn't keep one from its turn."""
    some: list[Flushable] = []
    size = 0
    for each in due:
        if size + each.size > ENTRIES:
            flush_some(some)
            some, size = [], 0
        some.append(each)
        size += each.size
    flush_some(some)


def flush_some(due: Sequence[Flushable]) -> None:
    """Flush at most ENTRIES. What is sent is looked up here, as the end of a session before may have queued more."""
    if len(due) == 1 and type(due[0]) is EngineSocket:
        guarded(due[0].flush)
        return
    sockets, letters = [], []
    for each in due:
        if type(each) is EngineSocket:
            sockets.append(each)
        elif type(each) is Crowd and (letter := each.take()) is not None:
            letters.append(letter)
    sendings, others = gathered(sockets)
    if letters or sendings:
        deliver(letters, sendings)
    for socket in others:
        guarded(socket.flush)


def gathered(sockets: Sequence[EngineSocket]) -> tuple[list[Sending], list[EngineSocket]]:
    """Return what is to be sent, and the sockets that are better flushed by themselves. A socket may be named twice. The
    frames of a socket are joined; those of a room have the same waiting, which are joined once."""
    sendings, others = [], []
    outbox, data = None, b""
    for socket in sockets:
        websocket, waiting = socket.websocket, socket.outbox
        if not socket.dirty:
            continue
        if (
            websocket is None
            or not waiting
            or socket.closed
            or socket.waiting > LARGE_BYTES
            or websocket.wanted & WRITE
        ):
            others.append(socket)
            continue
        if waiting != outbox:
            outbox = waiting
            data = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        socket.dirty = False
        sendings.append((socket, websocket, data))
    return sendings, others


def deliver(letters: Sequence[Letter], sendings: Sequence[Sending]) -> None:
    """Send it all, and note what the kernel took of each."""
    ring = send_ring() if sum([len(sendings), *[crowd.size for _, crowd in letters]]) >= RING_FROM else None
    if ring is None or not ring.works:
        everything = one_by_one(letters, sendings)
        taken = send_each(everything)
        whole = taken == [len(data) for _, _, data in everything]
    else:
        made = [crowd.records(data) for data, crowd in letters]
        made += [records(websocket.raw.fileno(), data) for _, websocket, data in sendings]
        completions = ring.send(b"".join([requests for requests, _ in made]))
        whole = completions == b"".join([expected for _, expected in made])
        if not whole:
            everything, of = one_by_one(letters, sendings), results(completions)
            taken = [of.get(websocket.raw.fileno(), -EAGAIN) for _, websocket, _ in everything]
    if whole:
        note_sent(sendings)
    else:
        note(everything, taken)


def one_by_one(letters: Sequence[Letter], sendings: Sequence[Sending]) -> list[Sending]:
    """Return what is sent, socket by socket."""
    return [sending for data, crowd in letters for sending in crowd.sendings(data)] + [*sendings]


def send_each(sendings: Sequence[Sending]) -> list[int]:
    """Return how many bytes the kernel took of each, or an error's number, negative. Without a call of ours for each."""
    taken = []
    for _, websocket, data in sendings:
        try:
            taken.append(websocket.raw.send(data))
        except (BlockingIOError, InterruptedError):
            taken.append(0)
        except OSError as error:
            taken.append(-(error.errno or EPIPE))
    return taken


def note_sent(sendings: Sequence[Sending]) -> None:
    """Note that the kernel took all, as `EngineSocket.sent` does, without a call for each."""
    now = monotonic()
    for socket, _, _ in sendings:
        socket.outbox.clear()
        socket.waiting = 0
        socket.last_taken_at = now


def note(sendings: Sequence[Sending], takings: Sequence[int]) -> None:
    """Note what the kernel took, and end the sessions of sockets that failed."""
    pairs = list(zip(sendings, takings, strict=True))
    note_sent([sending for sending, taken in pairs if taken == len(sending[2])])
    failed = []
    for (socket, websocket, data), taken in pairs:
        if taken == len(data):
            continue
        if taken >= 0 or taken == -EAGAIN:
            guarded(partial(keep, socket, websocket, data, max(taken, 0)))
        else:
            failed.append((socket, websocket))
    # The end of one session may be the end of others: all that was sent is noted before.
    for socket, websocket in failed:
        if socket.websocket is websocket:
            guarded(partial(socket.lost, websocket))


def keep(socket: EngineSocket, websocket: WebSocket, data: bytes, taken: int) -> None:
    """Let what the kernel didn't take wait for the socket alone."""
    socket.step_out()
    socket.outbox[:] = [data]
    socket.waiting = len(data)
    socket.sent(websocket, data, taken)


@cache
def send_ring() -> SendRing | None:
    """Return this process's ring; None where there is none, or where it isn't wanted. Made for the first crowd: a process
    must not share its parent's."""
    return SendRing.open() if settings.IO_URING else None
