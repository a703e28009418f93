"""Receive and send bodies that are too large for memory, in bounded turns of real threads.

In a turn a thread moves what the socket gives or takes at once, some pieces at most; between turns the hub waits for the
client, so that a slow one holds no thread. People have their turns one after another, and all together keep the pace of
FILES_MB_PER_SECOND (docs/decisions/032).
"""

import os
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from time import monotonic
from typing import Any, BinaryIO, Protocol, TypeVar

import eventlet
from django.conf import settings
from eventlet.greenthread import getcurrent
from gunicorn.http.body import Body, LengthReader

from chatsite.contract.errors import Unavailable
from chatsite.observability.metrics import counters
from chatsite.realtime.http.client_socket import ClientSocket
from chatsite.realtime.http.connections import State
from chatsite.realtime.queues.slots import Slots
from chatsite.realtime.scheduling.background import in_thread, serving, wait_readable

T = TypeVar("T")
# Returns the next piece of a body within a turn; b"" where the turn is over, or the body.
Read = Callable[[], bytes]

# Bytes in a MB of FILES_MB_PER_SECOND.
MB = 1_000_000
# Bytes that a thread moves by one system call: it holds the interpreter for some 30 µs in between.
PIECE_BYTES = 256 * 1024
# Bytes and seconds of a turn: 16 ms at the usual pace.
TURN_BYTES, TURN_SECONDS = 1024 * 1024, 0.02
# Seconds for which bytes are gathered before the next turn, where the last one took all that had come: a hundred packets
# then cost one turn.
GATHER_SECONDS = 0.005
# Turns at once, in each direction, of the twenty threads that commits and passwords' hashes have, too.
TURNS_AT_ONCE = 4
# Seconds that a transfer waits for its turn.
TURN_WAIT_SECONDS = 60.0
# Seconds that a pipe may be empty.
PIPE_SECONDS = 60.0
# Transfers of one person that wait for a turn; as good as any.
MAX_WAITING = 10_000


class Interrupted(ConnectionError):
    """The client went, or was too slow, in the middle of its body."""


class Lane:
    """Turns of all transfers in one direction, "in" or "out", of this process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._slots = Slots(TURNS_AT_ONCE, MAX_WAITING, TURN_WAIT_SECONDS)
        # When what was moved so far is as slow as the pace wants it.
        self._due = 0.0

    def turn(self, payer: Hashable, run: Callable[[], T]) -> T:
        """Return `run()`, called in a thread when it is the payer's turn."""
        with self._slots.taken(payer):
            wait = self._due - monotonic()
            if wait > 0:
                eventlet.sleep(wait)
            return in_thread(run)

    def note(self, count: int) -> None:
        """Count bytes that a turn has moved."""
        counters.transferred[self._name,] += count
        rate = settings.FILES_MB_PER_SECOND * MB
        if rate:
            self._due = max(self._due, monotonic()) + count / rate


incoming, outgoing = Lane("in"), Lane("out")


class RequestBody(Protocol):
    """A request's body, of which `left` bytes are unread; `streams` if it still comes."""

    left: int
    streams: bool

    def turn(self, work: Callable[[Read], T]) -> T:
        """Return `work(read)`, called in a thread; `read()` returns the next piece, b"" when the turn is over or nothing is
        left. Raises Interrupted."""
        ...


def body_of(environ: Mapping[str, Any], length: int, payer: Hashable) -> RequestBody:
    """Return the body of a request, of `length` bytes by its head."""
    body = environ["wsgi.input"]
    if serving() and isinstance(body, Body) and isinstance(body.reader, LengthReader):
        return SocketBody(environ, body, payer)
    return MemoryBody(body, length)


class MemoryBody:
    """Body that has come whole."""

    streams = False

    def __init__(self, file: BinaryIO, length: int) -> None:
        self._file, self.left = file, length

    def turn(self, work: Callable[[Read], T]) -> T:
        return in_thread(work, self._read)

    def _read(self) -> bytes:
        piece = self._file.read(min(self.left, PIECE_BYTES)) if self.left else b""
        if self.left and not piece:
            raise Interrupted("the body is shorter than its length")
        self.left -= len(piece)
        return piece


class SocketBody:
    """Body that still comes. While it does, the request holds no place of the queue of requests."""

    streams = True

    def __init__(self, environ: Mapping[str, Any], body: Any, payer: Hashable) -> None:
        self._client: ClientSocket = environ["gunicorn.socket"]
        self._visit, self._payer = environ.get("chatsite.visit"), payer
        self._body, self._reader = body, body.reader
        self.left = int(self._reader.length)
        # What has come with the head.
        self._first: bytes = self._reader.unreader.take_buffered()
        self._begun = self._dry = False
        self._turn_left, self._turn_until = 0, 0.0

    def turn(self, work: Callable[[Read], T]) -> T:
        self._begin()
        try:
            self._wait()
            before = self.left
            try:
                return incoming.turn(self._payer, partial(self._run, work))
            finally:
                # `linger` reads what the body still has.
                self._reader.length = self.left
                self._client.note(before - self.left)
                incoming.note(before - self.left)
                self._pay()
                if not self.left:
                    # It is the client that waits now.
                    getcurrent().connection.set_state(State.ANSWERING)
        except TimeoutError:
            raise Interrupted("the client is too slow") from None

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        if self._visit is not None:
            self._visit.step_aside()
        if getattr(self._body, "expects_continue", False) and not self._first:
            self._client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        # Others may want its place of the connections, if it is slow.
        getcurrent().connection.set_state(State.SENDING)
        self._client.allow_at_least_rate()

    def _wait(self) -> None:
        if self._first or not self.left:
            return
        if self._dry:
            eventlet.sleep(GATHER_SECONDS)
        self._client.wait_readable()

    def _pay(self) -> None:
        if self._visit is not None:
            self._visit.pay()

    # In the thread

    def _run(self, work: Callable[[Read], T]) -> T:
        self._turn_left, self._turn_until, self._dry = TURN_BYTES, monotonic() + TURN_SECONDS, False
        return work(self._read)

    def _read(self) -> bytes:
        if not self.left or self._dry or self._turn_left <= 0 or monotonic() > self._turn_until:
            return b""
        piece = self._piece(min(self.left, PIECE_BYTES))
        self.left -= len(piece)
        self._turn_left -= len(piece)
        return piece

    def _piece(self, size: int) -> bytes:
        if self._first:
            piece, self._first = self._first[:size], self._first[size:]
            return piece
        if self._client.given:
            return bytes(self._client.recv(size))
        try:
            received: bytes = self._client.fd.recv(size)
        except BlockingIOError:
            self._dry = True
            return b""
        except OSError as error:
            raise Interrupted(str(error)) from error
        if not received:
            raise Interrupted("the client went")
        return received


def send(environ: Mapping[str, Any], descriptor: int, offset: int, length: int, payer: Hashable) -> None:
    """Send `length` bytes of a file from `offset` on to the client of a request, whose head is sent.

    Raises OSError where the client goes or is too slow, or the file is shorter."""
    client, visit = environ["gunicorn.socket"], environ.get("chatsite.visit")
    end = offset + length
    while offset < end:
        client.wait_writable()
        try:
            sent = outgoing.turn(payer, partial(sent_in_turn, client.fd.fileno(), descriptor, offset, end))
        except Unavailable as error:
            raise TimeoutError(str(error)) from error
        offset += sent
        client.note(sent)
        outgoing.note(sent)
        if visit is not None:
            visit.pay()


def sent_in_turn(client: int, descriptor: int, offset: int, end: int) -> int:
    """Send what the socket takes now, in a thread; return how many bytes that were."""
    sent, most, until = 0, min(TURN_BYTES, end - offset), monotonic() + TURN_SECONDS
    while sent < most and monotonic() < until:
        try:
            count = os.sendfile(client, descriptor, offset + sent, min(PIECE_BYTES, most - sent))
        except BlockingIOError:
            break
        if not count:
            raise OSError("the file is shorter than it was")
        sent += count
    return sent


def relay(environ: Mapping[str, Any], pipe: int, length: int, payer: Hashable) -> None:
    """Send `length` bytes that come from a pipe, which doesn't block, as `send` does with a file.

    Raises OSError where the client goes or is too slow, or the pipe ends before or gives nothing for a while."""
    client, visit = environ["gunicorn.socket"], environ.get("chatsite.visit")
    while length:
        wait_readable(pipe, PIPE_SECONDS)
        client.wait_writable()
        try:
            sent = outgoing.turn(payer, partial(spliced_in_turn, client.fd.fileno(), pipe, length))
        except Unavailable as error:
            raise TimeoutError(str(error)) from error
        length -= sent
        client.note(sent)
        outgoing.note(sent)
        if visit is not None:
            visit.pay()


def spliced_in_turn(client: int, pipe: int, length: int) -> int:
    """Move what the pipe has and the socket takes now, in a thread; return how many bytes that were."""
    sent, most, until = 0, min(TURN_BYTES, length), monotonic() + TURN_SECONDS
    while sent < most and monotonic() < until:
        try:
            count = os.splice(pipe, client, min(PIECE_BYTES, most - sent))
        except BlockingIOError:
            break
        if not count:
            raise OSError("the pipe ended too early")
        sent += count
    return sent
