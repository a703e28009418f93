"""Long lists in chunks: so much goes into one statement, or into one word between processes."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Iterable[T], size: int, turn: Callable[[], object] | None = None) -> Iterator[list[T]]:
    """Lists of `size` items in their order, the last may be shorter. Between two of them `turn()` lets others work, and
    only then the next items are taken."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
        if len(chunk) < size:
            return
        if turn is not None:
            turn()
