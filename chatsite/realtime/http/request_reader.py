"""Read a request's head and body before anything is computed for it, in bounded time and memory.

gunicorn's parser reads as it parses: it scans all that has come again for each piece, and a body is read by
the view. Here it gets a whole head, and views get a whole body, so that a slow client keeps nobody's turn.
"""

import io
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any

import eventlet
from django.conf import settings
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidRequestLine, LimitRequestHeaders, NoMoreData

from chatsite.contract.errors import Invalid, TooLarge, Unavailable
from chatsite.realtime.http import refused_request
from chatsite.realtime.http.client_socket import ClientSocket
from chatsite.realtime.http.connections import HttpConnection, HttpConnections, State

# Bytes of a request line with its header fields, as nginx has it.
HEAD_BYTES = 32 * 1024
PIECE_BYTES = 8192
# Pieces of a head or body that are read at once; the next are gathered for so many seconds.
PIECES, GATHER_SECONDS = 16, 0.01
# Bytes on the wire of a chunked body, for each byte of the body, and beyond: a chunk of one byte takes some
# 10 µs.
CHUNKED_OVERHEAD, WRAPPING_BYTES = 2, 16 * 1024
# Seconds of decoding in a row, and from one such slice to the next, of all bodies: a fifth of the loop.
DECODING_SECONDS, SLICE_SECONDS = 0.001, 0.005
# Bytes of a body that it may always have in memory; bytes that all larger ones may have together; and the
# seconds for which one that finds no room waits for it.
SMALL_BYTES, LARGE_BYTES, ROOM_SECONDS = 16 * 1024, 64 * 1024 * 1024, 5.0
# Bytes behind an answer that are thrown away, so that the client reads the answer before the connection is
# reset; the seconds for which nothing may come, as nginx has them; and bytes per second that earn more.
LINGER_BYTES, LINGER_SECONDS, LINGER_BYTES_PER_SECOND = 4 * 1024 * 1024, 5.0, 64 * 1024

ENDED_EARLY = "The body ended early. Send it again."
BARE_NEWLINE = re.compile(rb"(?<!\r)\n")
# One empty line may stand before a request line.
BEGINNING = re.compile(rb"\r|[A-Z]")


def read_head(unreader: Any, client: ClientSocket) -> bool:
    """Put a whole head into gunicorn's unreader. False where the client has gone.

    Raises TimeoutError where what `client.allow` gave isn't enough, and gunicorn's errors of an invalid
    request.
    """
    head = bytearray(unreader.take_buffered())
    searched, pieces = 0, 0
    while not is_whole(head, searched):
        searched = len(head)
        if pieces > PIECES:
            eventlet.sleep(GATHER_SECONDS)
        piece = client.recv(PIECE_BYTES)
        if not piece:
            return False
        head += piece
        pieces += 1
    unreader.unread(bytes(head))
    return True


def is_whole(head: bytearray, searched: int) -> bool:
    """Return whether the head is whole for the parser; bytes before `searched` were searched already. Raises the
    parser's errors."""
    if not head:
        return False
    end = head.find(b"\r\n\r\n", max(0, searched - 3))
    if end > HEAD_BYTES or (end < 0 and len(head) > HEAD_BYTES):
        raise LimitRequestHeaders("more than the head of a request may have")
    if not BEGINNING.match(head):
        raise InvalidRequestLine("it doesn't begin with a method")
    return end >= 0 or BARE_NEWLINE.search(head, max(0, searched - 1)) is not None


def read_body(request: Any, connection: HttpConnection, connections: HttpConnections) -> None:
    """Replace the request's body by one that has come whole. `connection.body_bytes` counts it.

    A body that is longer than views may have in memory stays where it is, for the view to refuse or to
    stream, and so does that of a websocket's handshake, which may have none; the connection is closed after
    the answer. Raises the contract's errors, and gunicorn's of an invalid body.
    """
    length = length_of(request)
    if length == 0:
        return
    if is_left_to_views(request):
        request.force_close()
        return
    connection.set_state(State.SENDING)
    connection.client.allow_at_least_rate()
    try:
        request.body = io.BytesIO(receive(request, length, connection, connections))
    except TimeoutError:
        raise refused_request.TooSlow() from None
    except NoMoreData:
        raise Invalid(ENDED_EARLY) from None


def is_left_to_views(request: Any) -> bool:
    """Return whether the body stays where it is."""
    return wants_upgrade(request) or (length_of(request) or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE


def receive(
    request: Any, length: int | None, connection: HttpConnection, connections: HttpConnections
) -> bytearray:
    """Return the whole body. Raises TimeoutError, NoMoreData, TooLarge and Unavailable."""
    body = bytearray()
    for piece in pieces_of(request, length, connection.client):
        body += piece
        check(len(body), connection.client.moved)
        hold(len(body), connection, connections)
    return body


def wants_upgrade(request: Any) -> bool:
    return any(name == "UPGRADE" for name, _ in request.headers)


def length_of(request: Any) -> int | None:
    """Return the bytes of the body; None for a chunked one."""
    reader = request.body.reader
    return None if isinstance(reader, ChunkedReader) else int(reader.length)


class Decoder:
    """Decodes chunked bodies, all of them in turns."""

    def __init__(self) -> None:
        self._next_slice = 0.0

    def pieces(self, source: Iterable[bytes]) -> Iterator[bytes]:
        until = monotonic() + DECODING_SECONDS
        for piece in source:
            yield piece
            if monotonic() > until:
                self._wait()
                until = monotonic() + DECODING_SECONDS

    def _wait(self) -> None:
        now = monotonic()
        self._next_slice = max(now, self._next_slice) + SLICE_SECONDS
        eventlet.sleep(self._next_slice - now)


decoder = Decoder()


def pieces_of(request: Any, length: int | None, client: ClientSocket) -> Iterator[bytes]:
    if length is None:
        return decoder.pieces(request.body.reader.parser)
    return known(request.unreader, length, client)


def known(unreader: Any, length: int, client: ClientSocket) -> Iterator[bytes]:
    buffered = unreader.take_buffered()
    unreader.unread(buffered[length:])
    yield buffered[:length]
    left, pieces = length - len(buffered), 0
    while left > 0:
        if pieces > PIECES:
            eventlet.sleep(GATHER_SECONDS)
        piece = client.recv(left)
        if not piece:
            raise NoMoreData
        yield piece
        left -= len(piece)
        pieces += 1


def check(length: int, moved: int) -> None:
    if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE or moved > CHUNKED_OVERHEAD * length + WRAPPING_BYTES:
        raise TooLarge()


def hold(length: int, connection: HttpConnection, connections: HttpConnections) -> None:
    """Count so many bytes of the body. Where a large one finds no room, the slowest others are closed, or it
    waits. Raises Unavailable."""
    if connection.state is State.LEAVING:
        raise NoMoreData
    until = monotonic() + ROOM_SECONDS
    while length > SMALL_BYTES and connections.body_bytes - connection.body_bytes + length > LARGE_BYTES:
        if connections.put_out_heaviest():
            continue
        if monotonic() > until:
            raise Unavailable("The server is busy. Try again in a moment.", retry_after=5)
        eventlet.sleep(GATHER_SECONDS)
    connections.set_body_bytes(connection, length)


def has_more(client: ClientSocket) -> bool:
    """Return whether bytes have arrived that are still unread."""
    try:
        return client.fd.fileno() >= 0 and bool(client.fd.recv(1, socket.MSG_PEEK))
    except OSError:
        return False


def unread_bytes(request: Any) -> int:
    """Return the bytes of the request's body that are still to come; 0 where its length isn't known. What has
    come with the head and nobody wants goes."""
    reader = getattr(getattr(request, "body", None), "reader", None)
    if not isinstance(reader, LengthReader):
        return 0
    return max(0, int(reader.length) - len(request.unreader.take_buffered()))


def linger(client: ClientSocket, awaited: int) -> None:
    """Read what is still on its way: closing a socket with unread bytes resets it, and the answer may be
    lost.

    Our side is shut down only after `awaited` bytes: a proxy would take that for the end of both ways.
    """
    with suppress(OSError):
        client.allow(LINGER_SECONDS, LINGER_BYTES_PER_SECOND)
        take(client, min(awaited, LINGER_BYTES))
        client.shutdown(socket.SHUT_WR)
        take(client, LINGER_BYTES)


def take(client: ClientSocket, most: int) -> None:
    while most > 0 and (piece := client.recv(min(most, PIECE_BYTES))):
        most -= len(piece)
