"""Fetch from strangers' servers over HTTP, within bytes and seconds, and from public addresses alone.

An address is judged after DNS has named it, and the connection goes to that very address; each redirect begins anew. No
cookie, no credentials, no proxy of the environment.
"""

import http.client
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urljoin

from chatsite.outbound.connecting import (
    PORTS,
    BoundedReader,
    BoundedSocket,
    Refused,
    Rules,
    Target,
    connected,
    is_refused,
    secured,
    target_of,
    translated_errors,
)

MAX_REDIRECTS = 5
# Bytes of an answer's body as they come: more than any that is wanted. Marks of chunks, and what unpacks to nothing, need
# not end.
MAX_BODY_BYTES = 6_000_000
# Bytes that are read at once.
PIECE_BYTES = 16_384
USER_AGENT = "Mozilla/5.0 (compatible; Chatsite; link preview)"
REDIRECTS = {301, 302, 303, 307, 308}
# Of `Content-Encoding`, those that are read.
COMPRESSED = {"gzip", "x-gzip", "deflate"}


@dataclass
class Answer:
    """What a server sent: where it came from in the end, its type, the charset in its header, and its body."""

    url: str
    type: str
    charset: str | None
    pieces: Iterator[bytes] = field(repr=False)

    def read(self, most: int) -> bytes:
        """Return the whole body. Raises Refused for more than `most` bytes."""
        data = b""
        for piece in self.pieces:
            data += piece
            if len(data) > most:
                raise Refused("size")
        return data

    def read_until(self, mark: bytes, most: int) -> bytes:
        """Return the body up to about `mark`, at most `most` bytes."""
        data = b""
        for piece in self.pieces:
            seen = max(0, len(data) - len(mark))
            data += piece
            if len(data) >= most or mark in data[seen:].lower():
                break
        return data[:most]


@contextmanager
def fetched(url: str, types: Sequence[str], rules: Rules) -> Iterator[Answer]:
    """Fetch a URL for the block, in which its body is read; `types` are beginnings of those that are taken. Raises
    Refused."""
    target = target_of(url)
    for _ in range(MAX_REDIRECTS + 1):
        with asked(target, types, rules) as (response, reader):
            if response.status not in REDIRECTS:
                yield answer_of(target, response, reader, types)
                return
            target = next_target(target, response.getheader("Location"))
    raise Refused("redirects")


def next_target(target: Target, location: str | None) -> Target:
    """Return where a redirect leads; never from https to http."""
    if not location:
        raise Refused("redirects")
    try:
        # Bytes beyond ASCII come as Latin-1.
        onward = target_of(urljoin(target.url, location.encode("latin-1").decode("utf-8", "replace")))
    except ValueError:
        raise Refused("url") from None
    if (target.scheme, onward.scheme) == ("https", "http"):
        raise Refused("redirects")
    return onward


@contextmanager
def asked(
    target: Target, types: Sequence[str], rules: Rules
) -> Iterator[tuple[http.client.HTTPResponse, "BoundedReader"]]:
    """Send a request for the block, and return its answer's head with what reads on. Raises Refused."""
    if is_refused(target.host, rules.hosts):
        raise Refused("host")
    link = connected(target, rules)
    try:
        with translated_errors():
            bounded = BoundedSocket(secured(link, target, rules) if target.scheme == "https" else link, rules)
            yield sent(bounded, target, types), bounded.reader
    finally:
        link.close()


def sent(link: "BoundedSocket", target: Target, types: Sequence[str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.default_port = PORTS[target.scheme]
    # It must not connect by itself.
    connection.auto_open = 0
    connection.sock = link
    connection.putrequest("GET", target.path, skip_accept_encoding=True)
    wanted = ", ".join(f"{type_}*" if type_.endswith("/") else type_ for type_ in types)
    for name, value in (
        ("User-Agent", USER_AGENT),
        ("Accept", wanted),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def answer_of(
    target: Target, response: http.client.HTTPResponse, reader: "BoundedReader", types: Sequence[str]
) -> Answer:
    """Return the answer, if it is of one of the types."""
    if response.status != 200:
        raise Refused("status")
    type_ = response.headers.get_content_type()
    if "Content-Type" not in response.headers or not type_.startswith(tuple(types)):
        raise Refused("type")
    reader.allowance = MAX_BODY_BYTES
    return Answer(target.url, type_, response.headers.get_content_charset(), body(response))


def body(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body as it comes, decompressed where a server compresses it unasked: in pieces, however small a bomb is."""
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", *COMPRESSED}:
        raise Refused("type")
    # gzip's and zlib's format.
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in COMPRESSED else None
    while data := response.read1(PIECE_BYTES):
        if unpacker is None:
            yield data
            continue
        while data:
            yield unpacker.decompress(data, PIECE_BYTES)
            data = unpacker.unconsumed_tail
        if unpacker.eof:
            return
