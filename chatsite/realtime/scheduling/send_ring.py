"""Send to hundreds of sockets by one system call, through Linux's io_uring.

A crowd's sends are one call each otherwise, and between two of them the interpreter runs: with both on the same core,
each finds its caches filled by the other. Measured with 500 sockets and one message in flight: 9.5 µs of the CPU a
delivery in place of 10.8, with eight in flight 1.7 in place of 2.1. Where the kernel has no io_uring or forbids it, as
in most containers, `SendRing.open` returns None.

Each send is finished when the call returns: the requests say MSG_DONTWAIT, with which the kernel neither waits nor
hands them to a thread of its own.

A request is 64 bytes, a completion 16. Those of a crowd differ in the descriptor alone: `Addressees` keeps them apart from
what is sent, so that hundreds of them are written, and read again, by one step of the interpreter.
"""

import ctypes
import logging
import mmap
import struct
from collections.abc import Sequence
from operator import add
from typing import Any

logger = logging.getLogger("chatsite.realtime")

# Sends of one call: a turn's sockets (`flush_scheduler.SOCKETS_PER_TURN`).
ENTRIES = 512
# From linux/io_uring.h, the same for all architectures: numbers of the calls, where the rings are mapped, the
# operation.
SETUP, ENTER = 425, 426
REQUESTS_AT, COMPLETIONS_AT, ENTRIES_AT = 0, 0x8000000, 0x10000000
SEND = 26
# MSG_DONTWAIT | MSG_NOSIGNAL.
FLAGS = 0x40 | 0x4000
# A request, in three parts: the operation and the descriptor; address, length and flags of what is sent; a number that its
# completion repeats, for which the descriptor is taken.
TO, WHAT, NUMBERED = struct.Struct("=Bxxxi8x"), struct.Struct("=QII"), struct.Struct("=Q24x")
REQUEST = struct.Struct(TO.format + WHAT.format[1:] + NUMBERED.format[1:])
# A completion, in two parts: the number; what `send` would have returned, an error negative, and flags.
OF, RESULT = struct.Struct("=Q"), struct.Struct("=i4x")
COMPLETION = struct.Struct(OF.format + RESULT.format[1:])
REQUEST_BYTES, COMPLETION_BYTES = REQUEST.size, COMPLETION.size
# What the kernel fills in: sizes of both rings, then the offsets of their fields.
PARAMETERS_BYTES, SIZES_AT, REQUEST_FIELDS_AT, COMPLETION_FIELDS_AT = 120, 0, 40, 80

_syscall: Any = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = [ctypes.c_long] * 7
# Where the kernel finds bytes, which must be kept until they are sent.
address_of: Any = ctypes.pythonapi.PyBytes_AsString
address_of.restype, address_of.argtypes = ctypes.c_void_p, [ctypes.py_object]


class Addressees:
    """Descriptors of sockets that are sent the same, as they stand in requests and completions."""

    __slots__ = ("_completions", "_requests")

    def __init__(self, descriptors: Sequence[int]) -> None:
        to = [TO.pack(SEND, descriptor) for descriptor in descriptors]
        numbered = [NUMBERED.pack(descriptor) for descriptor in descriptors]
        # Between any two parts, and nowhere else, stands what is the same for all.
        self._requests = [*to[:1], *map(add, numbered, to[1:]), *numbered[-1:]]
        self._completions = [OF.pack(descriptor) for descriptor in descriptors]

    def records(self, data: bytes) -> tuple[bytes, bytes]:
        """Return one request after the other, and what the kernel answers, in order, if it takes all of each."""
        size = len(data)
        result = RESULT.pack(size)
        return (
            WHAT.pack(address_of(data), size, FLAGS).join(self._requests),
            result.join(self._completions) + result if self._completions else b"",
        )


def records(descriptor: int, data: bytes) -> tuple[bytes, bytes]:
    """Return one request, and what the kernel answers if it takes all."""
    size = len(data)
    request = REQUEST.pack(SEND, descriptor, address_of(data), size, FLAGS, descriptor)
    return request, COMPLETION.pack(descriptor, size)


def results(completions: bytes) -> dict[int, int]:
    """Return by descriptor how many bytes the kernel took, or an error's number, negative."""
    return dict(COMPLETION.iter_unpack(completions))


class SendRing:
    """A pair of rings shared with the kernel. Raises OSError where there can be none."""

    @classmethod
    def open(cls) -> "SendRing | None":
        try:
            return cls()
        except (OSError, ValueError) as error:
            logger.info("no io_uring here, sockets are written to one by one: %s", error)
            return None

    def __init__(self) -> None:
        parameters = bytearray(PARAMETERS_BYTES)
        address = ctypes.addressof((ctypes.c_char * PARAMETERS_BYTES).from_buffer(parameters))
        self._descriptor = call(SETUP, ENTRIES, address)
        requests, completions = struct.unpack_from("=2I", parameters, SIZES_AT)
        # Offsets: head, tail, mask, size, flags, dropped, array; and head, tail, mask, size, overflow, entries.
        of_requests = struct.unpack_from("=7I", parameters, REQUEST_FIELDS_AT)
        of_completions = struct.unpack_from("=6I", parameters, COMPLETION_FIELDS_AT)
        ring = self._map(of_requests[6] + 4 * requests, REQUESTS_AT)
        self._completions = self._map(of_completions[5] + COMPLETION_BYTES * completions, COMPLETIONS_AT)
        self._requests = self._map(REQUEST_BYTES * requests, ENTRIES_AT)
        # Requests are taken in the order of the array, which stays as it is.
        struct.pack_into(f"={requests}I", ring, of_requests[6], *range(requests))
        self._request_head, self._request_tail = field(ring, of_requests[0]), field(ring, of_requests[1])
        self._head = field(self._completions, of_completions[0])
        self._tail = field(self._completions, of_completions[1])
        self._request_mask, self._mask = requests - 1, completions - 1
        self._first = of_completions[5]
        # False once a call has failed.
        self.works = True

    def _map(self, size: int, offset: int) -> mmap.mmap:
        return mmap.mmap(self._descriptor, size, flags=mmap.MAP_SHARED | mmap.MAP_POPULATE, offset=offset)

    def send(self, requests: bytes) -> bytes:
        """Carry out requests, at most ENTRIES, without waiting; return their completions. Those that the kernel didn't come
        to have none: nothing of them is sent."""
        count = len(requests) // REQUEST_BYTES
        self._put(requests, count)
        try:
            call(ENTER, self._descriptor, count)
        except OSError:
            self.works = False
            logger.exception("io_uring fails, sockets are written to one by one from now on")
        # Requests that the kernel didn't come to are withdrawn.
        self._request_tail[0] = self._request_head[0]
        return self._take()

    def _put(self, requests: bytes, count: int) -> None:
        tail = self._request_tail[0]
        at = (tail & self._request_mask) * REQUEST_BYTES
        # Up to the end of the ring, and on from its beginning.
        first = len(self._requests) - at
        self._requests[at : at + len(requests)] = requests[:first]
        self._requests[: len(requests[first:])] = requests[first:]
        self._request_tail[0] = (tail + count) & 0xFFFFFFFF

    def _take(self) -> bytes:
        head, end = self._head[0], self._tail[0]
        first, size = self._first, (self._mask + 1) * COMPLETION_BYTES
        start = (head & self._mask) * COMPLETION_BYTES
        stop = start + ((end - head) & 0xFFFFFFFF) * COMPLETION_BYTES
        taken = self._completions[first + start : first + min(stop, size)]
        if stop > size:
            taken += self._completions[first : first + stop - size]
        self._head[0] = end
        return taken


def field(ring: mmap.mmap, offset: int) -> memoryview:
    """Return a field of a ring, an unsigned number that can be read and set."""
    return memoryview(ring)[offset : offset + 4].cast("I")


def call(number: int, *arguments: int) -> int:
    """Make a system call with the interpreter's lock released. Raises OSError."""
    result = int(_syscall(number, *arguments, *[0] * (6 - len(arguments))))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, "io_uring")
    return result
