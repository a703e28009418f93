"""The other processes of the site, as delivery sees them. Where there are none, nobody."""

from collections.abc import Callable, Collection
from types import UnionType
from typing import Any, Protocol


class Others(Protocol):
    """None of these waits or raises. `payload` is an event's packet."""

    # Whether there is any use in calling.
    there: bool

    def open_room(self, slug: str) -> None:
        """Somebody here has joined it: what is sent to it elsewhere is wanted here."""

    def close_room(self, slug: str) -> None: ...
    def open_user(self, user_id: int) -> None: ...
    def close_user(self, user_id: int) -> None: ...
    def hold(self, slugs: Collection[str]) -> None:
        """Something is about to be sent in these rooms, until `release`: what comes for them may leave together with it."""

    def release(self, slugs: Collection[str]) -> None: ...
    def to_log(self, slug: str, payload: bytes, seq: int) -> None: ...
    def to_room(self, slug: str, payload: bytes, skip_user: int | None) -> None: ...
    def to_user(self, user_id: int, payload: bytes) -> None: ...
    def tell(self, word: str, *parts: Any) -> None:
        """To each of them; see `hear`."""


class Nobody:
    there = False

    def open_room(self, slug: str) -> None: ...
    def close_room(self, slug: str) -> None: ...
    def open_user(self, user_id: int) -> None: ...
    def close_user(self, user_id: int) -> None: ...
    def hold(self, slugs: Collection[str]) -> None: ...
    def release(self, slugs: Collection[str]) -> None: ...
    def to_log(self, slug: str, payload: bytes, seq: int) -> None: ...
    def to_room(self, slug: str, payload: bytes, skip_user: int | None) -> None: ...
    def to_user(self, user_id: int, payload: bytes) -> None: ...
    def tell(self, word: str, *parts: Any) -> None: ...


# Set once, before anybody is connected.
site: Others = Nobody()

Part = type | UnionType
_hearers: dict[str, tuple[Callable[..., None], tuple[Part, ...]]] = {}


def hear(word: str, function: Callable[..., None], *parts: Part) -> None:
    """`function(*parts)` when another process tells this; what has other parts than these types isn't heard."""
    _hearers[word] = function, parts


def heard(word: str, parts: list[Any]) -> bool:
    """Whether it was a word known here, with the parts it should have."""
    function, types = _hearers.get(word, (None, ()))
    if function is None or len(parts) != len(types):
        return False
    if not all(isinstance(part, expected) for part, expected in zip(parts, types, strict=True)):
        return False
    function(*parts)
    return True
