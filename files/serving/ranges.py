"""Ranges of bytes that a request asks for (RFC 9110, section 14)."""

import re
from typing import NamedTuple

# One range; several are answered with the whole, which every client takes.
ONE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """A range that begins behind the end."""


class Span(NamedTuple):
    """Bytes of a file, from `start` up to but without `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def asked(header: str, size: int) -> Span | None:
    """Return the bytes that a Range header asks for; None for the whole, as for any header that is no range. Raises
    Unsatisfiable."""
    found = ONE.fullmatch(header)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return last(int(found[2]), size)
    start = int(found[1])
    end = int(found[2]) + 1 if found[2] else size
    if end <= start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(end, size))


def last(count: int, size: int) -> Span:
    if not count or not size:
        raise Unsatisfiable
    return Span(max(0, size - count), size)
