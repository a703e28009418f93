"""Frames between a process and its child: JSON with its length before it, and in one direction open files.

Neither end trusts the other: a frame has a bound, and what isn't a JSON object is a ChannelError.
"""

import array
import json
import os
import socket
import struct
from typing import Any, Protocol, TypeAlias

Frame: TypeAlias = dict[str, Any]

# Bytes of one frame. A job is some hundred; an answer has at most a placeholder of 200 besides.
MAX_FRAME_BYTES = 65_536
# Open files that come with one job.
MAX_DESCRIPTORS = 8
LENGTH = struct.Struct(">I")


class Receiver(Protocol):
    """A connected socket, or what reads one."""

    def recv(self, size: int, /) -> bytes: ...


class ChannelError(Exception):
    """The other end sent what is no frame, or closed in the midst of one."""


def send(channel: socket.socket, frame: Frame, descriptors: tuple[int, ...] = ()) -> None:
    """Send a frame; the receiver gets `descriptors` as files of its own. Raises OSError if the other end is gone."""
    body = json.dumps(frame).encode()
    if len(body) > MAX_FRAME_BYTES:
        raise ChannelError("A frame is too long.")
    data = LENGTH.pack(len(body)) + body
    sent = socket.send_fds(channel, [data], list(descriptors)) if descriptors else 0
    channel.sendall(data[sent:])


def receive(channel: Receiver) -> Frame | None:
    """Return the next frame, or None after the other end closed. Files that come with it are closed by the kernel."""
    head = channel.recv(LENGTH.size)
    return _frame(channel, head) if head else None


def receive_with_files(channel: socket.socket) -> tuple[Frame | None, list[int]]:
    """Return the next frame and the descriptors that came with it, which the caller closes; None after the end."""
    head, ancillary, flags, _ = channel.recvmsg(
        LENGTH.size, socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
    )
    descriptors = _descriptors(ancillary)
    try:
        if flags & socket.MSG_CTRUNC:
            raise ChannelError("Too many files came with a frame.")
        return (_frame(channel, head) if head else None), descriptors
    except BaseException:
        for descriptor in descriptors:
            os.close(descriptor)
        raise


def _descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)


def _frame(channel: Receiver, head: bytes) -> Frame:
    (length,) = LENGTH.unpack(_filled(channel, head, LENGTH.size))
    if length > MAX_FRAME_BYTES:
        raise ChannelError("A frame is too long.")
    try:
        frame = json.loads(_filled(channel, b"", length))
    except (ValueError, RecursionError) as error:
        raise ChannelError("A frame is no JSON.") from error
    if not isinstance(frame, dict):
        raise ChannelError("A frame is no object.")
    return frame


def _filled(channel: Receiver, data: bytes, size: int) -> bytes:
    """Read on until `data` has `size` bytes."""
    while len(data) < size:
        more = channel.recv(size - len(data))
        if not more:
            raise ChannelError("The other end closed in the midst of a frame.")
        data += more
    return data
