"""The bytes of an answer: small ones from memory, others by turns of threads (`chatsite.realtime.http.transfers`)."""

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from chatsite.contract.errors import NotFound
from chatsite.realtime.http import transfers
from chatsite.realtime.http.client_socket import ClientSocket
from chatsite.realtime.scheduling.background import in_thread
from files.models import Blob
from files.serving.ranges import Span
from files.storage import local

# Bytes of an answer that is made in memory.
SMALL_BYTES = 256 * 1024
GONE = "The file's bytes are not there any more."


def delivery(request: HttpRequest, blob: Blob, which: str, span: Span) -> HttpResponseBase:
    """Answer with bytes of a blob, or of its small picture `which`. Here another way of delivery goes: a proxy's, or a
    store's. Raises NotFound where the bytes are gone."""
    try:
        file = local.path(blob.key, which).open("rb", buffering=0)
    except FileNotFoundError:
        raise NotFound(GONE) from None
    if span.length > SMALL_BYTES:
        return StreamingHttpResponse(FileBody(request.META, file, span))
    with file:
        return HttpResponse(small(file, span))


def small(file: BinaryIO, span: Span) -> bytes:
    """Return few bytes: at once where the system has them in memory, else read by a thread."""
    buffer = bytearray(span.length)
    try:
        if os.preadv(file.fileno(), [buffer], span.start, os.RWF_NOWAIT) == span.length:
            return bytes(buffer)
    except OSError:
        # They are on the disk, or the file system can't tell.
        pass
    return in_thread(os.pread, file.fileno(), span.length, span.start)


class FileBody:
    """Body of an answer. Under the server its one piece is empty: gunicorn sends the head for it, and then the bytes go to
    the client's socket."""

    def __init__(self, environ: dict[str, Any], file: BinaryIO, span: Span) -> None:
        self._environ, self._file, self._span = environ, file, span

    def __iter__(self) -> Iterator[bytes]:
        if not isinstance(self._environ.get("gunicorn.socket"), ClientSocket):
            yield from self._pieces()
            return
        yield b""
        connections.close_all()
        visit = self._environ["chatsite.visit"]
        payer = visit.payer if visit.person is None else visit.person
        transfers.send(self._environ, self._file.fileno(), self._span.start, self._span.length, payer)

    def _pieces(self) -> Iterator[bytes]:
        at = self._span.start
        while at < self._span.end:
            piece = os.pread(self._file.fileno(), min(SMALL_BYTES, self._span.end - at), at)
            if not piece:
                return
            yield piece
            at += len(piece)

    def close(self) -> None:
        self._file.close()
