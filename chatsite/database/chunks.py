"""Long sequences in chunks: a bounded number of items for one statement, or one message between processes."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def chunked(items: Iterable[T], size: int, turn: Callable[[], object] | None = None) -> Iterator[list[T]]:
    """Yield lists of `size` items in order; the last may be shorter. `turn()`, called between two chunks,
    lets others work; the next items are taken only after it."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
        if len(chunk) < size:
            return
        if turn is not None:
            turn()
