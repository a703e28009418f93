"""Reading of an untrusted file, and the parts of it that a new one is made of."""

import errno
import os
from collections.abc import Iterable
from typing import BinaryIO, NamedTuple, TypeAlias

from files.pictures.refusal import DAMAGED, TOO_LARGE, Refused

# Reads of one file: a GIF of 100 MB has 400,000 blocks. So many take about a second.
MAX_READS = 1_000_000
# Bytes of one read into memory; longer parts are copied in pieces.
MAX_READ_BYTES = 1_000_000
PIECE_BYTES = 65_536


class Span(NamedTuple):
    """Bytes of the source that go over as they are."""

    start: int
    end: int


# Parts of a new file, in order: spans of the source, bytes of our own, and a number of zeros.
Part: TypeAlias = Span | bytes | int


class Source:
    """A file of `size` bytes, read forwards. Reading beyond its end, or too often, raises Refused."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, os.SEEK_END)
        self.position = file.seek(0)
        self._reads = 0

    @property
    def left(self) -> int:
        return self.size - self.position

    def read(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if count > MAX_READ_BYTES:
            raise Refused(TOO_LARGE)
        data = self.some(count)
        if len(data) != count:
            raise Refused(DAMAGED)
        return data

    def some(self, count: int) -> bytes:
        """Return the next `count` bytes, or those that are left."""
        self._reads += 1
        if self._reads > MAX_READS:
            raise Refused(TOO_LARGE)
        data = self.file.read(max(0, min(count, self.left)))
        self.position += len(data)
        return data

    def number(self, count: int, order: str = "big") -> int:
        """Read an unsigned number of `count` bytes."""
        return int.from_bytes(self.read(count), "little" if order == "little" else "big")

    def skip(self, count: int) -> Span:
        """Pass over the next `count` bytes and return them as a span."""
        return self.go_to(self.position + count)

    def go_to(self, position: int) -> Span:
        """Move to a place in the file and return what lies between, if it is a place further on."""
        if not 0 <= position <= self.size:
            raise Refused(DAMAGED)
        begun, self.position = self.position, self.file.seek(position)
        return Span(begun, position)

    def copy(self, parts: Iterable[Part], target: BinaryIO) -> None:
        """Write `parts` to `target`, in pieces."""
        for part in parts:
            if isinstance(part, bytes):
                written(part, target)
            elif isinstance(part, int):
                self._copy_zeros(part, target)
            else:
                self._copy_span(part, target)

    @staticmethod
    def _copy_zeros(count: int, target: BinaryIO) -> None:
        for begun in range(0, count, PIECE_BYTES):
            written(bytes(min(PIECE_BYTES, count - begun)), target)

    def _copy_span(self, span: Span, target: BinaryIO) -> None:
        self.file.seek(span.start)
        left = span.end - span.start
        while left:
            piece = self.file.read(min(PIECE_BYTES, left))
            if not piece:
                raise Refused(DAMAGED)
            written(piece, target)
            left -= len(piece)


def written(data: bytes, target: BinaryIO) -> None:
    """Write all of `data`; an unbuffered file takes less where the disk or the limit of a file ends."""
    if target.write(data) != len(data):
        raise OSError(errno.ENOSPC, "A file could not be written whole.")


def length_of(parts: Iterable[Part]) -> int:
    """Count the bytes that `parts` come to."""
    total = 0
    for part in parts:
        if isinstance(part, Span):
            total += part.end - part.start
        else:
            total += part if isinstance(part, int) else len(part)
    return total
