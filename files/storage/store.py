"""The store of FILES_URL, asked by way of a child process: boto3 blocks, and takes 40 MB that no other site needs.

Call it from greenlets of the server or from a command, not from a thread (`chatsite.subprocesses.supervisor`).
"""

import fcntl
import json
import os
import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, NamedTuple

from django.conf import settings

from chatsite.contract.errors import Unavailable
from chatsite.database.chunks import chunked
from chatsite.realtime.scheduling.background import wait_readable
from chatsite.subprocesses.supervisor import Child, ChildFailed, Kind, Limits
from files.storage import local

PIECE_BYTES = 256 * 1024
# Of memory that the kernel holds for one answer, where it allows that much.
PIPE_BYTES = 1024 * 1024
# Seconds that a store may say nothing, and that it may take to take a file.
ANSWER_SECONDS, PUT_SECONDS = 60.0, 3600.0
# Names of one job: a frame has 64 KB, and each is a request of its own.
DELETED_AT_ONCE = 100
# Before the JSON that an answer begins with, as `s3.py` writes it.
HEAD = struct.Struct(">I")
AWAY = "The store of files can't be reached. Try again in a moment."
# Threads, not processes, and as much address space as their stacks want; a request may take any time.
LIMITS = Limits(address_space=8_000_000_000, open_files=2048, processes=None, cpu_seconds=None)
child = Child(Kind("store", "files.storage.s3", LIMITS, max_jobs=None))


class StoreError(Unavailable):
    """The store doesn't do what it is asked for: `reason` is its code for that, or the name of an error."""

    def __init__(self, reason: str) -> None:
        super().__init__(AWAY, retry_after=10)
        self.reason = reason


class Listed(NamedTuple):
    """A file in the store: `name` is its path in the folder of uploads."""

    name: str
    size: int
    changed_at: float


def in_use() -> bool:
    return bool(settings.FILES_URL)


def name_of(key: str, which: str = "") -> str:
    """Return the name of a blob's bytes, or of its small picture. Raises ValueError for what is no key."""
    return local.path(key, which).relative_to(local.folder()).as_posix()


class Answer:
    """What the child writes into a pipe, of which `descriptor` is the end to read: of a file `length` bytes."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.closed = False
        self.length = 0

    def read(self, size: int, seconds: float = ANSWER_SECONDS) -> bytes:
        """Return up to `size` bytes; b"" at the end. Raises StoreError."""
        try:
            wait_readable(self.descriptor, seconds)
        except TimeoutError:
            raise StoreError("late") from None
        return os.read(self.descriptor, size)

    def exactly(self, size: int, seconds: float = ANSWER_SECONDS) -> bytes:
        """Return `size` bytes. Raises StoreError where the answer ends before."""
        found = bytearray()
        while len(found) < size:
            piece = self.read(size - len(found), seconds)
            if not piece:
                raise StoreError("interrupted")
            found += piece
        return bytes(found)

    def pieces(self) -> Iterator[bytes]:
        return iter(lambda: self.read(PIECE_BYTES), b"")

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            os.close(self.descriptor)


def begin(act: str, files: Sequence[BinaryIO] = (), seconds: float = ANSWER_SECONDS, **job: Any) -> Answer:
    """Begin a job, and return its answer, which the caller closes, once the store has agreed. Raises StoreError, and
    FileNotFoundError for a file that isn't there."""
    reader, writer = os.pipe()
    answer = Answer(reader)
    try:
        with suppress(OSError):
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        try:
            ask({"act": act, "url": settings.FILES_URL, **job}, [writer, *(file.fileno() for file in files)])
        finally:
            os.close(writer)
        os.set_blocking(reader, False)
        (length,) = HEAD.unpack(answer.exactly(HEAD.size, seconds))
        head = json.loads(answer.exactly(length))
        if head.get("error") == "missing":
            raise FileNotFoundError(job.get("name"))
        if "error" in head:
            raise StoreError(head["error"])
        answer.length = head.get("length", 0)
    except BaseException:
        answer.close()
        raise
    return answer


def ask(job: dict[str, Any], descriptors: Sequence[int]) -> None:
    """Give the child a job. One that has just left by itself is followed by another."""
    if not in_use():
        raise StoreError("FILES_URL is not set")
    for is_last in (False, True):
        try:
            error = child.ask(job, descriptors).get("error")
        except ChildFailed as failed:
            if is_last or failed.reason != "died":
                raise StoreError(failed.reason) from failed
            continue
        except Unavailable as unavailable:
            raise StoreError("its process doesn't start") from unavailable
        if error:
            raise StoreError(error)
        return


@contextmanager
def asked(act: str, **job: Any) -> Iterator[Answer]:
    answer = begin(act, **job)
    try:
        yield answer
    finally:
        answer.close()


def put(name: str, file: BinaryIO) -> None:
    """Store a file, in place of one of that name. Raises StoreError."""
    with asked("put", files=[file], seconds=PUT_SECONDS, name=name):
        pass


def get(name: str, start: int, end: int) -> Answer:
    """Return bytes of a file, fewer where it ends before `end`; the caller closes it. Raises StoreError and
    FileNotFoundError."""
    return begin("get", name=name, start=start, end=end)


def delete(names: Collection[str]) -> None:
    """Delete files; what isn't there is no error. Raises StoreError."""
    for some in chunked(sorted(names), DELETED_AT_ONCE):
        with asked("delete", names=some):
            pass


def walk() -> Iterator[Listed]:
    """Yield everything that is in the store. Raises StoreError."""
    with asked("list") as answer:
        rest = b""
        for piece in answer.pieces():
            *lines, rest = (rest + piece).split(b"\n")
            yield from (Listed(*json.loads(line)) for line in lines)
        if rest:
            raise StoreError("interrupted")
