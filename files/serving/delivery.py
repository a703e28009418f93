"""The bytes of an answer: small ones from memory, others by turns of threads (`chatsite.realtime.http.transfers`)."""

import os
from collections import Counter
from collections.abc import Hashable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from chatsite.contract.errors import NotFound, RateLimited, Unavailable
from chatsite.realtime.http import transfers
from chatsite.realtime.http.client_socket import ClientSocket
from chatsite.realtime.scheduling.background import in_thread, pause
from files.models import Blob
from files.serving.ranges import Span
from files.storage import local, store

# Bytes of an answer that is made in memory.
SMALL_BYTES = 256 * 1024
# Seconds for which a file is waited for that another machine is moving to the store, and between two looks.
MOVE_SECONDS, MOVE_POLL_SECONDS = 10.0, 0.5
# Downloads from the store at once, of the 256 requests that it takes: a slow one holds its place for long, and small files,
# uploads and deletions want some. A person has at most this part of those that are free: one has 22, of eight each has 12,
# and there is always one for whoever has none.
STREAMS, PART_OF_FREE, STREAMS_RETRY_SECONDS = 192, 1 / 8, 10
streams: Counter[int | None] = Counter()
GONE = "The file's bytes are not there any more."


def delivery(request: HttpRequest, blob: Blob, which: str, span: Span) -> HttpResponseBase:
    """Answer with bytes of a blob, or of its small picture `which`. Raises NotFound where the bytes are gone."""
    file = None if blob.remote else opened(request, blob, which)
    if file is None:
        return by_store(request, blob, which, span)
    if settings.FILES_ACCEL:
        file.close()
        return by_nginx(local.path(blob.key, which))
    if span.length > SMALL_BYTES:
        return StreamingHttpResponse(FileBody(request.META, file, span))
    with file:
        return HttpResponse(small(file, span))


def opened(request: HttpRequest, blob: Blob, which: str) -> BinaryIO | None:
    """Open a file on the disk; None where it is in the store. Another machine that has it on its own disk moves it there
    soon. Raises NotFound."""
    until = monotonic() + MOVE_SECONDS
    while True:
        try:
            return local.path(blob.key, which).open("rb", buffering=0)
        except FileNotFoundError:
            remote = Blob.objects.filter(pk=blob.pk).values_list("remote", flat=True).first()
        if remote:
            return None
        if remote is None or not store.in_use() or monotonic() > until:
            raise NotFound(GONE)
        make_way(request)
        pause(MOVE_POLL_SECONDS)


def make_way(request: HttpRequest) -> None:
    """Let others have the request's place, and its connection to the database, while it waits for another machine."""
    visit = request.META.get("chatsite.visit")
    if visit is not None:
        visit.step_aside()
        connections.close_all()


def by_store(request: HttpRequest, blob: Blob, which: str, span: Span) -> HttpResponseBase:
    """Answer with bytes of the store. Raises NotFound, RateLimited and Unavailable."""
    person = request.user.pk
    check_streams(person)
    make_way(request)
    if span.length > SMALL_BYTES:
        return streamed(request, blob, which, span, person)
    found = asked(blob, which, span)
    try:
        return HttpResponse(found.exactly(span.length))
    finally:
        found.close()


def check_streams(person: int | None) -> None:
    """Raise RateLimited for one who has too many downloads, and Unavailable where all together do."""
    free = STREAMS - streams.total()
    if free <= 0:
        raise Unavailable("Too many files are being downloaded.", retry_after=STREAMS_RETRY_SECONDS)
    if streams[person] >= free * PART_OF_FREE:
        raise RateLimited("You are downloading too many files at once.", retry_after=STREAMS_RETRY_SECONDS)


def streamed(
    request: HttpRequest, blob: Blob, which: str, span: Span, person: int | None
) -> HttpResponseBase:
    """Answer with a stream, which counts before the store is asked: others may come meanwhile."""
    streams[person] += 1
    try:
        found = asked(blob, which, span)
    except BaseException:
        end_stream(person)
        raise
    return StreamingHttpResponse(StoreBody(request.META, found, span, person))


def end_stream(person: int | None) -> None:
    streams[person] -= 1
    if not streams[person]:
        del streams[person]


def asked(blob: Blob, which: str, span: Span) -> store.Answer:
    try:
        found = store.get(store.name_of(blob.key, which), span.start, span.end)
    except FileNotFoundError:
        raise NotFound(GONE) from None
    if found.length < span.length:
        found.close()
        raise NotFound(GONE)
    return found


def by_nginx(path: Path) -> HttpResponse:
    """Let nginx send a file, by its sample in deploy/: it keeps our headers and sees to ranges itself."""
    inner = settings.FILES_ACCEL + path.relative_to(local.folder()).as_posix()
    return HttpResponse(headers={"X-Accel-Redirect": inner})


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


class Body:
    """Body of an answer. Under the server its one piece is empty: gunicorn sends the head for it, and then the bytes go to
    the client's socket."""

    def __init__(self, environ: dict[str, Any], span: Span) -> None:
        self._environ, self._span = environ, span

    def __iter__(self) -> Iterator[bytes]:
        if not isinstance(self._environ.get("gunicorn.socket"), ClientSocket):
            yield from self._pieces()
            return
        yield b""
        connections.close_all()
        visit = self._environ["chatsite.visit"]
        self._send(visit.payer if visit.person is None else visit.person)

    def _send(self, payer: Hashable) -> None:
        raise NotImplementedError

    def _pieces(self) -> Iterator[bytes]:
        raise NotImplementedError


class FileBody(Body):
    """Bytes of a file on the disk."""

    def __init__(self, environ: dict[str, Any], file: BinaryIO, span: Span) -> None:
        super().__init__(environ, span)
        self._file = file

    def _send(self, payer: Hashable) -> None:
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


class StoreBody(Body):
    """Bytes that come from the store, in one of the person's `streams`."""

    def __init__(self, environ: dict[str, Any], found: store.Answer, span: Span, person: int | None) -> None:
        super().__init__(environ, span)
        self._found, self._person = found, person

    def _send(self, payer: Hashable) -> None:
        transfers.relay(self._environ, self._found.descriptor, self._span.length, payer)

    def _pieces(self) -> Iterator[bytes]:
        return self._found.pieces()

    def close(self) -> None:
        if self._found.closed:
            return
        self._found.close()
        end_stream(self._person)
